"""Derived rows, the other side's writes, deletions with what hangs on them, and the engine's distrust of its types."""

from __future__ import annotations

import msgspec

from cloister.arm.resource import Derived, ResourceType
from cloister.arm.schema import obj, string
from tests.control.fake_cloud import GROUP, SUB, Cloud, run, types

LINK = f"{GROUP}/providers/Test.Net/links/l1"
CARD = f"{GROUP}/providers/Test.Net/cards/l1-card"
SERVER = f"{GROUP}/providers/Test.App/servers/s1"
CONNECTIONS = f"{SERVER}/connections"


async def linked(cloud):
    await cloud.ok("PUT", SERVER, {"location": "eastus"})
    await cloud.net()
    status, link, _ = await cloud.link()
    assert status == 201
    return link


def test_a_link_makes_its_card_and_its_connection(in_cloud):
    async def work(cloud):
        link = await linked(cloud)
        assert link["properties"]["status"] == "Approved"
        card = await cloud.ok("GET", CARD)
        assert cloud.engine.view().get(card["id"]).owner == LINK
        (connection,) = (await cloud.ok("GET", CONNECTIONS))["value"]
        assert connection["properties"]["link"]["id"] == LINK

    in_cloud(work)


def test_the_parent_of_a_derived_row_is_settled_in_the_same_change(in_cloud):
    async def work(cloud):
        await linked(cloud)
        assert (await cloud.ok("GET", SERVER))["properties"]["access"] == "Disabled"
        (note,) = [event for event in cloud.store.events(SERVER) if event.text]
        assert note.text == "access was closed: a link was approved"
        told = {id for id, _, _ in cloud.loop.told[-1][1]}
        assert {LINK, CARD, SERVER} < told

    in_cloud(work)


def test_derived_rows_refuse_direct_writes(in_cloud):
    async def work(cloud):
        await linked(cloud)
        for method, body in (("PUT", {"location": "eastus2"}), ("PATCH", {"tags": {"a": "b"}}), ("DELETE", None)):
            status, error, _ = await cloud.call(method, CARD, body)
            assert (status, error["error"]["code"]) == (409, "OperationNotAllowed")
            assert "links 'l1'" in error["error"]["message"]

    in_cloud(work)


def test_the_other_side_approves_rejects_and_disconnects(in_cloud):
    async def work(cloud):
        await linked(cloud)
        (connection,) = (await cloud.ok("GET", CONNECTIONS))["value"]
        for status in ("Rejected", "Approved"):
            await cloud.ok("PUT", connection["id"], {"properties": {"status": status}})
            assert (await cloud.ok("GET", LINK))["properties"]["status"] == status
        assert (await cloud.call("PUT", connection["id"], {"properties": {"status": "Odd"}}))[0] == 400
        assert (await cloud.call("DELETE", connection["id"]))[0] == 200
        assert (await cloud.call("GET", connection["id"]))[0] == 404
        assert (await cloud.ok("GET", CONNECTIONS))["value"] == []
        assert (await cloud.ok("GET", LINK))["properties"]["status"] == "Disconnected"
        assert (await cloud.call("DELETE", connection["id"]))[0] == 204
        assert (await cloud.call("PUT", connection["id"], {"properties": {"status": "Approved"}}))[0] == 404
        assert (await cloud.link())[0] == 200  # again the same: it stays disconnected
        assert (await cloud.ok("GET", LINK))["properties"]["status"] == "Disconnected"

    in_cloud(work)


def test_nobody_makes_a_connection_by_hand(in_cloud):
    async def work(cloud):
        await linked(cloud)
        status, _, _ = await cloud.call("PUT", f"{CONNECTIONS}/mine", {"properties": {"status": "Approved"}})
        assert status == 404 and len((await cloud.ok("GET", CONNECTIONS))["value"]) == 1

    in_cloud(work)


def test_without_the_right_the_link_waits_for_approval(in_cloud):
    async def work(cloud):
        await cloud.ok("PUT", SERVER, {"location": "eastus"})
        await cloud.net()
        reader = "44444444-4444-4444-4444-444444444444"
        role = f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions/55555555-5555-5555-5555-555555555555"
        permissions = [{"actions": ["Test.Net/*"]}]
        await cloud.ok(
            "PUT", role, {"properties": {"roleName": "Linker", "assignableScopes": [GROUP], "permissions": permissions}}
        )
        given = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/66666666-6666-6666-6666-666666666666"
        await cloud.ok("PUT", given, {"properties": {"roleDefinitionId": role, "principalId": reader}})
        status, link, _ = await cloud.link(who=reader)
        assert status == 201 and link["properties"]["status"] == "Pending"
        assert "access" not in (await cloud.ok("GET", SERVER))["properties"]

    in_cloud(work)


def test_deleting_the_owner_takes_what_it_owns(in_cloud):
    async def work(cloud):
        await linked(cloud)
        assert (await cloud.call("DELETE", LINK))[0] == 202
        assert (await cloud.call("GET", CARD))[0] == 404
        assert (await cloud.ok("GET", CONNECTIONS))["value"] == []
        assert cloud.engine.view().children(SERVER) == []

    in_cloud(work)


def test_what_is_in_use_stays(in_cloud):
    async def work(cloud):
        await linked(cloud)
        part = f"{GROUP}/providers/Test.Net/nets/n1/parts/p1"
        for path in (part, f"{GROUP}/providers/Test.Net/nets/n1"):
            status, error, _ = await cloud.call("DELETE", path)
            assert (status, error["error"]["code"]) == (400, "InUsePartCannotBeDeleted")
            assert "links 'l1'" in error["error"]["message"]
        body = {"location": "eastus2", "properties": {"prefixes": ["x"], "parts": []}}
        assert (await cloud.call("PUT", f"{GROUP}/providers/Test.Net/nets/n1", body))[0] == 400
        assert (await cloud.call("GET", part))[0] == 200
        assert (await cloud.call("DELETE", GROUP))[0] == 202  # all of it goes, so nothing is in use

    in_cloud(work)


def test_a_deleted_target_leaves_its_link_disconnected(in_cloud):
    async def work(cloud):
        await linked(cloud)
        await cloud.ok("DELETE", SERVER)
        assert (await cloud.ok("GET", LINK))["properties"]["status"] == "Disconnected"
        assert (await cloud.call("GET", CARD))[0] == 200

    in_cloud(work)


def test_a_group_that_another_group_uses_stays(in_cloud):
    async def work(cloud):
        await linked(cloud)
        other = await cloud.group("g2")
        assert (await cloud.link("l2", group=other, part="nets/n1/parts/p1"))[0] == 400  # no such part in g2
        place = f"{GROUP}/providers/Test.Net/nets/n1/parts/p1"
        body = {"location": "eastus2", "properties": {"part": {"id": place}, "server": {"id": SERVER}}}
        await cloud.ok("PUT", f"{other}/providers/Test.Net/links/l2", body)
        status, error, _ = await cloud.call("DELETE", GROUP)
        assert status == 400 and "links 'l2'" in error["error"]["message"]
        assert (await cloud.call("GET", LINK))[0] == 200
        assert (await cloud.call("DELETE", other))[0] == 202
        assert len((await cloud.ok("GET", CONNECTIONS))["value"]) == 1

    in_cloud(work)


def test_a_name_that_somebody_else_has_is_a_conflict(in_cloud):
    async def work(cloud):
        await cloud.ok("PUT", CARD, {"location": "eastus"})
        await cloud.ok("PUT", SERVER, {"location": "eastus"})
        await cloud.net()
        status, error, _ = await cloud.link()
        assert (status, error["error"]["code"]) == (409, "Conflict") and CARD in error["error"]["message"]
        assert (await cloud.call("GET", LINK))[0] == 404

    in_cloud(work)


def test_reference_checks_name_the_way_out(in_cloud):
    async def work(cloud):
        await cloud.net()
        status, error, _ = await cloud.link()
        assert (status, error["error"]["code"]) == (400, "InvalidResourceReference")
        for bad in ("x", GROUP, f"{GROUP}/providers/Test.Net/nets/n1"):
            body = {"location": "eastus2", "properties": {"part": {"id": bad}, "server": {"id": SERVER}}}
            status, error, _ = await cloud.call("PUT", LINK, body)
            assert (status, error["error"]["code"], error["error"]["target"]) == (
                400,
                "LinkedInvalidPropertyId",
                "properties.part.id",
            )

    in_cloud(work)


def odd(name, **hooks):
    return ResourceType(name=f"Odd.Types/{name}", api_versions=("2024-01-01",), properties=obj(a=string()), **hooks)


def test_a_type_that_breaks_its_promises_is_named(tmp_path, caplog):
    kinds = types(
        odd("restless", settle=lambda change, view: change.row.with_facts(n=change.row.facts.get("n", 0) + 1)),
        odd("deaf", settle=lambda change, view: change.row.with_properties(a="mine")),
        odd("moving", settle=lambda change, view: msgspec.structs.replace(change.row, owner="/x")),
        odd("strange", derive=lambda row, view: [Derived(id="no id", body={})]),
        odd("unknown", derive=lambda row, view: [Derived(id=f"{row.id}/providers/No.Such/things/t", body={})]),
        odd("raising", show=lambda row, view, version: 1 / 0),
    )

    async def work():
        cloud = await Cloud(tmp_path, kinds=kinds).start()
        await cloud.group()
        for name in ("restless", "deaf", "moving", "strange", "unknown"):
            status, error, _ = await cloud.call(
                "PUT", f"{GROUP}/providers/Odd.Types/{name}/x", {"location": "eastus", "properties": {"a": "yours"}}
            )
            assert status == 500 and f"internal error: bug in Odd.Types/{name}" in error["error"]["message"]
            assert (await cloud.call("GET", f"{GROUP}/providers/Odd.Types/{name}/x"))[0] == 404
        status, error, _ = await cloud.call("PUT", f"{GROUP}/providers/Odd.Types/raising/x", {"location": "eastus"})
        assert status == 500 and "bug in Odd.Types/raising: show" in error["error"]["message"]
        await cloud.close()

    run(work())
    assert "bug in Odd.Types/restless" in caplog.text


def test_identities_are_settled_once(in_cloud):
    async def work(cloud):
        path = f"{GROUP}/providers/Test.Net/nets/n1"
        body = {"location": "eastus", "identity": {"type": "systemassigned"}, "properties": {"prefixes": []}}
        first = await cloud.ok("PUT", path, body)
        assert first["identity"]["type"] == "SystemAssigned" and len(first["identity"]["principalId"]) == 36
        assert await cloud.ok("PUT", path, body) == first
        await cloud.ok("PUT", path, {**body, "identity": {"type": "None"}})
        again = await cloud.ok("PUT", path, body)
        assert again["identity"]["principalId"] != first["identity"]["principalId"]
        assert (await cloud.call("PUT", path, {**body, "identity": {"type": "Odd"}}))[0] == 400

    in_cloud(work)


def test_locks_hold(in_cloud):
    async def work(cloud):
        net = await cloud.net()
        lock = f"{net['id']}/providers/Microsoft.Authorization/locks/keep"
        await cloud.ok("PUT", lock, {"properties": {"level": "cannotdelete"}})
        for path in (net["id"], f"{net['id']}/parts/p1", GROUP):
            status, error, _ = await cloud.call("DELETE", path)
            assert (status, error["error"]["code"]) == (409, "ScopeLocked")
        assert (await cloud.call("PATCH", net["id"], {"tags": {"a": "b"}}))[0] == 200
        await cloud.ok("PUT", lock, {"properties": {"level": "ReadOnly"}})
        assert (await cloud.call("PATCH", net["id"], {"tags": {}}))[0] == 409
        assert (await cloud.call("GET", f"{SUB}/providers/Microsoft.Authorization/locks"))[1]["value"][0]["name"] == "keep"
        assert (await cloud.call("DELETE", lock))[0] == 200
        assert (await cloud.call("DELETE", net["id"]))[0] == 200

    in_cloud(work)
