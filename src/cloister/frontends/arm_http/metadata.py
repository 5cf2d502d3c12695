"""GET /metadata/endpoints: where the parts of this cloud are, as clients discover a cloud.

A client that came to ``management.azure.com`` is told Azure's own names, which lead here; one that came to the listener
on the host is told that listener's. Clients need: a list at api-version 2019-05-01, an object from 2022-09-01 on;
``resourceManager`` ending in a slash; a login endpoint under ``/adfs`` where the host name is not Microsoft's, so that
they do not ask Microsoft whether they may trust it.
"""

from __future__ import annotations

from typing import Any

from cloister.control.answers import reply
from cloister.control.ports import Engine, Route, RouteCall
from cloister.ipc.messages import Response

PUBLIC_AUTHORITY = "management.azure.com"
OBJECT_SINCE = "2022-09-01"
_SUFFIXES = {
    "acrLoginServer": "azurecr.io",
    "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
    "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
    "azureFrontDoorEndpointSuffix": "azurefd.net",
    "keyVaultDns": "vault.azure.net",
    "mysqlServerEndpoint": "mysql.database.azure.com",
    "postgresqlServerEndpoint": "postgres.database.azure.com",
    "mariadbServerEndpoint": "mariadb.database.azure.com",
    "sqlServerHostname": "database.windows.net",
    "storage": "core.windows.net",
    "storageSyncEndpointSuffix": "afs.azure.net",
    "synapseAnalytics": "dev.azuresynapse.net",
}


def azure_cloud() -> dict[str, Any]:
    """The cloud under Azure's public names."""
    return _cloud("AzureCloud", f"https://{PUBLIC_AUTHORITY}/", "https://login.microsoftonline.com", "https://portal.azure.com")


def host_cloud(authority: str) -> dict[str, Any]:
    """The cloud as the listener on the host shows it."""
    base = f"https://{authority}"
    found = _cloud("Cloister", f"{base}/", f"{base}/adfs", base)
    found["azmirrorStorageAccountResourceId"] = f"{base}/"  # where az looks for extensions: extensions.py
    found["authentication"]["audiences"] = ["https://management.core.windows.net/", "https://management.azure.com/", f"{base}/"]
    return found


def _cloud(name: str, resource_manager: str, login: str, portal: str) -> dict[str, Any]:
    return {
        "name": name,
        "portal": portal,
        "resourceManager": resource_manager,
        "authentication": {
            "loginEndpoint": login,
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD" if name == "AzureCloud" else "ADFS",
        },
        "graph": "https://graph.windows.net/",
        "graphAudience": "https://graph.windows.net/",
        "microsoftGraphResourceId": "https://graph.microsoft.com/",
        "media": "https://rest.media.azure.net",
        "batch": "https://batch.core.windows.net/",
        "gallery": "https://gallery.azure.com/",
        "sqlManagement": "https://management.core.windows.net:8443/",
        "activeDirectoryDataLake": "https://datalake.azure.net/",
        "logAnalyticsResourceId": "https://api.loganalytics.io",
        "appInsightsResourceId": "https://api.applicationinsights.io",
        "synapseAnalyticsResourceId": "https://dev.azuresynapse.net",
        "attestationResourceId": "https://attest.azure.net",
        "ossrDbmsResourceId": "https://ossrdbms-aad.database.windows.net",
        "suffixes": dict(_SUFFIXES),
    }


async def endpoints(engine: Engine, call: RouteCall) -> Response:
    """The cloud's description, to anyone."""
    authority = call.request.authority.lower()
    found = azure_cloud() if authority in ("", PUBLIC_AUTHORITY, f"{PUBLIC_AUTHORITY}:443") else host_cloud(authority)
    return reply(200, found if call.request.query.get("api-version", "") >= OBJECT_SINCE else [found])


ROUTES = (Route(method="GET", path="/metadata/endpoints", permission="anonymous", handle=endpoints),)
