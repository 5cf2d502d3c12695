"""The modules against Microsoft's published body types: no property unknown, required, read-only and
enumerations as there.

Reads ``../shared/specs/bicep-types`` (newest stable api-version of each type); skipped where that folder is absent.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cloister.arm.schema import Array, Field, Object, Text
from cloister.providers import TYPES

SPECS = Path(__file__).parents[3] / "shared" / "specs" / "bicep-types"
REQUIRED = 1
READ_ONLY = 2
INLINE = {"subnets", "virtualNetworkPeerings", "securityRules", "routes"}

SETTLED_HERE = {
    "id", "customDnsConfigs", "discoveryUrl", "fqdn", "ipAddress", "peeringState", "peeringSyncLevel", "privateEndpoint",
    "privateEndpointConnections", "privateLinkServiceConnectionState", "provisioningState", "requiredZoneNames", "vaultUri",
}  # fmt: skip
"""Published as writable, and yet the server's: what a client sends there is ignored, as on Azure."""

WRITTEN_ELSEWHERE = {"actionsRequired"}
"""Read-only at one target's connections and writable at all others'; one schema serves them all."""

REQUIRED_BY_RULE = {"privateLinkServiceConnectionState"}
"""Published as required, and refused by ``amend`` where it is missing (``providers/private_link.py``)."""

ELSEWHERE = {"Microsoft.Resources/deployments": "its requests are routes of their own (tests/template)"}
ONE_OF_MANY = "microsoft.network/privatednszones/"
"""Record sets: one published body with the records of every type; ours has its own only."""

pytestmark = pytest.mark.skipif(not SPECS.exists(), reason=f"the published body types are not here: {SPECS}")


class Published:
    """One ``types.json``: its entries, which refer to each other by number."""

    def __init__(self, path: Path):
        self.entries = json.loads(path.read_text())

    def entry(self, reference: dict[str, str]) -> dict[str, Any]:
        return self.entries[int(reference["$ref"].rsplit("/", 1)[-1])]

    def properties(self, entry: dict[str, Any]) -> dict[str, tuple[dict[str, Any], int]]:
        found = entry.get("properties") or entry.get("baseProperties") or {}
        return {name: (self.entry(item["type"]), item.get("flags", 0)) for name, item in found.items()}

    def literals(self, entry: dict[str, Any]) -> set[str]:
        options = [self.entry(item) for item in entry.get("elements", ())]
        return {option["value"] for option in options if option["$type"] == "StringLiteralType"}


@lru_cache(maxsize=1)
def newest() -> dict[str, tuple[Published, dict[str, Any]]]:
    """Type name in lower case to its newest published body."""
    found: dict[str, tuple[str, Published, dict[str, Any]]] = {}
    for path in SPECS.glob("*/*/*/types.json"):
        version = path.parent.name
        if "preview" in version:
            continue
        file = Published(path)
        for entry in file.entries:
            if entry["$type"] == "ResourceType":
                name = entry["name"].split("@")[0].lower()
                if name not in found or found[name][0] < version:
                    found[name] = (version, file, file.entry(entry["body"]))
    return {name: (file, body) for name, (_, file, body) in found.items()}


def differences(
    file: Published, entry: dict[str, Any], field: Field, path: str, depth: int = 0, one_of_many: bool = False
) -> list[str]:
    """What the published type says and ours does not."""
    if entry["$type"] == "UnionType" and isinstance(field, Text) and field.enum:
        missing = file.literals(entry) - set(field.enum)
        return [f"{path} lacks the values {sorted(missing)}"] if missing else []
    if entry["$type"] == "ArrayType" and isinstance(field, Array):
        return differences(file, file.entry(entry["itemType"]), field.items, f"{path}[]", depth)
    if entry["$type"] != "ObjectType" or not isinstance(field, Object) or field.ref or depth > 4:
        return []
    out = []
    for name, (inner, flags) in file.properties(entry).items():
        if name in INLINE and depth == 0:
            continue
        ours = field.members.get(name)
        if ours is None and not (one_of_many and name.endswith(("Record", "Records"))):
            out.append(f"{path}.{name} is not known")
        elif ours is None or name in WRITTEN_ELSEWHERE:
            continue
        elif bool(flags & READ_ONLY) != ours.read_only and not (ours.read_only and name in SETTLED_HERE):
            out.append(f"{path}.{name} is {'' if flags & READ_ONLY else 'not '}read-only there")
        else:
            is_optional = not ours.required and ours.default is msgspec.UNSET and name not in REQUIRED_BY_RULE
            if flags & REQUIRED and not flags & READ_ONLY and is_optional:
                out.append(f"{path}.{name} is required there")
            out += differences(file, inner, ours, f"{path}.{name}", depth + 1)
    return out


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_properties_are_those_published(kind):
    if kind.name in ELSEWHERE:
        pytest.skip(f"{kind.name}: {ELSEWHERE[kind.name]}")
    found = newest().get(kind.name.lower())
    if found is None:
        pytest.skip(f"no body type is published for {kind.name} in {SPECS.name}")
    file, body = found
    properties = file.properties(body).get("properties")
    if properties is not None:
        one_of_many = kind.name.lower().startswith(ONE_OF_MANY)
        assert differences(file, properties[0], kind.properties, "properties", one_of_many=one_of_many) == []
