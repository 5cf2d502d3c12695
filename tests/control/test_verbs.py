"""PUT, GET, PATCH, DELETE, LIST and POST through the whole engine, on a real store."""

from __future__ import annotations

import pytest

from tests.control.fake_cloud import GROUP, Cloud, run

NETS = f"{GROUP}/providers/Test.Net/nets"


@pytest.fixture
def in_cloud(tmp_path):
    """Runs ``work(cloud)`` in a fresh cloud."""

    def start(work):
        async def whole():
            cloud = await Cloud(tmp_path).start()
            try:
                await cloud.group()
                return await work(cloud)
            finally:
                await cloud.close()

        return run(whole())

    return start


def test_put_then_get_shows_what_was_written_and_filled(in_cloud):
    async def work(cloud):
        status, put, headers = await cloud.call(
            "PUT",
            f"{NETS}/n1",
            {"location": "East US 2", "tags": {"a": "b"}, "properties": {"prefixes": ["x"], "color": "rED", "open": "True"}},
        )
        assert status == 201 and "azure-asyncoperation" not in headers
        got = await cloud.ok("GET", f"{NETS.upper()}/N1")
        assert got == put
        assert (got["id"], got["name"], got["type"], got["location"]) == (f"{NETS}/n1", "n1", "Test.Net/nets", "eastus2")
        assert got["properties"] == {
            "prefixes": ["x"], "color": "Red", "open": True, "size": 3, "number": 1, "partCount": 0, "parts": [],
            "provisioningState": "Succeeded",
        }  # fmt: skip
        assert got["systemData"]["createdBy"] == f"app-{'33333333-3333-3333-3333-333333333333'}"

    in_cloud(work)
