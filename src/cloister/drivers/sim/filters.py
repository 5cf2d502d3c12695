"""The simulation's security rules: what the objects of a router say to the first packet of a flow, as the kernel would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from cloister.net import plan
from cloister.net.desired import Desired, FilterPlace, FilterRule, Filters, Nic, Range
from cloister.net.parsed import address_of, prefix_of

PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "esp": 50, "ah": 51}


class Packet(msgspec.Struct, frozen=True, kw_only=True):
    """The first packet of a flow."""

    source: str
    destination: str
    protocol: str = "tcp"
    source_port: int = 50000
    port: int = 443

    def answer(self) -> Packet:
        """The first packet of the answer."""
        return Packet(
            source=self.destination,
            destination=self.source,
            protocol=self.protocol,
            source_port=self.port,
            port=self.source_port,
        )


def denied(objects: Mapping[str, Desired], router: str, places: tuple[str, ...], inbound: bool, packet: Packet) -> str:
    """ "" where the chains of ``places`` (``nic``, ``subnet``, ``endpoint``), in that order, let the packet through.

    Else the rule that drops it.
    """
    filters = objects.get(f"filters {router}")
    if not isinstance(filters, Filters):
        return ""
    address = address_of(packet.destination if inbound else packet.source)
    found = (item for place in places for item in filters.places if item.place == place and address in prefix_of(item.prefix))
    return _dropped(filters, found, inbound, packet)


def denied_on(objects: Mapping[str, Desired], nic: Nic, inbound: bool, packet: Packet) -> str:
    """The same for a packet that goes in or out by one NIC: by its address, or by its link where it forwards."""
    if not nic.forwarding:
        return denied(objects, nic.router, ("subnet", "nic") if inbound else ("nic", "subnet"), inbound, packet)
    filters = objects.get(f"filters {nic.router}")
    if not isinstance(filters, Filters):
        return ""
    order = ("subnet-link", "nic-link") if inbound else ("nic-link", "subnet-link")
    found = (item for place in order for item in filters.places if (item.place, item.prefix) == (place, f"n{nic.number}"))
    return _dropped(filters, found, inbound, packet)


def _dropped(filters: Filters, places: Iterable[FilterPlace], inbound: bool, packet: Packet) -> str:
    for item in places:
        chain = filters.chains[item.chain]
        rule = _first(chain.rules, inbound, packet)
        if rule is None and address_of(packet.destination) in plan.HOST_ADDRESSES:
            continue
        if rule is None or not rule.allow:
            return rule.because if rule else chain.owner
    return ""


def _first(rules: tuple[FilterRule, ...], inbound: bool, packet: Packet) -> FilterRule | None:
    to_host = address_of(packet.destination) in plan.HOST_ADDRESSES
    for rule in rules:
        if rule.inbound == inbound and (rule.platform or not to_host) and _matches(rule, packet):
            return rule
    return None


def _matches(rule: FilterRule, packet: Packet) -> bool:
    number = PROTOCOLS[packet.protocol]
    if rule.protocol not in (0, number):
        return False
    if not (_in(rule.sources, int(address_of(packet.source))) and _in(rule.destinations, int(address_of(packet.destination)))):
        return False
    if number in (6, 17):
        return _in(rule.source_ports, packet.source_port) and _in(rule.destination_ports, packet.port)
    return rule.protocol != 0 or rule.source_ports == rule.destination_ports == ((0, 65535),)


def _in(ranges: tuple[Range, ...], number: int) -> bool:
    return any(first <= number <= last for first, last in ranges)
