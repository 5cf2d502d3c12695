"""What is there already, perhaps with other values: look, and make it what it should be."""

from __future__ import annotations

from collections.abc import Callable

from cloister.drivers.linux import nftables as nft
from cloister.drivers.linux import objects, peers
from cloister.drivers.linux import rtnetlink as rt
from cloister.drivers.linux.namespaces import Space, Spaces
from cloister.drivers.linux.netlink import Message
from cloister.drivers.linux.objects import GONE, Step
from cloister.drivers.linux.rulesets import FORWARDS, IDENTITIES, OUTBOUND_SUBNETS
from cloister.net import plan
from cloister.net.desired import Forward, Gateway, Nic, PeerLink, Uplink

_FIRST, _LAST = objects.span(str(plan.IDENTITIES))


def _send(space: Space, messages: list[Message], fine: frozenset[int] = objects.ALWAYS) -> None:
    for error in space.route.send(messages).values():
        if error.errno not in fine:
            raise error


def _run(spaces: Spaces, steps: list[Step]) -> None:
    for step in steps:
        space = spaces.get(step.namespace)
        if not step.rules:
            _send(space, step.messages, step.fine)
            continue
        for error in space.filter.transact(step.messages).values():
            raise error


def paired(one: Space, other: Space, index: int, other_index: int) -> bool:
    """Whether link ``index`` of one namespace and ``other_index`` of the other are the two ends of a veth, both up."""
    near, far = rt.link(one.route, index), rt.link(other.route, other_index)
    if near is None or far is None or not (near.up and far.up):
        return False
    return (near.peer, far.peer) == (far.index, near.index) and rt.nsid_of(one.route, other.descriptor) == near.peer_nsid


def mend_uplink(spaces: Spaces, uplink: Uplink) -> None:
    """Keep the veth if it is the right one, else make it anew; take away routes that should not be."""
    services, router = spaces.get(objects.SERVICES), spaces.get(uplink.namespace)
    index = objects.uplink_index(uplink.namespace)
    if not paired(services, router, index, objects.UP_INDEX):
        _send(services, [rt.link_delete(index)], GONE)
        _send(router, [rt.link_delete(objects.UP_INDEX)], GONE)
        _run(spaces, objects.put_uplink(uplink, lambda name: spaces.get(name).descriptor))
        return
    extra = [
        rt.route_delete(route.prefix, index=index)
        for route in rt.routes(services.route, index)
        if route.index == index and route.kind == rt.UNICAST and not is_identity(route.prefix)
        if route.prefix not in uplink.routes
    ]
    if extra:
        _send(services, extra, GONE)


def is_identity(prefix: str) -> bool:
    """Whether a route of services leads to an endpoint's identity."""
    return prefix.endswith("/32") and _FIRST <= objects.span(prefix)[0] <= _LAST


def mend_gateway(spaces: Spaces, gateway: Gateway) -> None:
    """Take other addresses of the subnet off ``lo``, and default outbound access that it should not have."""
    space = spaces.get(gateway.namespace)
    if not gateway.outbound and objects.has_endpoints(gateway.namespace):
        first = nft.prefix_elements(gateway.prefix)[0].key
        if first in nft.read_elements(space.filter, OUTBOUND_SUBNETS):
            for error in space.filter.transact(objects.withdraw_outbound(gateway).messages).values():
                raise error
    extra = [
        rt.address_delete(rt.LOOPBACK, address)
        for index, address, _ in rt.addresses(space.route)
        if index == rt.LOOPBACK and address != gateway.address and objects.covers(gateway.prefix, address)
    ]
    if extra:
        _send(space, extra, GONE)


def mend_nic(spaces: Spaces, nic: Nic) -> None:
    """Keep the veth if it is the right one with this address alone, else make it anew."""
    router, machine = spaces.get(nic.router), spaces.get(nic.machine)
    index = objects.nic_index(nic.number)
    if paired(router, machine, index, objects.UP_INDEX):
        held = [(address, length) for link, address, length in rt.addresses(machine.route) if link == objects.UP_INDEX]
        found = (route for route in rt.routes(router.route, index) if route.index == index and route.table == rt.MAIN)
        routed = [route.prefix for route in found]
        if held == [(nic.address, nic.prefix_length)] and routed == [f"{nic.address}/32"]:
            return
    _send(router, [rt.link_delete(index)], GONE)
    _send(machine, [rt.link_delete(objects.UP_INDEX)], GONE)
    _run(spaces, objects.put_nic(nic, lambda name: spaces.get(name).descriptor))


def mend_peer_link(spaces: Spaces, link: PeerLink) -> None:
    """Keep the veth if it is the right one (its settings were just sent), else make it anew."""
    near, far = spaces.get(link.namespace), spaces.get(link.other)
    if paired(near, far, peers.link_index(link.other), peers.link_index(link.namespace)):
        return
    for step in peers.drop_link(link, lambda name: -1):
        _send(spaces.get(step.namespace), step.messages, step.fine)
    _run(spaces, peers.put_link(link, lambda name: spaces.get(name).descriptor))


def mend_forward(spaces: Spaces, forward: Forward) -> None:
    """Replace both elements in one batch."""
    channel = spaces.get(forward.namespace).filter
    key = objects.forward_key(forward)
    gone = [
        nft.elements_delete(name, [nft.Element(key)])
        for name in (FORWARDS, IDENTITIES)
        if key in nft.read_elements(channel, name)
    ]
    [step] = objects.put_forward(forward, lambda name: -1)
    for error in channel.transact([*gone, *step.messages]).values():
        raise error


MENDS: dict[type, Callable[..., None]] = {
    Uplink: mend_uplink,
    Gateway: mend_gateway,
    Nic: mend_nic,
    Forward: mend_forward,
}

__all__ = ["MENDS", "is_identity", "paired"]
