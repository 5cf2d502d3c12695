"""Tags at their own path, and filters of lists of one type."""

from __future__ import annotations

from tests.control.fake_cloud import GROUP, SUB

TAGS = "providers/Microsoft.Resources/tags/default"


def test_tags_are_the_resources_own(in_cloud):
    async def work(cloud):
        await cloud.ok("PUT", GROUP, {"location": "eastus2", "tags": {"a": "1"}})
        path = f"{GROUP}/{TAGS}"
        shown = await cloud.ok("GET", path)
        assert shown["id"].endswith(TAGS) and shown["properties"] == {"tags": {"a": "1"}}

        async def changed(operation, **tags):
            body = {"operation": operation, "properties": {"tags": tags}}
            return (await cloud.ok("PATCH", path, body))["properties"]["tags"]

        assert await changed("Merge", B="2") == {"a": "1", "B": "2"}
        assert await changed("Merge", b="3") == {"a": "1", "b": "3"}
        assert await changed("Delete", a="other", b="3") == {"a": "1"}
        assert await changed("Replace", c="4") == {"c": "4"}
        put = await cloud.ok("PUT", path, {"properties": {"tags": {"d": "5"}}})
        assert put["properties"]["tags"] == {"d": "5"} == (await cloud.ok("GET", GROUP))["tags"]
        await cloud.ok("DELETE", path)
        assert not (await cloud.ok("GET", GROUP)).get("tags")
        assert (await cloud.call("PATCH", path, {"operation": "Turn", "properties": {"tags": {}}}))[0] == 400
        assert (await cloud.call("PUT", path, {"properties": {"tags": [1]}}))[0] == 400
        assert (await cloud.call("GET", f"{SUB}/resourceGroups/none/{TAGS}"))[0] == 404

    in_cloud(work)


def test_lists_of_one_type_are_filtered(in_cloud):
    async def work(cloud):
        await cloud.group()
        await cloud.net("n1")
        await cloud.net("n2", group=await cloud.group("g2"))
        path = f"{SUB}/providers/Test.Net/nets"
        listed = await cloud.ok("GET", path, query={"$filter": "name eq 'n2'"})
        assert [one["name"] for one in listed["value"]] == ["n2"]
        listed = await cloud.ok("GET", path, query={"$filter": "resourceGroup eq 'g1'", "$top": "1"})
        assert [one["name"] for one in listed["value"]] == ["n1"]
        assert (await cloud.call("GET", path, query={"$filter": "colour eq 'red'"}))[0] == 400

    in_cloud(work)
