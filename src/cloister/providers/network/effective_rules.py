"""POST networkInterfaces/<name>/effectiveNetworkSecurityGroups: the rules that decide about a NIC's packets, expanded.

The NIC's own group first, then its subnet's; words become what rules look at: ports as ranges, tags with their prefixes beside
them, application security groups as the addresses of their members.

Source: learn.microsoft.com/azure/virtual-network/diagnose-network-traffic-filter-problem; networkInterface.json 2022-01-01.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from typing import Any

from cloister.arm.ids import key, parse
from cloister.arm.resource import Action, Call, Outcome, Row, View
from cloister.net import tags
from cloister.net.intent import Rule
from cloister.net.routes import routed_prefixes
from cloister.providers.network import addresses, network_security_groups, subnets, virtual_network_peerings, virtual_networks

ANYWHERE = "0.0.0.0/0"
OBEYING = ("Enabled", "NetworkSecurityGroupEnabled")  # policies under which an endpoint's application groups count


def list_effective(call: Call, view: View) -> Outcome:
    """Each group with what it is associated with, and its rules."""
    found = []
    homes = [subnet for id in _subnet_ids(call.row) if id and (subnet := view.get(id)) is not None]
    routed = tuple(sorted({prefix for home in homes for prefix in _routed(home, view)}))
    for holder, name in _holders(call.row, view):
        group = view.get(addresses.filter_of(holder)) if addresses.filter_of(holder) else None
        if group is not None:
            network = view.get(_network_id(call.row))
            rules = [
                _effective(rule, network, routed, view)
                for one in network_security_groups.realize(group, view)
                for rule in one.rules
            ]
            found.append(
                {
                    "networkSecurityGroup": {"id": group.id},
                    "association": {name: {"id": holder.id}},
                    "effectiveSecurityRules": sorted(rules, key=lambda rule: (rule["direction"], rule["priority"])),
                }
            )
    return Outcome(body={"value": found})


def _subnet_ids(row: Row) -> list[str]:
    items = row.properties.get("ipConfigurations") or ()
    return [((item.get("properties") or {}).get("subnet") or {}).get("id") or "" for item in items]


def _network_id(row: Row) -> str:
    return next((id.rsplit("/subnets/", 1)[0] for id in _subnet_ids(row) if id), "")


def _holders(row: Row, view: View) -> Iterator[tuple[Row, str]]:
    """The NIC, then the subnets of its configurations, each once."""
    yield row, "networkInterface"
    for id in dict.fromkeys(key(id) for id in _subnet_ids(row) if id):
        subnet = view.get(id)
        if subnet is not None:
            yield subnet, "subnet"


def _routed(subnet: Row, view: View) -> Iterator[str]:
    """The prefixes of a subnet's routes, which the tag VirtualNetwork means too."""
    for part in subnets.realize(subnet, view):
        network = view.get(part.network)
        if network is not None:
            yield from routed_prefixes(part, tuple(map(str, virtual_networks.address_space(network))))


def _effective(rule: Rule, network: Row | None, routed: tuple[str, ...], view: View) -> dict[str, Any]:
    parts = rule.because.split("/")
    out: dict[str, Any] = {
        "name": "/".join(parts[-2:]),
        "protocol": "All" if rule.protocol == "*" else rule.protocol.capitalize(),
        "access": "Allow" if rule.allow else "Deny",
        "priority": rule.priority,
        "direction": "Inbound" if rule.inbound else "Outbound",
    }
    for side, ports in (("source", rule.source_ports), ("destination", rule.destination_ports)):
        shown = [f"{first}-{last}" for first, last in ports]
        out[f"{side}PortRange"] = shown[0] if len(shown) == 1 else ""
        out[f"{side}PortRanges"] = shown
    _side(out, "source", rule.sources, rule.source_groups, network, routed, view)
    _side(out, "destination", rule.destinations, rule.destination_groups, network, routed, view)
    return out


def _side(
    out: dict[str, Any],
    side: str,
    texts: Iterable[str],
    groups: Iterable[str],
    network: Row | None,
    routed: tuple[str, ...],
    view: View,
) -> None:
    """``<side>AddressPrefix`` and ``...Prefixes`` as rules name them, ``expanded...`` where a tag stands for others."""
    shown = [ANYWHERE if text == "*" else text if tags.is_tag(text) else str(IPv4Network(text, strict=False)) for text in texts]
    members = [range for id in groups for range in _members(id, network, view)]
    shown += tags.shown(tags.merged(members))
    out[f"{side}AddressPrefix"] = shown[0] if len(shown) == 1 else ""
    out[f"{side}AddressPrefixes"] = shown
    named = [text for text in texts if tags.is_tag(text)]
    if named:
        place = _prefixes(network, view)
        ranges = tags.merged(range for text in named for range in tags.resolve(text, place, routed))
        out[f"expanded{side.capitalize()}AddressPrefix"] = tags.shown(ranges)


def _prefixes(network: Row | None, view: View) -> tuple[str, ...]:
    """What VirtualNetwork means in a network."""
    if network is None:
        return ()
    own = [str(prefix) for prefix in virtual_networks.address_space(network) if isinstance(prefix, IPv4Network)]
    for child in view.children(network.id, virtual_network_peerings.NAME):
        for half in virtual_network_peerings.realize(child, view):
            own += half.prefixes if half.access else ()
    return tuple(own)


def _members(group: str, network: Row | None, view: View) -> Iterator[tags.Range]:
    """The addresses in a network of an application security group's interfaces and endpoints."""
    for user in view.referring(group):
        held = user.facts.get("addresses") or {}
        if user.type.lower() == addresses.ENDPOINTS.lower():
            subnet = (user.properties.get("subnet") or {}).get("id") or ""
            found = list(held.values()) if group.lower() in map(str.lower, addresses.groups_of(user.properties)) else []
            home = view.get(subnet) if subnet else None
            if home is not None and subnets.policies(home) in OBEYING and _is_in(subnet, network):
                yield from map(tags.of_prefix, found)
        elif user.type.lower() == addresses.INTERFACES.lower() and not user.owner:
            for n, item in enumerate(user.properties.get("ipConfigurations") or ()):
                properties = item.get("properties") or {}
                address = held.get(item.get("name") or f"ipconfig{n + 1}")
                named = group.lower() in map(str.lower, addresses.groups_of(properties))
                if named and address and _is_in((properties.get("subnet") or {}).get("id") or "", network):
                    yield tags.of_prefix(address)


def _is_in(subnet: str, network: Row | None) -> bool:
    above = parse(subnet).parent if subnet else None
    return network is not None and above is not None and key(above.text) == key(network.id)


ACTION = Action(run=list_effective)
"""``effectiveNetworkSecurityGroups/action``."""
