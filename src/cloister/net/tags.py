"""What a security rule's addresses mean: prefixes, addresses, service tags, as ranges of numbers. Pure and shared.

A range is ``(first, last)``, both inclusive; a set of ranges is sorted, disjoint and merged. Two tags depend on where they are
read: ``VirtualNetwork`` is the network's own prefixes, those of peered networks, the host's 168.63.129.16 and the "address
prefixes used on user-defined routes" of the subnet; ``Internet`` is
what is left of the public addresses. The tag of a service is its addresses in ``net.plan``, one of them with ``.<region>``; of
a service that Azure has and this cloud has not, it is empty, and truly so: no packet goes there.

Source: learn.microsoft.com/azure/virtual-network/service-tags-overview ("Available service tags"), and the ranges that Azure's
effective security rules show for the tag Internet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

from cloister.net import plan

Range = tuple[int, int]
Ranges = tuple[Range, ...]

TOP = 2**32 - 1
ALL_ADDRESSES: Ranges = ((0, TOP),)
ALL_PORTS: Ranges = ((0, 65535),)

PLATFORM_TAGS = frozenset({"azureplatformdns", "azureplatformimds", "azureplatformlkm"})
"""The tags through which alone rules apply to the host's own addresses (168.63.129.16, 169.254.169.254)."""

TAGS = frozenset(
    tag.lower()
    for tag in (
        "ActionGroup", "ApiManagement", "ApplicationInsightsAvailability", "AppConfiguration", "AppService",
        "AppServiceManagement", "AutonomousDevelopmentPlatform", "AzureActiveDirectory", "AzureActiveDirectoryDomainServices",
        "AzureAdvancedThreatProtection", "AzureArcInfrastructure", "AzureAttestation", "AzureBackup", "AzureBotService",
        "AzureCloud", "AzureCognitiveSearch", "AzureConnectors", "AzureContainerAppsService", "AzureContainerRegistry",
        "AzureCosmosDB", "AzureDatabricks", "AzureDataExplorerManagement", "AzureDataLake", "AzureDeviceUpdate", "AzureDevOps",
        "AzureDevSpaces", "AzureDigitalTwins", "AzureEventGrid", "AzureFrontDoor.Frontend", "AzureFrontDoor.Backend",
        "AzureFrontDoor.FirstParty", "AzureFrontDoor.MicrosoftSecurity", "AzureHealthcareAPIs", "AzureInformationProtection",
        "AzureIoTHub", "AzureKeyVault", "AzureLoadBalancer", "AzureMachineLearning", "AzureMachineLearningInference",
        "AzureManagedGrafana", "AzureMonitor", "AzureOpenDatasets", "AzurePlatformDNS", "AzurePlatformIMDS", "AzurePlatformLKM",
        "AzureResourceManager", "AzureSecurityCenter", "AzureSentinel", "AzureSignalR", "AzureSiteRecovery", "AzureSphere",
        "AzureSpringCloud", "AzureStack", "AzureTrafficManager", "AzureUpdateDelivery", "AzureWebPubSub", "BatchNodeManagement",
        "ChaosStudio", "CognitiveServicesFrontend", "CognitiveServicesManagement", "DataFactory", "DataFactoryManagement",
        "Dynamics365ForMarketingEmail", "EOPExternalPublishedIPs", "EventHub", "GatewayManager", "GenevaActions",
        "GuestAndHybridManagement", "HDInsight", "Internet", "KustoAnalytics", "LogicApps", "LogicAppsManagement",
        "M365ManagementActivityApi", "Marketplace", "MicrosoftAzureFluidRelay", "MicrosoftCloudAppSecurity",
        "MicrosoftContainerRegistry", "MicrosoftDefenderForEndpoint", "MicrosoftPurviewPolicyDistribution", "OneDsCollector",
        "PowerBI", "PowerPlatformInfra", "PowerPlatformPlex", "PowerQueryOnline", "Scuba", "SerialConsole", "ServiceBus",
        "ServiceFabric", "Sql", "SqlManagement", "Storage", "StorageMover", "StorageSyncService", "VideoIndexer",
        "VirtualDesktop", "VirtualNetwork", "WindowsAdminCenter", "WindowsVirtualDesktop",
    )
)  # fmt: skip
"""Tag names in lower case; most may end in ``.<region>``."""

SERVICES_OF_TAG = {
    "azuremachinelearning": ("machinelearning", "notebooks", "inference"),
    "azuremachinelearninginference": ("inference",),
    "storage": ("storage",),
    "azurekeyvault": ("keyvault",),
    "azurecontainerregistry": ("containerregistry",),
    "datafactory": ("datafactory",),
    "azuremonitor": ("monitor",),
    "azurecloud": tuple(plan.SERVICE_OCTETS),
}
"""The services of ``plan.SERVICE_OCTETS`` behind each tag."""

_ADDRESSES_OF_TAG = {
    "azureresourcemanager": (str(plan.RESOURCE_MANAGER),),
    "azureactivedirectory": (str(plan.LOGIN),),
    "azurefrontdoor.frontend": (str(plan.PORTAL),),
    "azureloadbalancer": (str(plan.AZURE_DNS),),
    "azureplatformdns": (str(plan.AZURE_DNS),),
    "azureplatformimds": (str(plan.INSTANCE_METADATA),),
}

_NOT_INTERNET = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32", "172.16.0.0/12",
    "192.168.0.0/16", "224.0.0.0/3",
)  # fmt: skip


def is_tag(text: str) -> bool:
    """Whether a text is a service tag, with or without a region."""
    return _parts(text) is not None


def _parts(text: str) -> tuple[str, str] | None:
    """A tag's name and region, both in lower case; None for what is no tag."""
    lower = text.lower()
    if lower in TAGS:
        return lower, ""
    name, _, region = lower.rpartition(".")
    return (name, region) if name in TAGS and region in plan.REGIONS else None


def merged(ranges: Iterable[Range]) -> Ranges:
    """The same numbers as sorted ranges that neither overlap nor touch."""
    out: list[Range] = []
    for first, last in sorted(ranges):
        if out and first <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(last, out[-1][1]))
        else:
            out.append((first, last))
    return tuple(out)


def without(ranges: Ranges, out: Ranges) -> Ranges:
    """``ranges`` less ``out``."""
    left: list[Range] = []
    for first, last in ranges:
        for low, high in out:
            if high < first or low > last:
                continue
            if first < low:
                left.append((first, low - 1))
            first = high + 1
        if first <= last:
            left.append((first, last))
    return tuple(left)


@lru_cache(maxsize=65536)
def of_prefix(text: str) -> Range:
    """The addresses of a prefix or of one address. Raises ValueError."""
    network = IPv4Network(text, strict=False)
    return int(network.network_address), int(network.broadcast_address)


def virtual_network(prefixes: Iterable[str]) -> Ranges:
    """The tag VirtualNetwork where these are the prefixes of the network and of those peered with it."""
    return merged([*map(of_prefix, prefixes), of_prefix(str(plan.AZURE_DNS))])


def internet(prefixes: Iterable[str]) -> Ranges:
    """The tag Internet, likewise: all public addresses but those that the network has made its own."""
    return without(ALL_ADDRESSES, merged([*map(of_prefix, _NOT_INTERNET), *virtual_network(prefixes)]))


@lru_cache(maxsize=4096)
def resolve(text: str, prefixes: tuple[str, ...], routed: tuple[str, ...] = ()) -> Ranges:
    """The addresses that ``*``, an address, a prefix or a service tag means in a network of these prefixes.

    ``routed`` are the prefixes of user-defined routes where the rule applies, which VirtualNetwork means too.
    Raises ValueError ("cannot ...") for anything else: what is unknown must not silently match nothing.
    """
    if text == "*":
        return ALL_ADDRESSES
    parts = _parts(text)
    if parts is None:
        try:
            return (of_prefix(text),)
        except ValueError as error:
            raise ValueError(f"cannot tell which addresses '{text}' means: it is no prefix and no service tag") from error
    name, region = parts
    if name == "virtualnetwork":
        return virtual_network((*prefixes, *routed))
    if name == "internet":
        return internet(prefixes)
    if name == "azurecloud" and not region:  # names of the real internet stand among the services, and are none
        return without((of_prefix(str(plan.SERVICES)),), (of_prefix(str(plan.ALLOWED_NAMES)),))
    if name in _ADDRESSES_OF_TAG:
        return merged(map(of_prefix, _ADDRESSES_OF_TAG[name]))
    return merged(_service(service, region) for service in SERVICES_OF_TAG.get(name, ()))


def _service(service: str, region: str) -> Range:
    if region:
        return of_prefix(plan.service_address(service, region))
    return of_prefix(f"198.19.{plan.SERVICE_OCTETS[service]}.0/24")


def contains(ranges: Sequence[Range], number: int) -> bool:
    """Whether a number lies in one of the ranges."""
    return any(first <= number <= last for first, last in ranges)


def shown(ranges: Iterable[Range]) -> list[str]:
    """Address ranges as prefixes in CIDR notation, as effective rules list them."""
    out: list[str] = []
    for first, last in ranges:
        while first <= last:
            size = first & -first or 1 << 32
            while first + size - 1 > last:
                size >>= 1
            out.append(f"{IPv4Address(first)}/{33 - size.bit_length()}")
            first += size
    return out
