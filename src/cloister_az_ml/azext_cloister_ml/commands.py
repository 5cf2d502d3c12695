"""The commands. Each answers what az prints: a workspace flat, as the first version of the extension showed it."""

import hashlib
import json
from pathlib import Path

from azext_cloister_ml.arm import Arm
from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError, ResourceNotFoundError
from azure.cli.core.commands.client_factory import get_subscription_id

WORKSPACES, ML = "Microsoft.MachineLearningServices/workspaces", "2022-05-01"
NETWORK, ENDPOINTS, DNS = "2023-09-01", "2023-09-01", "2020-06-01"
STORAGE, VAULT, INSIGHTS, ANALYTICS = "2023-01-01", "2023-07-01", "2020-02-02", "2022-10-01"


def create_workspace(
    cmd, workspace_name, resource_group_name, location=None, friendly_name=None, description=None, sku="basic", tags=None,
    keyvault=None, storage_account=None, application_insights=None, container_registry=None, hbi_workspace=False, exist_ok=False,
    subscription_id=None, pe_name=None, pe_auto_approval=False, pe_resource_group=None, pe_vnet_name=None,
    pe_subnet_name="default", pe_subscription_id=None, pe_location=None,
):  # fmt: skip
    """Create a workspace, with what it needs, and with a private endpoint if --pe-name is given."""
    arm = Arm(cmd, subscription_id)
    id = f"{arm.group(resource_group_name)}/providers/{WORKSPACES}/{workspace_name}"
    found = arm.find(id, ML)
    if found is not None:
        if exist_ok:
            return shown(found)
        raise InvalidArgumentValueError(f"cannot create workspace '{workspace_name}': it exists; use --exist-ok to go on.")
    if pe_name and not pe_vnet_name:
        raise RequiredArgumentMissingError("cannot create a private endpoint: give its virtual network by --pe-vnet-name.")
    if pe_name:  # looked for before anything is made
        _subnet(arm, pe_resource_group or resource_group_name, pe_subscription_id, pe_vnet_name, pe_subnet_name)
    place = location or arm.ask("GET", arm.group(resource_group_name), "2021-04-01")["location"]
    given = {"keyVault": keyvault, "storageAccount": storage_account, "applicationInsights": application_insights}
    parts = {name: value or MAKERS[name](arm, resource_group_name, workspace_name, place) for name, value in given.items()}
    properties = {
        **parts,
        "friendlyName": friendly_name or workspace_name,
        "description": description or "",
        "hbiWorkspace": hbi_workspace,
    }
    if container_registry:
        properties["containerRegistry"] = container_registry
    body = {
        "location": place, "tags": tags or {}, "sku": {"name": sku.capitalize(), "tier": sku.capitalize()},
        "identity": {"type": "SystemAssigned"}, "properties": properties,
    }  # fmt: skip
    arm.put(id, ML, body)
    if pe_name:
        _endpoint(arm, id, resource_group_name, pe_name, pe_auto_approval, pe_resource_group, pe_vnet_name, pe_subnet_name,
                  pe_subscription_id, pe_location, tags)  # fmt: skip
    return shown(arm.ask("GET", id, ML))


def show_workspace(cmd, workspace_name=None, resource_group_name=None, path=None, subscription_id=None):
    """Show a workspace."""
    arm, id, _ = _workspace(cmd, workspace_name, resource_group_name, subscription_id, path)
    return shown(arm.ask("GET", id, ML))


def update_workspace(
    cmd, workspace_name=None, resource_group_name=None, friendly_name=None, description=None, tags=None, image_build_compute=None,
    allow_public_access=None, v1_legacy_mode=None, path=None, subscription_id=None,
):  # fmt: skip
    """Change a workspace."""
    arm, id, _ = _workspace(cmd, workspace_name, resource_group_name, subscription_id, path)
    asked = {
        "friendlyName": friendly_name, "description": description, "imageBuildCompute": image_build_compute,
        "allowPublicAccessWhenBehindVnet": allow_public_access, "v1LegacyMode": v1_legacy_mode,
    }  # fmt: skip
    body = {"properties": {name: value for name, value in asked.items() if value is not None}}
    if tags is not None:
        body["tags"] = tags
    arm.ask("PATCH", id, ML, body)
    return shown(arm.ask("GET", id, ML))


def list_workspaces(cmd, resource_group_name=None, subscription_id=None):
    """List the workspaces of a subscription, or of a group."""
    arm = Arm(cmd, subscription_id)
    scope = arm.group(resource_group_name) if resource_group_name else f"/subscriptions/{arm.subscription}"
    return [
        {"resourceGroup": _group_of(one["id"]), "subscriptionId": one["id"].split("/")[2], "workspaceName": one["name"]}
        for one in arm.ask("GET", f"{scope}/providers/{WORKSPACES}", ML)["value"]
    ]


def delete_workspace(
    cmd, workspace_name=None, resource_group_name=None, all_resources=False, no_wait=False, path=None, subscription_id=None
):
    """Delete a workspace."""
    arm, id, _ = _workspace(cmd, workspace_name, resource_group_name, subscription_id, path)
    properties = arm.ask("GET", id, ML)["properties"]
    arm.gone(id, ML, wait=not no_wait)
    versions = {"storageAccount": STORAGE, "keyVault": VAULT, "applicationInsights": INSIGHTS, "containerRegistry": "2023-07-01"}
    for name, version in versions.items() if all_resources else ():
        if properties.get(name):
            arm.gone(properties[name], version, wait=False)


def add_endpoint(
    cmd, pe_name, pe_vnet_name, workspace_name=None, resource_group_name=None, pe_auto_approval=False, pe_resource_group=None,
    pe_subnet_name="default", pe_subscription_id=None, pe_location=None, tags=None, path=None, subscription_id=None,
):  # fmt: skip
    """Make a private endpoint of a workspace."""
    arm, id, group = _workspace(cmd, workspace_name, resource_group_name, subscription_id, path)
    _endpoint(arm, id, group, pe_name, pe_auto_approval, pe_resource_group, pe_vnet_name, pe_subnet_name, pe_subscription_id,
              pe_location, tags)  # fmt: skip
    return connections(arm, id)


def list_connections(cmd, workspace_name=None, resource_group_name=None, path=None, subscription_id=None):
    """List the private endpoint connections of a workspace."""
    arm, id, _ = _workspace(cmd, workspace_name, resource_group_name, subscription_id, path)
    return connections(arm, id)


def delete_connection(cmd, pe_connection_name, workspace_name=None, resource_group_name=None, path=None, subscription_id=None):
    """Delete a private endpoint connection of a workspace; the private endpoint itself stays."""
    arm, id, _ = _workspace(cmd, workspace_name, resource_group_name, subscription_id, path)
    if pe_connection_name not in [one["name"] for one in connections(arm, id)]:
        raise ResourceNotFoundError(
            f"cannot find the connection '{pe_connection_name}': 'private-endpoint list' names those there are."
        )
    arm.gone(f"{id}/privateEndpointConnections/{pe_connection_name}", ML)


def shown(workspace):
    """A workspace, flat."""
    properties, identity = workspace["properties"], workspace.get("identity") or {}
    mine = {name: workspace.get(name) for name in ("id", "name", "type", "location", "tags")}
    whose = {
        "identityPrincipalId": identity.get("principalId"), "identityTenantId": identity.get("tenantId"),
        "identityType": identity.get("type"),
    }  # fmt: skip
    sku = (workspace.get("sku") or {}).get("name")
    about = {"resourceGroup": _group_of(workspace["id"]), "sku": sku, "workspaceid": properties.get("workspaceId")}
    return {**{name: value for name, value in properties.items() if name != "workspaceId"}, **mine, **whose, **about}


def connections(arm, id):
    """The connections of a workspace, flat."""
    found = arm.ask("GET", id, ML)["properties"].get("privateEndpointConnections") or []
    return [{"id": one["id"], "name": one["name"], "location": one.get("location"), **one["properties"]} for one in found]


def _workspace(cmd, name, group, subscription, path):
    """``(arm, id, group)`` of the workspace that the options name, else the configuration in a folder, as SDK v1 writes it."""
    if not (name and group):
        found = _configured(Path(path or "."))
        name, group = name or found.get("workspace_name"), group or found.get("resource_group")
        subscription = subscription or found.get("subscription_id")
    if not (name and group):
        raise RequiredArgumentMissingError("cannot tell which workspace: give --workspace-name and --resource-group.")
    arm = Arm(cmd, subscription or get_subscription_id(cmd.cli_ctx))
    return arm, f"{arm.group(group)}/providers/{WORKSPACES}/{name}", group


def _configured(folder):
    for place in (folder / ".azureml" / "config.json", folder / "config.json"):
        if place.is_file():
            return json.loads(place.read_text())
    return {}


def _group_of(id):
    return id.split("/")[4]


def _unique(group, name, kind, length=24):
    """A name that nobody else has: the workspace's, its kind, and a hash of where it is."""
    plain = "".join(one for one in name.lower() if one.isalnum())[:8]
    return (plain + kind + hashlib.sha256(f"{group}/{name}/{kind}".lower().encode()).hexdigest())[:length]


def _make_vault(arm, group, name, place):
    id = f"{arm.group(group)}/providers/Microsoft.KeyVault/vaults/{_unique(arm.group(group), name, 'keyvault')}"
    tenant = arm.ask("GET", f"/subscriptions/{arm.subscription}", "2022-12-01")["tenantId"]
    properties = {"tenantId": tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}
    return arm.put(id, VAULT, {"location": place, "properties": properties})["id"]


def _make_storage(arm, group, name, place):
    id = f"{arm.group(group)}/providers/Microsoft.Storage/storageAccounts/{_unique(arm.group(group), name, 'storage')}"
    properties = {"supportsHttpsTrafficOnly": True, "allowBlobPublicAccess": False}
    body = {"location": place, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": properties}
    return arm.put(id, STORAGE, body)["id"]


def _make_insights(arm, group, name, place):
    below = f"{arm.group(group)}/providers"
    logs = f"{below}/Microsoft.OperationalInsights/workspaces/{_unique(arm.group(group), name, 'logs')}"
    arm.put(logs, ANALYTICS, {"location": place, "properties": {"sku": {"name": "PerGB2018"}, "retentionInDays": 30}})
    id = f"{below}/Microsoft.Insights/components/{_unique(arm.group(group), name, 'insights')}"
    properties = {"Application_Type": "web", "WorkspaceResourceId": logs}
    return arm.put(id, INSIGHTS, {"location": place, "kind": "web", "properties": properties})["id"]


MAKERS = {"keyVault": _make_vault, "storageAccount": _make_storage, "applicationInsights": _make_insights}


def _subnet(arm, group, subscription, vnet, subnet):
    """``(vnet, subnet)`` ids. Raises ResourceNotFoundError."""
    network = f"{arm.group(group, subscription)}/providers/Microsoft.Network/virtualNetworks/{vnet}"
    if arm.find(f"{network}/subnets/{subnet}", NETWORK) is None:
        raise ResourceNotFoundError(
            f"cannot find subnet '{subnet}' of virtual network '{vnet}' in group '{group}': make it, or name another by "
            "--pe-vnet-name, --pe-subnet-name and --pe-resource-group."
        )
    return network, f"{network}/subnets/{subnet}"


def _endpoint(arm, workspace, group, name, is_approved, pe_group, vnet, subnet, subscription, place, tags):
    """The endpoint and, where it is approved at once, the zones with links and the zone group that lead to it."""
    pe_group = pe_group or group
    network, subnet_id = _subnet(arm, pe_group, subscription, vnet, subnet)
    below = f"{arm.group(pe_group, subscription)}/providers/Microsoft.Network"
    links = arm.ask("GET", f"{workspace}/privateLinkResources", ML)["value"]
    (link,) = [one for one in links if one["properties"]["groupId"] == "amlworkspace"]
    kind = "privateLinkServiceConnections" if is_approved else "manualPrivateLinkServiceConnections"
    asked = {"name": name, "properties": {"privateLinkServiceId": workspace, "groupIds": ["amlworkspace"]}}
    location = place or arm.ask("GET", workspace, ML)["location"]
    body = {"location": location, "tags": tags or {}, "properties": {"subnet": {"id": subnet_id}, kind: [asked]}}
    arm.put(f"{below}/privateEndpoints/{name}", ENDPOINTS, body)
    if not is_approved:
        return
    configs = []
    for zone in link["properties"]["requiredZoneNames"]:
        id = f"{below}/privateDnsZones/{zone}"
        if arm.find(id, DNS) is None:
            arm.put(id, DNS, {"location": "global"})
        links = arm.ask("GET", f"{id}/virtualNetworkLinks", DNS)["value"]
        if network.lower() not in [one["properties"]["virtualNetwork"]["id"].lower() for one in links]:
            properties = {"virtualNetwork": {"id": network}, "registrationEnabled": False}
            link_id = f"{id}/virtualNetworkLinks/{_unique(network, vnet, 'link')}"
            arm.put(link_id, DNS, {"location": "global", "properties": properties})
        configs.append({"name": zone.replace(".", "-"), "properties": {"privateDnsZoneId": id}})
    arm.put(
        f"{below}/privateEndpoints/{name}/privateDnsZoneGroups/default",
        ENDPOINTS,
        {"properties": {"privateDnsZoneConfigs": configs}},
    )
