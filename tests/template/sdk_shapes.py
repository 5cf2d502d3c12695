"""Templates of the two shapes that azureml-core sends, written from the recorded conversation (no text of the SDK)."""

from __future__ import annotations

from typing import Any

SCHEMA = "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#"
SUBSCRIPTION_SCHEMA = "https://schema.management.azure.com/schemas/ 2018-05-01/subscriptionDeploymentTemplate.json#"


def template(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A template around some resources."""
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **more}


def nested(name: str, inner: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A nested deployment of outer scope."""
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2017-05-10",
        "name": name,
        "properties": {"mode": "Incremental", "template": inner},
        **more,
    }


def workspace(subscription: str, group: str, tenant: str, location: str = "eastus2") -> dict[str, Any]:
    """Shape A: vault, storage, default group and log workspace by nested deployments, insights, workspace."""
    scope = f"/subscriptions/{subscription}/resourceGroups/{group}/providers"
    default = f"DefaultResourceGroup-{location}"
    log = f"/subscriptions/{subscription}/resourceGroups/{default}/providers"
    log += f"/Microsoft.OperationalInsights/workspaces/DefaultWorkspace-{location}"
    return template(
        {
            "type": "Microsoft.KeyVault/vaults",
            "name": "wskeyvaultaaaa",
            "apiVersion": "2015-06-01",
            "location": location,
            "tags": None,
            "dependsOn": [],
            "properties": {
                "enabledForDeployment": "true",
                "enabledForTemplateDeployment": "true",
                "enabledForVolumeEncryption": "true",
                "tenantId": tenant,
                "accessPolicies": [],
                "sku": {"name": "Standard", "family": "A"},
            },
        },
        {
            "type": "Microsoft.Storage/storageAccounts",
            "name": "wsstoragebbbb",
            "apiVersion": "2018-07-01",
            "location": location,
            "sku": {"name": "Standard_LRS"},
            "kind": "StorageV2",
            "tags": None,
            "dependsOn": [],
            "properties": {
                "encryption": {
                    "services": {"blob": {"enabled": "true"}, "file": {"enabled": "true"}},
                    "keySource": "Microsoft.Storage",
                },
                "supportsHttpsTrafficOnly": True,
                "allowBlobPublicAccess": False,
            },
        },
        nested(
            "DeployResourceGroup-cccc",
            {
                **template(
                    {
                        "type": "Microsoft.Resources/resourceGroups",
                        "apiVersion": "2018-05-01",
                        "location": location,
                        "name": default,
                        "properties": {},
                    }
                ),
                "$schema": SUBSCRIPTION_SCHEMA,
                "parameters": {},
                "variables": {},
            },
            apiVersion="2019-10-01",
            subscriptionId=subscription,
            location=location,
        ),
        nested(
            "DeployLogWorkspace-dddd",
            template(
                {
                    "apiVersion": "2020-08-01",
                    "name": f"DefaultWorkspace-{location}",
                    "type": "Microsoft.OperationalInsights/workspaces",
                    "location": location,
                    "properties": {},
                },
                parameters={},
                variables={},
            ),
            apiVersion="2019-10-01",
            subscriptionId=subscription,
            resourceGroup=default,
            dependsOn=["DeployResourceGroup-cccc"],
        ),
        {
            "type": "microsoft.insights/components",
            "name": "wsinsightseeee",
            "kind": "web",
            "apiVersion": "2020-02-02-preview",
            "location": location,
            "tags": None,
            "properties": {"Application_Type": "web", "WorkspaceResourceId": log},
            "dependsOn": ["DeployLogWorkspace-dddd"],
        },
        {
            "type": "Microsoft.MachineLearningServices/workspaces",
            "name": "myworkspace",
            "apiVersion": "2021-01-01",
            "identity": {"type": "systemAssigned", "userAssignedIdentities": None},
            "location": location,
            "resources": [],
            "sku": {"tier": "basic", "name": "basic"},
            "tags": None,
            "properties": {
                "containerRegistry": None,
                "keyVault": f"{scope}/Microsoft.KeyVault/vaults/wskeyvaultaaaa",
                "storageAccount": f"{scope}/Microsoft.Storage/storageAccounts/wsstoragebbbb",
                "applicationInsights": f"{scope}/microsoft.insights/components/wsinsightseeee",
                "friendlyName": "myworkspace",
                "encryption": {"status": "Disabled", "keyVaultProperties": {"keyVaultArmId": "", "keyIdentifier": ""}},
                "hbiWorkspace": False,
                "systemDatastoresAuthMode": "accesskey",
                "v1LegacyMode": True,
            },
            "dependsOn": [
                "[resourceId('Microsoft.KeyVault/vaults', 'wskeyvaultaaaa')]",
                "[resourceId('Microsoft.Storage/storageAccounts', 'wsstoragebbbb')]",
                "[resourceId('microsoft.insights/components', 'wsinsightseeee')]",
            ],
        },
        parameters={},
        variables={},
    )


ZONES = ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net")


def private_endpoint(subscription: str, group: str, location: str = "eastus2") -> dict[str, Any]:
    """Shape B: an endpoint, then zones, links and a zone group by deployments nested two levels deep; bare-name dependsOn."""
    scope = f"/subscriptions/{subscription}/resourceGroups/{group}/providers"
    network = f"{scope}/Microsoft.Network/virtualNetworks/myvnet"
    where = {"subscriptionId": subscription, "resourceGroup": group}
    zones = [
        nested(
            f"PrivateDnsZone-{n}",
            template(
                {
                    "type": "Microsoft.Network/privateDnsZones",
                    "apiVersion": "2018-09-01",
                    "name": zone,
                    "location": "global",
                    "tags": None,
                    "properties": {},
                }
            ),
            **where,
        )
        for n, zone in enumerate(ZONES)
    ]
    links = [
        nested(
            f"VirtualNetworklink-{n}",
            template(
                {
                    "type": "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
                    "apiVersion": "2018-09-01",
                    "name": f"[concat('{zone}', '/', uniqueString('{network}'))]",
                    "location": "global",
                    "tags": None,
                    "properties": {"virtualNetwork": {"id": network}, "registrationEnabled": False},
                }
            ),
            **where,
        )
        for n, zone in enumerate(ZONES)
    ]
    configs = [
        {
            "name": zone.replace(".", "-"),
            "properties": {"privateDnsZoneId": f"{scope}/Microsoft.Network/privateDnsZones/{zone}"},
        }
        for zone in ZONES
    ]
    return template(
        {
            "apiVersion": "2019-04-01",
            "name": "myprivateendpoint",
            "type": "Microsoft.Network/privateEndpoints",
            "location": location,
            "tags": None,
            "properties": {
                "subnet": {"id": f"{network}/subnets/default"},
                "privateLinkServiceConnections": [
                    {
                        "name": "myprivateendpoint",
                        "properties": {
                            "privateLinkServiceId": f"{scope}/Microsoft.MachineLearningServices/workspaces/myworkspace",
                            "groupIds": ["amlworkspace"],
                        },
                    }
                ],
            },
        },
        nested("PrivateDns-1111", template(*zones), dependsOn=["myprivateendpoint"]),
        nested("VirtualNetworkLink-2222", template(*links), dependsOn=["PrivateDns-1111"]),
        nested(
            "DnsZoneGroup-3333",
            template(
                {
                    "type": "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
                    "apiVersion": "2020-03-01",
                    "name": "myprivateendpoint/default",
                    "location": location,
                    "properties": {"privateDnsZoneConfigs": configs},
                }
            ),
            resourceGroup=group,
            dependsOn=["myprivateendpoint", "PrivateDns-1111"],
        ),
        parameters={},
        variables={},
    )
