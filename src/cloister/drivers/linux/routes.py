"""User-defined routes in the kernel: for each NIC that has any, a routing table and the rule that asks it first.

The rule stands before the table ``local``, so that a user route may lead away from an endpoint's address of this router. A
route to a machine has a second one of the same prefix behind it that drops: were the machine to go, nothing slips past. What a
user route leads away from an endpoint is not tracked on that first passage, so that the appliance's copy of the packet is
translated as the machine's own would be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from cloister.drivers.linux import nftables as nft
from cloister.drivers.linux import rtnetlink as rt
from cloister.drivers.linux.hops import BEHIND, FIRST_TABLE, before_local, hop_index, router_behind
from cloister.drivers.linux.namespaces import Space, Spaces
from cloister.drivers.linux.netlink import Message
from cloister.drivers.linux.objects import DAMAGED, GONE, UP_INDEX, Descriptor, Step, nic_index, nic_name, nic_number
from cloister.drivers.linux.rulesets import OVERRIDDEN, SENT
from cloister.net import plan
from cloister.net.desired import NicRoutes

_FIRST_TABLE = 1 << 16
_LAST_TABLE = FIRST_TABLE - 1
_KINDS = {"system": rt.THROW, "drop": rt.BLACKHOLE}
_WORDS = {kind: word for word, kind in _KINDS.items()}


class Reading(Protocol):
    """What ``observe`` read of one router."""

    links: list[rt.Link]
    routes: list[rt.Route]
    rules: list[rt.Rule]
    elements: dict[str, dict[bytes, bytes]]


def table_of(number: int) -> int:
    """The routing table of a NIC."""
    return _FIRST_TABLE + number


def _messages(table: int, prefix: str, to: str, by: str) -> list[Message]:
    if by:
        index = hop_index(to) if by.startswith("vnet-") else nic_index(int(by[1:]))
        way = rt.route_add(table, prefix, via=to, index=index)
        return [rt.route_add(table, prefix, kind=rt.BLACKHOLE, metric=BEHIND), way]
    if to == "uplink":
        return [rt.route_add(table, prefix, via=str(plan.UPLINK_SERVICES_SIDE), index=UP_INDEX)]
    return [rt.route_add(table, prefix, kind=_KINDS[to])]


def _elements(number: int, addresses: Iterable[str]) -> list[nft.Element]:
    return [nft.Element(nft.index_address(nic_index(number), address)) for address in addresses]


def put_routes(item: NicRoutes, descriptor: Descriptor) -> list[Step]:
    """What every such rule needs, the table's routes, the rule; that it is there already means that there may be more routes."""
    table = table_of(item.number)
    steps = before_local(item.namespace)
    if item.overridden:
        steps.append(Step(item.namespace, True, [nft.elements_add(OVERRIDDEN, _elements(item.number, item.overridden))]))
    routes = [message for prefix, to, by in item.routes for message in _messages(table, prefix, to, by)]
    steps.append(Step(item.namespace, False, [*routes, rt.rule_add(rt.USER_PRIORITY, table, nic_name(item.number), SENT)]))
    return steps


def drop_routes(item: NicRoutes, descriptor: Descriptor) -> list[Step]:
    """The rule first, then what it led to."""
    table = table_of(item.number)
    messages = [rt.rule_delete(rt.USER_PRIORITY, table, nic_name(item.number), SENT)]
    for prefix, to, by in item.routes:
        messages += [rt.route_remove(table, prefix)] * (2 if by or to == DAMAGED else 1)
    steps = [Step(item.namespace, False, messages, GONE)]
    if item.overridden:
        steps.append(Step(item.namespace, True, [nft.elements_delete(OVERRIDDEN, _elements(item.number, item.overridden))], GONE))
    return steps


def mend_routes(spaces: Spaces, item: NicRoutes) -> None:
    """Take away what is in the table, or among the overridden addresses, beyond what was just put. Raises NetlinkError."""
    space = spaces.get(item.namespace)
    table = table_of(item.number)
    wanted: set[tuple[str, int, int]] = set()
    for prefix, to, by in item.routes:
        wanted.add((prefix, _KINDS.get(to, rt.UNICAST), 0))
        if by:
            wanted.add((prefix, rt.BLACKHOLE, BEHIND))
    extra = [
        rt.route_remove(table, route.prefix, route.metric)
        for route in rt.routes(space.route)
        if route.table == table and (route.prefix, route.kind, route.metric) not in wanted
    ]
    for error in (space.route.send(extra) if extra else {}).values():
        if error.errno not in GONE:
            raise error
    _mend_overridden(space, item)


def _mend_overridden(space: Space, item: NicRoutes) -> None:
    wanted = {element.key for element in _elements(item.number, item.overridden)}
    mine = nft.index_address(nic_index(item.number), "0.0.0.0")[:4]
    there = [key for key in nft.read_elements(space.filter, OVERRIDDEN) if key[:4] == mine]
    extra = [nft.Element(key) for key in there if key not in wanted]
    if extra:
        for error in space.filter.transact([nft.elements_delete(OVERRIDDEN, extra)]).values():
            if error.errno not in GONE:
                raise error


def observed(routers: Mapping[str, Reading]) -> Iterator[NicRoutes]:
    """The tables of all routers, those without a rule or with routes that are not whole among them."""
    for name, reading in routers.items():
        tables: dict[int, list[rt.Route]] = {}
        for route in reading.routes:
            if _FIRST_TABLE <= route.table <= _LAST_TABLE:
                tables.setdefault(route.table, []).append(route)
        ruled = {rule.table for rule in reading.rules if rule.interface == nic_name(rule.table - _FIRST_TABLE)}
        overridden: dict[int, list[str]] = {}
        for key in reading.elements.get(OVERRIDDEN, {}):
            index, address = nft.read_index_address(key)
            overridden.setdefault(nic_number(index), []).append(address)
        numbers = {
            table - _FIRST_TABLE for table in (*tables, *ruled) if _FIRST_TABLE <= table <= _LAST_TABLE
        } | overridden.keys()
        for number in sorted(numbers):
            routes = list(_told(tables.get(table_of(number), ()), reading.links))
            if table_of(number) not in ruled:
                routes.append(("0.0.0.0/32", DAMAGED, ""))
            yield NicRoutes(
                owner="",
                namespace=name,
                number=number,
                routes=tuple(sorted(routes)),
                overridden=tuple(sorted(overridden.get(number, ()))),
            )


def _told(routes: Iterable[rt.Route], links: Iterable[rt.Link]) -> Iterator[tuple[str, str, str]]:
    found = list(routes)
    names = {link.index: router_behind(link) or link.name for link in links}
    behind = {route.prefix for route in found if route.metric == BEHIND and route.kind == rt.BLACKHOLE}
    first = {route.prefix: route for route in found if route.metric == 0}
    for prefix in behind | first.keys():
        route = first.get(prefix)
        if route is None:
            yield prefix, DAMAGED, ""
        elif route.kind in _WORDS:
            yield prefix, _WORDS[route.kind] if prefix not in behind else DAMAGED, ""
        elif route.index == UP_INDEX:
            yield prefix, "uplink", ""
        else:
            yield (prefix, route.via, names.get(route.index, "")) if prefix in behind else (prefix, DAMAGED, "")
