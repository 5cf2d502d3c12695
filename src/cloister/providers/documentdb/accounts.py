"""Microsoft.DocumentDB/databaseAccounts and SQL databases in them. The account's name resolves; no database answers.

Source: learn.microsoft.com/azure/templates/microsoft.documentdb/databaseaccounts
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, boolean, id_of, integer, obj, string
from cloister.providers.documentdb.versions import API_VERSIONS
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.plain import keys, plain

NAME = "Microsoft.DocumentDB/databaseAccounts"

PROPERTIES = obj(
    locations=array(obj(locationName=string(), failoverPriority=integer(0), isZoneRedundant=boolean()), required=True),
    databaseAccountOfferType=string("Standard", required=True),
    consistencyPolicy=anything(),
    ipRules=array(anything()),
    isVirtualNetworkFilterEnabled=boolean(),
    virtualNetworkRules=array(
        obj(id=id_of("Microsoft.Network/virtualNetworks/subnets"), ignoreMissingVNetServiceEndpoint=boolean())
    ),
    enableAutomaticFailover=boolean(),
    capabilities=array(obj(name=string())),
    enableMultipleWriteLocations=boolean(),
    disableKeyBasedMetadataWriteAccess=boolean(),
    disableLocalAuth=boolean(),
    keyVaultKeyUri=string(),
    publicNetworkAccess=string("Enabled", "Disabled"),
    enableFreeTier=boolean(),
    networkAclBypass=string("None", "AzureServices"),
    minimalTlsVersion=string(),
    documentEndpoint=string(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


GROUPS = groups(
    "documentdb",
    Offer("Sql", "privatelink.documents.azure.com", ("{name}.documents.azure.com", "{name}-{region}.documents.azure.com")),
    Offer("MongoDB", "privatelink.mongo.cosmos.azure.com", ("{name}.mongo.cosmos.azure.com",), (10255,)),
    Offer("Cassandra", "privatelink.cassandra.cosmos.azure.com", ("{name}.cassandra.cosmos.azure.com",), (10350,)),
    Offer("Gremlin", "privatelink.gremlin.cosmos.azure.com", ("{name}.gremlin.cosmos.azure.com",)),
    Offer("Table", "privatelink.table.cosmos.azure.com", ("{name}.table.cosmos.azure.com",)),
)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Where it would answer."""
    return {"documentEndpoint": f"https://{row.name.lower()}.documents.azure.com:443/"}


TARGET = target(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    "documentdb",
    GROUPS,
    lacks="no database answers",
    show=show,
    name_unique="global",
    name_pattern=r"[a-z0-9][a-z0-9-]{1,48}[a-z0-9]",
    actions={
        "listKeys": keys(
            {
                "primaryMasterKey": "primary",
                "secondaryMasterKey": "secondary",
                "primaryReadonlyMasterKey": "primary read-only",
                "secondaryReadonlyMasterKey": "secondary read-only",
            }
        )
    },
)

DATABASE_NAME = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases"

DATABASE_PROPERTIES = obj(resource=obj(id=string(required=True), required=True), options=anything())

DATABASE_TYPE = plain(DATABASE_NAME, API_VERSIONS, DATABASE_PROPERTIES, lacks="no database answers", location="optional")

CONTAINER_NAME = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers"

CONTAINER_PROPERTIES = obj(resource=obj(id=string(required=True), partitionKey=anything(), required=True), options=anything())

CONTAINER_TYPE = plain(CONTAINER_NAME, API_VERSIONS, CONTAINER_PROPERTIES, lacks="no database answers", location="optional")

TYPES = (
    *TARGET,
    DATABASE_TYPE,
    CONTAINER_TYPE,
)
"""The types of this module."""
