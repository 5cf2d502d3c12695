"""Microsoft.Network/applicationGateways: a layer 7 load balancer. Stored.

Source: bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from cloister.arm.schema import Field, anything, array, boolean, integer, obj, ref, string
from cloister.providers.network.placing import standing
from cloister.providers.network.versions import API_VERSIONS

NAME = "Microsoft.Network/applicationGateways"


def _part(**properties: Field) -> Field:
    """What a gateway consists of: each part with an id of its own below the gateway's."""
    own: dict[str, Field] = {name: string(read_only=True) for name in ("etag", "type", "id")}
    return obj(own, properties=obj(properties), name=string())


PROPERTIES = obj(
    sku=obj(
        name=string(
            "Standard_Small", "Standard_Medium", "Standard_Large", "WAF_Medium", "WAF_Large", "Standard_v2", "WAF_v2", "Basic"
        ),
        tier=string("Standard", "WAF", "Standard_v2", "WAF_v2", "Basic"),
        capacity=integer(),
        family=string("Generation_1", "Generation_2"),
    ),
    sslPolicy=obj(
        disabledSslProtocols=array(string("TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3")),
        policyType=string("Predefined", "Custom", "CustomV2"),
        policyName=string(
            "AppGwSslPolicy20150501",
            "AppGwSslPolicy20170401",
            "AppGwSslPolicy20170401S",
            "AppGwSslPolicy20220101",
            "AppGwSslPolicy20220101S",
        ),
        cipherSuites=array(string()),
        minProtocolVersion=string("TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3"),
    ),
    operationalState=string(read_only=True),
    gatewayIPConfigurations=array(
        _part(subnet=ref("Microsoft.Network/virtualNetworks/subnets"), provisioningState=string(read_only=True))
    ),
    authenticationCertificates=array(_part(data=string(), provisioningState=string(read_only=True))),
    trustedRootCertificates=array(_part(data=string(), keyVaultSecretId=string(), provisioningState=string(read_only=True))),
    trustedClientCertificates=array(
        _part(
            data=string(),
            validatedCertData=string(read_only=True),
            clientCertIssuerDN=string(read_only=True),
            provisioningState=string(read_only=True),
        )
    ),
    sslCertificates=array(
        _part(
            data=string(secret=True),
            password=string(secret=True),
            publicCertData=string(read_only=True),
            keyVaultSecretId=string(),
            provisioningState=string(read_only=True),
        )
    ),
    frontendIPConfigurations=array(
        _part(
            privateIPAddress=string(),
            privateIPAllocationMethod=string("Static", "Dynamic"),
            subnet=ref("Microsoft.Network/virtualNetworks/subnets"),
            publicIPAddress=ref("Microsoft.Network/publicIPAddresses"),
            privateLinkConfiguration=ref("Microsoft.Network/applicationGateways/privateLinkConfigurations"),
            provisioningState=string(read_only=True),
        )
    ),
    frontendPorts=array(_part(port=integer(), provisioningState=string(read_only=True))),
    probes=array(
        _part(
            protocol=string("Http", "Https", "Tcp", "Tls"),
            host=string(),
            path=string(),
            interval=integer(),
            timeout=integer(),
            unhealthyThreshold=integer(),
            pickHostNameFromBackendHttpSettings=boolean(),
            pickHostNameFromBackendSettings=boolean(),
            minServers=integer(),
            match=anything(),
            enableProbeProxyProtocolHeader=boolean(),
            provisioningState=string(read_only=True),
            port=integer(1, 65535),
        )
    ),
    backendAddressPools=array(
        _part(
            backendIPConfigurations=array(anything(), read_only=True),
            backendAddresses=array(anything()),
            provisioningState=string(read_only=True),
        )
    ),
    backendHttpSettingsCollection=array(
        _part(
            port=integer(),
            protocol=string("Http", "Https", "Tcp", "Tls"),
            cookieBasedAffinity=string("Enabled", "Disabled"),
            requestTimeout=integer(),
            probe=ref("Microsoft.Network/applicationGateways/probes"),
            authenticationCertificates=array(ref("Microsoft.Network/applicationGateways/authenticationCertificates")),
            trustedRootCertificates=array(ref("Microsoft.Network/applicationGateways/trustedRootCertificates")),
            connectionDraining=anything(),
            hostName=string(),
            pickHostNameFromBackendAddress=boolean(),
            affinityCookieName=string(),
            probeEnabled=boolean(),
            path=string(),
            dedicatedBackendConnection=boolean(),
            validateCertChainAndExpiry=boolean(),
            validateSNI=boolean(),
            sniName=string(),
            provisioningState=string(read_only=True),
        )
    ),
    backendSettingsCollection=array(
        _part(
            port=integer(),
            protocol=string("Http", "Https", "Tcp", "Tls"),
            timeout=integer(),
            probe=ref("Microsoft.Network/applicationGateways/probes"),
            trustedRootCertificates=array(ref("Microsoft.Network/applicationGateways/trustedRootCertificates")),
            hostName=string(),
            pickHostNameFromBackendAddress=boolean(),
            enableL4ClientIpPreservation=boolean(),
            provisioningState=string(read_only=True),
        )
    ),
    httpListeners=array(
        _part(
            frontendIPConfiguration=ref("Microsoft.Network/applicationGateways/frontendIPConfigurations"),
            frontendPort=ref("Microsoft.Network/applicationGateways/frontendPorts"),
            protocol=string("Http", "Https", "Tcp", "Tls"),
            hostName=string(),
            sslCertificate=ref("Microsoft.Network/applicationGateways/sslCertificates"),
            sslProfile=ref("Microsoft.Network/applicationGateways/sslProfiles"),
            requireServerNameIndication=boolean(),
            provisioningState=string(read_only=True),
            customErrorConfigurations=array(anything()),
            firewallPolicy=ref("Microsoft.Network/firewallPolicies"),
            hostNames=array(string()),
        )
    ),
    listeners=array(
        _part(
            frontendIPConfiguration=ref("Microsoft.Network/applicationGateways/frontendIPConfigurations"),
            frontendPort=ref("Microsoft.Network/applicationGateways/frontendPorts"),
            protocol=string("Http", "Https", "Tcp", "Tls"),
            sslCertificate=ref("Microsoft.Network/applicationGateways/sslCertificates"),
            sslProfile=ref("Microsoft.Network/applicationGateways/sslProfiles"),
            provisioningState=string(read_only=True),
            hostNames=array(string()),
        )
    ),
    sslProfiles=array(
        _part(
            trustedClientCertificates=array(ref("Microsoft.Network/applicationGateways/trustedClientCertificates")),
            sslPolicy=anything(),
            clientAuthConfiguration=anything(),
            provisioningState=string(read_only=True),
        )
    ),
    urlPathMaps=array(
        _part(
            defaultBackendAddressPool=anything(),
            defaultBackendHttpSettings=anything(),
            defaultRewriteRuleSet=anything(),
            defaultRedirectConfiguration=anything(),
            defaultLoadDistributionPolicy=anything(),
            pathRules=array(anything()),
            provisioningState=string(read_only=True),
        )
    ),
    requestRoutingRules=array(
        _part(
            ruleType=string("Basic", "PathBasedRouting"),
            priority=integer(1, 20000),
            backendAddressPool=ref("Microsoft.Network/applicationGateways/backendAddressPools"),
            backendHttpSettings=ref("Microsoft.Network/applicationGateways/backendHttpSettingsCollection"),
            httpListener=ref("Microsoft.Network/applicationGateways/httpListeners"),
            urlPathMap=ref("Microsoft.Network/applicationGateways/urlPathMaps"),
            rewriteRuleSet=ref("Microsoft.Network/applicationGateways/rewriteRuleSets"),
            redirectConfiguration=ref("Microsoft.Network/applicationGateways/redirectConfigurations"),
            loadDistributionPolicy=ref("Microsoft.Network/applicationGateways/loadDistributionPolicies"),
            entraJWTValidationConfig=ref("Microsoft.Network/applicationGateways/entraJWTValidationConfigs"),
            provisioningState=string(read_only=True),
        )
    ),
    routingRules=array(
        _part(
            ruleType=string("Basic", "PathBasedRouting"),
            priority=integer(1, 20000, required=True),
            backendAddressPool=ref("Microsoft.Network/applicationGateways/backendAddressPools"),
            backendSettings=anything(),
            listener=ref("Microsoft.Network/applicationGateways/listeners"),
            provisioningState=string(read_only=True),
        )
    ),
    rewriteRuleSets=array(
        obj(
            properties=obj(rewriteRules=array(anything()), provisioningState=string(read_only=True)),
            name=string(),
            etag=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    redirectConfigurations=array(
        _part(
            redirectType=string("Permanent", "Found", "SeeOther", "Temporary"),
            targetListener=anything(),
            targetUrl=string(),
            includePath=boolean(),
            includeQueryString=boolean(),
            requestRoutingRules=array(ref("Microsoft.Network/applicationGateways/requestRoutingRules")),
            urlPathMaps=array(ref("Microsoft.Network/applicationGateways/urlPathMaps")),
            pathRules=array(obj(id=string())),
        )
    ),
    webApplicationFirewallConfiguration=obj(
        enabled=boolean(required=True),
        firewallMode=string("Detection", "Prevention", required=True),
        ruleSetType=string(required=True),
        ruleSetVersion=string(required=True),
        disabledRuleGroups=array(obj(ruleGroupName=string(required=True), rules=array(integer()))),
        requestBodyCheck=boolean(),
        maxRequestBodySize=integer(8, 128),
        maxRequestBodySizeInKb=integer(8, 128),
        fileUploadLimitInMb=integer(0),
        exclusions=array(
            obj(matchVariable=string(required=True), selectorMatchOperator=string(required=True), selector=string(required=True))
        ),
    ),
    firewallPolicy=ref("Microsoft.Network/firewallPolicies"),
    enableHttp2=boolean(),
    enableFips=boolean(),
    autoscaleConfiguration=obj(minCapacity=integer(0, required=True), maxCapacity=integer(2)),
    privateLinkConfigurations=array(_part(ipConfigurations=array(anything()), provisioningState=string(read_only=True))),
    privateEndpointConnections=array(anything(), read_only=True),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
    customErrorConfigurations=array(
        obj(
            statusCode=string(
                "HttpStatus400",
                "HttpStatus403",
                "HttpStatus404",
                "HttpStatus405",
                "HttpStatus408",
                "HttpStatus500",
                "HttpStatus502",
                "HttpStatus503",
                "HttpStatus504",
            ),
            customErrorPageUrl=string(),
        )
    ),
    forceFirewallPolicyAssociation=boolean(),
    loadDistributionPolicies=array(
        _part(
            loadDistributionTargets=array(anything()),
            loadDistributionAlgorithm=string("RoundRobin", "LeastConnections", "IpHash"),
            provisioningState=string(read_only=True),
        )
    ),
    entraJWTValidationConfigs=array(
        obj(
            properties=obj(
                unAuthorizedRequestAction=string("Deny", "Allow"),
                tenantId=string(),
                clientId=string(),
                audiences=array(string()),
                provisioningState=string(read_only=True),
            ),
            name=string(),
            etag=string(read_only=True),
            id=string(read_only=True),
        )
    ),
    globalConfiguration=obj(enableRequestBuffering=boolean(), enableResponseBuffering=boolean()),
    defaultPredefinedSslPolicy=string(read_only=True),
)

TYPE = standing(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    ("gatewayIPConfigurations", "frontendIPConfigurations"),
    lacks="nothing listens at its frontends yet",
)
