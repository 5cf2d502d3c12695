"""Types that nobody here knows: Azure's error, and plain rows where the operator allows them."""

from __future__ import annotations

import asyncio

import pytest

from cloister.arm.catalog import UNKNOWN_TYPES_MAX, Catalog
from cloister.providers import TYPES
from tests.control.fake_cloud import GROUP, Cloud

ODD = f"{GROUP}/providers/Contoso.Robots/arms/a1"
BODY = {"location": "eastus2", "sku": {"name": "Big"}, "properties": {"joints": 3, "nested": {"kept": [1, None]}}}


def in_cloud(work, allowed: bool) -> None:
    async def whole() -> None:
        cloud = Cloud(kinds=TYPES)
        cloud.engine.types.accepts_unknown = allowed
        await cloud.start()
        try:
            await cloud.group()
            await work(cloud)
        finally:
            await cloud.close()

    asyncio.run(whole())


def test_refused_by_default():
    async def work(cloud):
        status, answer, _ = await cloud.call("PUT", ODD, BODY)
        assert (status, answer["error"]["code"]) == (404, "InvalidResourceNamespace")
        status, answer, _ = await cloud.call("PUT", f"{GROUP}/providers/Microsoft.Network/odds/o", BODY)
        assert (status, answer["error"]["code"]) == (404, "InvalidResourceType")

    in_cloud(work, False)


def test_kept_where_allowed():
    async def work(cloud):
        assert (await cloud.call("GET", ODD))[0] == 404
        shown = await cloud.ok("PUT", ODD, BODY)
        assert (shown["type"], shown["properties"], shown["sku"]) == ("Contoso.Robots/arms", BODY["properties"], BODY["sku"])
        child = f"{ODD}/hands/left"
        await cloud.ok("PUT", child, {"properties": {"fingers": 5}})
        assert [one["id"] for one in (await cloud.ok("GET", f"{ODD}/hands"))["value"]] == [child]
        assert (await cloud.call("DELETE", ODD))[0] == 200
        assert (await cloud.call("GET", child))[0] == 404

    in_cloud(work, True)


@pytest.mark.parametrize("allowed", [False, True])
def test_the_catalog_bounds_what_it_admits(allowed):
    catalog = Catalog((), allowed)
    found = [catalog.admit(f"Contoso.Robots/t{n}") for n in range(UNKNOWN_TYPES_MAX + 5)]
    assert sum(one is not None for one in found) == (UNKNOWN_TYPES_MAX if allowed else 0)
    assert catalog.admit("NoType") is None
