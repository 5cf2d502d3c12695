"""The base ruleset of each role of namespace: what a packet may do there before any object is added.

Written to be read; ``nft list ruleset`` in the namespace prints the same with these comments. Interfaces: ``n*`` are
machines' NICs, ``up`` is the uplink in a router, ``u-*`` are the uplinks' other ends in ``services``, ``p*`` lead to the
routers of peered networks, ``h*`` over those to the appliances behind them. Addresses come from ``net.plan``. Spoofed sources
never get this far: strict reverse-path filtering (RFC 3704) drops them on every link over which a machine's packet comes in
(``n*``, ``p*``, ``u-*``). That and forwarding are set for each link when it comes up (``rtnetlink.link_up``), so
``net.ipv4.ip_forward`` itself stays as it is.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import cache

from cloister.drivers.linux import expressions as ex
from cloister.drivers.linux import nftables as nft
from cloister.drivers.linux.expressions import ACCEPT, DROP
from cloister.drivers.linux.netlink import Message
from cloister.drivers.linux.nftables import Chain, Rule, Set
from cloister.net import plan

NICS, UPLINK, UPLINKS, PEERS, HOPS = "n*", "up", "u-*", "p*", "h*"
UPLINKS_OF_NETWORKS, UPLINK_OF_INTERNET = "u-vnet-*", "u-internet"
FORWARDS = "forwards"  # address . port of an approved endpoint -> address . port in services
IDENTITIES = "identities"  # the same key -> the source that the service sees
ENDPOINTS = "endpoints"  # addresses of endpoints, approved or not
OUTBOUND_SUBNETS = "outbound_subnets"  # subnets with default outbound access
SOURCES = "sources"  # a machine's address -> the first of the public addresses that it leaves with, for those who have any
POOLS = "pools"  # a machine's address . a number below POOL_SLOTS -> the one to leave with
PUBLICATIONS = "publications"  # a public address -> the machine that is reached by it
IDLE_OUT = "idle_out"  # a machine's address -> when an idle connection that leaves by one of these is forgotten
IDLE_IN = "idle_in"  # a public address -> when one that came in by it is
POOL_SLOTS = 16  # a NAT gateway has so many addresses at most
SERVICE_SOURCES = "service_sources"  # a machine's address . a service's /24 -> its subnet's identity
OVERRIDDEN = "overridden"  # interface . endpoint's address that a user-defined route leads elsewhere
APPLIANCES = "appliances"  # the address of an appliance here -> the mark, and table, that leads to it
OUTBOUND = "outbound"  # the chain with the network's one public source address
SENT = 1  # the mark of what a machine sent: without it the check of sources would follow user-defined routes too
TCP, UDP = socket.IPPROTO_TCP, socket.IPPROTO_UDP
_SERVICES, _HOST = str(plan.SERVICES), sorted(plan.HOST_ADDRESSES)
_DNS_PORT, _HTTP_PORT = 53, plan.HTTP_PORT
_INTERNET = str(plan.INTERNET)

_from_nic = ex.incoming(NICS)
_to_nic = ex.outgoing(NICS)
_to_uplink = ex.outgoing(UPLINK)
_from_uplink = ex.incoming(UPLINK)
_from_peer = ex.incoming(PEERS)
_to_peer = ex.outgoing(PEERS)
_by_hop = _from_peer + ex.from_hop()


def _port(protocol: int, number: int) -> bytes:
    return ex.protocol(protocol) + ex.to_port(number)


def _outside(way: bytes) -> tuple[Rule, ...]:
    """What is open to those who come this way: the public services, and the machines and public addresses of the internet."""
    return (*_public_services(way), Rule("the cloud's internet", way + ex.destination(_INTERNET) + ex.verdict(ACCEPT)))


def _public_services(way: bytes) -> tuple[Rule, ...]:
    """What of the services range is open to those who come this way: 443, the public DNS, and HTTP to what is allowed outside."""
    dns = ex.destination(str(plan.PUBLIC_DNS))
    allowed = ex.destination(str(plan.ALLOWED_NAMES))
    accept = ex.verdict(ACCEPT)
    return (
        Rule("the cloud's public addresses", way + ex.destination(_SERVICES) + _port(TCP, plan.EDGE_PORT) + accept),
        Rule("names that the operator allows", way + allowed + _port(TCP, _HTTP_PORT) + accept),
        Rule("public DNS", way + dns + _port(UDP, _DNS_PORT) + accept),
        Rule("public DNS", way + dns + _port(TCP, _DNS_PORT) + accept),
    )


_new_tcp = ex.state(ex.NEW) + ex.protocol(TCP)
_public = ex.from_prefix(_INTERNET) + ex.destination(_INTERNET) + ex.verdict(ACCEPT)


@dataclass(frozen=True)
class Ruleset:
    """A role's sets and chains, and the sysctls (below /proc/sys/net) that go with them."""

    sets: tuple[Set, ...]
    chains: tuple[Chain, ...]
    sysctls: tuple[tuple[str, str], ...]


NO_IPV6 = ("ipv6/conf/all/disable_ipv6", "1")
# A packet that is passed on belongs to no connection of the router's own: to look for one costs each packet something
# (kernel.org/doc/html/latest/networking/ip-sysctl.html, ip_early_demux).
NO_EARLY_DEMUX = ("ipv4/ip_early_demux", "0")

SERVICES = Ruleset(
    sets=(),
    chains=(
        Chain(
            "input",
            (
                *_public_services(b""),  # whatever way it came: there are none but uplinks and lo
                Rule("services among themselves", ex.incoming("lo") + ex.verdict(ACCEPT)),
            ),
            hook=ex.INPUT,
            policy=DROP,
        ),
        Chain(
            "forward",
            (
                Rule("from a network to public addresses", ex.incoming(UPLINKS_OF_NETWORKS) + ex.outgoing(UPLINKS) + _public),
                Rule("from the internet likewise", ex.incoming(UPLINK_OF_INTERNET) + ex.outgoing(UPLINKS_OF_NETWORKS) + _public),
            ),
            hook=ex.FORWARD,
            policy=DROP,
        ),
    ),
    sysctls=(
        NO_IPV6,
        # What a network sends to a public address of its own goes out where it came in: no better way is to be told.
        ("ipv4/conf/all/send_redirects", "0"),
        ("ipv4/conf/default/send_redirects", "0"),
    ),
)

# No connection tracking: nothing is translated here. What comes over the uplink has passed its sender's router and services.
INTERNET = Ruleset(
    sets=(),
    chains=(
        Chain(
            "forward",
            (
                Rule("machines of the internet reach each other", _from_nic + _to_nic + ex.verdict(ACCEPT)),
                *_outside(_from_nic + _to_uplink),
                Rule("answers of services, and networks' machines", _from_uplink + _to_nic + ex.verdict(ACCEPT)),
            ),
            hook=ex.FORWARD,
            policy=DROP,
        ),
        Chain("input", (), hook=ex.INPUT, policy=DROP),
    ),
    sysctls=(NO_IPV6, NO_EARLY_DEMUX),
)

VNET = Ruleset(
    sets=(
        Set(FORWARDS, nft.ADDRESS_PORT, nft.ADDRESS_PORT),
        Set(IDENTITIES, nft.ADDRESS_PORT, nft.ADDRESS),
        Set(ENDPOINTS, nft.ADDRESS),
        Set(OUTBOUND_SUBNETS, nft.ADDRESS, interval=True),
        Set(OVERRIDDEN, nft.INDEX_ADDRESS),
        Set(APPLIANCES, nft.ADDRESS, nft.MARK),
        Set(SOURCES, nft.ADDRESS, nft.ADDRESS),
        Set(POOLS, nft.ADDRESS_NUMBER, nft.ADDRESS),
        Set(PUBLICATIONS, nft.ADDRESS, nft.ADDRESS),
        Set(IDLE_OUT, nft.ADDRESS, object_type=nft.TIMEOUT),
        Set(IDLE_IN, nft.ADDRESS, object_type=nft.TIMEOUT),
        Set(SERVICE_SOURCES, nft.TWO_ADDRESSES, nft.ADDRESS),
    ),
    chains=(
        Chain(
            "prerouting",
            (
                Rule("approved endpoints", _from_nic + ex.dnat_by(FORWARDS)),
                Rule("approved endpoints, from a peered network", _from_peer + ex.dnat_by(FORWARDS)),
                Rule("public addresses of machines", _from_uplink + ex.dnat_to_machine(PUBLICATIONS)),
                # asked once for each connection; what belongs to none gets no further than the chains below
                Rule("nothing else begins outside", _from_uplink + ex.verdict(DROP)),
            ),
            hook=ex.PREROUTING,
            type="nat",
            priority=-100,
        ),
        Chain(OUTBOUND),
        Chain(
            "postrouting",
            (
                Rule("the endpoint's identity as source", _to_uplink + ex.translated() + ex.snat_by(IDENTITIES)),
                Rule("an endpoint without identity", _to_uplink + ex.translated() + ex.verdict(DROP)),
                Rule("service endpoints", _to_uplink + ex.snat_by_service(SERVICE_SOURCES)),
                Rule("a NAT gateway, or its own public address", _to_uplink + ex.snat_in_turn(POOLS, POOL_SLOTS)),
                Rule("never by default for those who have one", _to_uplink + ex.snat_by_source(SOURCES)),
                Rule("default outbound access", _to_uplink + ex.source_in(OUTBOUND_SUBNETS) + ex.verdict(ACCEPT, chain=OUTBOUND)),
                Rule("no private source leaves the network", _to_uplink + ex.verdict(DROP)),
            ),
            hook=ex.POSTROUTING,
            type="nat",
            priority=100,
        ),
        Chain(
            "forward",
            (
                Rule("what is open", ex.state(ex.ESTABLISHED | ex.RELATED) + ex.verdict(ACCEPT)),
                Rule("approved endpoints", _from_nic + _to_uplink + ex.translated() + ex.verdict(ACCEPT)),
                Rule("idle time of what leaves", _from_nic + _to_uplink + _new_tcp + ex.object_of_source_in(IDLE_OUT)),
                Rule("of what comes in", _from_uplink + _to_nic + _new_tcp + ex.object_of_original_in(IDLE_IN)),
                Rule("machines of one network", _from_nic + _to_nic + ex.verdict(ACCEPT)),
                Rule("to a peered network", _from_nic + _to_peer + ex.verdict(ACCEPT)),
                Rule("to an appliance in a peered network", _from_nic + ex.outgoing(HOPS) + ex.verdict(ACCEPT)),
                Rule("from a peered network, never on to a third", _from_peer + _to_nic + ex.verdict(ACCEPT)),
                Rule("from a peered network", _from_peer + _to_uplink + ex.translated() + ex.verdict(ACCEPT)),
                Rule("by a public address", _from_uplink + _to_nic + ex.translated() + ex.verdict(ACCEPT)),
                Rule("a connection that is forgotten", _from_nic + _to_uplink + ex.state(ex.INVALID) + ex.tcp_reset()),
                *_outside(_from_nic + _to_uplink + ex.source_in(OUTBOUND_SUBNETS)),
                *_outside(_from_nic + _to_uplink + ex.with_source_in(SOURCES)),
                *_public_services(_from_nic + _to_uplink + ex.with_service_in(SERVICE_SOURCES)),
            ),
            hook=ex.FORWARD,
            policy=DROP,
        ),
        Chain(
            "input",
            (
                Rule(
                    "the network's resolver",
                    _from_nic + ex.destination(str(plan.AZURE_DNS)) + _port(UDP, _DNS_PORT) + ex.verdict(ACCEPT),
                ),
                Rule(
                    "the network's resolver",
                    _from_nic + ex.destination(str(plan.AZURE_DNS)) + _port(TCP, _DNS_PORT) + ex.verdict(ACCEPT),
                ),
                Rule(
                    "the metadata service",
                    _from_nic + ex.destination(str(plan.INSTANCE_METADATA)) + _port(TCP, _HTTP_PORT) + ex.verdict(ACCEPT),
                ),
                Rule(
                    "a connection that a withdrawn endpoint carried",
                    _from_nic + ex.destination_in(ENDPOINTS) + ex.state(ex.INVALID) + ex.tcp_reset(),
                ),
                Rule(
                    "likewise from a peered network",
                    _from_peer + ex.destination_in(ENDPOINTS) + ex.state(ex.INVALID) + ex.tcp_reset(),
                ),
            ),
            hook=ex.INPUT,
            policy=DROP,
        ),
    ),
    sysctls=(
        NO_IPV6,
        NO_EARLY_DEMUX,
        # A segment of a connection that is not tracked (any more) is invalid, not the start of a new one: it is reset.
        ("netfilter/nf_conntrack_tcp_loose", "0"),
        # A segment outside the window stays part of its connection: as invalid it would be reset by the rule above.
        ("netfilter/nf_conntrack_tcp_be_liberal", "1"),
        # nat-gateway-resource: the idle timeout of UDP is 4 minutes and not configurable.
        ("netfilter/nf_conntrack_udp_timeout", "240"),
        ("netfilter/nf_conntrack_udp_timeout_stream", "240"),
    ),
)

MARKING = (
    Chain(
        "routed",
        (
            *(Rule("nobody sends as the host", _from_nic + ex.from_address(str(host)) + ex.verdict(DROP)) for host in _HOST),
            Rule("user-defined routes are for what machines send", _from_nic + ex.marked(SENT)),
            Rule("a user-defined route leads away from the endpoint", ex.untracked_by(OVERRIDDEN)),
            Rule("a peered network's route leads to an appliance here", _by_hop + ex.marked_by_hop(APPLIANCES)),
            Rule("there is none", _by_hop + ex.unmarked() + ex.verdict(DROP)),
            Rule("likewise away from the endpoint", _by_hop + ex.destination_in(ENDPOINTS) + ex.untracked()),
        ),
        hook=ex.PREROUTING,
        priority=-300,
    ),
    Chain(
        "unmarked",
        (Rule("what goes to an endpoint has been routed", _from_nic + ex.translated() + ex.onward() + ex.marked(0)),),
        hook=ex.PREROUTING,
        priority=-90,
    ),
)
"""More chains of a network with user-defined routes, peerings or machines that forward. Each costs every packet something."""

MACHINE = Ruleset(sets=(), chains=(), sysctls=(NO_IPV6,))

ROLES = {"services": SERVICES, "internet": INTERNET, "vnet": VNET, "machine": MACHINE}


@cache
def base(role: str) -> tuple[Message, ...]:
    """The batch that makes a role's ruleset, whatever part of it is there; () for one without. Raises KeyError."""
    rules = ROLES[role]
    return tuple(nft.ruleset(role, rules.sets, rules.chains)) if rules.chains else ()


@cache
def marking() -> tuple[Message, ...]:
    """The batch that adds ``MARKING`` to a network's base, whatever part of it is there."""
    return tuple(nft.chains_new(MARKING))


def outbound(address: str) -> list[Message]:
    """What makes ``address`` the public source of a network's default outbound access; "" for none."""
    messages = [nft.chain_flush(OUTBOUND)]
    if address:
        messages.append(nft.rule_new(OUTBOUND, Rule("the network's public address", ex.snat_to(address))))
    return messages
