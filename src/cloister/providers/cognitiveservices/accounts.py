"""Microsoft.CognitiveServices/accounts and model deployments. The names resolve; no model answers.

Source: learn.microsoft.com/azure/templates/microsoft.cognitiveservices/accounts
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, boolean, id_of, obj, string
from cloister.providers.cognitiveservices.versions import API_VERSIONS
from cloister.providers.link_targets import Offer, groups, target
from cloister.providers.plain import keys, plain

NAME = "Microsoft.CognitiveServices/accounts"

PROPERTIES = obj(
    customSubDomainName=string(),
    publicNetworkAccess=string("Enabled", "Disabled"),
    networkAcls=obj(
        defaultAction=string("Allow", "Deny"),
        bypass=string("AzureServices", "None"),
        ipRules=array(anything()),
        virtualNetworkRules=array(
            obj(id=id_of("Microsoft.Network/virtualNetworks/subnets"), state=string(), ignoreMissingVnetServiceEndpoint=boolean())
        ),
    ),
    encryption=anything(),
    userOwnedStorage=array(anything()),
    restrictOutboundNetworkAccess=boolean(),
    allowedFqdnList=array(string()),
    disableLocalAuth=boolean(),
    apiProperties=anything(),
    migrationToken=string(),
    restore=boolean(),
    dynamicThrottlingEnabled=boolean(),
    allowProjectManagement=boolean(),
    locations=anything(),
    endpoint=string(read_only=True),
    endpoints=anything(read_only=True),
    capabilities=array(anything(), read_only=True),
    internalId=string(read_only=True),
    dateCreated=string(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


GROUPS = groups(
    "cognitiveservices",
    Offer(
        "account",
        "privatelink.cognitiveservices.azure.com",
        ("{name}.cognitiveservices.azure.com", "{name}.openai.azure.com", "{name}.services.ai.azure.com"),
    ),
)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Where it would answer."""
    return {
        "endpoint": f"https://{str(row.properties.get('customSubDomainName') or row.name).lower()}.cognitiveservices.azure.com/"
    }


TARGET = target(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    "cognitiveservices",
    GROUPS,
    lacks="no model answers",
    show=show,
    actions={"listKeys": keys({"key1": "first", "key2": "second"})},
)

DEPLOYMENT_NAME = "Microsoft.CognitiveServices/accounts/deployments"

DEPLOYMENT_PROPERTIES = obj(
    model=obj(format=string(), name=string(), version=string(), source=string(), callRateLimit=anything(read_only=True)),
    scaleSettings=anything(),
    raiPolicyName=string(),
    versionUpgradeOption=string("OnceNewDefaultVersionAvailable", "OnceCurrentVersionExpired", "NoAutoUpgrade"),
    capabilities=anything(read_only=True),
    provisioningState=string(read_only=True),
)

DEPLOYMENT_TYPE = plain(DEPLOYMENT_NAME, API_VERSIONS, DEPLOYMENT_PROPERTIES, lacks="no model answers", location="none")

TYPES = (
    *TARGET,
    DEPLOYMENT_TYPE,
)
"""The types of this module."""
