"""Intent -> the security rules of a network as numbers: one object, so that any change of them is one step.

Application security groups become the addresses of their members in this network, tags become ranges (``net/tags.py``), and
only groups that a subnet or a NIC names come in. A named group that is not there has no rules, and so lets nothing through.

Source: learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works (order, intra-subnet traffic),
network-security-groups-overview (rules, platform addresses), service-tags-overview (VirtualNetwork and user-defined routes),
private-link/disable-private-endpoint-network-policy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from cloister.net import tags
from cloister.net.desired import FilterChain, FilterPlace, FilterRule, Filters
from cloister.net.intent import Endpoint, Filter, Intent, Interface, Network, Peering, Rule, Subnet
from cloister.net.routes import routed_prefixes

PROTOCOLS = {"*": 0, "icmp": 1, "tcp": 6, "udp": 17, "esp": 50, "ah": 51}
OBEYING = ("Enabled", "NetworkSecurityGroupEnabled")
"""privateEndpointNetworkPolicies under which a subnet's endpoints obey its network security group."""

_Chain = tuple[str, tuple[str, ...]]  # a group's id in lower case, and the routed prefixes


def compile_filters(intents: Iterable[Intent]) -> Iterator[Filters]:
    """The one object of a network, or none where no subnet and no NIC names a network security group.

    A group is one chain for each set of routed prefixes that it meets: VirtualNetwork means another thing in each.
    """
    found = list(intents)
    networks = [i for i in found if isinstance(i, Network)]
    if not networks:
        return
    namespace = f"vnet-{networks[0].number}"
    chains: dict[_Chain, str] = {}
    places = tuple(_places(found, networks[0], chains))
    if not chains:
        return
    prefixes = reach(networks[0], found)
    groups = members(found)
    known = {i.owner.lower(): i for i in found if isinstance(i, Filter)}
    made = []
    for (key, routed), id in chains.items():
        rules, flush = (known[key].rules, known[key].flush) if key in known else ((), False)
        made.append(FilterChain(owner=id, rules=tuple(_rules(rules, prefixes, routed, groups)), flush=flush))
    held = Filters(owner=networks[0].owner, namespace=namespace, digest="", chains=tuple(made), places=places)
    yield msgspec.structs.replace(held, digest=hashlib.sha256(msgspec.msgpack.encode(held)).hexdigest()[:32])


def reach(network: Network, intents: Iterable[Intent]) -> tuple[str, ...]:
    """The prefixes that the tag VirtualNetwork means in ``network``: its own, and those of its peerings with access."""
    peered = (p.prefixes for p in intents if isinstance(p, Peering) and p.access and p.network.lower() == network.owner.lower())
    return (*network.prefixes, *sorted(prefix for prefixes in peered for prefix in prefixes))


def members(intents: Iterable[Intent]) -> dict[str, tags.Ranges]:
    """Application security group (id in lower case) -> the addresses of its members, endpoints where they obey groups."""
    known = list(intents)
    obeying = {i.owner.lower() for i in known if isinstance(i, Subnet) and i.endpoint_policies in OBEYING}
    found: dict[str, list[tags.Range]] = {}
    for intent in known:
        if isinstance(intent, Interface):
            addresses: tuple[str, ...] = (intent.address,)
        elif isinstance(intent, Endpoint) and intent.subnet.lower() in obeying:
            addresses = tuple(address for _, address in intent.addresses)
        else:
            continue
        for group in intent.groups:
            found.setdefault(group.lower(), []).extend(map(tags.of_prefix, addresses))
    return {group: tags.merged(ranges) for group, ranges in found.items()}


def _places(intents: list[Intent], network: Network, chains: dict[_Chain, str]) -> Iterator[FilterPlace]:
    """Where groups apply; ``chains`` takes up each group that is named, with the routed prefixes of the place."""
    subnets = {i.owner.lower(): i for i in intents if isinstance(i, Subnet)}

    def chain(id: str, home: Subnet | None) -> int:
        key = id.lower(), routed_prefixes(home, network.prefixes) if home else ()
        chains.setdefault(key, id)
        return list(chains).index(key)

    for intent in sorted((i for i in intents if isinstance(i, Subnet | Interface)), key=lambda i: (i.owner.lower(), str(i))):
        if isinstance(intent, Subnet):
            if intent.filter:
                number = chain(intent.filter, intent)
                yield FilterPlace(place="subnet", prefix=intent.prefix, chain=number)
                if intent.endpoint_policies in OBEYING:
                    yield FilterPlace(place="endpoint", prefix=intent.prefix, chain=number)
            continue
        home = subnets.get(intent.subnet.lower())
        if intent.number and intent.forwarding:
            link = f"n{intent.number}"
            yield FilterPlace(place="link", prefix=link, chain=-1)
            for place, id in (("nic-link", intent.filter), ("subnet-link", home.filter if home else "")):
                if id:
                    yield FilterPlace(place=place, prefix=link, chain=chain(id, home))
        elif intent.number and intent.filter:
            yield FilterPlace(place="nic", prefix=f"{intent.address}/32", chain=chain(intent.filter, home))


def _rules(
    rules: Iterable[Rule], prefixes: tuple[str, ...], routed: tuple[str, ...], groups: dict[str, tags.Ranges]
) -> Iterator[FilterRule]:
    for rule in rules:
        sources = _addresses(rule.sources, rule.source_groups, prefixes, routed, groups)
        destinations = _addresses(rule.destinations, rule.destination_groups, prefixes, routed, groups)
        if sources and destinations:  # one without members, or a service that this cloud has not: it matches nothing
            yield FilterRule(
                because=rule.because,
                inbound=rule.inbound,
                allow=rule.allow,
                protocol=PROTOCOLS[rule.protocol],
                sources=sources,
                source_ports=tags.merged(rule.source_ports),
                destinations=destinations,
                destination_ports=tags.merged(rule.destination_ports),
                platform=any(text.lower() in tags.PLATFORM_TAGS for text in (*rule.sources, *rule.destinations)),
            )


def _addresses(
    texts: tuple[str, ...],
    ids: tuple[str, ...],
    prefixes: tuple[str, ...],
    routed: tuple[str, ...],
    groups: dict[str, tags.Ranges],
) -> tags.Ranges:
    found = [part for text in texts for part in tags.resolve(text, prefixes, routed)]
    found += [part for id in ids for part in groups.get(id.lower(), ())]
    return tags.merged(found)
