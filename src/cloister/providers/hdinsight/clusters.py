"""Microsoft.HDInsight/clusters. Stored: no node is started.

Source: learn.microsoft.com/azure/templates/microsoft.hdinsight/clusters
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, boolean, id_of, integer, obj, string
from cloister.providers.plain import plain

API_VERSIONS = ("2024-08-01-preview", "2023-04-15-preview", "2021-06-01", "2018-06-01-preview", "2015-03-01-preview")

NAME = "Microsoft.HDInsight/clusters"

PROPERTIES = obj(
    clusterVersion=string(),
    osType=string("Windows", "Linux"),
    tier=string("Standard", "Premium"),
    clusterDefinition=obj(kind=string(), blueprint=string(), componentVersion=anything(), configurations=anything(secret=True)),
    kafkaRestProperties=anything(),
    securityProfile=anything(),
    computeProfile=obj(
        roles=array(
            obj(
                name=string(),
                minInstanceCount=integer(),
                targetInstanceCount=integer(),
                hardwareProfile=anything(),
                osProfile=anything(secret=True),
                virtualNetworkProfile=obj(
                    id=id_of("Microsoft.Network/virtualNetworks"), subnet=id_of("Microsoft.Network/virtualNetworks/subnets")
                ),
                dataDisksGroups=array(anything()),
                scriptActions=array(anything()),
                encryptDataDisks=boolean(),
                autoscale=anything(),
            )
        )
    ),
    storageProfile=anything(secret=True),
    networkProperties=anything(),
    minSupportedTlsVersion=string(),
    diskEncryptionProperties=anything(),
    encryptionInTransitProperties=anything(),
    computeIsolationProperties=anything(),
    privateLinkConfigurations=array(anything()),
    clusterState=string(read_only=True),
    createdDate=string(read_only=True),
    connectivityEndpoints=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Where its gateway would answer."""
    places = [("SSH", "TCP", f"{row.name.lower()}-ssh", 22), ("HTTPS", "TCP", row.name.lower(), 443)]
    found = [
        {"name": name, "protocol": kind, "location": f"{host}.azurehdinsight.net", "port": port}
        for name, kind, host, port in places
    ]
    return {"connectivityEndpoints": found, "clusterState": "Running"}


TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="no node is started", location="optional", name_unique="global", show=show)
