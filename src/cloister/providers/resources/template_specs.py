"""Microsoft.Resources/templateSpecs and their versions: templates kept as resources, deployed by ``templateLink.id``.

Source: azure-rest-api-specs templateSpecs.json 2022-02-01; learn.microsoft.com/azure/azure-resource-manager/templates/
template-specs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import parse
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, obj, string

API_VERSIONS = ("2019-06-01-preview", "2021-03-01-preview", "2021-05-01", "2022-02-01")
SPECS = "Microsoft.Resources/templateSpecs"
VERSIONS = f"{SPECS}/versions"
NAME_PATTERN = r"[-\w._()]{1,90}"


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Its versions, with when each was made and last changed."""
    found = {}
    for version in view.children(row.id, VERSIONS):
        about = {"timeCreated": version.created, "timeModified": version.changed}
        if version.properties.get("description"):
            about["description"] = version.properties["description"]
        found[version.name] = about
    return {"versions": found} if found else {}


def check_version(change: Change, view: View) -> Iterator[Problem]:
    """The spec exists, and what is kept are templates."""
    row = change.row
    above = parse(row.id).parent
    if above is not None and view.get(above.text) is None:
        text = f"cannot make version '{row.name}': template spec '{above.name}' does not exist; make it first."
        yield Problem("ParentResourceNotFound", "", text, 404)
    if change.written is None:
        return
    main = row.properties.get("mainTemplate")
    if main is not None and not isinstance(main, dict):
        text = f"cannot keep version '{row.name}': its mainTemplate must be a JSON object."
        yield Problem("InvalidTemplate", "properties.mainTemplate", text)
    for n, part in enumerate(row.properties.get("linkedTemplates") or ()):
        if not isinstance(part.get("template"), dict):
            text = f"cannot keep version '{row.name}': the template at '{part.get('path')}' must be a JSON object."
            yield Problem("InvalidTemplate", f"properties.linkedTemplates[{n}].template", text)


SPEC = ResourceType(
    name=SPECS,
    api_versions=API_VERSIONS,
    coverage=enforced("its versions are shown also without $expand"),
    properties=obj(
        description=string(),
        displayName=string(),
        metadata=anything(),
        versions=anything(read_only=True),
    ),
    top_level=("tags",),
    show=show,
    name_pattern=NAME_PATTERN,
)
VERSION = ResourceType(
    name=VERSIONS,
    api_versions=API_VERSIONS,
    coverage=enforced(),
    properties=obj(
        description=string(),
        linkedTemplates=array(obj(path=string(required=True), template=anything(required=True))),
        mainTemplate=anything(),
        metadata=anything(),
        uiFormDefinition=anything(),
    ),
    top_level=("tags",),
    check=check_version,
    name_pattern=NAME_PATTERN,
)
TYPES = (SPEC, VERSION)
