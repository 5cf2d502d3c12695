"""Every azure-mgmt-* client that a private workspace needs, as a person would write it; run by ``.venv-azure/bin/python``.

    cloister exec --from internet -- .venv-azure/bin/python tests/clients/management.py        # Azure's own names
    eval "$(cloister env)" && .venv-azure/bin/python tests/clients/management.py               # from the host

Arguments name the parts to run, in order; without any all of PARTS. CLIENTS_GROUP names the resource group, which is made
and deleted. A part prints one JSON line, ``{"step", "ok", "seconds", "got"}``; the first that fails ends the run with 1.

On the host there is no Azure name to go by: the cloud's metadata (ARM_CLOUD_METADATA_URL) says where Resource Manager is.
"""

import json
import os
import sys
import time
import traceback
import uuid

import requests
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.machinelearningservices import MachineLearningServicesMgmtClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.privatedns import PrivateDnsManagementClient
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

SUBSCRIPTION = os.environ["AZURE_SUBSCRIPTION_ID"]
TENANT = os.environ["AZURE_TENANT_ID"]
GROUP = os.environ.get("CLIENTS_GROUP", "clients")
LOCATION = "eastus2"
SHORT = "".join(one for one in GROUP if one.isalnum())
ZONE = "privatelink.api.azureml.ms"
HERE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers"
SUBNET = f"{HERE}/Microsoft.Network/virtualNetworks/net/subnets/default"

credential = DefaultAzureCredential()


def somewhere():
    """The keyword arguments that every client takes to find its cloud; none under Azure's own names."""
    metadata = os.environ.get("ARM_CLOUD_METADATA_URL")
    if not metadata:
        return {}
    base = requests.get(metadata, timeout=10).json()[0]["resourceManager"].rstrip("/")
    return {"base_url": base, "credential_scopes": [f"{base}/.default"]}


def client(kind):
    return kind(credential, SUBSCRIPTION, **somewhere())


def missing(ask, *arguments, **named):
    """That what is asked for is gone."""
    try:
        ask(*arguments, **named)
    except ResourceNotFoundError as error:
        return error.status_code == 404
    return False


def groups():
    found = client(ResourceManagementClient)
    made = found.resource_groups.create_or_update(GROUP, {"location": LOCATION, "tags": {"made-by": "a client"}})
    changed = found.resource_groups.update(GROUP, {"tags": {"made-by": "another"}})
    assert found.resource_groups.check_existence(GROUP) and not found.resource_groups.check_existence(GROUP + "-not")
    listed = [one.name for one in found.resource_groups.list(filter="tagName eq 'made-by' and tagValue eq 'another'")]
    assert GROUP in listed
    return [made.location, made.properties.provisioning_state, changed.tags]


def networks():
    net = client(NetworkManagementClient)
    subnets = [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}]
    body = {"location": LOCATION, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": subnets}}
    vnet = net.virtual_networks.begin_create_or_update(GROUP, "net", body).result()
    rule = {
        "protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 100, "sourcePortRange": "*",
        "destinationPortRange": "443", "sourceAddressPrefix": "VirtualNetwork", "destinationAddressPrefix": "*",
    }  # fmt: skip
    body = {"location": LOCATION, "properties": {"securityRules": [{"name": "https", "properties": rule}]}}
    nsg = net.network_security_groups.begin_create_or_update(GROUP, "nsg", body).result()
    ssh = {"properties": {**rule, "priority": 110, "destinationPortRange": "22"}}
    net.security_rules.begin_create_or_update(GROUP, "nsg", "ssh", ssh).result()
    more = {"properties": {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": nsg.id}}}
    made = net.subnets.begin_create_or_update(GROUP, "net", "more", more).result()
    assert made.network_security_group.id == nsg.id
    net.virtual_networks.update_tags(GROUP, "net", {"tags": {"a": "b"}})
    net.security_rules.begin_delete(GROUP, "nsg", "ssh").result()
    net.subnets.begin_delete(GROUP, "net", "more").result()
    got = net.virtual_networks.get(GROUP, "net")
    assert got.tags == {"a": "b"} and [one.name for one in net.subnets.list(GROUP, "net")] == ["default"]
    assert [one.name for one in net.security_rules.list(GROUP, "nsg")] == ["https"]
    assert "net" in [one.name for one in net.virtual_networks.list(GROUP)]
    assert net.virtual_networks.check_ip_address_availability(GROUP, "net", ip_address="10.0.0.9").available
    net.network_security_groups.begin_delete(GROUP, "nsg").result()
    return [vnet.provisioning_state, got.address_space.address_prefixes, missing(net.network_security_groups.get, GROUP, "nsg")]


def zones():
    dns = client(PrivateDnsManagementClient)
    zone = dns.private_zones.begin_create_or_update(GROUP, ZONE, {"location": "global"}).result()
    network = {"id": f"{HERE}/Microsoft.Network/virtualNetworks/net"}
    body = {"location": "global", "properties": {"virtualNetwork": network, "registrationEnabled": False}}
    link = dns.virtual_network_links.begin_create_or_update(GROUP, ZONE, "link", body).result()
    record = {"properties": {"ttl": 10, "aRecords": [{"ipv4Address": "10.0.0.77"}]}}
    dns.record_sets.create_or_update(GROUP, ZONE, "A", "own", record)
    dns.record_sets.update(GROUP, ZONE, "A", "own", {"properties": {"ttl": 20}})
    assert dns.record_sets.get(GROUP, ZONE, "A", "own").properties.ttl == 20
    listed = sorted(one.name for one in dns.record_sets.list(GROUP, ZONE))
    dns.record_sets.delete(GROUP, ZONE, "A", "own")
    assert missing(dns.record_sets.get, GROUP, ZONE, "A", "own")
    assert [one.name for one in dns.virtual_network_links.list(GROUP, ZONE)] == ["link"]
    assert ZONE in [one.name for one in dns.private_zones.list_by_resource_group(GROUP)]
    return [zone.properties.provisioning_state, link.properties.virtual_network_link_state, listed]


def stores():
    storage = client(StorageManagementClient)
    name = f"st{SHORT}"[:24]
    assert storage.storage_accounts.check_name_availability(
        {"name": name, "type": "Microsoft.Storage/storageAccounts"}
    ).name_available
    body = {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    account = storage.storage_accounts.begin_create(GROUP, name, body).result()
    storage.storage_accounts.update(GROUP, name, {"properties": {"publicNetworkAccess": "Disabled"}})
    assert storage.storage_accounts.get_properties(GROUP, name).public_network_access == "Disabled"
    assert len(storage.storage_accounts.list_keys(GROUP, name).keys_property) == 2
    storage.blob_containers.create(GROUP, name, "files", {})
    assert "files" in [one.name for one in storage.blob_containers.list(GROUP, name)]
    assert name in [one.name for one in storage.storage_accounts.list_by_resource_group(GROUP)]

    vaults = client(KeyVaultManagementClient)
    properties = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}
    vault = vaults.vaults.begin_create_or_update(
        GROUP, f"kv{SHORT}"[:24], {"location": LOCATION, "properties": properties}
    ).result()
    vaults.vaults.update(GROUP, vault.name, {"properties": {"enableSoftDelete": True}})
    assert vault.name in [one.name for one in vaults.vaults.list_by_resource_group(GROUP)]
    vaults.vaults.delete(GROUP, vault.name)
    assert vaults.vaults.get_deleted(vault.name, LOCATION).properties.vault_id == vault.id
    assert vault.id in [one.properties.vault_id for one in vaults.vaults.list_deleted()]
    back = {"location": LOCATION, "properties": {**properties, "createMode": "recover"}}
    assert vaults.vaults.begin_create_or_update(GROUP, vault.name, back).result().id == vault.id
    spare = vaults.vaults.begin_create_or_update(
        GROUP, f"sp{SHORT}"[:24], {"location": LOCATION, "properties": properties}
    ).result()
    vaults.vaults.delete(GROUP, spare.name)
    vaults.vaults.begin_purge_deleted(spare.name, LOCATION).result()
    assert spare.id not in [one.properties.vault_id for one in vaults.vaults.list_deleted()]

    registries = client(ContainerRegistryManagementClient)
    body = {"location": LOCATION, "sku": {"name": "Premium"}}
    registry = registries.registries.begin_create(GROUP, f"cr{SHORT}"[:24], body).result()
    registries.registries.begin_update(GROUP, registry.name, {"properties": {"adminUserEnabled": True}}).result()
    assert registries.registries.get(GROUP, registry.name).admin_user_enabled
    return [account.primary_endpoints.blob, vault.properties.vault_uri, registry.login_server]


def workspaces():
    ml = client(MachineLearningServicesMgmtClient)
    parts = {
        "storage_account": f"{HERE}/Microsoft.Storage/storageAccounts/" + f"st{SHORT}"[:24],
        "key_vault": f"{HERE}/Microsoft.KeyVault/vaults/" + f"kv{SHORT}"[:24],
        "container_registry": f"{HERE}/Microsoft.ContainerRegistry/registries/" + f"cr{SHORT}"[:24],
        "application_insights": _insights(),
    }
    body = {"location": LOCATION, "identity": {"type": "SystemAssigned"}, "friendly_name": "First", **parts}
    made = ml.workspaces.begin_create_or_update(GROUP, "work", body).result()
    changed = ml.workspaces.update(GROUP, "work", {"tags": {"a": "b"}, "friendlyName": "Second"})
    assert "work" in [one.name for one in ml.workspaces.list_by_resource_group(GROUP)]
    assert "work" in [one.name for one in ml.workspaces.list_by_subscription()]
    keys = ml.workspaces.list_keys(GROUP, "work")
    links = ml.private_link_resources.list_by_workspace(GROUP, "work").value
    assert [one.group_id for one in links] == ["amlworkspace"] and ZONE in links[0].required_zone_names
    return [made.provisioning_state, made.workspace_id != "", changed.tags, bool(keys.user_storage_key)]


def _insights():
    found = client(ResourceManagementClient)
    id = f"{HERE}/Microsoft.Insights/components/in"
    body = {"location": LOCATION, "kind": "web", "properties": {"Application_Type": "web"}}
    found.resources.begin_create_or_update_by_id(id, api_version="2020-02-02", parameters=body).result()
    return id


def endpoints():
    """An endpoint with a zone group that is approved at once; one that waits, is rejected, approved and deleted."""
    net, ml = client(NetworkManagementClient), client(MachineLearningServicesMgmtClient)
    workspace = f"{HERE}/Microsoft.MachineLearningServices/workspaces/work"
    asked = {"name": "to-ws", "properties": {"privateLinkServiceId": workspace, "groupIds": ["amlworkspace"]}}
    body = {"location": LOCATION, "properties": {"subnet": {"id": SUBNET}, "privateLinkServiceConnections": [asked]}}
    made = net.private_endpoints.begin_create_or_update(GROUP, "pe", body).result()
    zone = {"privateDnsZoneId": f"{HERE}/Microsoft.Network/privateDnsZones/{ZONE}"}
    body = {"properties": {"privateDnsZoneConfigs": [{"name": "api", "properties": zone}]}}
    group = net.private_dns_zone_groups.begin_create_or_update(GROUP, "pe", "default", body).result()
    assert group.private_dns_zone_configs[0].record_sets
    manual = {"location": LOCATION, "properties": {"subnet": {"id": SUBNET}, "manualPrivateLinkServiceConnections": [asked]}}
    net.private_endpoints.begin_create_or_update(GROUP, "pe2", manual).result()
    states = []
    (waiting,) = [one for one in ml.workspaces.get(GROUP, "work").private_endpoint_connections if "pe2." in one.name]
    states.append(waiting.private_link_service_connection_state.status)
    for status in ("Rejected", "Approved"):
        state = {"private_link_service_connection_state": {"status": status, "description": "by a client"}}
        ml.private_endpoint_connections.put(GROUP, "work", waiting.name, state)
        got = ml.private_endpoint_connections.get(GROUP, "work", waiting.name)
        states.append(got.private_link_service_connection_state.status)
    ml.private_endpoint_connections.begin_delete(GROUP, "work", waiting.name).result()
    left = [one.name for one in ml.workspaces.get(GROUP, "work").private_endpoint_connections]
    states.append(net.private_endpoints.get(GROUP, "pe2").manual_private_link_service_connections[0]
                  .private_link_service_connection_state.status)  # fmt: skip
    assert sorted(one.name for one in net.private_endpoints.list(GROUP)) == ["pe", "pe2"]
    assert net.network_interfaces.get(GROUP, made.network_interfaces[0].id.rpartition("/")[2]).ip_configurations
    net.private_endpoints.begin_delete(GROUP, "pe2").result()
    return {"first": made.private_link_service_connections[0].private_link_service_connection_state.status, "second": states,
            "left": len(left)}  # fmt: skip


def clusters():
    aks = client(ContainerServiceClient)
    body = {
        "location": LOCATION, "identity": {"type": "SystemAssigned"}, "dnsPrefix": "aks",
        "agentPoolProfiles": [{"name": "pool", "count": 3, "vmSize": "Standard_D2s_v3", "mode": "System"}],
        "apiServerAccessProfile": {"enablePrivateCluster": True},
    }  # fmt: skip
    properties = {name: body.pop(name) for name in ("dnsPrefix", "agentPoolProfiles", "apiServerAccessProfile")}
    made = aks.managed_clusters.begin_create_or_update(GROUP, "aks", {**body, "properties": properties}).result()
    changed = aks.managed_clusters.begin_update_tags(GROUP, "aks", {"tags": {"a": "b"}}).result()
    assert [one.name for one in aks.managed_clusters.list_by_resource_group(GROUP)] == ["aks"]
    aks.managed_clusters.begin_delete(GROUP, "aks").result()
    return [made.provisioning_state, made.private_fqdn != "", changed.tags, missing(aks.managed_clusters.get, GROUP, "aks")]


def roles():
    who = client(AuthorizationManagementClient)
    scope = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
    (reader,) = who.role_definitions.list(scope, filter="roleName eq 'Reader'")
    principal, name = str(uuid.uuid4()), str(uuid.uuid4())
    properties = {"roleDefinitionId": reader.id, "principalId": principal, "principalType": "ServicePrincipal"}
    made = who.role_assignments.create(scope, name, {"properties": properties})
    found = [one.name for one in who.role_assignments.list_for_scope(scope, filter=f"principalId eq '{principal}'")]
    assert found == [name] and who.role_assignments.get(scope, name).id == made.id
    who.role_assignments.delete(scope, name)
    own = str(uuid.uuid4())
    actions = {"permissions": [{"actions": ["Microsoft.Network/*/read"]}], "assignableScopes": [scope]}
    body = {"properties": {"roleName": f"Looker of {GROUP}", "type": "CustomRole", "description": "", **actions}}
    role = who.role_definitions.create_or_update(scope, own, body)
    who.role_definitions.delete(scope, own)
    return [made.principal_type, role.role_name]


def locks():
    """What a lock forbids, in Azure's words."""
    found = client(ResourceManagementClient)
    lock = f"{HERE}/Microsoft.Authorization/locks/keep"
    found.resources.begin_create_or_update_by_id(
        lock, api_version="2020-05-01", parameters={"properties": {"level": "CanNotDelete"}}
    ).result()
    try:
        found.resource_groups.begin_delete(GROUP).result()
    except HttpResponseError as error:
        return [error.status_code, error.error.code]
    finally:
        found.resources.begin_delete_by_id(lock, api_version="2020-05-01").result()


RESOURCE = {
    "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "[parameters('name')]",
    "location": "[resourceGroup().location]", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}},
}  # fmt: skip
TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
    "parameters": {"name": {"type": "string"}}, "resources": [RESOURCE],
    "outputs": {"id": {"type": "string", "value": "[resourceId('Microsoft.Network/virtualNetworks', parameters('name'))]"}},
}  # fmt: skip
DEPLOYMENT = {"properties": {"template": TEMPLATE, "parameters": {"name": {"value": "deployed"}}, "mode": "Incremental"}}


def foresee():
    """What a deployment would do."""
    found = client(DeploymentsMgmtClient).deployments
    foreseen = found.begin_what_if(GROUP, "first", DEPLOYMENT).result()
    return [one.change_type for one in foreseen.changes if one.resource_id.endswith("/deployed")]


def deploy():
    deployments = client(DeploymentsMgmtClient)
    found = deployments.deployments
    assert found.begin_validate(GROUP, "first", DEPLOYMENT).result().error is None
    made = found.begin_create_or_update(GROUP, "first", DEPLOYMENT).result()
    steps = [one.properties.provisioning_operation for one in deployments.deployment_operations.list(GROUP, "first")]
    assert found.export_template(GROUP, "first").template["resources"]
    assert "first" in [one.name for one in found.list_by_resource_group(GROUP)]
    found.begin_delete(GROUP, "first").result()
    return [made.properties.provisioning_state, made.properties.outputs["id"]["value"], "Create" in steps]


def features():
    """What Resource Manager itself does for all: tags, filters, providers, export, moves."""
    found = client(ResourceManagementClient)
    scope = f"{HERE}/Microsoft.Network/virtualNetworks/net"
    found.tags.begin_update_at_scope(scope, {"operation": "Merge", "properties": {"tags": {"c": "d"}}}).result()
    tags = found.tags.get_at_scope(scope).properties.tags
    listed = [one.name for one in found.resources.list_by_resource_group(GROUP, filter="tagName eq 'c' and tagValue eq 'd'")]
    kind = [one.name for one in found.resources.list(filter="resourceType eq 'Microsoft.Network/privateEndpoints'", top=5)]
    assert kind and len(kind) <= 5
    state = [found.providers.register("Microsoft.Network").registration_state]
    exported = found.resource_groups.begin_export_template(GROUP, {"resources": ["*"]}).result()
    types = {one["type"] for one in exported.template["resources"]}
    assert {"Microsoft.Network/virtualNetworks", "Microsoft.MachineLearningServices/workspaces"} <= types
    other = f"{GROUP}-other"
    target = found.resource_groups.create_or_update(other, {"location": LOCATION}).id
    body = {"location": LOCATION, "properties": {"addressSpace": {"addressPrefixes": ["10.7.0.0/16"]}}}
    moving = f"{HERE}/Microsoft.Network/virtualNetworks/moving"
    found.resources.begin_create_or_update_by_id(moving, api_version="2024-05-01", parameters=body).result()
    move = {"resources": [moving], "targetResourceGroup": target}
    found.resources.begin_validate_move_resources(GROUP, move).result()
    found.resources.begin_move_resources(GROUP, move).result()
    moved = [one.name for one in found.resources.list_by_resource_group(other)]
    again = client(NetworkManagementClient).virtual_networks.get(other, "moving").provisioning_state
    found.resource_groups.begin_delete(other).result()
    return [tags, listed, state, moved, again]


def delete():
    ml = client(MachineLearningServicesMgmtClient)
    ml.workspaces.begin_delete(GROUP, "work").result()
    assert missing(ml.workspaces.get, GROUP, "work")
    storage, vaults = client(StorageManagementClient), client(KeyVaultManagementClient)
    storage.storage_accounts.delete(GROUP, f"st{SHORT}"[:24])
    vaults.vaults.delete(GROUP, f"kv{SHORT}"[:24])
    client(ContainerRegistryManagementClient).registries.begin_delete(GROUP, f"cr{SHORT}"[:24]).result()
    net = client(NetworkManagementClient)
    net.private_endpoints.begin_delete(GROUP, "pe").result()
    dns = client(PrivateDnsManagementClient)
    dns.virtual_network_links.begin_delete(GROUP, ZONE, "link").result()
    dns.private_zones.begin_delete(GROUP, ZONE).result()
    net.virtual_networks.begin_delete(GROUP, "net").result()
    found = client(ResourceManagementClient)
    left = sorted(one.type for one in found.resources.list_by_resource_group(GROUP))
    found.resource_groups.begin_delete(GROUP).result()
    return [left, found.resource_groups.check_existence(GROUP)]


PARTS = (groups, networks, zones, stores, workspaces, endpoints, clusters, roles, locks, foresee, deploy, features, delete)


def run(part):
    """One part; its JSON line. Exits 1 where it fails."""
    began = time.monotonic()
    try:
        line = {"ok": True, "got": part()}
    except Exception:
        line = {"ok": False, "got": traceback.format_exc()}
    print(json.dumps({"step": part.__name__, "seconds": round(time.monotonic() - began, 2), **line}), flush=True)
    if not line["ok"]:
        sys.exit(1)


if __name__ == "__main__":
    by_name = {part.__name__: part for part in PARTS}
    for part in [by_name[name] for name in sys.argv[1:]] or PARTS:
        run(part)
