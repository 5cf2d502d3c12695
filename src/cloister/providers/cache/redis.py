"""Microsoft.Cache/redis. The name resolves; no cache answers.

Source: learn.microsoft.com/azure/templates/microsoft.cache/redis
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, boolean, id_of, integer, obj, string
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.plain import keys

API_VERSIONS = (
    "2024-03-01", "2023-08-01", "2023-04-01", "2022-06-01", "2021-06-01", "2020-12-01", "2020-06-01", "2019-07-01",
    "2018-03-01", "2016-04-01",
)  # fmt: skip

NAME = "Microsoft.Cache/redis"

PROPERTIES = obj(
    sku=obj(
        name=string("Basic", "Standard", "Premium", required=True),
        family=string("C", "P", required=True),
        capacity=integer(0, 6, required=True),
        required=True,
    ),
    enableNonSslPort=boolean(),
    redisConfiguration=anything(),
    redisVersion=string(),
    replicasPerMaster=integer(),
    replicasPerPrimary=integer(),
    shardCount=integer(),
    minimumTlsVersion=string("1.0", "1.1", "1.2"),
    publicNetworkAccess=string("Enabled", "Disabled"),
    subnetId=id_of("Microsoft.Network/virtualNetworks/subnets"),
    staticIP=string(),
    tenantSettings=anything(),
    updateChannel=string(),
    disableAccessKeyAuthentication=boolean(),
    zonalAllocationPolicy=string(),
    hostName=string(read_only=True),
    port=integer(read_only=True),
    sslPort=integer(read_only=True),
    accessKeys=anything(read_only=True),
    instances=array(anything(), read_only=True),
    linkedServers=array(anything(), read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


GROUPS = groups(
    "redis", Offer("redisCache", "privatelink.redis.cache.windows.net", ("{name}.redis.cache.windows.net",), (6379, 6380))
)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Where it would answer."""
    return {"hostName": f"{row.name.lower()}.redis.cache.windows.net", "port": 6379, "sslPort": 6380}


TYPES = target(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    "redis",
    GROUPS,
    lacks="no cache answers",
    show=show,
    name_unique="global",
    actions={"listKeys": keys({"primaryKey": "primary", "secondaryKey": "secondary"})},
)
