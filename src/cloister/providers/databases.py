"""Single and flexible database servers, which MySQL and PostgreSQL have in common: names resolve, no database answers.

Source: learn.microsoft.com/azure/templates/microsoft.dbformysql/servers, .../microsoft.dbforpostgresql/servers
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import ResourceType, Row, View
from cloister.arm.schema import anything, array, boolean, id_of, obj, string
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.plain import children

API_VERSIONS = ("2024-02-01-preview", "2023-12-30", "2023-06-30", "2022-12-01", "2021-05-01", "2018-06-01", "2017-12-01")
SUBNETS, ZONES = "Microsoft.Network/virtualNetworks/subnets", "Microsoft.Network/privateDnsZones"
NOBODY_IN = "no database answers, so nobody is let in"

SERVERS = obj(
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
FLEXIBLE_SERVERS = obj(
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
        delegatedSubnetResourceId=id_of(SUBNETS),
        privateDnsZoneResourceId=id_of(ZONES),
        privateDnsZoneArmResourceId=id_of(ZONES),
    ),
    maintenanceWindow=anything(),
    replicationRole=string(),
    sourceServerResourceId=string(),
    authConfig=anything(),
    fullyQualifiedDomainName=string(read_only=True),
    state=string(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
)
FIREWALL_RULES = obj(startIpAddress=string(required=True), endIpAddress=string(required=True))
NETWORK_RULES = obj(
    virtualNetworkSubnetId=id_of(SUBNETS, required=True),
    ignoreMissingVnetServiceEndpoint=boolean(),
    state=string(read_only=True),
)
DATABASES = obj(charset=string(), collation=string())


def servers(namespace: str, service: str, group: str, suffix: str, port: int) -> tuple[ResourceType, ...]:
    """All types of a provider of databases: ``suffix`` ends the public names (``mysql.database.azure.com``)."""
    offered = groups(service, Offer(group, f"privatelink.{suffix}", (f"{{name}}.{suffix}",), (port,)))

    def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
        """Its public name."""
        return {"fullyQualifiedDomainName": f"{row.name.lower()}.{suffix}"}

    def show_flexible(row: Row, view: View, api_version: str) -> dict[str, Any]:
        """Its public name."""
        return {**show(row, view, api_version), "state": "Ready"}

    single, flexible = f"{namespace}/servers", f"{namespace}/flexibleServers"
    lacks = "no database answers"
    apart = "no database answers, and no address of its subnet is taken"
    return (
        *target(single, API_VERSIONS, SERVERS, service, offered, lacks=lacks, show=show, name_unique="global"),
        *children(
            single,
            API_VERSIONS,
            {"firewallRules": FIREWALL_RULES, "virtualNetworkRules": NETWORK_RULES},
            lacks=NOBODY_IN,
        ),
        *children(single, API_VERSIONS, {"databases": DATABASES}, lacks=lacks),
        *target(
            flexible, API_VERSIONS, FLEXIBLE_SERVERS, service, offered, lacks=apart, show=show_flexible, name_unique="global"
        ),
        *children(flexible, API_VERSIONS, {"databases": DATABASES}, lacks=lacks),
        *children(flexible, API_VERSIONS, {"firewallRules": FIREWALL_RULES}, lacks=NOBODY_IN),
    )
