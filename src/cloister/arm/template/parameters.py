"""Parameters: declarations, given values, defaults, and the checks of both.

Source: learn.microsoft.com/azure/azure-resource-manager/templates/parameters and definitions (types by ``$ref``,
``properties``, ``items``, ... of languageVersion 2.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cloister.arm.template.errors import PARAMETERS_PAGE, TemplateError
from cloister.arm.template.evaluator import Frame, Lazy, resolved
from cloister.arm.template.values import UNKNOWN, find, get, has_unknown, is_int, kind, same
from cloister.limits import JSON_DEPTH_MAX, TEMPLATE_PARAMETERS_MAX

# The type's lower-case name -> the kinds of value it takes, as Azure's messages name them.
TYPES: dict[str, tuple[str, ...]] = {
    "string": ("String",),
    "securestring": ("String",),
    "int": ("Integer",),
    "bool": ("Boolean",),
    "object": ("Object",),
    "secureobject": ("Object",),
    "array": ("Array",),
}
_SHOWN = {"String": "String, Uri", "Integer": "Integer", "Boolean": "Boolean", "Object": "Object", "Array": "Array"}


def is_secure(declaration: Mapping[str, Any]) -> bool:
    """Whether a parameter's or output's value must not be shown."""
    return str(get(dict(declaration), "type", "")).lower() in ("securestring", "secureobject")


class Definitions:
    """The template's ``definitions``, by ``#/definitions/<name>``."""

    def __init__(self, template: Mapping[str, Any]):
        self.members = get(dict(template), "definitions") or {}

    def of(self, declaration: Any, depth: int = 0) -> dict[str, Any]:
        """A declaration with its ``$ref`` followed; its own members win. Raises TemplateError for a broken reference."""
        if not isinstance(declaration, dict):
            raise TemplateError("The template is not valid: a type declaration must be an object.")
        pointer = get(declaration, "$ref")
        if pointer is None:
            return declaration
        name = str(pointer).removeprefix("#/definitions/")
        found, target = find(self.members, name) if isinstance(self.members, dict) else (False, None)
        if not found or depth > JSON_DEPTH_MAX:
            raise TemplateError(f"The template is not valid: the type reference '{pointer}' leads to no definition.")
        return {**self.of(target, depth + 1), **{key: value for key, value in declaration.items() if key != "$ref"}}


def evaluated(template: Mapping[str, Any], given: Mapping[str, Any], frame: Frame) -> Lazy:
    """All parameters' values, checked. ``given`` is ``{name: {"value": ...}}``. Raises TemplateError.

    An entry may be a ``reference`` to a key vault's secret; until its ``value`` stands beside it, it is unknown.
    """
    declared = get(dict(template), "parameters") or {}
    if not isinstance(declared, dict) or not isinstance(given, Mapping):
        raise TemplateError("cannot read the template: 'parameters' must be an object")
    if len(declared) > TEMPLATE_PARAMETERS_MAX:
        raise TemplateError(
            f"The template parameters limit exceeded. Limit: '{TEMPLATE_PARAMETERS_MAX}' and actual: '{len(declared)}'. "
            "Please see https://aka.ms/arm-syntax-parameters for usage details."
        )
    _refuse_unknown(declared, given)
    definitions = Definitions(template)
    lazy = Lazy("parameter", "https://aka.ms/arm-syntax-parameters")
    inner = replace(frame, parameters=lazy, defaults=True)
    for name, declaration in declared.items():
        lazy.thunks[name.casefold()] = _thunk(name, definitions.of(declaration), given, inner)
    for name, declaration in declared.items():
        check(name, lazy.get(name), definitions.of(declaration), definitions, frame)
    return lazy


def _refuse_unknown(declared: dict[str, Any], given: Mapping[str, Any]) -> None:
    unknown = [name for name in given if not find(declared, name)[0]]
    if unknown:
        raise TemplateError(
            f"The template parameters '{', '.join(unknown)}' in the parameters file are not valid; they are not present in the "
            "original template and can therefore not be provided at deployment time. The only supported parameters for this "
            f"template are '{', '.join(declared)}'. Please see https://aka.ms/arm-pass-parameter-values for usage details."
        )


def _thunk(name: str, declaration: dict[str, Any], given: Mapping[str, Any], frame: Frame) -> Any:
    found, entry = find(dict(given), name)
    if found and not isinstance(entry, dict):
        raise TemplateError(
            f"The value of the parameter '{name}' must stand in an object: '\"{name}\": {{\"value\": ...}}'. {PARAMETERS_PAGE}",
            code="InvalidDeploymentParameterValue",
        )
    if found and get(entry, "reference") is not None and not find(entry, "value")[0]:
        return lambda: UNKNOWN  # a key vault's secret: whoever deploys reads it, and puts the value beside
    if found and find(entry, "value")[0] and (get(entry, "value") is not None or get(declaration, "nullable") is True):
        return lambda: get(entry, "value")
    if find(declaration, "defaultValue")[0]:
        return lambda: resolved(get(declaration, "defaultValue"), frame)
    if get(declaration, "nullable") is True:
        return lambda: None
    raise TemplateError(f"The value for the template parameter '{name}' is not provided. {PARAMETERS_PAGE}")


def check(name: str, value: Any, declaration: dict[str, Any], definitions: Definitions, frame: Frame) -> None:
    """Raise TemplateError unless ``value`` is of the declared type and within its bounds. Unknown values pass."""
    if value is UNKNOWN:
        return
    declared = str(get(declaration, "type", "")).lower()
    if declared not in TYPES:
        raise TemplateError(
            f"The template parameter '{name}' is not valid: its type '{get(declaration, 'type')}' is none of "
            "array, bool, int, object, secureObject, secureString, string."
        )
    if value is None and get(declaration, "nullable") is True:
        return
    if kind(value) not in TYPES[declared]:
        expected = ", ".join(_SHOWN[one] for one in TYPES[declared])
        raise TemplateError(
            f"Template parameter JToken type is not valid. Expected '{expected}'. Actual '{kind(value)}'. The parameter is "
            f"'{name}'. {PARAMETERS_PAGE}"
        )
    _check_allowed(name, value, declaration, frame)
    _check_bounds(name, value, declaration, frame)
    if not has_unknown(value):
        _check_members(name, value, declaration, definitions, frame)


def _check_allowed(name: str, value: Any, declaration: dict[str, Any], frame: Frame) -> None:
    allowed = resolved(get(declaration, "allowedValues"), frame)
    if allowed is None:
        return
    if not isinstance(allowed, list):
        raise TemplateError(f"The template parameter '{name}' is not valid: its 'allowedValues' must be an array.")
    if any(same(value, one) for one in allowed):
        return
    # An array parameter may also be a selection of the allowed values.
    if isinstance(value, list) and all(any(same(item, one) for one in allowed) for item in value):
        return
    shown = ",".join(str(one) for one in allowed)
    given = "***" if is_secure(declaration) else value
    raise TemplateError(
        f"The provided value for the template parameter '{name}' is not valid. The value '{given}' is not part of the allowed "
        f"value(s): '{shown}'."
    )


def _check_bounds(name: str, value: Any, declaration: dict[str, Any], frame: Frame) -> None:
    for mark, low in (("minLength", True), ("maxLength", False), ("minValue", True), ("maxValue", False)):
        bound = resolved(get(declaration, mark), frame)
        if bound is None:
            continue
        if not is_int(bound):
            raise TemplateError(f"The template parameter '{name}' is not valid: its '{mark}' must be a whole number.")
        sized = mark.endswith("Length")
        if not (isinstance(value, str | list | dict) if sized else is_int(value)):
            continue
        actual = len(value) if sized else value
        if actual < bound if low else actual > bound:
            what, how = ("length", "Length of the value") if sized else ("value", "The value")
            relation = "greater than or equal to" if low else "less than or equal to"
            raise TemplateError(
                f"The provided value for the template parameter '{name}' is not valid. {how} should be {relation} '{bound}'. "
                f"The {what} is '{actual}'. {PARAMETERS_PAGE}"
            )


def _check_members(name: str, value: Any, declaration: dict[str, Any], definitions: Definitions, frame: Frame) -> None:
    """The members of arrays and objects against ``items``, ``prefixItems``, ``properties``, ``additionalProperties``."""
    if isinstance(value, list):
        prefix = get(declaration, "prefixItems") or []
        rest = get(declaration, "items")
        for at, item in enumerate(value):
            inner = prefix[at] if at < len(prefix) else rest
            if isinstance(inner, dict):
                check(f"{name}[{at}]", item, definitions.of(inner), definitions, frame)
            elif inner is False:
                raise TemplateError(
                    f"The provided value for the template parameter '{name}' is not valid: it has too many items."
                )
        return
    if not isinstance(value, dict):
        return
    declaration = _discriminated(name, value, declaration, definitions)
    properties = get(declaration, "properties") or {}
    for key, inner in properties.items():
        found, item = find(value, key)
        whole = definitions.of(inner)
        if found:
            check(f"{name}.{key}", item, whole, definitions, frame)
        elif get(whole, "nullable") is not True:
            raise TemplateError(
                f"The provided value for the template parameter '{name}' is not valid. Expected a value of type "
                f"'{get(whole, 'type')}' for the property '{key}', but none was provided. {PARAMETERS_PAGE}"
            )
    extra = [key for key in value if not find(properties, key)[0]]
    additional = get(declaration, "additionalProperties")
    if additional is False and extra:
        raise TemplateError(
            f"The provided value for the template parameter '{name}' is not valid. The following properties are not allowed: "
            f"'{', '.join(extra)}'."
        )
    if isinstance(additional, dict):
        for key in extra:
            check(f"{name}.{key}", value[key], definitions.of(additional), definitions, frame)


def _discriminated(name: str, value: dict[str, Any], declaration: dict[str, Any], definitions: Definitions) -> dict[str, Any]:
    """The variant of a discriminated object that its own discriminator names."""
    discriminator = get(declaration, "discriminator")
    if not isinstance(discriminator, dict):
        return declaration
    by = str(get(discriminator, "propertyName", ""))
    mapping = get(discriminator, "mapping") or {}
    found, variant = find(mapping, str(get(value, by)))
    if not found:
        raise TemplateError(
            f"The provided value for the template parameter '{name}' is not valid. Its '{by}' must be one of "
            f"'{', '.join(mapping)}'."
        )
    return {**declaration, **definitions.of(variant), "discriminator": None}


def referring(given: Mapping[str, Any]) -> dict[str, Any]:
    """``given`` as it was sent: a reference to a secret without the secret."""
    return {name: _without_secret(entry) for name, entry in given.items()}


def _without_secret(entry: Any) -> Any:
    return {"reference": entry["reference"]} if isinstance(entry, dict) and "reference" in entry else entry


def shown(template: Mapping[str, Any], values: Lazy, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as a deployment's GET shows them: ``{name: {type, value}}``, secure ones without their value.

    One given by reference is shown so.
    """
    out: dict[str, Any] = {}
    definitions = Definitions(template)
    for name, declaration in (get(dict(template), "parameters") or {}).items():
        whole = definitions.of(declaration)
        label = label_of(str(get(whole, "type", "")))
        value, entry = values.get(name), get(dict(given), name)
        if isinstance(entry, dict) and "reference" in entry:
            out[name] = {"type": label, "reference": entry["reference"]}
            continue
        out[name] = {"type": label} if is_secure(whole) or has_unknown(value) else {"type": label, "value": value}
    return out


_LABELS = {label.lower(): label for label in ("String", "SecureString", "Int", "Bool", "Object", "SecureObject", "Array")}


def label_of(type_name: str) -> str:
    """A type's name as a deployment's GET spells it."""
    return _LABELS.get(type_name.lower(), "Object")
