"""Every type of these providers with its example: made, shown, made again, changed by nobody, deleted."""

from __future__ import annotations

import fnmatch
import json
from pathlib import Path
from typing import Any

import pytest
from small_cloud import OWNER_ROLE, SmallCloud, run

from cloister.arm.ids import parse
from cloister.arm.resource import Row
from cloister.providers import (
    containerregistry,
    fabric,
    insights,
    keyvault,
    machinelearning,
    managedidentity,
    network,
    operationalinsights,
    storage,
)

FOLDERS = (network, machinelearning, storage, keyvault, containerregistry, insights, operationalinsights, managedidentity, fabric)
TYPES = [kind for folder in FOLDERS for kind in folder.TYPES if kind.name != "Microsoft.KeyVault/locations/deletedVaults"]
EXAMPLES = Path(__file__).parent.parent / "types" / "examples"


def example(name: str) -> dict[str, Any]:
    return json.loads((EXAMPLES / f"{name.replace('/', '.')}.json").read_text())


async def prepared(found: dict[str, Any]) -> SmallCloud:
    """A cloud with what the example needs."""
    cloud = await SmallCloud().start()
    scope = "/subscriptions/00000000-0000-0000-0000-000000000001"
    await cloud.engine.record(
        put=[
            Row(id=scope, type="Microsoft.Resources/subscriptions", body={"properties": {}}),
            Row(id=f"{scope}/resourceGroups/g1", type="Microsoft.Resources/resourceGroups", body={"location": "eastus2"}),
        ]
    )
    assert OWNER_ROLE
    for need in found["needs"]:
        await cloud.put(need["id"], need["body"], api=need["api_version"])
    return cloud


def test_every_type_is_there_once_with_an_example():
    names = [kind.name.lower() for kind in TYPES]
    assert len(names) == len(set(names))
    assert all((EXAMPLES / f"{kind.name.replace('/', '.')}.json").exists() for kind in TYPES)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_example(kind):
    async def story():
        found = example(kind.name)
        cloud = await prepared(found)
        id, api, body = found["id"], found["api_version"], found.get("body")
        assert parse(id).type == kind.name
        if "*" in id:
            rows = [row.id for row in cloud.engine.view().of_type(kind.name)]
            id = next(row for row in rows if fnmatch.fnmatch(row, id))
        if found.get("computed"):
            assert (await cloud.get(id, api=api))["type"] == kind.name
            assert (await cloud.ask("PUT", id, {}, api=api)).status == 405
            return
        first = await cloud.put(id, body, api=api)
        assert first.status == (kind.put_status[1] if found.get("derived") else kind.put_status[0])
        shown = await cloud.get(id, api=api)
        assert shown["id"] == id and shown["type"] == kind.name
        again = await cloud.put(id, body, api=api)
        assert again.status == kind.put_status[1]
        assert moved(await cloud.get(id, api=api), shown) == set()
        echoed = await cloud.put(id, shown, api=api)
        assert echoed.status == kind.put_status[1]
        assert moved(await cloud.get(id, api=api), shown) == set()
        collection = await cloud.ask("GET", id.rsplit("/", 1)[0], api=api)
        assert shown["id"] in [item["id"] for item in collection.body["value"]]
        gone = await cloud.ask("DELETE", id, api=api)
        if found.get("derived") and "connections" not in kind.name.lower():
            assert gone.status == 405
            return
        assert gone.status == kind.delete_status, gone
        assert (await cloud.ask("GET", id, api=api)).status == 404

    run(story())


def moved(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    """The members in which two GETs differ, those that tell when left out."""
    timeless = {"etag", "systemData"}
    changing = {"modifiedDate", "modifiedOn", "lastModifiedTime", "secretUriWithVersion", "keyUriWithVersion"}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(item) for name, item in value.items() if name not in timeless | changing}
        return [plain(item) for item in value] if isinstance(value, list) else value

    a, b = plain(one), plain(other)
    out = {name for name in a.keys() | b.keys() if name != "properties" and a.get(name) != b.get(name)}
    p, q = a.get("properties", {}), b.get("properties", {})
    return out | {f"properties.{name}" for name in p.keys() | q.keys() if p.get(name) != q.get(name)}
