"""Rows back to a template: what the user declared of each, ids inside the group as expressions, dependencies named. Pure.

Source: learn.microsoft.com/azure/azure-resource-manager/templates/export-template-portal. Secrets are never exported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cloister.arm.ids import IdError, ResourceId, key, parse
from cloister.arm.resource import ResourceType, Row
from cloister.arm.schema_check import shown, written_only

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
Kinds = Callable[[str], ResourceType | None]


def template_of(rows: Sequence[Row], kinds: Kinds) -> dict[str, Any]:
    """The template that would make ``rows``, all of one resource group; rows that another one owns are left out."""
    own = [row for row in rows if not row.owner and kinds(row.type) is not None]
    inline = {id: parent for parent in own for id in _inline(parent, own, kinds)}
    made = {key(row.id): row for row in own if key(row.id) not in inline}
    resources = [_resource(row, own, kinds, made, inline) for row in own if key(row.id) in made]
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "parameters": {}, "variables": {}, "resources": resources}


def _inline(parent: Row, rows: Sequence[Row], kinds: Kinds) -> dict[str, Row]:
    """The children that stand inside their parent's properties, by key."""
    kind = kinds(parent.type)
    wanted = {f"{kind.name}/{segment}".lower() for segment in kind.inline.values()} if kind is not None else set()
    prefix, depth = key(parent.id) + "/", len(parse(parent.id).names) + 1
    found = (row for row in rows if row.type.lower() in wanted and key(row.id).startswith(prefix))
    return {key(row.id): row for row in found if len(parse(row.id).names) == depth}


def _resource(row: Row, rows: Sequence[Row], kinds: Kinds, made: dict[str, Row], inline: dict[str, Row]) -> dict[str, Any]:
    kind = kinds(row.type)
    assert kind is not None  # rows without a type were left out
    id = parse(row.id)
    versions = [version for version in kind.api_versions if "preview" not in version] or list(kind.api_versions)
    found: set[str] = set()

    def written(value: Any) -> Any:
        return _written(value, id, made, inline, found)

    out: dict[str, Any] = {"type": row.type, "apiVersion": max(versions), "name": "/".join(id.names)}
    if id.parent_scope:
        out["scope"] = written(id.parent_scope)
    out |= {name: written(_outer(name, value)) for name, value in row.body.items() if name != "properties"}
    properties = written_only(kind.properties, shown(kind.properties, row.properties))
    for name, segment in kind.inline.items():
        below = kinds(f"{kind.name}/{segment}")
        children = [child for child in _inline(row, rows, kinds).values() if below is not None and child.type == below.name]
        if below is not None and children:
            properties[name] = [_child(child, below) for child in children]
    out["properties"] = written(properties)
    above = id.parent
    if above is not None and key(above.text) in made:
        found.add(key(above.text))
    depends = sorted(found - {key(row.id)})
    if depends:
        out["dependsOn"] = [expression(parse(made[place].id)) for place in depends]
    return out


def _outer(name: str, value: Any) -> Any:
    """A member beside ``properties``; of an identity only what the user chose."""
    if name == "identity" and isinstance(value, dict):
        kept = {"type": value.get("type")}
        users = value.get("userAssignedIdentities")
        return {**kept, "userAssignedIdentities": {one: {} for one in users}} if users else kept
    return value


def _child(child: Row, kind: ResourceType) -> dict[str, Any]:
    return {"name": child.name, "properties": written_only(kind.properties, shown(kind.properties, child.properties))}


def _written(value: Any, own: ResourceId, made: dict[str, Row], inline: dict[str, Row], found: set[str]) -> Any:
    """A value as a template writes it: ids of the group as expressions (noted in ``found``), leading brackets doubled."""
    if isinstance(value, dict):
        return {
            _written(name, own, made, inline, found): _written(item, own, made, inline, found) for name, item in value.items()
        }
    if isinstance(value, list):
        return [_written(item, own, made, inline, found) for item in value]
    if not isinstance(value, str):
        return value
    if value.startswith("/subscriptions/"):
        try:
            id = parse(value)
        except IdError:
            return value
        holder = _holder(key(value), made, inline)
        if holder and id.resource_group.lower() == own.resource_group.lower() and id.provider and not id.parent_scope:
            found.add(holder)
            return expression(id)
        return value
    return f"[{value}" if value.startswith("[") and value.endswith("]") else value


def _holder(place: str, made: dict[str, Row], inline: dict[str, Row]) -> str:
    """The exported resource that an id means: itself, or the one that it stands inside of."""
    if place in made:
        return place
    return key(inline[place].id) if place in inline else ""


def expression(id: ResourceId) -> str:
    """``[resourceId('type', 'name', ...)]``."""
    quoted = ", ".join("'" + part.replace("'", "''") + "'" for part in (id.type, *id.names))
    return f"[resourceId({quoted})]" if not id.parent_scope else f"[concat('{id.text}')]"
