"""Microsoft.ContainerService/managedClusters: a cluster with its pools. Stored: no node is started.

Source: bicep types microsoft.containerservice 2025-05-01; azure-rest-api-specs managedClusters.json 2022-06-01; zones:
learn.microsoft.com/azure/aks/private-clusters
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from cloister.arm.ids import parse
from cloister.arm.resource import Action, Call, Change, Outcome, PrivateLinkGroup, Row, View
from cloister.arm.schema import anything, array, boolean, integer, obj, string
from cloister.net.intent import LinkedName
from cloister.net.plan import normal_region, service_address
from cloister.providers import private_link
from cloister.providers.containerservice.cluster_parts import POOL_PROPERTIES
from cloister.providers.containerservice.versions import API_VERSIONS
from cloister.providers.identity import USER_ASSIGNED as IDENTITIES
from cloister.providers.plain import plain

NAME = "Microsoft.ContainerService/managedClusters"

PROPERTIES = obj(
    provisioningState=string(read_only=True),
    powerState=anything(read_only=True),
    maxAgentPools=integer(read_only=True),
    kubernetesVersion=string(),
    currentKubernetesVersion=string(read_only=True),
    dnsPrefix=string(),
    fqdnSubdomain=string(),
    fqdn=string(read_only=True),
    privateFQDN=string(read_only=True),
    azurePortalFQDN=string(read_only=True),
    agentPoolProfiles=array(obj(POOL_PROPERTIES.members, name=string(required=True))),
    linuxProfile=obj(adminUsername=string(required=True), ssh=anything(required=True)),
    windowsProfile=obj(
        adminUsername=string(required=True),
        adminPassword=string(secret=True),
        licenseType=string("None", "Windows_Server"),
        enableCSIProxy=boolean(),
        gmsaProfile=anything(),
    ),
    servicePrincipalProfile=obj(clientId=string(required=True), secret=string(secret=True)),
    addonProfiles=anything(),
    podIdentityProfile=obj(
        enabled=boolean(),
        allowNetworkPluginKubenet=boolean(),
        userAssignedIdentities=array(anything()),
        userAssignedIdentityExceptions=array(anything()),
    ),
    oidcIssuerProfile=obj(issuerURL=string(read_only=True), enabled=boolean()),
    nodeResourceGroup=string(),
    nodeResourceGroupProfile=obj(restrictionLevel=string("Unrestricted", "ReadOnly")),
    enableRBAC=boolean(),
    supportPlan=string("KubernetesOfficial", "AKSLongTermSupport"),
    networkProfile=obj(
        networkPlugin=string("azure", "kubenet", "none"),
        networkPluginMode=string("overlay"),
        networkPolicy=string("none", "calico", "azure", "cilium"),
        networkMode=string("transparent", "bridge"),
        networkDataplane=string("azure", "cilium"),
        advancedNetworking=anything(),
        podCidr=string(),
        serviceCidr=string(),
        dnsServiceIP=string(),
        outboundType=string("loadBalancer", "userDefinedRouting", "managedNATGateway", "userAssignedNATGateway", "none"),
        loadBalancerSku=string("standard", "basic"),
        loadBalancerProfile=anything(),
        natGatewayProfile=anything(),
        staticEgressGatewayProfile=anything(),
        podCidrs=array(string()),
        serviceCidrs=array(string()),
        ipFamilies=array(string("IPv4", "IPv6")),
    ),
    aadProfile=obj(
        managed=boolean(),
        enableAzureRBAC=boolean(),
        adminGroupObjectIDs=array(string()),
        clientAppID=string(),
        serverAppID=string(),
        serverAppSecret=string(secret=True),
        tenantID=string(),
    ),
    autoUpgradeProfile=obj(
        upgradeChannel=string("rapid", "stable", "patch", "node-image", "none"),
        nodeOSUpgradeChannel=string("None", "Unmanaged", "NodeImage", "SecurityPatch"),
    ),
    upgradeSettings=obj(overrideSettings=anything()),
    autoScalerProfile=anything(),
    apiServerAccessProfile=obj(
        authorizedIPRanges=array(string()),
        enablePrivateCluster=boolean(),
        privateDNSZone=string(),
        enablePrivateClusterPublicFQDN=boolean(),
        disableRunCommand=boolean(),
        enableVnetIntegration=boolean(),
        subnetId=string(),
    ),
    diskEncryptionSetID=string(),
    identityProfile=anything(overridable=True),
    privateLinkResources=array(anything()),
    disableLocalAccounts=boolean(),
    httpProxyConfig=obj(httpProxy=string(), httpsProxy=string(), noProxy=array(string()), trustedCa=string()),
    securityProfile=obj(
        defender=anything(),
        azureKeyVaultKms=anything(),
        workloadIdentity=anything(),
        imageCleaner=anything(),
        customCATrustCertificates=array(anything()),
    ),
    storageProfile=obj(
        diskCSIDriver=anything(), fileCSIDriver=anything(), snapshotController=anything(), blobCSIDriver=anything()
    ),
    ingressProfile=obj(webAppRouting=anything()),
    publicNetworkAccess=string("Enabled", "Disabled"),
    workloadAutoScalerProfile=obj(keda=anything(), verticalPodAutoscaler=anything()),
    azureMonitorProfile=obj(metrics=anything()),
    serviceMeshProfile=obj(mode=string("Istio", "Disabled", required=True), istio=anything()),
    resourceUID=string(read_only=True),
    metricsProfile=obj(costAnalysis=anything()),
    nodeProvisioningProfile=obj(mode=string("Manual", "Auto"), defaultNodePools=string("None", "Auto")),
    bootstrapProfile=obj(artifactSource=string("Cache", "Direct"), containerRegistryId=string()),
    aiToolchainOperatorProfile=obj(enabled=boolean()),
    status=obj(provisioningError=anything(read_only=True)),
)


def _prefix(row: Row) -> str:
    return str(row.properties.get("dnsPrefix") or row.properties.get("fqdnSubdomain") or row.name).lower()


def is_private(row: Row) -> bool:
    """Whether the API server has only an address in a network."""
    profile = row.properties.get("apiServerAccessProfile")
    return isinstance(profile, dict) and profile.get("enablePrivateCluster") is True


def _region(row: Row) -> str:
    return normal_region(str(row.body.get("location") or ""))


def _label(row: Row) -> str:
    return f"{_prefix(row)}-{str(row.facts.get('uid', ''))[:8]}"


def linked_names(row: Row) -> tuple[LinkedName, ...]:
    """The API server's name; a cluster that is not private has none to make private."""
    if not is_private(row):
        return ()
    name = f"{_label(row)}.privatelink.{_region(row)}.azmk8s.io"
    return (LinkedName("management", name, name, service_address("containerservice", _region(row))),)


GROUPS = (
    PrivateLinkGroup(id="management", zones=("privatelink.{region}.azmk8s.io",), members=("management",), names=linked_names),
)


def settle(change: Change, view: View) -> Row:
    """Its own id, and the identity of its nodes."""
    if "uid" in change.row.facts:
        return change.row
    uid = view.new_id(f"{change.row.id} uid {view.now}").replace("-", "")
    return change.row.with_facts(uid=uid, kubelet=view.new_id(f"{change.row.id} kubelet {view.now}"))


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Its names, its node group and the identity of its nodes."""
    id = parse(row.id)
    group = row.properties.get("nodeResourceGroup") or f"MC_{id.resource_group}_{row.name}_{_region(row)}"[:80]
    identity = f"/subscriptions/{id.subscription}/resourceGroups/{group}/providers/{IDENTITIES}/{row.name}-agentpool"
    given = row.properties.get("identityProfile")
    kubelet = {"resourceId": identity, "clientId": row.facts["kubelet"], "objectId": row.facts["kubelet"]}
    out: dict[str, Any] = {
        "nodeResourceGroup": group,
        "resourceUID": row.facts["uid"],
        "identityProfile": {"kubeletidentity": kubelet, **(given if isinstance(given, dict) else {})},
        "powerState": {"code": "Running"},
        "maxAgentPools": 100,
        "currentKubernetesVersion": row.properties.get("kubernetesVersion") or "1.30",
    }
    if is_private(row):
        return {**out, "privateFQDN": linked_names(row)[0].fqdn}
    return {**out, "fqdn": f"{_label(row)}.hcp.{_region(row)}.azmk8s.io"}


def kubeconfig(row: Row, view: View) -> str:
    """A kubeconfig that names the API server; nothing answers there, so it carries no certificate."""
    seen = show(row, view, "")
    server = f"https://{seen.get('fqdn') or seen.get('privateFQDN')}:443"
    return f"apiVersion: v1\nkind: Config\nclusters:\n- name: {row.name}\n  cluster:\n    server: {server}\n"


def credentials(call: Call, view: View) -> Outcome:
    """POST listClusterUserCredential and its like: the kubeconfig."""
    text = kubeconfig(call.row, view)
    return Outcome(body={"kubeconfigs": [{"name": "clusterUser", "value": b64encode(text.encode()).decode()}]})


TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no node is started, nothing answers at its API server; pools of agentPoolProfiles are no rows of their own",
    show=show,
    private_link=GROUPS,
    actions={name: Action(run=credentials) for name in ("listClusterAdminCredential", "listClusterUserCredential")},
    settle=settle,
    delete_status=202,  # clients of the type take no 200
)

LINKS = private_link.child_types(NAME, API_VERSIONS)
