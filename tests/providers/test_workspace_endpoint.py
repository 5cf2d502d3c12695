"""A workspace, a network and an endpoint: the main job, as far as rows go."""

from __future__ import annotations

from small_cloud import API, CONSUMER, NET, OWNER, RG, SUBNET, TENANT, VNET, WS, SmallCloud, endpoint, run

from cloister.net.intent import Endpoint, Service

PE = f"{NET}/privateEndpoints/pe"


async def made(**workspace) -> SmallCloud:
    cloud = await SmallCloud().start()
    await cloud.network()
    await cloud.workspace(**workspace)
    return cloud


def test_automatic_connection_is_approved_and_shown_on_both_sides():
    async def story():
        cloud = await made()
        answer = await cloud.put(PE, endpoint(), api="2019-04-01")
        assert answer.status == 201
        shown = answer.properties["privateLinkServiceConnections"][0]
        state = shown["properties"]["privateLinkServiceConnectionState"]
        assert (state["status"], state["description"]) == ("Approved", "Auto-Approved")
        ws = (await cloud.get(WS, api="2022-05-01"))["properties"]
        connections = ws["privateEndpointConnections"]
        assert len(connections) == 1
        assert connections[0]["id"].startswith(f"{WS}/privateEndpointConnections/pe.")
        assert connections[0]["properties"]["privateEndpoint"]["id"].endswith("/pe")
        assert ws["publicNetworkAccess"] == "Disabled" and ws["allowPublicAccessWhenBehindVnet"] is False
        assert ws["discoveryUrl"].endswith(".workspace.eastus2.api.azureml.ms/discovery/private")
        found = await cloud.ask("GET", f"{WS}/privateEndpointConnections")
        assert [item["name"] for item in found.body["value"]] == [connections[0]["name"]]

    run(story())


def test_addresses_one_for_each_member_and_stable():
    async def story():
        cloud = await made()
        await cloud.put(PE, endpoint())
        (intent,) = cloud.intents(PE)
        assert isinstance(intent, Endpoint)
        assert intent.addresses == (("default", "10.0.0.4"), ("notebook", "10.0.0.5"), ("inference", "10.0.0.6"))
        assert intent.state == "Approved" and intent.network == VNET and intent.subnet == SUBNET and intent.target == WS
        again = await cloud.put(PE, endpoint())
        assert again.status == 200
        assert cloud.intents(PE) == [intent]
        assert len((await cloud.ask("GET", f"{WS}/privateEndpointConnections")).body["value"]) == 1
        nic = (await cloud.get(PE))["properties"]["networkInterfaces"][0]["id"]
        card = (await cloud.get(nic))["properties"]
        assert [c["properties"]["privateIPAddress"] for c in card["ipConfigurations"]] == ["10.0.0.4", "10.0.0.5", "10.0.0.6"]
        assert card["privateEndpoint"]["id"] == PE
        refused = await cloud.ask("DELETE", nic)
        assert refused.status == 409 and "pe" in refused.message
        await cloud.put(f"{NET}/privateEndpoints/pe2", endpoint())
        assert cloud.intents(f"{NET}/privateEndpoints/pe2")[0].addresses[0] == ("default", "10.0.0.7")

    run(story())


def test_names_of_the_endpoint():
    async def story():
        cloud = await made()
        await cloud.put(PE, endpoint())
        guid = cloud.row(WS).facts["guid"]
        fqdns = [item["fqdn"] for item in (await cloud.get(PE))["properties"]["customDnsConfigs"]]
        assert fqdns == [
            f"{guid}.workspace.eastus2.api.azureml.ms",
            f"{guid}.workspace.eastus2.cert.api.azureml.ms",
            f"ml-ws1-eastus2-{guid}.eastus2.notebooks.azure.net",
            f"*.{guid}.inference.eastus2.api.azureml.ms",
        ]
        assert all(len(label) <= 63 for name in fqdns for label in name.split("."))

    run(story())


def test_manual_connection_waits_then_is_approved_rejected_approved():
    async def story():
        cloud = await made()
        await cloud.put(PE, endpoint(manual=True, connection={"requestMessage": "please"}))
        (item,) = (await cloud.ask("GET", f"{WS}/privateEndpointConnections")).body["value"]
        assert item["properties"]["privateLinkServiceConnectionState"] == {
            "status": "Pending",
            "description": "please",
            "actionsRequired": "None",
        }
        assert cloud.intents(PE)[0].state == "Pending"
        assert (await cloud.get(WS))["properties"]["publicNetworkAccess"] == "Enabled"
        for status in ("Approved", "Rejected", "approved"):
            wish = {"properties": {"privateLinkServiceConnectionState": {"status": status, "description": f"so {status}"}}}
            answer = await cloud.put(item["id"], wish)
            assert answer.status == 200
            (intent,) = cloud.intents(PE)
            assert intent.state == status.capitalize() and intent.because == item["id"]
        assert (await cloud.get(WS))["properties"]["publicNetworkAccess"] == "Disabled"
        assert any("first private endpoint connection" in event.text for event in cloud.store.log)
        wrong = await cloud.ask("PUT", item["id"], {"properties": {"privateLinkServiceConnectionState": {"status": "Pending"}}})
        assert wrong.status == 400 and "Approved or Rejected" in wrong.message

    run(story())


def test_without_the_right_the_connection_waits():
    async def story():
        cloud = await made()
        await cloud.put(PE, endpoint(), caller=CONSUMER)
        assert cloud.intents(PE)[0].state == "Pending"
        await cloud.put(PE, endpoint(), caller=OWNER)  # a later PUT of another caller approves nothing
        assert cloud.intents(PE)[0].state == "Pending"

    run(story())


def test_deleting_the_connection_disconnects_for_good():
    async def story():
        cloud = await made()
        await cloud.put(PE, endpoint())
        (item,) = (await cloud.ask("GET", f"{WS}/privateEndpointConnections")).body["value"]
        await cloud.delete(item["id"])
        assert (await cloud.ask("GET", item["id"])).status == 404
        assert (await cloud.get(WS))["properties"]["privateEndpointConnections"] == []
        assert (await cloud.get(WS))["properties"]["publicNetworkAccess"] == "Disabled"
        assert cloud.intents(PE)[0].state == "Disconnected"
        shown = (await cloud.get(PE))["properties"]["privateLinkServiceConnections"][0]["properties"]
        assert shown["privateLinkServiceConnectionState"]["status"] == "Disconnected"
        refused = await cloud.ask("PUT", PE, endpoint())
        assert refused.status == 409 and "az network private-endpoint delete -g rg -n pe" in refused.message
        back = await cloud.ask("PUT", item["id"], {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}})
        assert back.status == 404
        before = cloud.row(PE).facts["number"]
        await cloud.delete(PE)
        await cloud.put(PE, endpoint())
        assert cloud.intents(PE)[0].state == "Approved"
        assert cloud.row(PE).facts["number"] > before
        (new,) = (await cloud.ask("GET", f"{WS}/privateEndpointConnections")).body["value"]
        assert new["id"] != item["id"]

    run(story())


def test_a_target_made_anew_is_another_resource():
    async def story():
        cloud = await made()
        await cloud.put(PE, endpoint())
        guid = cloud.row(WS).facts["guid"]
        await cloud.delete(WS)
        assert cloud.intents(PE)[0].state == "Disconnected"
        await cloud.workspace()
        assert cloud.row(WS).facts["guid"] != guid
        assert (await cloud.get(WS))["properties"]["privateEndpointConnections"] == []
        assert cloud.intents(PE)[0].state == "Disconnected"
        assert (await cloud.ask("PUT", PE, endpoint())).status == 409

    run(story())


def test_deleting_the_endpoint_takes_all_of_it():
    async def story():
        cloud = await made()
        await cloud.put(PE, endpoint())
        nic = (await cloud.get(PE))["properties"]["networkInterfaces"][0]["id"]
        await cloud.delete(PE)
        assert (await cloud.ask("GET", nic)).status == 404
        assert (await cloud.ask("GET", f"{WS}/privateEndpointConnections")).body["value"] == []
        await cloud.delete(VNET)

    run(story())


def test_private_link_resources_grow_with_the_api_version():
    async def story():
        cloud = await made()
        for api, members in (("2020-04-01", 1), ("2021-07-01", 2), ("2024-10-01", 3)):
            (item,) = (await cloud.ask("GET", f"{WS}/privateLinkResources", api=api)).body["value"]
            assert item["properties"]["groupId"] == "amlworkspace"
            assert len(item["properties"]["requiredMembers"]) == members
            assert item["properties"]["requiredZoneNames"] == ["privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"]
        assert (await cloud.ask("PUT", f"{WS}/privateLinkResources/x", {})).status == 405

    run(story())


def test_service_intent_names_what_decides():
    async def story():
        cloud = await made()
        (service,) = cloud.intents(WS)
        assert isinstance(service, Service)
        assert service.public_access and service.because == "publicNetworkAccess: Enabled"
        assert dict(service.facts)["workspace_id"] == cloud.row(WS).facts["guid"]
        await cloud.put(PE, endpoint())
        (service,) = cloud.intents(WS)
        assert not service.public_access
        assert service.because == "publicNetworkAccess: Disabled (first approved private endpoint connection)"
        await cloud.ask("PATCH", WS, {"properties": {"allowPublicAccessWhenBehindVnet": "True"}}, api=API)
        (service,) = cloud.intents(WS)
        assert service.public_access and service.because == "allowPublicAccessWhenBehindVnet: true"

    run(story())


def test_workspace_needs_what_it_names():
    async def story():
        cloud = await SmallCloud().start()
        body = {"location": "eastus2", "properties": {"storageAccount": f"{RG}/providers/Microsoft.Storage/storageAccounts/none"}}
        answer = await cloud.ask("PUT", WS, body)
        assert answer.status == 400 and answer.code == "InvalidResourceReference" and "'none'" not in answer.code
        assert (await cloud.ask("GET", WS)).status == 404

    run(story())


def test_the_workspace_of_sdk_v1s_template():
    """The properties that azureml-core's own template sends (api-version 2021-01-01), nulls included."""

    async def story():
        cloud = await SmallCloud().start()
        store, vault = (
            f"{RG}/providers/Microsoft.Storage/storageAccounts/acct1",
            f"{RG}/providers/Microsoft.KeyVault/vaults/vault-1",
        )
        await cloud.put(store, {"location": "eastus2", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}, api="2018-07-01")
        sku = {"family": "A", "name": "Standard"}
        await cloud.put(vault, {"location": "eastus2", "properties": {"tenantId": TENANT, "sku": sku, "accessPolicies": []}})
        body = {
            "location": "East US 2",
            "identity": {"type": "systemAssigned", "userAssignedIdentities": None},
            "sku": {"tier": "basic", "name": "basic"},
            "resources": [],
            "properties": {
                "containerRegistry": None,
                "keyVault": vault,
                "applicationInsights": None,
                "storageAccount": store,
                "friendlyName": "ws1",
                "hbiWorkspace": "false",
                "systemDatastoresAuthMode": None,
                "v1LegacyMode": True,
                "primaryUserAssignedIdentity": None,
                "encryption": {"status": "Disabled", "keyVaultProperties": {"keyVaultArmId": "", "keyIdentifier": ""}},
            },
        }
        made = await cloud.put(WS, body, api="2021-01-01")
        assert made.status == 200 and made.body["location"] == "eastus2"
        assert made.body["identity"]["tenantId"] == TENANT and made.body["sku"]["tier"] == "basic"
        assert made.properties["v1LegacyMode"] is True and made.properties["hbiWorkspace"] is False
        await cloud.put(WS, body, api="2021-01-01")
        moved = {**body, "properties": {**body["properties"], "storageAccount": store + "x"}}
        refused = await cloud.ask("PUT", WS, moved, api="2021-01-01")
        assert refused.status in (400, 409) and "storageAccount" in str(refused.body)

    run(story())
