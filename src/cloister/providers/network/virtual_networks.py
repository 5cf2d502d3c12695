"""Microsoft.Network/virtualNetworks: an address space of its own, a router, and the name servers its machines use."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from cloister.arm.errors import Problem
from cloister.arm.ids import key
from cloister.arm.resource import Action, Call, Change, Outcome, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, boolean, integer, obj, ref, string
from cloister.limits import DNS_SERVERS_PER_VNET_MAX, VNETS_MAX
from cloister.net.intent import Network
from cloister.net.plan import normal_region
from cloister.providers.network import addresses, peering_rules, prefixes
from cloister.providers.network.peering_rules import PEERINGS, address_space
from cloister.providers.network.prefixes import overlap
from cloister.providers.network.versions import API_VERSIONS

NAME = "Microsoft.Network/virtualNetworks"
SUBNETS = f"{NAME}/subnets"
RESOLVERS = "Microsoft.Network/dnsResolvers"
RULESET_LINKS = "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks"
DOCKER = IPv4Network("172.17.0.0/16")
"""The range of Docker's bridge on compute: a workspace's network should not use it (how-to-secure-training-vnet)."""

PROPERTIES = obj(
    addressSpace=obj(addressPrefixes=array(string(), required=True), ipamPoolPrefixAllocations=array(anything()), required=True),
    dhcpOptions=obj(dnsServers=array(string())),
    subnets=array(anything()),
    virtualNetworkPeerings=array(anything()),
    enableDdosProtection=boolean(default=False),
    enableVmProtection=boolean(),
    ddosProtectionPlan=ref("Microsoft.Network/ddosProtectionPlans"),
    flowTimeoutInMinutes=integer(4, 30),
    bgpCommunities=obj(virtualNetworkCommunity=string(required=True), regionalCommunity=string(read_only=True)),
    encryption=obj(enabled=boolean(required=True), enforcement=string("DropUnencrypted", "AllowUnencrypted")),
    privateEndpointVNetPolicies=string("Disabled", "Basic"),
    ipAllocations=array(anything()),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
    flowLogs=array(anything(), read_only=True),
    defaultPublicNatGateway=anything(read_only=True),
)


def dns_servers(vnet: Row) -> tuple[str, ...]:
    """The network's own name servers, in order; empty means 168.63.129.16."""
    return tuple((vnet.properties.get("dhcpOptions") or {}).get("dnsServers") or ())


def check(change: Change, view: View) -> Iterator[Problem]:
    """Prefixes, what uses a prefix that would go, name servers, and Azure's limits."""
    row = change.row
    texts = (row.properties.get("addressSpace") or {}).get("addressPrefixes")
    if not texts:
        yield Problem(
            "InvalidAddressSpace",
            "properties.addressSpace.addressPrefixes",
            f"cannot make virtual network '{row.name}' without an address space; give a prefix, such as '10.0.0.0/16'.",
        )
        return
    yield from prefixes.space_problems(texts, row.id, "properties.addressSpace.addressPrefixes")
    yield from _used_prefixes(change, view)
    yield from peering_rules.space_problems(row, view)
    servers = dns_servers(row)
    for n, text in enumerate(servers):
        if prefixes.address(text) is None:
            yield Problem(
                "InvalidDnsServerIpAddress",
                f"properties.dhcpOptions.dnsServers[{n}]",
                f"cannot use the name server '{text}' in '{row.name}': it is no IPv4 address; write for example '10.0.0.4'.",
            )
    if len(servers) > DNS_SERVERS_PER_VNET_MAX:
        yield Problem(
            "DnsServersPerVnetLimitReached",
            "properties.dhcpOptions.dnsServers",
            f"cannot give '{row.name}' {len(servers)} name servers: the limit is {DNS_SERVERS_PER_VNET_MAX}; remove some.",
        )
    if change.old is None and sum(key(other.id) != key(row.id) for other in view.of_type(NAME)) >= VNETS_MAX:
        yield Problem(
            "VnetCountLimitReached",
            "",
            f"cannot make virtual network '{row.name}': the limit is {VNETS_MAX} networks; delete one that is not used.",
        )


def _used_prefixes(change: Change, view: View) -> Iterator[Problem]:
    """Subnets that lie in a prefix that would go; one that never lay inside is refused as a subnet, not here."""
    if change.old is None:
        return
    before, space = address_space(change.old), address_space(change.row)
    for subnet in view.children(change.row.id, SUBNETS):
        for prefix in addresses.subnet_prefixes(subnet):
            if prefixes.inside(prefix, before) and not prefixes.inside(prefix, space):
                yield Problem(
                    "InUsePrefixCannotBeDeleted",
                    "properties.addressSpace.addressPrefixes",
                    f"cannot take the prefix around {prefix} from virtual network '{change.row.name}': subnet '{subnet.name}' "
                    "lies in it; keep the prefix, or delete the subnet first.",
                )


def settle(change: Change, view: View) -> Row:
    """The network's number (its namespace and outbound address) and guid, for life; whom it is peered with.

    The latter only makes the other networks' halves look again when one of this network is made or deleted.
    """
    facts = {**(change.old.facts if change.old else {}), **change.row.facts}
    if "number" not in facts:
        facts["number"] = view.number("network")
        facts["guid"] = view.new_id(f"{change.row.id} resourceGuid {facts['number']}")
    if change.written is not None and any(overlap(prefix, DOCKER) for prefix in address_space(change.row)):
        view.note(
            f"{NAME}/write", change.row.id, f"'{change.row.name}' overlaps {DOCKER}: Docker's own network on compute uses it"
        )
    facts["peers"] = sorted(key(peering_rules.remote_id(half)) for half in view.children(change.row.id, PEERINGS))
    return change.row.with_facts(**facts)


def realize(row: Row, view: View) -> Iterator[Network]:
    """The router of the network."""
    yield Network(
        owner=row.id,
        number=row.facts["number"],
        prefixes=tuple(str(prefix) for prefix in address_space(row) if isinstance(prefix, IPv4Network)),
        dns_servers=dns_servers(row),
        region=normal_region(row.body.get("location") or ""),
    )


def show(row: Row, view: View, api_version: str) -> dict:
    """resourceGuid, and the arrays that Azure always shows."""
    return {"resourceGuid": row.facts.get("guid", "")}


def check_address(call: Call, view: View) -> Outcome:
    """GET .../CheckIPAddressAvailability?ipAddress=: whether it is free, and up to five that are."""
    text = next((value for name, value in call.query.items() if name.lower() == "ipaddress"), "")
    wanted = prefixes.address(text)
    for subnet in view.children(call.row.id, SUBNETS):
        home = next((prefix for prefix in addresses.subnet_prefixes(subnet) if wanted is not None and wanted in prefix), None)
        if home is None:
            continue
        available = addresses.wish_problem(text, subnet, view, "", "ipAddress") is None
        body: dict = {"available": available, "isPlatformReserved": int(wanted or 0) - int(home.network_address) < 4}
        if not available:
            source = addresses.free(subnet, view)
            body["availableIPAddresses"] = [address for _, address in zip(range(5), source, strict=False)]
        return Outcome(body=body)
    return Outcome(body={"available": False, "availableIPAddresses": []})


def list_resolvers(call: Call, view: View) -> Outcome:
    """POST listDnsResolvers: the private resolvers of the network."""
    found = [one for one in view.referring(call.row.id, RESOLVERS) if _names(one, call.row)]
    return Outcome(body={"value": [{"id": one.id} for one in found]})


def list_rulesets(call: Call, view: View) -> Outcome:
    """POST listDnsForwardingRulesets: the rulesets whose rules hold for the network, each with the link that says so."""
    links = [one for one in view.referring(call.row.id, RULESET_LINKS) if _names(one, call.row)]
    value = [{"id": link.id.rsplit("/", 2)[0], "properties": {"virtualNetworkLink": {"id": link.id}}} for link in links]
    return Outcome(body={"value": value})


def _names(row: Row, network: Row) -> bool:
    return key((row.properties.get("virtualNetwork") or {}).get("id") or "") == key(network.id)


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced("IPv4 only; DDoS protection and encryption are stored"),
    properties=PROPERTIES,
    check=check,
    settle=settle,
    realize=realize,
    show=show,
    actions={
        "CheckIPAddressAvailability": Action(run=check_address, permission=f"{NAME}/read", method="GET"),
        "listDnsResolvers": Action(run=list_resolvers),
        "listDnsForwardingRulesets": Action(run=list_rulesets),
    },
    inline={"subnets": "subnets", "virtualNetworkPeerings": "virtualNetworkPeerings"},
    in_use_code="InUseSubnetCannotBeDeleted",
)
