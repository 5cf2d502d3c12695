"""Microsoft.Network/firewallPolicies and their rule collection groups. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, integer, obj, ref, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/firewallPolicies"

PROPERTIES = obj(
    size=string(read_only=True),
    ruleCollectionGroups=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
    basePolicy=ref("Microsoft.Network/firewallPolicies"),
    firewalls=array(anything(), read_only=True),
    childPolicies=array(anything(), read_only=True),
    threatIntelMode=string("Alert", "Deny", "Off"),
    threatIntelWhitelist=obj(ipAddresses=array(string()), fqdns=array(string())),
    insights=obj(
        isEnabled=boolean(),
        retentionDays=integer(),
        logAnalyticsResources=obj(workspaces=array(anything()), defaultWorkspaceId=anything()),
    ),
    snat=obj(privateRanges=array(string()), autoLearnPrivateRanges=string("Enabled", "Disabled")),
    sql=obj(allowSqlRedirect=boolean()),
    dnsSettings=obj(servers=array(string()), enableProxy=boolean(), requireProxyForNetworkRules=boolean()),
    explicitProxy=obj(
        enableExplicitProxy=boolean(),
        httpPort=integer(0, 64000),
        httpsPort=integer(0, 64000),
        enablePacFile=boolean(),
        pacFilePort=integer(0, 64000),
        pacFile=string(),
    ),
    intrusionDetection=obj(
        mode=string("Off", "Alert", "Deny"),
        profile=string("Off", "Emerging", "Core", "Extended"),
        configuration=obj(
            signatureOverrides=array(anything()), bypassTrafficSettings=array(anything()), privateRanges=array(string())
        ),
    ),
    transportSecurity=obj(certificateAuthority=obj(keyVaultSecretId=string(), name=string())),
    sku=obj(tier=string("Standard", "Premium", "Basic")),
)

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no packet is filtered by it yet",
    used_by=("Microsoft.Network/azureFirewalls", "Microsoft.Network/firewallPolicies"),
)

GROUP_NAME = "Microsoft.Network/firewallPolicies/ruleCollectionGroups"

GROUP_PROPERTIES = obj(
    size=string(read_only=True),
    priority=integer(100, 65000),
    ruleCollections=array(
        obj(
            ruleCollectionType=string("FirewallPolicyFilterRuleCollection", "FirewallPolicyNatRuleCollection", required=True),
            name=string(),
            priority=integer(100, 65000),
        )
    ),
    provisioningState=string(read_only=True),
)

GROUP_TYPE = plain(GROUP_NAME, API_VERSIONS, GROUP_PROPERTIES, lacks="no packet is filtered by it yet", location="none")

TYPES = (
    TYPE,
    GROUP_TYPE,
)
"""The types of this module."""
