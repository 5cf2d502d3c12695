"""Ways to appliances in peered networks: a link of its own in the router that sends, a table in the router that takes in.

``h<address>`` is a macvlan on the link between the two routers. All that leaves by it has a source MAC address that names the
appliance: nothing else of a packet's way crosses from one namespace to another, and the packet arrives by the peering's own link,
whose check of sources stays as it is. There a map leads from the address in the MAC address to a mark, and the mark to a table
with one route, to the appliance's NIC; behind it stands one that drops: were the machine to go, nothing slips past.
"""

from __future__ import annotations

import errno
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from cloister.drivers.linux import nftables as nft
from cloister.drivers.linux import rtnetlink as rt
from cloister.drivers.linux.expressions import HOP_MAC
from cloister.drivers.linux.namespaces import Spaces
from cloister.drivers.linux.objects import CHANGED, DAMAGED, GONE, Descriptor, Step, marking, nic_index, router_mac
from cloister.drivers.linux.peers import FIRST_INDEX as FIRST_PEER
from cloister.drivers.linux.peers import link_index
from cloister.drivers.linux.rulesets import APPLIANCES
from cloister.net.desired import Appliance, FabricObject, Hop

FIRST_TABLE = 1 << 28
_FIRST_INDEX, _INDEX_BITS = 1 << 29, (1 << 29) - 1
_HOP_NAME = re.compile("h[0-9a-f]{8}")
BEHIND = 1000  # the metric of the route that drops behind one to a machine


class Reading(Protocol):
    """What ``observe`` read of one router."""

    links: list[rt.Link]
    routes: list[rt.Route]
    rules: list[rt.Rule]
    elements: dict[str, dict[bytes, bytes]]


def hop_index(address: str) -> int:
    """The index of the link that leads to an appliance: of two whose addresses differ in three bits, the first, there is one."""
    return _FIRST_INDEX + (int.from_bytes(rt.address_bytes(address), "big") & _INDEX_BITS)


def _name(address: str) -> str:
    return f"h{rt.address_bytes(address).hex()}"


def put_hop(hop: Hop, descriptor: Descriptor) -> list[Step]:
    """The link, and the appliance as a neighbour on it: the frame goes to the other router."""
    index = hop_index(hop.address)
    mac = HOP_MAC + rt.address_bytes(hop.address)
    link = rt.link_above(_name(hop.address), index, mac, hop.owner, link_index(hop.other))
    return [Step(hop.namespace, False, [link, rt.neighbour(index, hop.address, router_mac(hop.other))])]


def drop_hop(hop: Hop, descriptor: Descriptor) -> list[Step]:
    """Away with the link, and the routes over it."""
    return [Step(hop.namespace, False, [rt.link_delete(hop_index(hop.address))], GONE)]


def mend_hop(spaces: Spaces, hop: Hop) -> None:
    """Keep the link if it is the right one, else make it anew. Raises NetlinkError."""
    channel = spaces.get(hop.namespace).route
    found = rt.link(channel, hop_index(hop.address))
    if found is not None and found.up and (found.name, found.peer) == (_name(hop.address), link_index(hop.other)):
        return
    (step,) = put_hop(hop, lambda name: -1)
    for error in channel.send([rt.link_delete(hop_index(hop.address)), *step.messages]).values():
        if error.errno not in GONE:
            raise error


def before_local(router: str) -> list[Step]:
    """What rules before the table ``local`` need: marks, and that this table is asked after them. It stays once it is there.

    Where there are none the kernel's short way finds a route, for every packet.
    """
    later = [rt.rule_add(rt.LOCAL_PRIORITY, rt.LOCAL), rt.rule_delete(0, rt.LOCAL)]
    return [marking(router), Step(router, False, later, frozenset({errno.EEXIST, errno.ENOENT}))]


def _mark(number: int) -> int:
    """The mark, and the table. A NIC's number is told as less than zero where its appliance is not whole."""
    return FIRST_TABLE + (number if number >= 0 else -1 - number)


def _element(appliance: Appliance) -> nft.Element:
    return nft.Element(nft.address_key(appliance.address), struct.pack("=I", _mark(appliance.number)), comment=appliance.owner)


def put_appliance(appliance: Appliance, descriptor: Descriptor) -> list[Step]:
    """The table and the rule that asks it, then the element that sets the mark."""
    table = _mark(appliance.number)
    way = rt.route_add(table, "0.0.0.0/0", via=appliance.address, index=nic_index(appliance.number))
    rule = rt.rule_add(rt.USER_PRIORITY, table, "", table)
    messages = [rt.route_add(table, "0.0.0.0/0", kind=rt.BLACKHOLE, metric=BEHIND), way, rule]
    there = Step(appliance.namespace, True, [nft.elements_add(APPLIANCES, [_element(appliance)])])
    return [*before_local(appliance.namespace), Step(appliance.namespace, False, messages), there]


def drop_appliance(appliance: Appliance, descriptor: Descriptor) -> list[Step]:
    """The reverse; also of what is left of a damaged one."""
    table = _mark(appliance.number)
    remove = rt.route_remove(table, "0.0.0.0/0")
    steps = [Step(appliance.namespace, False, [rt.rule_delete(rt.USER_PRIORITY, table, "", table), remove, remove], GONE)]
    if DAMAGED in appliance.address:
        return steps
    return [Step(appliance.namespace, True, [nft.elements_delete(APPLIANCES, [_element(appliance)])], GONE), *steps]


def mend_appliance(spaces: Spaces, appliance: Appliance) -> None:
    """The routes were just put, the rule is there: only the element may be another's. Raises NetlinkError."""
    channel, element = spaces.get(appliance.namespace).filter, _element(appliance)
    held = nft.read_elements(channel, APPLIANCES).get(element.key)
    if held != element.data:
        gone = [] if held is None else [nft.elements_delete(APPLIANCES, [element])]
        for error in channel.transact([*gone, nft.elements_add(APPLIANCES, [element])]).values():
            if error.errno not in CHANGED:
                raise error


def observed(routers: Mapping[str, Reading]) -> Iterator[FabricObject]:
    """The links and tables of all routers; what is not whole is told with ``?``."""
    for name, reading in routers.items():
        for link in reading.links:
            if router := router_behind(link):
                address = rt.address_text(bytes.fromhex(link.name[1:]))
                yield Hop(owner=link.alias, namespace=name, other=router, address=address)
        yield from _appliances(name, reading)


def router_behind(link: rt.Link) -> str:
    """The router that a hop's link leads to; "" for another link, ``?`` where it is not whole."""
    if not (_HOP_NAME.fullmatch(link.name) and _FIRST_INDEX <= link.index <= _FIRST_INDEX + _INDEX_BITS):
        return ""
    return f"vnet-{link.peer - FIRST_PEER}" if link.up and link.peer > FIRST_PEER else DAMAGED


def _appliances(router: str, reading: Reading) -> Iterator[Appliance]:
    held = {struct.unpack("=I", data[:4])[0]: nft.read_address(key) for key, data in reading.elements.get(APPLIANCES, {}).items()}
    ruled = {rule.table for rule in reading.rules if rule.table >= FIRST_TABLE}
    tables: dict[int, list[rt.Route]] = {}
    for route in reading.routes:
        if route.table >= FIRST_TABLE:
            tables.setdefault(route.table, []).append(route)
    for mark in sorted(held.keys() | ruled | tables.keys()):
        number = mark - FIRST_TABLE
        address = held.get(mark, f"{DAMAGED}{number}")
        whole = mark in ruled and _leads(tables.get(mark, ()), address, number)
        yield Appliance(owner="", namespace=router, address=address, number=number if whole else -1 - number)


def _leads(routes: Iterable[rt.Route], address: str, number: int) -> bool:
    told = {(route.prefix, route.kind, route.via, route.index, route.metric) for route in routes}
    way = ("0.0.0.0/0", rt.UNICAST, address, nic_index(number), 0)
    return told == {way, ("0.0.0.0/0", rt.BLACKHOLE, "", 0, BEHIND)}
