"""Built-in roles of single services: registries, clusters, files, tables, monitoring. ``roles.py`` joins them to the rest.

Source: learn.microsoft.com/azure/role-based-access-control/built-in-roles (guids, actions; read 2026-11).
"""

from __future__ import annotations

from cloister.arm.rbac import Permission, Role

_DEPLOY = (
    "Microsoft.Authorization/*/read",
    "Microsoft.Insights/alertRules/*",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Support/*",
)
_TABLES = "Microsoft.Storage/storageAccounts/tableServices/tables"
_QUEUES = "Microsoft.Storage/storageAccounts/queueServices/queues"
_FILES = "Microsoft.Storage/storageAccounts/fileServices/fileshares/files"


def _role(name: str, title: str, description: str, **permission: tuple[str, ...]) -> Role:
    return Role(name=name, title=title, description=description, permissions=(Permission(**permission),))


SERVICE_ROLES: tuple[Role, ...] = (
    _role(
        "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        "AcrPull",
        "acr pull",
        actions=("Microsoft.ContainerRegistry/registries/pull/read",),
    ),
    _role(
        "8311e382-0749-4cb8-b61a-304f252e45ec",
        "AcrPush",
        "acr push",
        actions=("Microsoft.ContainerRegistry/registries/pull/read", "Microsoft.ContainerRegistry/registries/push/write"),
    ),
    _role(
        "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        "Virtual Machine Contributor",
        "Manages virtual machines, but neither the network nor the storage account that they use.",
        actions=(
            *_DEPLOY,
            "Microsoft.Compute/availabilitySets/*",
            "Microsoft.Compute/virtualMachines/*",
            "Microsoft.Compute/virtualMachineScaleSets/*",
            "Microsoft.Compute/disks/write",
            "Microsoft.Compute/disks/read",
            "Microsoft.Compute/disks/delete",
            "Microsoft.Network/networkInterfaces/*",
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/virtualNetworks/subnets/join/action",
        ),
    ),
    _role(
        "17d1049b-9a84-46fb-8f53-869881c3d3ab",
        "Storage Account Contributor",
        "Manages storage accounts, their keys included.",
        actions=(
            *_DEPLOY,
            "Microsoft.Insights/diagnosticSettings/*",
            "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
            "Microsoft.Storage/storageAccounts/*",
        ),
    ),
    _role(
        "69566ab7-960f-475b-8e7c-b3118f30c6bd",
        "Storage File Data Privileged Contributor",
        "Reads, writes, deletes and changes the access lists of files, whatever those lists say.",
        data_actions=(
            *(f"{_FILES}/{verb}" for verb in ("read", "write", "delete", "modifypermissions/action")),
            "Microsoft.Storage/storageAccounts/fileServices/readFileBackupSemantics/action",
            "Microsoft.Storage/storageAccounts/fileServices/writeFileBackupSemantics/action",
        ),
    ),
    _role(
        "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
        "Storage Table Data Contributor",
        "Reads, writes and deletes tables and their entities.",
        actions=tuple(f"{_TABLES}/{verb}" for verb in ("read", "write", "delete")),
        data_actions=tuple(f"{_TABLES}/entities/{verb}" for verb in ("read", "write", "delete", "add/action", "update/action")),
    ),
    _role(
        "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        "Storage Queue Data Contributor",
        "Reads, writes and deletes queues and their messages.",
        actions=tuple(f"{_QUEUES}/{verb}" for verb in ("read", "write", "delete")),
        data_actions=tuple(f"{_QUEUES}/messages/{verb}" for verb in ("read", "write", "delete", "process/action")),
    ),
    _role(
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
        "Key Vault Administrator",
        "Does all that can be done with a vault's keys, secrets and certificates.",
        actions=(
            *_DEPLOY,
            "Microsoft.KeyVault/checkNameAvailability/read",
            "Microsoft.KeyVault/deletedVaults/read",
            "Microsoft.KeyVault/locations/*/read",
            "Microsoft.KeyVault/vaults/*/read",
            "Microsoft.KeyVault/operations/read",
        ),
        data_actions=("Microsoft.KeyVault/vaults/*",),
    ),
    _role(
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
        data_actions=("Microsoft.CognitiveServices/accounts/OpenAI/*", "Microsoft.CognitiveServices/accounts/SpeechServices/*"),
    ),
    _role(
        "bcd981a7-7f74-457b-83e1-cceb9e632ffe",
        "Azure Digital Twins Data Owner",
        "Full access to the twins of an instance.",
        data_actions=("Microsoft.DigitalTwins/*",),
    ),
    _role(
        "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
        "Monitoring Reader",
        "Reads all that is monitored.",
        actions=("*/read", "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*"),
    ),
)
"""Roles over the resources of one service each."""
