"""PUT, GET, HEAD, PATCH, DELETE, LIST and POST through the whole engine, on a real store."""

from __future__ import annotations

import pytest

from tests.control.fake_cloud import GROUP, OWNER, SUB, Cloud, run

NETS = f"{GROUP}/providers/Test.Net/nets"
SERVERS = f"{GROUP}/providers/Test.App/servers"
NET = {"location": "East US 2", "properties": {"prefixes": ["x"]}}


def test_put_then_get_shows_what_was_written_and_filled(in_cloud):
    async def work(cloud):
        body = {"location": "East US 2", "tags": {"a": "b"}, "properties": {"prefixes": ["x"], "color": "rED", "open": "True"}}
        status, put, headers = await cloud.call("PUT", f"{NETS}/n1", body)
        assert status == 201 and "azure-asyncoperation" not in headers
        got = await cloud.ok("GET", f"{NETS.upper()}/N1")
        assert got == put
        assert (got["id"], got["name"], got["type"], got["location"]) == (f"{NETS}/n1", "n1", "Test.Net/nets", "eastus2")
        wanted = {"prefixes": ["x"], "color": "Red", "open": True, "size": 3, "number": 1, "partCount": 0, "parts": []}
        assert got["properties"] == {**wanted, "provisioningState": "Succeeded"}
        assert got["systemData"]["createdBy"] == f"app-{OWNER}"

    in_cloud(work)


def test_paths_are_read_without_case_and_ids_printed_canonically(in_cloud):
    async def work(cloud):
        await cloud.ok("PUT", f"//subscriptions/{SUB.split('/')[2]}//resourcegroups/G1/PROVIDERS/test.net//NETS/n1", NET)
        assert (await cloud.ok("GET", f"{NETS}/N1"))["id"] == f"{NETS}/n1"
        await cloud.ok("PUT", f"{NETS}/N1/PARTS/p", {"properties": {"prefix": "y"}})
        assert (await cloud.ok("GET", f"{NETS}/n1/parts/P"))["id"] == f"{NETS}/n1/parts/p"
        assert len((await cloud.ok("GET", NETS.lower()))["value"]) == 1

    in_cloud(work)


def test_the_same_put_again_changes_nothing(in_cloud):
    async def work(cloud):
        first = await cloud.net()
        before = cloud.engine.revision
        status, again, _ = await cloud.call("PUT", first["id"], {k: first[k] for k in ("location", "properties")})
        assert status == 200 and again == first and cloud.engine.revision == before

    in_cloud(work)


def test_put_replaces_and_defaults_come_back(in_cloud):
    async def work(cloud):
        await cloud.ok(
            "PUT", f"{NETS}/n1", {**NET, "tags": {"a": "b"}, "properties": {"prefixes": ["x"], "size": 7, "unknownOne": {"z": 1}}}
        )
        got = await cloud.ok("PUT", f"{NETS}/n1", NET)
        assert got["properties"]["size"] == 3 and "tags" not in got and "unknownOne" not in got["properties"]

    in_cloud(work)


def test_unknown_properties_are_kept_as_written(in_cloud):
    async def work(cloud):
        body = {**NET, "properties": {"prefixes": [], "newer": {"deep": [1, None, "x"]}}}
        got = await cloud.ok("PUT", f"{NETS}/n1", body)
        assert got["properties"]["newer"] == {"deep": [1, None, "x"]}

    in_cloud(work)


def test_patch_merges_and_null_takes_away(in_cloud):
    async def work(cloud):
        await cloud.ok("PUT", f"{NETS}/n1", {**NET, "tags": {"a": "1", "b": "2"}, "properties": {"prefixes": ["x"], "size": 5}})
        got = await cloud.ok(
            "PATCH", f"{NETS}/n1", {"tags": {"a": None, "c": "3"}, "properties": {"size": None, "color": "green"}}
        )
        assert got["tags"] == {"b": "2", "c": "3"}
        assert (got["properties"]["size"], got["properties"]["color"], got["properties"]["number"]) == (3, "Green", 1)
        status, error, _ = await cloud.call("PATCH", f"{NETS}/n2", {"tags": {}})
        assert (status, error["error"]["code"]) == (404, "ResourceNotFound")

    in_cloud(work)


def test_all_problems_of_a_body_come_at_once(in_cloud):
    async def work(cloud):
        body = {"properties": {"prefixes": "x", "size": 99, "color": "Blue", "open": "maybe"}}
        status, error, _ = await cloud.call("PUT", f"{NETS}/n1", body)
        found = {detail["target"]: detail["code"] for detail in error["error"]["details"]}
        assert status == 400 and found == {
            "properties.prefixes": "InvalidRequestContent",
            "properties.size": "InvalidParameter",
            "properties.color": "InvalidParameter",
            "properties.open": "InvalidRequestContent",
            "location": "LocationRequired",
        }
        assert all(detail["message"].startswith("cannot accept nets 'n1'") for detail in error["error"]["details"])
        assert (await cloud.call("GET", f"{NETS}/n1"))[0] == 404

    in_cloud(work)


def test_a_types_own_rules_refuse_and_nothing_changes(in_cloud):
    async def work(cloud):
        before = cloud.engine.revision
        status, error, _ = await cloud.call("PUT", f"{NETS}/n1", {"location": "eastus", "properties": {"prefixes": ["a", "bad"]}})
        assert (status, error["error"]["code"], error["error"]["target"]) == (400, "InvalidPrefix", "properties.prefixes[1]")
        assert cloud.engine.revision == before and (await cloud.ok("GET", NETS)) == {"value": []}

    in_cloud(work)


def test_create_only_location_and_secrets(in_cloud):
    async def work(cloud):
        body = {**NET, "properties": {"prefixes": ["x"], "fixed": "one", "password": "hush"}}
        got = await cloud.ok("PUT", f"{NETS}/n1", body)
        assert got["properties"]["fixed"] == "one" and "password" not in got["properties"]
        assert (await cloud.ok("PUT", f"{NETS}/n1", NET))["properties"]["fixed"] == "one"
        assert cloud.engine.view().get(f"{NETS}/n1").properties["password"] == "hush"
        status, error, _ = await cloud.call("PUT", f"{NETS}/n1", {**NET, "properties": {"prefixes": [], "fixed": "two"}})
        assert (status, error["error"]["code"]) == (409, "PropertyChangeNotAllowed")
        status, error, _ = await cloud.call("PUT", f"{NETS}/n1", {**NET, "location": "westus"})
        assert (status, error["error"]["code"]) == (409, "InvalidResourceLocation")

    in_cloud(work)


def test_read_only_input_is_ignored(in_cloud):
    async def work(cloud):
        body = {**NET, "id": "/x", "name": "other", "type": "no", "etag": "e", "systemData": {}}
        body["properties"] = {"prefixes": ["x"], "provisioningState": "Failed"}
        got = await cloud.ok("PUT", f"{NETS}/n1", body)
        assert (got["name"], got["properties"]["provisioningState"]) == ("n1", "Succeeded")

    in_cloud(work)


def test_an_unknown_member_at_the_top_is_told(in_cloud):
    async def work(cloud):
        status, error, _ = await cloud.call("PUT", f"{NETS}/n1", {**NET, "propertis": {}})
        assert (status, error["error"]["target"]) == (400, "propertis")

    in_cloud(work)


def test_inline_children_are_rows_of_their_own(in_cloud):
    async def work(cloud):
        net = await cloud.net(parts=("a", "b"))
        assert [part["name"] for part in net["properties"]["parts"]] == ["a", "b"]
        assert net["properties"]["parts"][0] == await cloud.ok("GET", f"{net['id']}/parts/a")
        await cloud.ok("PUT", f"{net['id']}/parts/c", {"properties": {"prefix": "z"}})
        kept = await cloud.ok("PUT", net["id"], NET)  # a body without the array leaves the children alone
        assert [part["name"] for part in kept["properties"]["parts"]] == ["a", "b", "c"]
        fewer = [{"name": "b", "properties": {"prefix": "new"}}]
        got = await cloud.ok("PUT", net["id"], {**NET, "properties": {"prefixes": ["x"], "parts": fewer}})
        assert [(p["name"], p["properties"]["prefix"]) for p in got["properties"]["parts"]] == [("b", "new")]
        assert (await cloud.call("GET", f"{net['id']}/parts/a"))[0] == 404
        twice = [{"name": "b", "properties": {"prefix": "1"}}, {"name": "B", "properties": {"prefix": "2"}}, {"properties": {}}]
        status, error, _ = await cloud.call("PUT", net["id"], {**NET, "properties": {"prefixes": [], "parts": twice}})
        assert status == 400 and [d["target"] for d in error["error"]["details"]] == [
            "properties.parts[1]",
            "properties.parts[2]",
        ]

    in_cloud(work)


def test_problems_of_inline_children_name_them(in_cloud):
    async def work(cloud):
        status, error, _ = await cloud.call("PUT", f"{NETS}/n", {**NET, "properties": {"prefixes": [], "parts": [{"name": "p"}]}})
        assert status == 400 and "parts 'p' of nets 'n'" in error["error"]["message"]

    in_cloud(work)


def test_etags_guard_writes(in_cloud):
    async def work(cloud):
        _, net, headers = await cloud.call("PUT", f"{NETS}/n1", NET)
        assert headers["etag"] == net["etag"]
        status, error, _ = await cloud.call("PUT", f"{NETS}/n1", NET, if_none_match="*")
        assert (status, error["error"]["code"]) == (412, "PreconditionFailed")
        assert (await cloud.call("PUT", f"{NETS}/n1", {**NET, "tags": {"a": "b"}}, if_match=net["etag"]))[0] == 200
        assert (await cloud.call("PATCH", f"{NETS}/n1", {"tags": {}}, if_match=net["etag"]))[0] == 412
        assert (await cloud.call("DELETE", f"{NETS}/n1", if_match=net["etag"]))[0] == 412
        assert (await cloud.call("PUT", f"{NETS}/n2", NET, if_match="*"))[0] == 412
        etag = (await cloud.ok("GET", f"{NETS}/n1"))["etag"]
        assert (await cloud.call("GET", f"{NETS}/n1", if_none_match=etag))[0] == 304
        await cloud.ok("PUT", f"{NETS}/n1/parts/p", {"properties": {"prefix": "x"}})
        assert (await cloud.ok("GET", f"{NETS}/n1"))["etag"] != etag  # the child is shown inside

    in_cloud(work)


def test_delete_once_twice_and_of_nothing(in_cloud):
    async def work(cloud):
        await cloud.net()
        assert (await cloud.call("DELETE", f"{NETS}/n1"))[0] == 200
        assert (await cloud.call("DELETE", f"{NETS}/n1"))[0] == 204
        assert (await cloud.call("GET", f"{NETS}/n1/parts/p1"))[0] == 404
        status, error, _ = await cloud.call("DELETE", f"{SUB}/resourceGroups/nope")
        assert (status, error["error"]["code"]) == (404, "ResourceGroupNotFound")

    in_cloud(work)


def test_deleting_a_group_takes_everything_and_is_polled(in_cloud):
    async def work(cloud):
        await cloud.net()
        status, body, headers = await cloud.call("DELETE", GROUP)
        assert status == 202 and body is None and headers["retry-after"] == "1" and headers["retry-after-ms"] == "200"
        path, _, query = headers["location"].removeprefix("https://management.azure.com").partition("?")
        assert query == "api-version=2024-01-01"
        assert (await cloud.call("GET", path))[0] == 204
        status, error, _ = await cloud.call("GET", f"{NETS}/n1")
        assert (status, error["error"]["code"]) == (404, "ResourceGroupNotFound")
        assert not cloud.engine.view().children(GROUP)

    in_cloud(work)


def test_head_says_whether_it_is_there(in_cloud):
    async def work(cloud):
        assert (await cloud.call("HEAD", GROUP))[0] == 204
        assert (await cloud.call("HEAD", f"{SUB}/resourceGroups/none"))[0] == 404
        assert (await cloud.call("HEAD", f"{NETS}/none"))[0] == 404

    in_cloud(work)


def test_lists_by_parent_group_and_subscription(in_cloud):
    async def work(cloud):
        await cloud.group("g2")
        await cloud.net("n1", ("a", "b"))
        await cloud.net("n2", group=f"{SUB}/resourceGroups/g2")
        names = lambda listed: [row["name"] for row in listed["value"]]  # noqa: E731
        assert names(await cloud.ok("GET", NETS)) == ["n1"]
        assert names(await cloud.ok("GET", f"{SUB}/providers/Test.Net/nets")) == ["n1", "n2"]
        assert names(await cloud.ok("GET", f"{NETS}/n1/parts")) == ["a", "b"]
        assert names(await cloud.ok("GET", f"{SUB}/resourcegroups")) == ["g1", "g2"]
        assert (await cloud.call("GET", f"{NETS}/none/parts"))[0] == 404
        assert (await cloud.call("GET", f"{SUB}/resourceGroups/none/providers/Test.Net/nets"))[0] == 404

    in_cloud(work)


def test_a_list_asked_again_shows_what_changed_meanwhile(in_cloud):
    async def work(cloud):
        names = lambda listed: [row["name"] for row in listed["value"]]  # noqa: E731
        for name in "ab":
            await cloud.net(name)
            assert names(await cloud.ok("GET", NETS))[-1] == name
        again = await cloud.ok("GET", NETS)
        assert again == await cloud.ok("GET", NETS) and names(again) == ["a", "b"]
        assert names(await cloud.ok("GET", NETS, query={"$filter": "name eq 'b'"})) == ["b"]
        assert names(await cloud.ok("GET", NETS, query={"$top": "1"})) == ["a"]
        await cloud.call("DELETE", f"{NETS}/a")
        assert names(await cloud.ok("GET", NETS)) == ["b"]

    in_cloud(work)


def test_lists_come_in_pages(in_cloud):
    async def work(cloud):
        for name in "abcde":
            await cloud.net(name)
        found, path, query = [], NETS, {"$top": "2"}
        while path:
            page = await cloud.ok("GET", path, query=query)
            found += [row["name"] for row in page["value"]]
            assert len(page["value"]) <= 2
            link = page.get("nextLink", "")
            path, _, text = link.removeprefix("https://management.azure.com").partition("?")
            query = dict(part.split("=") for part in text.replace("%24", "$").split("&")) if text else {}
        assert found == list("abcde")
        assert (await cloud.call("GET", NETS, query={"$top": "x"}))[0] == 400
        assert (await cloud.call("GET", NETS, query={"$skiptoken": "?"}))[0] == 400

    in_cloud(work)


def test_actions_on_resources_and_scopes(in_cloud):
    async def work(cloud):
        await cloud.ok("PUT", f"{SERVERS}/s1", {"location": "eastus", "properties": {}})
        keys = await cloud.ok("POST", f"{SERVERS}/S1/LISTKEYS", {"a": 1})
        assert keys["echo"] == {"a": 1} and len(keys["key"]) == 88
        await cloud.ok("POST", f"{SERVERS}/s1/rename", {"title": "new"})
        assert (await cloud.ok("GET", f"{SERVERS}/s1"))["properties"]["title"] == "new"
        found = await cloud.ok("POST", f"{SUB}/providers/Test.App/locations/eastus/checknameavailability", {"name": "s1"})
        assert found == {"nameAvailable": False, "place": "eastus"}
        assert (await cloud.ok("POST", f"{SUB}/providers/Test.App/checkNameAvailability", {"name": "s2"}))["nameAvailable"]
        for path in (f"{SERVERS}/s1/nothing", f"{SERVERS}/none/listKeys", f"{SUB}/providers/Test.App/nothing"):
            assert (await cloud.call("POST", path, {}))[0] == 404

    in_cloud(work)


def test_computed_collections(in_cloud):
    async def work(cloud):
        await cloud.ok("PUT", f"{SERVERS}/s1", {"location": "eastus"})
        listed = await cloud.ok("GET", f"{SERVERS}/s1/ports")
        item = {"id": f"{SERVERS}/s1/ports/web", "type": "Test.App/servers/ports", "name": "web", "properties": {"number": 443}}
        assert listed == {"value": [item]} and await cloud.ok("GET", f"{SERVERS}/s1/ports/WEB") == item
        assert (await cloud.call("GET", f"{SERVERS}/s1/ports/ssh"))[0] == 404
        assert (await cloud.call("PUT", f"{SERVERS}/s1/ports/web", {}))[0] == 405
        assert (await cloud.call("GET", f"{SERVERS}/none/ports"))[0] == 404

    in_cloud(work)


def test_a_name_the_whole_cloud_shares(in_cloud):
    async def work(cloud):
        other = await cloud.group("g2")
        await cloud.ok("PUT", f"{SERVERS}/s1", {"location": "eastus"})
        status, error, _ = await cloud.call(
            "PUT", f"{other}/providers/Test.App/servers/S1".replace("S1", "s1"), {"location": "eastus"}
        )
        assert (status, error["error"]["code"]) == (409, "NameAlreadyInUse")
        status, error, _ = await cloud.call("PUT", f"{SERVERS}/No_Name", {"location": "eastus"})
        assert (status, error["error"]["code"]) == (400, "InvalidResourceName")

    in_cloud(work)


@pytest.mark.parametrize(
    ("method", "path", "version", "status", "code"),
    [
        ("GET", f"{NETS}/n1", "", 400, "MissingApiVersionParameter"),
        ("GET", f"{NETS}/n1", "latest", 400, "InvalidApiVersionParameter"),
        ("GET", f"{NETS}/n1", "2024-13-01", 400, "InvalidApiVersionParameter"),
        ("GET", f"{NETS}/n1", "2099-01-01-preview", 404, "ResourceNotFound"),
        ("GET", f"{GROUP}/providers/Test.Nope/nets/n", "2024-01-01", 404, "InvalidResourceNamespace"),
        ("PUT", f"{GROUP}/providers/Test.Net/knots/n", "2024-01-01", 404, "InvalidResourceType"),
        ("GET", "/subscriptions/nope/resourceGroups/g1", "2024-01-01", 400, "InvalidSubscriptionId"),
        ("GET", f"/subscriptions/{OWNER}/resourceGroups/g1", "2024-01-01", 404, "SubscriptionNotFound"),
        ("PUT", f"{SUB}/resourceGroups/none/providers/Test.Net/nets/n", "2024-01-01", 404, "ResourceGroupNotFound"),
        ("PUT", f"{NETS}/none/parts/p", "2024-01-01", 404, "ParentResourceNotFound"),
        ("PUT", NETS, "2024-01-01", 405, "MethodNotAllowed"),
        ("BREW", f"{NETS}/n", "2024-01-01", 405, "MethodNotAllowed"),
        ("GET", "/nothing/here", "2024-01-01", 404, "NotFound"),
        ("GET", "/", "2024-01-01", 404, "NotFound"),
        ("POST", "/", "2024-01-01", 404, "NotFound"),
        ("GET", f"{NETS}/n1" + "/parts/p" * 40, "2024-01-01", 400, "InvalidRequestUri"),
    ],
)
def test_paths_that_lead_nowhere(in_cloud, method, path, version, status, code):
    async def work(cloud):
        found, error, headers = await cloud.call(method, path, NET, version=version)
        assert (found, error["error"]["code"]) == (status, code)
        assert headers["x-ms-request-id"]

    in_cloud(work)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"\xff\xfe{}",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b"[" * 5000,
        b'{"a":' * 100 + b"1" + b"}" * 100,
    ],
)
def test_hostile_bodies_are_refused(in_cloud, raw):
    async def work(cloud):
        status, error, _ = await cloud.call("PUT", f"{NETS}/n1", raw)
        assert (status, error["error"]["code"]) == (400, "InvalidRequestContent")
        assert error["error"]["message"].startswith("cannot")

    in_cloud(work)


def test_a_body_over_the_limit(in_cloud):
    async def work(cloud):
        status, error, _ = await cloud.call("PUT", f"{NETS}/n1", b'{"a":"' + b"x" * (4 << 20) + b'"}')
        assert (status, error["error"]["code"]) == (413, "RequestEntityTooLarge")

    in_cloud(work)


def test_everything_is_there_after_a_restart(tmp_path):
    async def before():
        cloud = await Cloud(tmp_path).start()
        await cloud.group()
        await cloud.ok("PUT", f"{SERVERS}/s1", {"location": "eastus"})
        net = await cloud.net()
        assert (await cloud.link())[0] == 201
        key = (await cloud.ok("POST", f"{SERVERS}/s1/listKeys"))["key"]
        link = await cloud.ok("GET", f"{GROUP}/providers/Test.Net/links/l1")
        revision = cloud.engine.revision
        cloud.store.close()  # no orderly end
        return net, key, link, revision

    async def after(net, key, link, revision):
        cloud = await Cloud(tmp_path).start()
        assert cloud.engine.revision == revision
        assert await cloud.ok("GET", net["id"]) == net
        assert await cloud.ok("GET", link["id"]) == link
        assert (await cloud.ok("POST", f"{SERVERS}/s1/listKeys"))["key"] == key
        assert (await cloud.net("n2"))["properties"]["number"] > link_number(cloud)
        await cloud.close()

    def link_number(cloud):
        return cloud.engine.view().get(f"{GROUP}/providers/Test.Net/links/l1").facts["number"]

    run(after(*run(before())))


def test_a_resource_stands_where_its_type_does(in_cloud):
    async def work(cloud):
        body = {"location": "eastus", "properties": {"prefixes": ["10.0.0.0/16"]}}
        kind = NETS.partition("/providers/")[2]
        for scope in (SUB, "", f"{NETS}/n1"):
            status, answer, _ = await cloud.call("PUT", f"{scope}/providers/{kind}/n2", body)
            assert (status, answer["error"]["code"]) == (404, "InvalidResourceType"), scope
            assert "stands in a resource group" in answer["error"]["message"]
        lock = "providers/Microsoft.Authorization/locks/l"
        for scope in (SUB, GROUP):
            assert (await cloud.call("PUT", f"{scope}/{lock}", {"properties": {"level": "CanNotDelete"}}))[0] in (200, 201)

    in_cloud(work)
