"""Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies: rules of application gateways. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, integer, obj, string
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"

PROPERTIES = obj(
    policySettings=obj(
        state=string("Disabled", "Enabled"),
        mode=string("Prevention", "Detection"),
        requestBodyCheck=boolean(),
        requestBodyInspectLimitInKB=integer(),
        requestBodyEnforcement=boolean(),
        maxRequestBodySizeInKb=integer(8),
        fileUploadEnforcement=boolean(),
        fileUploadLimitInMb=integer(0),
        customBlockResponseStatusCode=integer(0),
        customBlockResponseBody=string(),
        logScrubbing=anything(),
        jsChallengeCookieExpirationInMins=integer(5, 1440),
        captchaCookieExpirationInMins=integer(5, 1440),
    ),
    customRules=array(
        obj(
            name=string(),
            etag=string(read_only=True),
            priority=integer(required=True),
            state=string("Disabled", "Enabled"),
            rateLimitDuration=string("OneMin", "FiveMins"),
            rateLimitThreshold=integer(),
            ruleType=string("MatchRule", "RateLimitRule", "Invalid", required=True),
            matchConditions=array(anything(), required=True),
            groupByUserSession=array(anything()),
            action=string("Allow", "Block", "Log", "JSChallenge", "CAPTCHA", required=True),
        )
    ),
    applicationGateways=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
    resourceState=string(read_only=True),
    managedRules=obj(
        exceptions=array(anything()),
        exclusions=array(anything()),
        managedRuleSets=array(anything(), required=True),
        required=True,
    ),
    httpListeners=array(anything(), read_only=True),
    pathBasedRules=array(anything(), read_only=True),
    applicationGatewayForContainers=array(anything(), read_only=True),
)

TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="no request is filtered yet")
