"""The address plan: which range holds what. The only place where these numbers stand.

The public internet of this cloud is 198.18.0.0/15 (RFC 2544, a range no real host has): 198.18.0.0/16 for
machines and public addresses, 198.19.0.0/16 for the cloud's services. 100.64.0.0/10 (RFC 6598) holds the
identities of private endpoints: the source a service sees. None of these is ever routed on the host.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

INTERNET = IPv4Network("198.18.0.0/16")
SERVICES = IPv4Network("198.19.0.0/16")
IDENTITIES = IPv4Network("100.64.0.0/10")

SUBNET_IDENTITIES = IPv4Network("100.127.0.0/16")  # the sources of subnets with service endpoints; endpoints count from below

INTERNET_GATEWAY = IPv4Address("198.18.0.1")
INTERNET_MACHINES = IPv4Network("198.18.0.0/18")  # .0.4 onward: machines of `exec --from internet`
PUBLIC_ADDRESSES = IPv4Network("198.18.64.0/18")  # publicIPAddresses
OUTBOUND_ADDRESSES = IPv4Network("198.18.128.0/17")  # one per VNet: default outbound access

AZURE_DNS = IPv4Address("168.63.129.16")  # the resolver inside every VNet
INSTANCE_METADATA = IPv4Address("169.254.169.254")  # the metadata service inside every VNet
HOST_ADDRESSES = frozenset({AZURE_DNS, INSTANCE_METADATA})  # the host's own: only rules by their own tags apply, no routes
PUBLIC_DNS = IPv4Address("198.19.0.53")  # the resolver of the internet
RESOURCE_MANAGER = IPv4Address("198.19.0.4")
LOGIN = IPv4Address("198.19.0.5")
PORTAL = IPv4Address("198.19.0.6")
EDGE_PORT = 443
HTTP_PORT = 80
ALLOWED_NAMES = IPv4Network("198.19.127.0/24")  # names of the real internet that the operator allows; EDGE_PORT and HTTP_PORT
LINK_SLOTS = IPv4Network("198.19.128.0/17")  # one for each port of a private link service, at EDGE_PORT

UPLINK_SERVICES_SIDE = IPv4Address("169.254.0.1")
UPLINK_NETWORK_SIDE = IPv4Address("169.254.0.2")
UPLINK_PEER_SIDE = IPv4Address("169.254.0.3")  # the other router, on the link between two peered networks

# The third octet of a service's public addresses; the fourth is the region's place in REGIONS, plus one.
SERVICE_OCTETS = {
    "machinelearning": 16,
    "notebooks": 17,
    "inference": 18,
    "storage": 20,
    "keyvault": 24,
    "containerregistry": 28,
    "containerservice": 32,
    "synapse": 36,
    "datafactory": 40,
    "monitor": 44,
    "sql": 48,
    "documentdb": 52,
    "web": 56,
    "messaging": 60,
    "cognitiveservices": 64,
    "search": 68,
    "mysql": 72,
    "postgresql": 76,
    "digitaltwins": 80,
    "databricks": 84,
    "apimanagement": 88,
    "grafana": 92,
    "redis": 96,
    "recoveryservices": 100,
}

REGIONS = (
    "eastus", "eastus2", "westus", "westus2", "westus3", "centralus", "northcentralus", "southcentralus",
    "westcentralus", "canadacentral", "canadaeast", "brazilsouth", "northeurope", "westeurope", "uksouth", "ukwest",
    "francecentral", "germanywestcentral", "switzerlandnorth", "norwayeast", "swedencentral", "polandcentral",
    "italynorth", "spaincentral", "uaenorth", "southafricanorth", "centralindia", "southindia", "japaneast",
    "japanwest", "koreacentral", "southeastasia", "eastasia", "australiaeast", "australiasoutheast", "qatarcentral",
    "israelcentral", "mexicocentral", "newzealandnorth",
)  # fmt: skip


def normal_region(location: str) -> str:
    """A location as Azure compares it: ``East US 2`` and ``eastus2`` are one."""
    return location.replace(" ", "").lower()


def service_address(service: str, region: str) -> str:
    """The public address of a service in a region; an unknown region shares one address, 254."""
    name = normal_region(region)
    last = REGIONS.index(name) + 1 if name in REGIONS else 254
    return f"198.19.{SERVICE_OCTETS[service]}.{last}"


def identity_address(number: int) -> str:
    """The identity of the endpoint with this number (1 to 4,194,302)."""
    return str(IDENTITIES[number])


def link_slot(number: int) -> str:
    """Where endpoints lead for one port of a private link service (1 to 32,766)."""
    return str(LINK_SLOTS[number])


def allowed_address(number: int) -> str:
    """Where a name leads that the operator allows (1 to 254)."""
    return str(ALLOWED_NAMES[number])


def subnet_identity(number: int) -> str:
    """What a service with a service endpoint sees of the subnet with this number (1 to 65,534)."""
    return str(SUBNET_IDENTITIES[number])


def service_prefix(service: str) -> str:
    """All public addresses of a service."""
    return f"198.19.{SERVICE_OCTETS[service]}.0/24"


def outbound_address(network_number: int) -> str:
    """The public source of a VNet's default outbound access, by the VNet's number (1 to 32,766)."""
    return str(OUTBOUND_ADDRESSES[network_number])


def is_public_range(address: str) -> bool:
    """Whether an address lies in this cloud's internet, which counts as public although it is reserved."""
    ip = IPv4Address(address)
    return ip in INTERNET or ip in SERVICES
