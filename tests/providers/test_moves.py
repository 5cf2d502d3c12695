"""Moving resources between groups: what moves keeps its content, what is not free stays, and all that is asked or nothing."""

from __future__ import annotations

from small_cloud import API, CONSUMER, NET, OWNER, RG, VNET, WS, S, SmallCloud, endpoint, run

from cloister.arm.errors import ArmError

OTHER = f"{S}/resourceGroups/other"
ACCOUNT = f"{RG}/providers/Microsoft.Storage/storageAccounts/acct1"
BODY = {"location": "eastus2", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
ZONE = f"{NET}/privateDnsZones/example.org"


async def refused(cloud: SmallCloud, ids: list[str], target: str = OTHER, caller=OWNER) -> str:
    try:
        await cloud.engine.move(RG, ids, target, caller)
    except ArmError as error:
        return error.code
    return ""


async def two_groups() -> SmallCloud:
    cloud = await SmallCloud().start()
    await cloud.put(OTHER, {"location": "westus"}, api="2021-04-01")
    return cloud


def test_rows_move_with_what_they_have():
    async def story():
        cloud = await two_groups()
        await cloud.put(ACCOUNT, BODY)
        before = (await cloud.ask("POST", f"{ACCOUNT}/listKeys")).body
        await cloud.put(f"{ACCOUNT}/blobServices/default/containers/files", {"properties": {}}, api="2023-01-01")
        await cloud.network()
        await cloud.put(ZONE, {"location": "global"}, api="2020-06-01")
        link = {"location": "global", "properties": {"virtualNetwork": {"id": VNET}, "registrationEnabled": False}}
        await cloud.put(f"{ZONE}/virtualNetworkLinks/l", link, api="2020-06-01")
        await cloud.engine.move(RG, [ACCOUNT, ZONE, VNET], OTHER, OWNER, really=False)
        assert (await cloud.ask("GET", ACCOUNT)).status == 200
        await cloud.engine.move(RG, [ACCOUNT, ZONE, VNET], OTHER, OWNER)
        for id in (ACCOUNT, ZONE, VNET, f"{ACCOUNT}/blobServices/default/containers/files"):
            assert (await cloud.ask("GET", id)).status == 404
            assert (await cloud.ask("GET", id.replace(RG, OTHER))).status == 200
        assert (await cloud.ask("POST", f"{ACCOUNT.replace(RG, OTHER)}/listKeys")).body == before
        moved = await cloud.get(f"{ZONE}/virtualNetworkLinks/l".replace(RG, OTHER), api="2020-06-01")
        assert moved["properties"]["virtualNetwork"]["id"] == VNET.replace(RG, OTHER)
        await cloud.put(ACCOUNT.replace(RG, OTHER), {**BODY, "tags": {"a": "b"}})
        await cloud.delete(OTHER)

    run(story())


def test_what_is_not_free_stays_and_all_with_it():
    async def story():
        cloud = await two_groups()
        await cloud.network()
        await cloud.workspace("ws1")
        await cloud.put(ACCOUNT, BODY)
        await cloud.put(f"{NET}/privateEndpoints/pe1", endpoint())
        assert await refused(cloud, [ACCOUNT, WS]) == "MissingMoveDependentResources"
        assert await refused(cloud, [f"{NET}/privateEndpoints/pe1"]) == "ResourceMoveNotSupported"
        assert await refused(cloud, [VNET]) == "MissingMoveDependentResources"
        assert await refused(cloud, [f"{VNET}/subnets/default"]) == "ResourceMoveNotSupported"
        assert await refused(cloud, [f"{ACCOUNT}x"]) == "ResourceNotFound"
        assert await refused(cloud, [ACCOUNT], f"{S}/resourceGroups/none") == "ResourceGroupNotFound"
        assert await refused(cloud, [ACCOUNT], RG) == "InvalidMoveTarget"
        assert await refused(cloud, [ACCOUNT], caller=CONSUMER) == "AuthorizationFailed"
        lock = {"properties": {"level": "CanNotDelete"}}
        await cloud.put(f"{ACCOUNT}/providers/Microsoft.Authorization/locks/l", lock)
        assert await refused(cloud, [ACCOUNT]) == "ScopeLocked"
        assert (await cloud.ask("GET", ACCOUNT, api=API)).status == 200

    run(story())
