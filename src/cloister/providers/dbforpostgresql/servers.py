"""Microsoft.DBforPostgreSQL: single and flexible servers. Their names resolve; no database answers.

Source: learn.microsoft.com/azure/templates/microsoft.dbforpostgresql/servers
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, boolean, id_of, obj, string
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.plain import plain

API_VERSIONS = ("2024-02-01-preview", "2023-12-30", "2023-06-30", "2022-12-01", "2021-05-01", "2018-06-01", "2017-12-01")

NAME = "Microsoft.DBforPostgreSQL/servers"

PROPERTIES = obj(
    createMode=string("Default", "GeoRestore", "PointInTimeRestore", "Replica"),
    administratorLogin=string(create_only=True),
    administratorLoginPassword=string(secret=True),
    version=string(),
    sslEnforcement=string("Enabled", "Disabled"),
    minimalTlsVersion=string("TLS1_0", "TLS1_1", "TLS1_2", "TLSEnforcementDisabled"),
    infrastructureEncryption=string("Enabled", "Disabled"),
    publicNetworkAccess=string("Enabled", "Disabled"),
    storageProfile=anything(),
    fullyQualifiedDomainName=string(read_only=True),
    userVisibleState=string(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
)


GROUPS = groups(
    "postgresql",
    Offer("postgresqlServer", "privatelink.postgres.database.azure.com", ("{name}.postgres.database.azure.com",), (5432,)),
)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Its public name."""
    return {"fullyQualifiedDomainName": f"{row.name.lower()}.postgres.database.azure.com"}


TARGET = target(
    NAME, API_VERSIONS, PROPERTIES, "postgresql", GROUPS, lacks="no database answers", show=show, name_unique="global"
)

FIREWALL_RULE_NAME = "Microsoft.DBforPostgreSQL/servers/firewallRules"

FIREWALL_RULE_PROPERTIES = obj(startIpAddress=string(required=True), endIpAddress=string(required=True))

FIREWALL_RULE_TYPE = plain(
    FIREWALL_RULE_NAME, API_VERSIONS, FIREWALL_RULE_PROPERTIES, lacks="no database answers, so nobody is let in", location="none"
)

NETWORK_RULE_NAME = "Microsoft.DBforPostgreSQL/servers/virtualNetworkRules"

NETWORK_RULE_PROPERTIES = obj(
    virtualNetworkSubnetId=id_of("Microsoft.Network/virtualNetworks/subnets", required=True),
    ignoreMissingVnetServiceEndpoint=boolean(),
    state=string(read_only=True),
)

NETWORK_RULE_TYPE = plain(
    NETWORK_RULE_NAME, API_VERSIONS, NETWORK_RULE_PROPERTIES, lacks="no database answers, so nobody is let in", location="none"
)

DATABASE_NAME = "Microsoft.DBforPostgreSQL/servers/databases"

DATABASE_PROPERTIES = obj(charset=string(), collation=string())

DATABASE_TYPE = plain(DATABASE_NAME, API_VERSIONS, DATABASE_PROPERTIES, lacks="no database answers", location="none")

FLEXIBLE_NAME = "Microsoft.DBforPostgreSQL/flexibleServers"

FLEXIBLE_PROPERTIES = obj(
    createMode=string(),
    administratorLogin=string(create_only=True),
    administratorLoginPassword=string(secret=True),
    version=string(),
    availabilityZone=string(),
    storage=anything(),
    backup=anything(),
    highAvailability=anything(),
    network=obj(
        publicNetworkAccess=string("Enabled", "Disabled"),
        delegatedSubnetResourceId=id_of("Microsoft.Network/virtualNetworks/subnets"),
        privateDnsZoneResourceId=id_of("Microsoft.Network/privateDnsZones"),
        privateDnsZoneArmResourceId=id_of("Microsoft.Network/privateDnsZones"),
    ),
    maintenanceWindow=anything(),
    replicationRole=string(),
    sourceServerResourceId=string(),
    authConfig=anything(),
    fullyQualifiedDomainName=string(read_only=True),
    state=string(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
)


def show_flexible(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Its public name."""
    return {"fullyQualifiedDomainName": f"{row.name.lower()}.postgres.database.azure.com", "state": "Ready"}


FLEXIBLE_TARGET = target(
    FLEXIBLE_NAME,
    API_VERSIONS,
    FLEXIBLE_PROPERTIES,
    "postgresql",
    GROUPS,
    lacks="no database answers, and no address of its subnet is taken",
    name_unique="global",
    show=show_flexible,
)

FLEXIBLE_DATABASE_NAME = "Microsoft.DBforPostgreSQL/flexibleServers/databases"

FLEXIBLE_DATABASE_PROPERTIES = obj(charset=string(), collation=string())

FLEXIBLE_DATABASE_TYPE = plain(
    FLEXIBLE_DATABASE_NAME, API_VERSIONS, FLEXIBLE_DATABASE_PROPERTIES, lacks="no database answers", location="none"
)

FLEXIBLE_FIREWALL_NAME = "Microsoft.DBforPostgreSQL/flexibleServers/firewallRules"

FLEXIBLE_FIREWALL_PROPERTIES = obj(startIpAddress=string(required=True), endIpAddress=string(required=True))

FLEXIBLE_FIREWALL_TYPE = plain(
    FLEXIBLE_FIREWALL_NAME,
    API_VERSIONS,
    FLEXIBLE_FIREWALL_PROPERTIES,
    lacks="no database answers, so nobody is let in",
    location="none",
)

TYPES = (
    *TARGET,
    FIREWALL_RULE_TYPE,
    NETWORK_RULE_TYPE,
    DATABASE_TYPE,
    *FLEXIBLE_TARGET,
    FLEXIBLE_DATABASE_TYPE,
    FLEXIBLE_FIREWALL_TYPE,
)
"""The types of this module."""
