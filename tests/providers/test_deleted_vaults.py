"""A deleted vault keeps its name and what was in it, until it is recovered or purged (the listing: tests/clients)."""

from __future__ import annotations

from typing import Any

from small_cloud import NET, RG, TENANT, S, SmallCloud, endpoint, run

VAULTS = f"{RG}/providers/Microsoft.KeyVault/vaults"
VAULT = f"{VAULTS}/kept"
GONE = f"{S}/providers/Microsoft.KeyVault/locations/eastus2/deletedVaults/kept"
API = "2022-07-01"


def body(**more: Any) -> dict[str, Any]:
    """A vault."""
    properties = {"tenantId": TENANT, "sku": {"family": "A", "name": "premium"}, **more}
    return {"location": "eastus2", "tags": {"a": "b"}, "properties": properties}


async def started(**more: Any) -> SmallCloud:
    """A cloud with the vault, a secret in it and an endpoint to it."""
    cloud = await SmallCloud().start()
    await cloud.network()
    await cloud.put(VAULT, body(**more), api=API)
    await cloud.put(f"{VAULT}/secrets/s", {"properties": {"value": "hidden"}}, api=API)
    await cloud.put(f"{NET}/privateEndpoints/pe", endpoint(target=VAULT, group="vault"))
    return cloud


def test_a_deleted_vault_comes_back():
    async def story():
        cloud = await started()
        before, secret = await cloud.get(VAULT, api=API), await cloud.get(f"{VAULT}/secrets/s", api=API)
        await cloud.delete(VAULT)
        gone = (await cloud.get(GONE, api=API))["properties"]
        assert (gone["vaultId"], gone["location"], gone["tags"]) == (VAULT, "eastus2", {"a": "b"})
        assert gone["deletionDate"] < gone["scheduledPurgeDate"] and "purgeProtectionEnabled" not in gone
        refused = await cloud.ask("PUT", VAULT, body(), api=API)
        assert (refused.status, refused.code) == (409, "ConflictError") and "recover or purge" in refused.message
        elsewhere = await cloud.ask("PUT", f"{VAULTS}/other", body(createMode="recover"), api=API)
        assert (elsewhere.status, elsewhere.code) == (404, "VaultNotFound")
        asked = {"name": "kept", "type": "Microsoft.KeyVault/vaults"}
        told = await cloud.ask("POST", f"{S}/providers/Microsoft.KeyVault/checkNameAvailability", asked, api=API)
        assert told.body["nameAvailable"] is False
        back = {"location": "eastus2", "properties": {"tenantId": TENANT, "createMode": "recover"}}
        back["properties"]["sku"] = {"family": "A", "name": "standard"}  # as az sends it: what was counts
        answer = await cloud.put(VAULT, back, api=API)
        assert answer.properties["sku"]["name"] == "premium"
        after = await cloud.get(VAULT, api=API)
        for shown in (before, after):
            shown["properties"].pop("privateEndpointConnections", None)
            shown.pop("systemData", None)
            shown.pop("etag", None)
        assert after == before
        assert (await cloud.get(f"{VAULT}/secrets/s", api=API))["properties"] == secret["properties"]
        assert (await cloud.ask("GET", GONE, api=API)).status == 404

    run(story())


def test_purging_frees_the_name():
    async def story():
        cloud = await started()
        await cloud.delete(VAULT)
        refused = await cloud.ask("DELETE", GONE, api=API)
        assert refused.status == 409 and "purge" in refused.message
        refused = await cloud.ask("PUT", GONE, {"properties": {}}, api=API)
        assert refused.status == 405
        assert (await cloud.ask("POST", f"{GONE}/purge", None, api=API)).status == 200
        assert (await cloud.ask("POST", f"{GONE}/purge", None, api=API)).status == 404
        await cloud.put(VAULT, body(), api=API)
        assert (await cloud.ask("GET", f"{VAULT}/secrets/s", api=API)).status == 404

    run(story())


def test_purge_protection_and_no_soft_delete():
    async def story():
        cloud = await started(enablePurgeProtection=True, softDeleteRetentionInDays=7)
        assert (await cloud.ask("DELETE", RG)).status in (200, 202)  # with its group, too
        refused = await cloud.ask("POST", f"{GONE}/purge", None, api=API)
        assert (refused.status, refused.code) == (405, "MethodNotAllowed") and "DeletedVaultPurge" in refused.message
        await cloud.put(RG, {"location": "eastus2"})
        await cloud.put(f"{VAULTS}/plain", body(enableSoftDelete=False), api=API)
        await cloud.delete(f"{VAULTS}/plain")
        await cloud.put(f"{VAULTS}/plain", body(enableSoftDelete=False), api=API)

    run(story())
