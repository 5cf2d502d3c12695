"""Built-in roles of single services: registries, machines, files, vaults, monitoring. ``roles.py`` joins them to the rest.

Source: learn.microsoft.com/azure/role-based-access-control/built-in-roles, and for two roles of files and tables
azure-rbac-catalog.org (guids and lists compared 2026-11); descriptions are this project's.
"""

from __future__ import annotations

from cloister.arm.rbac import Permission, Role

HEALTH = "Microsoft.ResourceHealth/availabilityStatuses/read"
DEPLOY = (
    "Microsoft.Authorization/*/read",
    "Microsoft.Insights/alertRules/*",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Support/*",
)
VAULTS_READ = (
    "Microsoft.KeyVault/checkNameAvailability/read",
    "Microsoft.KeyVault/deletedVaults/read",
    "Microsoft.KeyVault/locations/*/read",
    "Microsoft.KeyVault/vaults/*/read",
    "Microsoft.KeyVault/operations/read",
)
_BACKUP = "Microsoft.RecoveryServices/Vaults"
_ITEMS = f"{_BACKUP}/backupFabrics/protectionContainers/protectedItems"
_BALANCERS = "Microsoft.Network/loadBalancers"
_USER_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
_FEDERATED = f"{_USER_IDENTITIES}/federatedIdentityCredentials"
_TWINS = ("digitaltwins", "digitaltwins/commands", "digitaltwins/relationships", "eventroutes", "jobs", "models", "query")
_TABLES = "Microsoft.Storage/storageAccounts/tableServices/tables"
_QUEUES = "Microsoft.Storage/storageAccounts/queueServices/queues"
_FILES = "Microsoft.Storage/storageAccounts/fileServices/fileshares/files"


def one_role(name: str, title: str, description: str, **permission: tuple[str, ...]) -> Role:
    """A role with one entry of permissions."""
    return Role(name=name, title=title, description=description, permissions=(Permission(**permission),))


SERVICE_ROLES: tuple[Role, ...] = (
    one_role(
        "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        "AcrPull",
        "acr pull",
        actions=("Microsoft.ContainerRegistry/registries/pull/read",),
    ),
    one_role(
        "8311e382-0749-4cb8-b61a-304f252e45ec",
        "AcrPush",
        "acr push",
        actions=("Microsoft.ContainerRegistry/registries/pull/read", "Microsoft.ContainerRegistry/registries/push/write"),
    ),
    one_role(
        "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        "Virtual Machine Contributor",
        "Manages virtual machines, but neither the network nor the storage account that they use.",
        actions=(
            *DEPLOY,
            HEALTH,
            "Microsoft.Compute/availabilitySets/*",
            "Microsoft.Compute/locations/*",
            "Microsoft.Compute/virtualMachines/*",
            "Microsoft.Compute/virtualMachineScaleSets/*",
            "Microsoft.Compute/disks/write",
            "Microsoft.Compute/disks/read",
            "Microsoft.Compute/disks/delete",
            "Microsoft.DevTestLab/schedules/*",
            "Microsoft.Network/applicationGateways/backendAddressPools/join/action",
            *(
                f"{_BALANCERS}/{part}/join/action"
                for part in ("backendAddressPools", "inboundNatPools", "inboundNatRules", "probes")
            ),
            f"{_BALANCERS}/read",
            "Microsoft.Network/locations/*",
            "Microsoft.Network/networkInterfaces/*",
            "Microsoft.Network/networkSecurityGroups/join/action",
            "Microsoft.Network/networkSecurityGroups/read",
            "Microsoft.Network/publicIPAddresses/join/action",
            "Microsoft.Network/publicIPAddresses/read",
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/virtualNetworks/subnets/join/action",
            "Microsoft.RecoveryServices/locations/*",
            f"{_BACKUP}/backupFabrics/backupProtectionIntent/write",
            *(f"{_ITEMS}/{verb}" for verb in ("*/read", "read", "write")),
            f"{_BACKUP}/backupPolicies/read",
            f"{_BACKUP}/backupPolicies/write",
            f"{_BACKUP}/read",
            f"{_BACKUP}/usages/read",
            f"{_BACKUP}/write",
            "Microsoft.SqlVirtualMachine/*",
            "Microsoft.Storage/storageAccounts/listKeys/action",
            "Microsoft.Storage/storageAccounts/read",
        ),
    ),
    one_role(
        "17d1049b-9a84-46fb-8f53-869881c3d3ab",
        "Storage Account Contributor",
        "Manages storage accounts, their keys included.",
        actions=(
            *DEPLOY,
            HEALTH,
            "Microsoft.Insights/diagnosticSettings/*",
            "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
            "Microsoft.Storage/storageAccounts/*",
        ),
    ),
    one_role(
        "69566ab7-960f-475b-8e7c-b3118f30c6bd",
        "Storage File Data Privileged Contributor",
        "Reads, writes, deletes and changes the access lists of files, whatever those lists say.",
        data_actions=(
            *(f"{_FILES}/{verb}" for verb in ("read", "write", "delete", "modifypermissions/action")),
            "Microsoft.Storage/storageAccounts/fileServices/readFileBackupSemantics/action",
            "Microsoft.Storage/storageAccounts/fileServices/writeFileBackupSemantics/action",
        ),
    ),
    one_role(
        "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
        "Storage Table Data Contributor",
        "Reads, writes and deletes tables and their entities.",
        actions=tuple(f"{_TABLES}/{verb}" for verb in ("read", "write", "delete")),
        data_actions=tuple(f"{_TABLES}/entities/{verb}" for verb in ("read", "write", "delete", "add/action", "update/action")),
    ),
    one_role(
        "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        "Storage Queue Data Contributor",
        "Reads, writes and deletes queues and their messages.",
        actions=tuple(f"{_QUEUES}/{verb}" for verb in ("read", "write", "delete")),
        data_actions=tuple(f"{_QUEUES}/messages/{verb}" for verb in ("read", "write", "delete", "process/action")),
    ),
    one_role(
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
        "Key Vault Administrator",
        "Does all that can be done with a vault's keys, secrets and certificates.",
        actions=(*DEPLOY, *VAULTS_READ),
        data_actions=("Microsoft.KeyVault/vaults/*",),
    ),
    one_role(
        "64702f94-c441-49e6-a78b-ef80e0188fee",
        "Azure AI Developer",
        "Does all within an AI hub or project but manage it.",
        actions=(
            "Microsoft.MachineLearningServices/workspaces/*/read",
            "Microsoft.MachineLearningServices/workspaces/*/action",
            "Microsoft.MachineLearningServices/workspaces/*/delete",
            "Microsoft.MachineLearningServices/workspaces/*/write",
            "Microsoft.MachineLearningServices/locations/*/read",
            "Microsoft.Authorization/*/read",
            "Microsoft.Resources/deployments/*",
        ),
        not_actions=(
            "Microsoft.MachineLearningServices/workspaces/delete",
            "Microsoft.MachineLearningServices/workspaces/write",
            "Microsoft.MachineLearningServices/workspaces/listKeys/action",
            "Microsoft.MachineLearningServices/workspaces/hubs/write",
            "Microsoft.MachineLearningServices/workspaces/hubs/delete",
            "Microsoft.MachineLearningServices/workspaces/featurestores/write",
            "Microsoft.MachineLearningServices/workspaces/featurestores/delete",
        ),
        data_actions=tuple(
            f"Microsoft.CognitiveServices/accounts/{part}/*" for part in ("OpenAI", "SpeechServices", "ContentSafety")
        ),
    ),
    one_role(
        "bcd981a7-7f74-457b-83e1-cceb9e632ffe",
        "Azure Digital Twins Data Owner",
        "Full access to the twins of an instance.",
        data_actions=tuple(f"Microsoft.DigitalTwins/{part}/*" for part in _TWINS),
    ),
    one_role(
        "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
        "Monitoring Reader",
        "Reads all that is monitored.",
        actions=("*/read", "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*"),
    ),
    one_role(
        "f25e0fa2-a7c8-4377-a976-54943a77a395",
        "Key Vault Contributor",
        "Manages key vaults, but not who may use what is in them.",
        actions=(*DEPLOY, "Microsoft.KeyVault/*"),
        not_actions=(
            "Microsoft.KeyVault/locations/deletedVaults/purge/action",
            "Microsoft.KeyVault/hsmPools/*",
            "Microsoft.KeyVault/managedHsms/*",
        ),
    ),
    one_role(
        "e503ece1-11d0-4e8e-8e2c-7a6c3bf38815",
        "AzureML Compute Operator",
        "Manages the computes of workspaces.",
        actions=(
            "Microsoft.MachineLearningServices/workspaces/computes/*",
            "Microsoft.MachineLearningServices/workspaces/notebooks/vm/*",
        ),
    ),
    one_role(
        "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
        "Managed Identity Contributor",
        "Makes, changes and deletes user assigned identities.",
        actions=(
            *DEPLOY,
            *(f"{_USER_IDENTITIES}/{verb}" for verb in ("read", "write", "delete")),
            *(f"{_FEDERATED}/{verb}" for verb in ("read", "write", "delete")),
            f"{_USER_IDENTITIES}/revokeTokens/action",
        ),
    ),
    one_role(
        "f1a07417-d97a-45cb-824c-7a7467783830",
        "Managed Identity Operator",
        "Reads user assigned identities and assigns them to resources.",
        actions=(*DEPLOY, f"{_USER_IDENTITIES}/*/read", f"{_USER_IDENTITIES}/*/assign/action"),
    ),
)
"""Roles over the resources of one service each."""
