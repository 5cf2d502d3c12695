"""Storage accounts, vaults, registries, log workspaces, identities: keys, rules, what is public."""

from __future__ import annotations

import base64

from small_cloud import NET, OTHER_SUBSCRIPTION, RG, SUBNET, SUBSCRIPTION, TENANT, WS, SmallCloud, endpoint, run

ACCOUNT = f"{RG}/providers/Microsoft.Storage/storageAccounts/acct1"
VAULT = f"{RG}/providers/Microsoft.KeyVault/vaults/vault-1"
REGISTRY = f"{RG}/providers/Microsoft.ContainerRegistry/registries/registry1"
LOGS = f"{RG}/providers/Microsoft.OperationalInsights/workspaces/logs1"
STORAGE_BODY = {"location": "eastus2", "kind": "StorageV2", "sku": {"name": "standard_lrs"}}


def vault(**properties) -> dict:
    return {"location": "eastus2", "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "Standard"}, **properties}}


def test_storage_is_never_201_and_has_keys_that_nobody_guesses():
    async def story():
        cloud = await SmallCloud().start()
        made = await cloud.put(ACCOUNT, STORAGE_BODY, api="2018-07-01")
        assert made.status == 200 and made.body["sku"] == {"name": "Standard_LRS", "tier": "Standard"}
        assert made.properties["primaryEndpoints"]["blob"] == "https://acct1.blob.core.windows.net/"
        assert made.properties["networkAcls"]["defaultAction"] == "Allow"
        keys = (await cloud.ask("POST", f"{ACCOUNT}/listKeys")).body["keys"]
        assert [len(base64.b64decode(item["value"])) for item in keys] == [64, 64]
        assert "keys" not in made.body["properties"] and keys[0]["value"] not in str(made.body)
        again = (await cloud.ask("POST", f"{ACCOUNT}/regenerateKey", {"keyName": "key1"})).body["keys"]
        assert again[0]["value"] != keys[0]["value"] and again[1] == keys[1]
        assert (await cloud.ask("POST", f"{ACCOUNT}/listkeys")).body["keys"] == again
        wrong = await cloud.ask("POST", f"{ACCOUNT}/regenerateKey", {"keyName": "key9"})
        assert wrong.status == 400 and "key1 or key2" in wrong.message
        other = await SmallCloud().start()
        await other.put(ACCOUNT, STORAGE_BODY)
        assert (await other.ask("POST", f"{ACCOUNT}/listKeys")).body["keys"][0]["value"] != keys[0]["value"]

    run(story())


def test_storage_names_are_global():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.put(ACCOUNT, STORAGE_BODY)
        elsewhere = ACCOUNT.replace(SUBSCRIPTION, OTHER_SUBSCRIPTION)
        answer = await cloud.ask("PUT", elsewhere, STORAGE_BODY)
        assert answer.status == 409 and answer.code == "StorageAccountAlreadyTaken"
        scope = f"{RG.split('/resourceGroups')[0]}/providers/Microsoft.Storage"
        for name, free in (("acct1", False), ("acct2", True)):
            found = await cloud.ask(
                "POST", f"{scope}/checkNameAvailability", {"name": name, "type": "Microsoft.Storage/storageAccounts"}
            )
            assert found.status == 200 and found.body["nameAvailable"] is free

    run(story())


def test_storage_refuses_what_it_cannot_be():
    async def story():
        cloud = await SmallCloud().start()
        for change, target in (({"sku": None}, "sku.name"), ({"kind": "Tape"}, "kind"), ({"sku": {"name": "Cheap"}}, "sku.name")):
            answer = await cloud.ask("PUT", ACCOUNT, {**STORAGE_BODY, **change})
            assert answer.status == 400 and target in answer.message, answer
        acls = {"virtualNetworkRules": [{"id": SUBNET}]}
        answer = await cloud.ask("PUT", ACCOUNT, {**STORAGE_BODY, "properties": {"networkAcls": acls}})
        assert answer.code == "NetworkAclsValidationFailure"

    run(story())


def test_who_may_come_in_from_public_addresses():
    async def story():
        cloud = await SmallCloud().start()
        cases = (
            ({}, True, "networkAcls.defaultAction: Allow"),
            ({"networkAcls": {"defaultAction": "Deny"}}, False, "networkAcls.defaultAction: Deny"),
            ({"publicNetworkAccess": "Disabled"}, False, "publicNetworkAccess: Disabled"),
        )
        for properties, public, because in cases:
            await cloud.put(ACCOUNT, {**STORAGE_BODY, "properties": properties})
            await cloud.put(VAULT, vault(**properties))
            for id in (ACCOUNT, VAULT):
                (service,) = cloud.intents(id)
                assert (service.public_access, service.because) == (public, because)

    run(story())


def test_services_of_an_account_are_there_and_take_settings():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.put(ACCOUNT, STORAGE_BODY)
        blob = f"{ACCOUNT}/blobServices/default"
        assert (await cloud.ask("GET", f"{ACCOUNT}/blobServices")).body["value"][0]["id"] == blob
        await cloud.put(blob, {"properties": {"isVersioningEnabled": True}})
        await cloud.put(ACCOUNT, STORAGE_BODY)
        assert (await cloud.get(blob))["properties"]["isVersioningEnabled"] is True
        await cloud.put(f"{blob}/containers/one", {"properties": {}})
        bad = await cloud.ask("PUT", f"{blob}/containers/TWO", {"properties": {}})
        assert bad.status == 400
        await cloud.delete(ACCOUNT)
        assert (await cloud.ask("GET", f"{blob}/containers/one")).status == 404

    run(story())


def test_vault_policies_by_body_and_by_name():
    async def story():
        cloud = await SmallCloud().start()

        def policies(who: str, *secrets: str) -> dict:
            entry = {"tenantId": TENANT, "objectId": who, "permissions": {"secrets": list(secrets)}}
            return {"properties": {"accessPolicies": [entry]}}

        async def now() -> dict[str, list[str]]:
            found = (await cloud.get(VAULT))["properties"]["accessPolicies"]
            return {policy["objectId"]: policy["permissions"]["secrets"] for policy in found}

        one, two = "00000000-0000-0000-0000-0000000000b1", "00000000-0000-0000-0000-0000000000b2"
        await cloud.put(VAULT, vault(**policies(one, "get")["properties"]))
        await cloud.put(f"{VAULT}/accessPolicies/add", policies(one, "list"))
        await cloud.put(f"{VAULT}/accessPolicies/add", policies(two, "all"))
        assert await now() == {one: ["get", "list"], two: ["all"]}
        await cloud.put(f"{VAULT}/accessPolicies/replace", policies(one, "set"))
        await cloud.put(f"{VAULT}/accessPolicies/remove", policies(two, "all"))
        assert await now() == {one: ["set"]}
        await cloud.ask("PATCH", VAULT, {"tags": {"a": "b"}})
        assert await now() == {one: ["set"]}
        await cloud.put(VAULT, vault(accessPolicies=[]))
        assert await now() == {}
        assert (await cloud.ask("PUT", f"{VAULT}/accessPolicies/change", policies(one, "set"))).status == 400

    run(story())


def test_template_a_of_sdk_v1_gives_bools_as_strings():
    async def story():
        cloud = await SmallCloud().start()
        body = vault(enabledForDeployment="true", enabledForTemplateDeployment="true", accessPolicies=[])
        await cloud.put(VAULT, body, api="2015-06-01")
        shown = (await cloud.get(VAULT))["properties"]
        assert shown["enabledForDeployment"] is True and shown["vaultUri"] == "https://vault-1.vault.azure.net/"

    run(story())


def test_a_secret_goes_in_and_never_comes_out():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.put(VAULT, vault(accessPolicies=[]))
        made = await cloud.put(f"{VAULT}/secrets/one", {"properties": {"value": "hush"}})
        assert "hush" not in str(made.body) and "hush" not in str(await cloud.get(f"{VAULT}/secrets/one"))
        assert made.properties["secretUri"] == "https://vault-1.vault.azure.net/secrets/one"

    run(story())


def test_registry_passwords_and_premium():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.put(REGISTRY, {"location": "eastus2", "sku": {"name": "Basic"}})
        assert (await cloud.ask("POST", f"{REGISTRY}/listCredentials")).status == 400
        closed = await cloud.ask(
            "PUT", REGISTRY, {"location": "eastus2", "sku": {"name": "Basic"}, "properties": {"publicNetworkAccess": "Disabled"}}
        )
        assert closed.status == 400 and "Premium" in closed.message
        await cloud.network()
        refused = await cloud.ask("PUT", f"{NET}/privateEndpoints/pe", endpoint(target=REGISTRY, group="registry"))
        assert "PrivateEndpointNotSupportedByTarget" in refused.codes
        await cloud.put(REGISTRY, {"location": "eastus2", "sku": {"name": "Premium"}, "properties": {"adminUserEnabled": True}})
        first = (await cloud.ask("POST", f"{REGISTRY}/listCredentials")).body
        second = (await cloud.ask("POST", f"{REGISTRY}/regenerateCredential", {"name": "password2"})).body
        assert first["passwords"][0] == second["passwords"][0] and first["passwords"][1] != second["passwords"][1]

    run(story())


def test_keys_of_a_workspace_are_those_of_its_account():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.put(ACCOUNT, STORAGE_BODY)
        await cloud.put(LOGS, {"location": "eastus2", "properties": {}})
        insights = f"{RG}/providers/Microsoft.Insights/components/ai"
        await cloud.put(insights, {"location": "eastus2", "kind": "web", "properties": {"WorkspaceResourceId": LOGS}})
        await cloud.workspace(storageAccount=ACCOUNT, applicationInsights=insights)
        keys = (await cloud.ask("POST", f"{WS}/listKeys", api="2020-01-01")).body
        assert keys["userStorageKey"] == (await cloud.ask("POST", f"{ACCOUNT}/listKeys")).body["keys"][0]["value"]
        assert keys["appInsightsInstrumentationKey"] == (await cloud.get(insights))["properties"]["InstrumentationKey"]
        assert (await cloud.ask("POST", f"{WS}/resynckeys")).status == 200
        assert len((await cloud.ask("POST", f"{LOGS}/sharedKeys")).body["primarySharedKey"]) == 88

    run(story())


def test_identities_are_settled():
    async def story():
        cloud = await SmallCloud().start()
        identity = f"{RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1"
        both = {"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": {identity: {}}}
        missing = await cloud.ask("PUT", WS, {"location": "eastus2", "identity": both, "properties": {}})
        assert missing.code == "InvalidResourceReference"
        await cloud.put(identity, {"location": "eastus2"})
        await cloud.put(WS, {"location": "eastus2", "identity": both, "properties": {}})
        shown = (await cloud.get(WS))["identity"]
        ids = (await cloud.get(identity))["properties"]
        assert shown["tenantId"] == TENANT and len(shown["principalId"]) == 36
        assert shown["userAssignedIdentities"][identity] == {"principalId": ids["principalId"], "clientId": ids["clientId"]}

    run(story())
