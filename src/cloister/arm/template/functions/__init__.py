"""The functions of the template language, by the documentation's own chapters; one table of all.

Source: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions and the pages below it. Names are
matched without case. ``list*`` stands for every name that begins with ``list``.
"""

from __future__ import annotations

from cloister.arm.template.evaluator import Function
from cloister.arm.template.functions import (
    arrays,
    cidr,
    comparison,
    dates,
    deployment,
    lambdas,
    logical,
    numeric,
    objects,
    resources,
    scopes,
    strings,
)

CHAPTERS: dict[str, dict[str, Function]] = {
    "array": arrays.TABLE,
    "cidr": cidr.TABLE,
    "comparison": comparison.TABLE,
    "date": dates.TABLE,
    "deployment": deployment.TABLE,
    "lambda": lambdas.TABLE,
    "logical": logical.TABLE,
    "numeric": numeric.TABLE,
    "object": objects.TABLE,
    "resource": resources.TABLE,
    "scope": scopes.TABLE,
    "string": strings.TABLE,
}

TABLE: dict[str, Function] = {name.casefold(): function for table in CHAPTERS.values() for name, function in table.items()}


def lookup(name: str) -> Function | None:
    """The function of that name, or None where the language has none."""
    folded = name.casefold()
    found = TABLE.get(folded)
    if found is None and folded.startswith("list"):
        return resources.listing(name)
    return found
