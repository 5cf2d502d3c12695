"""Deployment functions: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-deployment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cloister.arm.template.evaluator import Frame, Function
from cloister.arm.template.functions.arguments import text

Arguments = Sequence[Any]

# The public cloud: the names that this cloud answers to. As the page above prints the function's answer.
ENVIRONMENT: dict[str, Any] = {
    "name": "AzureCloud",
    "gallery": "https://gallery.azure.com/",
    "graph": "https://graph.windows.net/",
    "portal": "https://portal.azure.com",
    "graphAudience": "https://graph.windows.net/",
    "activeDirectoryDataLake": "https://datalake.azure.net/",
    "batch": "https://batch.core.windows.net/",
    "media": "https://rest.media.azure.net",
    "sqlManagement": "https://management.core.windows.net:8443/",
    "vmImageAliasDoc": "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/arm-compute/quickstart-templates/aliases.json",
    "resourceManager": "https://management.azure.com/",
    "authentication": {
        "loginEndpoint": "https://login.microsoftonline.com/",
        "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
        "tenant": "common",
        "identityProvider": "AAD",
    },
    "suffixes": {
        "acrLoginServer": ".azurecr.io",
        "azureDatalakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
        "azureDatalakeStoreFileSystem": "azuredatalakestore.net",
        "azureFrontDoorEndpointSuffix": "azurefd.net",
        "keyvaultDns": ".vault.azure.net",
        "sqlServerHostname": ".database.windows.net",
        "storage": "core.windows.net",
    },
}


def deployment(frame: Frame, arguments: Arguments) -> dict[str, Any]:
    """``deployment()``: its name and properties (and location, above the resource group)."""
    return dict(frame.context.deployment)


def deployer(frame: Frame, arguments: Arguments) -> dict[str, Any]:
    """``deployer()``: who deploys, ``{objectId, tenantId}``."""
    return dict(frame.context.deployer)


def environment(frame: Frame, arguments: Arguments) -> dict[str, Any]:
    """``environment()``: the cloud's endpoints and name suffixes."""
    return ENVIRONMENT


def parameters(frame: Frame, arguments: Arguments) -> Any:
    """``parameters('name')``."""
    return frame.parameters.get(text("parameters", arguments[0]))


def variables(frame: Frame, arguments: Arguments) -> Any:
    """``variables('name')``."""
    return frame.variables.get(text("variables", arguments[0]))


TABLE: dict[str, Function] = {
    "deployer": Function(deployer, 0, 0, kept=True),
    "deployment": Function(deployment, 0, 0, kept=True),
    "environment": Function(environment, 0, 0, kept=True),
    "parameters": Function(parameters, 1, 1, kept=True),
    "variables": Function(variables, 1, 1, kept=True),
}
