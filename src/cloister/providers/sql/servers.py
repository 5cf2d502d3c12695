"""Microsoft.Sql/servers with databases and rules. The server's name resolves; no database answers.

Source: learn.microsoft.com/azure/templates/microsoft.sql/servers
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, boolean, id_of, integer, obj, string
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.plain import plain
from cloister.providers.sql.versions import API_VERSIONS

NAME = "Microsoft.Sql/servers"

PROPERTIES = obj(
    administratorLogin=string(create_only=True),
    administratorLoginPassword=string(secret=True),
    administrators=anything(),
    version=string("2.0", "12.0", default="12.0"),
    minimalTlsVersion=string("None", "1.0", "1.1", "1.2", "1.3"),
    publicNetworkAccess=string("Enabled", "Disabled"),
    restrictOutboundNetworkAccess=string("Enabled", "Disabled"),
    primaryUserAssignedIdentityId=string(),
    keyId=string(),
    federatedClientId=string(),
    isIPv6Enabled=string("Enabled", "Disabled"),
    fullyQualifiedDomainName=string(read_only=True),
    state=string(read_only=True),
    workspaceFeature=string(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
)


GROUPS = groups("sql", Offer("sqlServer", "privatelink.database.windows.net", ("{name}.database.windows.net",), (1433,)))


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Its public name."""
    return {"fullyQualifiedDomainName": f"{row.name.lower()}.database.windows.net", "state": "Ready"}


TARGET = target(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    "sql",
    GROUPS,
    lacks="no database answers",
    show=show,
    name_unique="global",
    name_pattern=r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?",
)

DATABASE_NAME = "Microsoft.Sql/servers/databases"

DATABASE_PROPERTIES = obj(
    collation=string(),
    createMode=string(
        "Default",
        "Copy",
        "Secondary",
        "PointInTimeRestore",
        "Restore",
        "Recovery",
        "RestoreExternalBackup",
        "RestoreExternalBackupSecondary",
        "RestoreLongTermRetentionBackup",
        "OnlineSecondary",
    ),
    edition=string(),
    maxSizeBytes=anything(),
    requestedServiceObjectiveName=string(),
    sampleName=string(),
    zoneRedundant=boolean(),
    licenseType=string(),
    readScale=string("Enabled", "Disabled"),
    minCapacity=anything(),
    autoPauseDelay=integer(),
    sourceDatabaseId=string(),
    elasticPoolId=string(),
    catalogCollation=string(),
    status=string(read_only=True),
    databaseId=string(read_only=True),
    creationDate=string(read_only=True),
    currentServiceObjectiveName=string(read_only=True),
)

DATABASE_TYPE = plain(DATABASE_NAME, API_VERSIONS, DATABASE_PROPERTIES, lacks="no database answers")

ENCRYPTION_NAME = "Microsoft.Sql/servers/databases/transparentDataEncryption"

ENCRYPTION_PROPERTIES = obj(state=string("Enabled", "Disabled"), status=string())

ENCRYPTION_TYPE = plain(
    ENCRYPTION_NAME, API_VERSIONS, ENCRYPTION_PROPERTIES, lacks="nothing is encrypted: there are no bytes", location="none"
)

FIREWALL_RULE_NAME = "Microsoft.Sql/servers/firewallRules"

FIREWALL_RULE_PROPERTIES = obj(startIpAddress=string(), endIpAddress=string())

FIREWALL_RULE_TYPE = plain(
    FIREWALL_RULE_NAME, API_VERSIONS, FIREWALL_RULE_PROPERTIES, lacks="no database answers, so nobody is let in", location="none"
)

NETWORK_RULE_NAME = "Microsoft.Sql/servers/virtualNetworkRules"

NETWORK_RULE_PROPERTIES = obj(
    virtualNetworkSubnetId=id_of("Microsoft.Network/virtualNetworks/subnets", required=True),
    ignoreMissingVnetServiceEndpoint=boolean(),
    state=string(read_only=True),
)

NETWORK_RULE_TYPE = plain(
    NETWORK_RULE_NAME, API_VERSIONS, NETWORK_RULE_PROPERTIES, lacks="no database answers, so nobody is let in", location="none"
)

ADMINISTRATOR_NAME = "Microsoft.Sql/servers/administrators"

ADMINISTRATOR_PROPERTIES = obj(
    administratorType=string("ActiveDirectory", required=True),
    login=string(required=True),
    sid=string(required=True),
    tenantId=string(),
    azureADOnlyAuthentication=boolean(read_only=True),
)

ADMINISTRATOR_TYPE = plain(
    ADMINISTRATOR_NAME,
    API_VERSIONS,
    ADMINISTRATOR_PROPERTIES,
    lacks="no database answers",
    location="none",
    name_pattern=r"(?i)ActiveDirectory",
)

TYPES = (
    *TARGET,
    DATABASE_TYPE,
    ENCRYPTION_TYPE,
    FIREWALL_RULE_TYPE,
    NETWORK_RULE_TYPE,
    ADMINISTRATOR_TYPE,
)
"""The types of this module."""
