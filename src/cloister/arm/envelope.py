"""The ARM envelope around properties: what may stand at the top of a body, and how a row is shown.

Source: learn.microsoft.com/azure/azure-resource-manager/templates/resource-declaration and the common types of
github.com/Azure/azure-rest-api-specs (``specification/common-types/resource-management``).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.resource import ResourceType, Row
from cloister.arm.schema import Field, array, boolean, obj, string
from cloister.arm.schema_check import Checker, clean, short, shown
from cloister.net.plan import normal_region

TAGS_MAX = 50  # learn.microsoft.com/azure/azure-resource-manager/management/tag-resources
TAG_NAME_LENGTH_MAX = 512
TAG_VALUE_LENGTH_MAX = 256
NAME_LENGTH_MAX = 260

# What Resource Manager itself reads and this cloud does not keep, besides what it echoes.
_TOLERATED = frozenset(
    {
        "id", "name", "type", "etag", "systemdata", "apiversion", "location", "tags", "properties", "sku", "kind", "identity",
        "zones", "plan", "extendedlocation", "managedby", "managedbyextended", "resourcegroup", "subscriptionid", "scale",
        "comments", "dependson", "resources", "scope", "condition", "copy", "placement", "createdtime", "changedtime",
        "provisioningstate", "resourceguid",
    }
)  # fmt: skip

_IDENTITY_TYPES = ("None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned")
TOP_LEVEL: dict[str, Field] = {
    "kind": string(),
    "managedBy": string(),
    "zones": array(string()),
    "plan": obj(name=string(), publisher=string(), product=string(), promotionCode=string(), version=string()),
    "extendedLocation": obj(name=string(), type=string()),
    "identity": obj(
        type=string(),
        principalId=string(read_only=True),
        tenantId=string(read_only=True),
        userAssignedIdentities=obj(),
    ),
}
SKU = obj(name=string(), tier=string(), size=string(), family=string(), locations=array(string()), default=boolean())
_REGION = re.compile(r"[A-Za-z0-9 _-]{1,90}")
_DEFAULT_NAME = re.compile(r"[^<>%&\\?/#\x00-\x1f\x7f]{1,260}")


def clean_body(checker: Checker, kind: ResourceType, body: dict[str, Any]) -> dict[str, Any]:
    """The user's body as it will be kept: known members only, properties coerced, read-only input gone.

    Nothing is required here (a PATCH has only what changes); see ``missing_parts``.
    """
    out: dict[str, Any] = {}
    kept = _kept(kind.top_level)
    for given, value in body.items():
        name = kept.get(given.lower())
        if name is None:
            if given.lower() not in _TOLERATED:
                why = "is no member of a resource; put the settings of the type under 'properties'"
                checker.add("InvalidRequestContent", given, why)
        elif value is not None and name != "etag":
            cleaned = _clean_member(checker, kind, name, value)
            if cleaned is not None:
                out[name] = cleaned
    return out


@lru_cache(maxsize=256)
def _kept(top_level: tuple[str, ...]) -> dict[str, str]:
    """Members of a body that are kept, by lower case."""
    return {name.lower(): name for name in top_level} | {"location": "location", "properties": "properties"}


def _clean_member(checker: Checker, kind: ResourceType, name: str, value: Any) -> Any:
    match name:
        case "properties":
            # Published templates write "" for no properties, and Azure takes it.
            return clean(checker, kind.properties, {} if value == "" else value)
        case "location":
            return None if kind.location == "none" else _clean_location(checker, value)
        case "tags":
            return _clean_tags(checker, value)
        case "sku":
            return _checked(checker, SKU, {"name": value} if isinstance(value, str) else value, name)
        case "identity":
            return _clean_identity(checker, value)
        case _:
            return _checked(checker, TOP_LEVEL[name], value, name) if name in TOP_LEVEL else value


def _checked(checker: Checker, field: Field, value: Any, path: str) -> Any:
    before = len(checker.problems)
    cleaned = checker.clean(field, value, path)
    return cleaned if len(checker.problems) == before else None


def _clean_location(checker: Checker, value: Any) -> str | None:
    if not isinstance(value, str) or not _REGION.fullmatch(value.strip()):
        checker.add("InvalidRequestContent", "location", f"must be the name of a region such as 'eastus2', not {short(value)}")
        return None
    return normal_region(value.strip())


def _clean_tags(checker: Checker, value: Any) -> dict[str, str] | None:
    if not isinstance(value, dict):
        checker.add("InvalidRequestContent", "tags", f"must be an object of strings, not {short(value)}")
        return None
    if len(value) > TAGS_MAX:
        checker.add("TooManyTags", "tags", f"has {len(value)} tags; a resource may have {TAGS_MAX}")
    out: dict[str, str] = {}
    for name, text in value.items():
        if text is None or isinstance(text, str):
            out[name] = text or ""
        elif isinstance(text, bool | int | float):
            out[name] = str(text).lower() if isinstance(text, bool) else str(text)
        else:
            checker.add("InvalidRequestContent", f"tags.{name}", f"must be a string, not {short(text)}")
            continue
        if len(name) > TAG_NAME_LENGTH_MAX or len(out[name]) > TAG_VALUE_LENGTH_MAX:
            why = f"is too long; a tag's name may have {TAG_NAME_LENGTH_MAX} characters, its value {TAG_VALUE_LENGTH_MAX}"
            checker.add("InvalidTagNameOrValue", f"tags.{name[:40]}", why)
    return out


def _clean_identity(checker: Checker, value: Any) -> dict[str, Any] | None:
    cleaned = _checked(checker, TOP_LEVEL["identity"], value, "identity")
    if cleaned is None or "type" not in cleaned:
        return cleaned
    wanted = cleaned["type"].replace(" ", "").lower()
    for spelled in _IDENTITY_TYPES:
        if spelled.lower() == wanted:
            return {**cleaned, "type": spelled}
    choices = ", ".join(repr(name) for name in _IDENTITY_TYPES)
    checker.add("InvalidParameter", "identity.type", f"is {short(cleaned['type'])}; choose one of {choices}")
    return None


def missing_parts(checker: Checker, kind: ResourceType, body: dict[str, Any]) -> None:
    """Problems for what a whole resource needs and ``body`` lacks."""
    if kind.location == "regional" and not body.get("location"):
        checker.add("LocationRequired", "location", "is required for this type; give a region such as 'eastus2'")
    checker.missing(kind.properties, body.get("properties") or {}, "properties")


def name_problem(kind: ResourceType, name: str) -> Problem | None:
    """Why ``name`` is no name for a resource of this type, or None."""
    leaf = kind.name.rsplit("/", 1)[-1]
    if kind.name_pattern:
        if re.fullmatch(kind.name_pattern, name):
            return None
        way_out = f"choose a name that matches {kind.name_pattern}"
    else:
        if _DEFAULT_NAME.fullmatch(name) and not name.endswith((".", " ")):
            return None
        way_out = f"choose 1 to {NAME_LENGTH_MAX} characters without < > % & \\ ? / #, not ending in a period or a space"
    return Problem("InvalidResourceName", "name", f"cannot accept {leaf} {short(name)}: the name is not valid; {way_out}.")


def render(row: Row, kind: ResourceType, *, state: str, computed: dict[str, Any], etag: str) -> dict[str, Any]:
    """A row as GET shows it: the envelope, properties without secrets, ``computed`` laid over them.

    ``state`` becomes ``properties.provisioningState`` where the type has that property.
    """
    out: dict[str, Any] = {"id": row.id, "name": row.name, "type": row.type}
    if "etag" in kind.top_level:
        out["etag"] = etag
    out.update((name, value) for name, value in row.body.items() if name != "properties")
    properties = shown(kind.properties, row.properties)
    if "provisioningState" in kind.properties.members:
        properties = {**properties, "provisioningState": state}
    if computed:
        properties = {**properties, **computed}
    out["properties"] = properties
    if row.created:
        out["systemData"] = system_data(row)
    return out


def system_data(row: Row) -> dict[str, str]:
    """Who made and changed the row, and when, as ``systemData``."""
    return {
        "createdBy": row.created_by,
        "createdByType": "Application",
        "createdAt": row.created,
        "lastModifiedBy": row.changed_by or row.created_by,
        "lastModifiedByType": "Application",
        "lastModifiedAt": row.changed or row.created,
    }
