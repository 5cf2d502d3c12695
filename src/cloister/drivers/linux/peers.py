"""Links between the routers of peered networks, and the routes over them: as messages, mended, and as they are found.

``p<number>`` in a router leads to the router ``vnet-<number>``. Strict reverse-path filtering on it lets in only sources that
this router would answer over the same link: the peered network's own prefixes. Where forwarded traffic is allowed the filter
is off on that side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from cloister.drivers.linux import rtnetlink as rt
from cloister.drivers.linux.namespaces import Space
from cloister.drivers.linux.objects import DAMAGED, GONE, Descriptor, Step, marking, number_of, router_mac
from cloister.net import plan
from cloister.net.desired import FabricObject, PeerLink, PeerRoute

FIRST_INDEX = 1 << 28


class Reading(Protocol):
    """What ``observe`` read of one router."""

    space: Space
    links: list[rt.Link]
    routes: list[rt.Route]

    def link(self, index: int) -> rt.Link | None: ...


def link_index(other: str) -> int:
    """The index of the link that leads to the router ``other``."""
    return FIRST_INDEX + number_of(other)


def link_name(other: str) -> str:
    """Its name."""
    return f"p{number_of(other)}"


def _sides(link: PeerLink) -> Iterator[tuple[str, str]]:
    yield link.namespace, link.other
    yield link.other, link.namespace


def put_link(link: PeerLink, descriptor: Descriptor) -> list[Step]:
    """The chains that each side then needs, the veth, and each end up with its neighbour."""
    steps = []
    for here, there in _sides(link):
        index = link_index(there)
        messages = [
            rt.link_up(index, link.owner, strict=here not in link.forwarded, forwarding=True),
            rt.neighbour(index, str(plan.UPLINK_PEER_SIDE), router_mac(there)),
        ]
        steps.append(Step(here, False, messages))
    pair = rt.link_pair(
        link_name(link.other),
        link_index(link.other),
        router_mac(link.namespace),
        link.owner,
        link_name(link.namespace),
        link_index(link.namespace),
        router_mac(link.other),
        descriptor(link.other),
    )
    steps[0].messages.insert(0, pair)
    return [*(marking(here) for here, _ in _sides(link)), *steps]


def drop_link(link: PeerLink, descriptor: Descriptor) -> list[Step]:
    """Delete the veth; the routes over it go with it. From either side: the other router may be gone."""
    place = link.namespace.removeprefix(DAMAGED)
    sides = ((place, link.other), (link.other, place))
    return [Step(here, False, [rt.link_delete(link_index(there))], GONE) for here, there in sides]


def put_route(route: PeerRoute, descriptor: Descriptor) -> list[Step]:
    """The route by the other router."""
    message = rt.route_via(route.prefix, str(plan.UPLINK_PEER_SIDE), link_index(route.other))
    return [Step(route.namespace, False, [message])]


def drop_route(route: PeerRoute, descriptor: Descriptor) -> list[Step]:
    """Only the route over this link: the prefix may be another network's by now."""
    return [Step(route.namespace, False, [rt.route_delete(route.prefix, index=link_index(route.other))], GONE)]


def observed(routers: Mapping[str, Reading]) -> Iterator[FabricObject]:
    """The links and routes of all routers. A link that is not whole is told with ``?``."""
    for name, reading in routers.items():
        leads = {link.index: other for link in reading.links if (other := _other(link))}
        for index, other in leads.items():
            here, there = reading.link(index), routers.get(other)
            assert here is not None
            if there is None:
                yield PeerLink(owner=here.alias, namespace=DAMAGED + name, other=other)
            elif number_of(name) < number_of(other) or there.link(link_index(name)) is None:
                yield _link(name, reading, here, other, there)
        for route in reading.routes:
            if route.table == rt.MAIN and route.kind == rt.UNICAST and route.index in leads:
                yield PeerRoute(owner="", namespace=name, other=leads[route.index], prefix=route.prefix)


def _other(link: rt.Link) -> str:
    number = link.name.removeprefix("p")
    return f"vnet-{number}" if number != link.name and number.isdigit() else ""


def _link(name: str, reading: Reading, here: rt.Link, other: str, there: Reading) -> PeerLink:
    far = there.link(link_index(name))
    whole = far is not None and here.up and far.up and here.forwarding and far.forwarding
    whole = whole and far is not None and (here.peer, far.peer) == (far.index, here.index)
    whole = whole and rt.nsid_of(reading.space.route, there.space.descriptor) == here.peer_nsid
    if not whole or far is None:
        return PeerLink(owner=here.alias, namespace=name, other=other, forwarded=(DAMAGED,))
    loose = ((name, here), (other, far))
    return PeerLink(
        owner=here.alias, namespace=name, other=other, forwarded=tuple(router for router, link in loose if not link.strict)
    )
