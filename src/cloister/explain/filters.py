"""Which security rule decides about a packet, and in whose words. Rules are matched as they are written, one by one.

Source: learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works, network-security-groups-overview
(order, defaults, the host's own addresses), private-link/disable-private-endpoint-network-policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from cloister.net import plan, tags
from cloister.net.intent import Endpoint, Filter, Interface, Rule, Subnet
from cloister.net.parsed import address_of

_WITH_PORTS = ("tcp", "udp")


class Packet(msgspec.Struct, frozen=True, kw_only=True):
    """What rules look at: the first packet of a flow, before any translation."""

    source: str
    destination: str
    protocol: str
    source_port: int
    port: int


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What a network security group says to a packet: the rule that decides, by its id, in words."""

    allowed: bool
    because: str
    detail: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where rules are read: the prefixes that VirtualNetwork means there, those of routes apart, and who stands there (for
    application groups)."""

    prefixes: tuple[str, ...]
    holders: tuple[Interface | Endpoint, ...]
    routed: tuple[str, ...] = ()

    def is_member(self, address: str, groups: Iterable[str]) -> bool:
        """Whether who has the address here belongs to one of the application security groups."""
        wanted = {group.lower() for group in groups}
        for holder in self.holders:
            held = [holder.address] if isinstance(holder, Interface) else [place for _, place in holder.addresses]
            if address in held and wanted & {group.lower() for group in holder.groups}:
                return True
        return False


def rule_on(filters: dict[str, Filter], id: str, inbound: bool, packet: Packet, place: Place) -> Ruling:
    """The ruling of the group with this id."""
    name = id.rsplit("/", 1)[-1]
    found = filters.get(id.lower())
    if address_of(packet.destination) in plan.HOST_ADDRESSES:
        for rule in found.rules if found else ():
            if rule.inbound is inbound and _names_the_host(rule) and _matches(rule, packet, place):
                return _ruling(rule, name)
        return Ruling(allowed=True, because=id, detail=f"{packet.destination} is the host's: no rule of '{name}' names it")
    for rule in sorted((r for r in found.rules if r.inbound is inbound), key=lambda r: r.priority) if found else ():
        if _matches(rule, packet, place):
            return _ruling(rule, name)
    return Ruling(allowed=False, because=id, detail=f"network security group '{name}' has no rule for it")


def endpoint_group(endpoint: Endpoint, subnet: Subnet | None) -> str:
    """The id of the group whose inbound rules an endpoint obeys; "" for none, which is the default."""
    obeys = subnet is not None and subnet.endpoint_policies in ("Enabled", "NetworkSecurityGroupEnabled")
    return subnet.filter if subnet is not None and obeys else ""


def _ruling(rule: Rule, group: str) -> Ruling:
    name = rule.because.rsplit("/", 1)[-1]
    verb = "allows" if rule.allow else "denies"
    detail = f"rule '{name}' (priority {rule.priority}) of network security group '{group}' {verb} it"
    return Ruling(allowed=rule.allow, because=rule.because, detail=detail)


def _names_the_host(rule: Rule) -> bool:
    return any(text.lower().startswith("azureplatform") for text in (*rule.sources, *rule.destinations))


def _matches(rule: Rule, packet: Packet, place: Place) -> bool:
    if rule.protocol not in ("*", packet.protocol):
        return False
    if not all(_ports_match(rule, packet)):
        return False
    return _side(rule.sources, rule.source_groups, packet.source, place) and _side(
        rule.destinations, rule.destination_groups, packet.destination, place
    )


def _ports_match(rule: Rule, packet: Packet) -> Iterator[bool]:
    """TCP and UDP have ports. Of the others, a rule for any protocol takes in those only that it names no ports to."""
    for ranges, port in ((rule.source_ports, packet.source_port), (rule.destination_ports, packet.port)):
        if packet.protocol in _WITH_PORTS:
            yield any(first <= port <= last for first, last in ranges)
        elif rule.protocol == "*":
            yield (0, 65535) in ranges
        else:
            yield True


def _side(texts: Iterable[str], groups: Iterable[str], address: str, place: Place) -> bool:
    number = int(address_of(address))
    named = any(tags.contains(tags.resolve(text, place.prefixes, place.routed), number) for text in texts)
    return named or place.is_member(address, groups)
