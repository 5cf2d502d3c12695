"""Each kernel object as netlink messages: what makes it hold, and what makes it not hold. Pure, but for descriptors.

Names and indexes are chosen, not asked for: ``up`` and ``eth0`` have index 2, a router's NIC ``n<number>`` has
100 + number, the services' side of ``vnet-<n>``'s uplink has 100 + n. So an edit is sent without looking anything up.
"""

from __future__ import annotations

import errno
import zlib
from collections.abc import Callable
from typing import NamedTuple

from cloister.drivers.linux import nftables as nft
from cloister.drivers.linux import rtnetlink as rt
from cloister.drivers.linux import rulesets
from cloister.drivers.linux.netlink import Message
from cloister.drivers.linux.rulesets import ENDPOINTS, FORWARDS, IDENTITIES, OUTBOUND_SUBNETS
from cloister.net import plan
from cloister.net.desired import EndpointAddress, FabricObject, Forward, Gateway, IdentityRoute, Nic, Uplink

SERVICES = "services"
UP_INDEX = 2  # `up` in a router, `eth0` in a machine
_FIRST_INDEX = 100
_HASHED_INDEX = 1 << 30
_LINK_NAME_MAX = 15

# Both ends of an uplink know each other without ARP, and so do a NIC and its router: a host's table of neighbours is
# one for all namespaces (1,024 entries by default), and permanent entries do not count in it.
_SERVICES_MAC = bytes.fromhex("020000000001")
_NETWORK_MAC = bytes.fromhex("020000000002")
_GATEWAY_MAC = bytes.fromhex("123456789abc")  # what every gateway of Azure's shows
_MACHINE_MAC = bytes.fromhex("000d3a")  # and the first half of its machines'

GONE = frozenset({errno.ENOENT, errno.ENODEV, errno.ESRCH, errno.EADDRNOTAVAIL})
CHANGED = frozenset({errno.EEXIST, errno.EBUSY})  # something is there: perhaps with other values
ALWAYS = frozenset[int]()
DAMAGED = "?"  # stands in a field of an observed object that is not whole


class Step(NamedTuple):
    """Messages for one namespace, for its nftables (``rules``: all or nothing) or its links and routes.

    ``fine`` are errors that say that it holds already.
    """

    namespace: str
    rules: bool
    messages: list[Message]
    fine: frozenset[int] = ALWAYS


Descriptor = Callable[[str], int]


def uplink_name(namespace: str) -> str:
    """The services' side of a router's uplink."""
    return f"u-{namespace}"[:_LINK_NAME_MAX]


def uplink_index(namespace: str) -> int:
    """Its index."""
    number = namespace.removeprefix("vnet-")
    if number != namespace and number.isdigit():
        return _FIRST_INDEX + int(number)
    return _HASHED_INDEX + zlib.crc32(namespace.encode()) % _HASHED_INDEX


def nic_name(number: int) -> str:
    """The router's side of a NIC."""
    return f"n{number}"


def nic_index(number: int) -> int:
    """Its index."""
    return _FIRST_INDEX + number


def nic_number(index: int) -> int:
    """The reverse of ``nic_index``."""
    return index - _FIRST_INDEX


def number_of(router: str) -> int:
    """The number in ``vnet-<number>``. Raises ValueError for another name."""
    return int(router.removeprefix("vnet-"))


def router_mac(router: str) -> bytes:
    """What a router shows on its links to peered ones."""
    return b"\x02\x00\x01" + number_of(router).to_bytes(3, "big")


def put_uplink(uplink: Uplink, descriptor: Descriptor) -> list[Step]:
    """Make the veth, then each side's way over it.

    Sources are checked on the services' side: what comes over it came from a machine. Behind the router's side there is nothing
    but the cloud, and what other networks sent has passed that check already.
    """
    index, via = uplink_index(uplink.namespace), str(plan.UPLINK_NETWORK_SIDE)
    pair = rt.link_pair(
        uplink_name(uplink.namespace),
        index,
        _SERVICES_MAC,
        uplink.owner,
        "up",
        UP_INDEX,
        _NETWORK_MAC,
        descriptor(uplink.namespace),
    )
    inside = [
        rt.link_up(UP_INDEX, uplink.owner, forwarding=True),
        rt.address_add(UP_INDEX, via),
        rt.neighbour(UP_INDEX, str(plan.UPLINK_SERVICES_SIDE), _SERVICES_MAC),
    ]
    inside += [rt.route_via(prefix, str(plan.UPLINK_SERVICES_SIDE), UP_INDEX) for prefix in outside_prefixes(uplink.namespace)]
    outside = [rt.link_up(index, uplink.owner, strict=True, forwarding=True), rt.neighbour(index, via, _NETWORK_MAC)]
    outside += [rt.route_via(route, via, index) for route in uplink.routes]
    return [Step(SERVICES, False, [pair, *outside]), Step(uplink.namespace, False, inside)]


def outside_prefixes(namespace: str) -> tuple[str, ...]:
    """What a router reaches over its uplink."""
    if namespace == "internet":
        return str(plan.SERVICES), str(plan.PUBLIC_ADDRESSES), str(plan.OUTBOUND_ADDRESSES)
    return str(plan.SERVICES), str(plan.INTERNET)


def drop_uplink(uplink: Uplink, descriptor: Descriptor) -> list[Step]:
    """Delete the veth; its routes and neighbours go with it."""
    return [Step(SERVICES, False, [rt.link_delete(uplink_index(uplink.namespace))], GONE)]


def put_gateway(gateway: Gateway, descriptor: Descriptor) -> list[Step]:
    """The address on ``lo``, the refusal of unused addresses, and the subnet's default outbound access.

    Access that a subnet has lost is taken away by mending: the gateway is there already then.
    """
    here = [rt.address_add(rt.LOOPBACK, gateway.address), rt.route_unreachable(gateway.prefix)]
    steps = [Step(gateway.namespace, False, here)]
    if gateway.outbound and has_endpoints(gateway.namespace):
        elements = nft.prefix_elements(gateway.prefix, gateway.owner)
        steps.append(Step(gateway.namespace, True, [nft.elements_add(OUTBOUND_SUBNETS, elements)]))
    return steps


def withdraw_outbound(gateway: Gateway) -> Step:
    """Take default outbound access from a subnet."""
    elements = nft.prefix_elements(gateway.prefix)
    return Step(gateway.namespace, True, [nft.elements_delete(OUTBOUND_SUBNETS, elements)], GONE)


def drop_gateway(gateway: Gateway, descriptor: Descriptor) -> list[Step]:
    """The reverse of ``put_gateway``."""
    here = [rt.route_delete(gateway.prefix, rt.UNREACHABLE)]
    if gateway.address != DAMAGED:
        here.append(rt.address_delete(rt.LOOPBACK, gateway.address))
    steps = [Step(gateway.namespace, False, here, GONE)]
    return [withdraw_outbound(gateway), *steps] if gateway.outbound and has_endpoints(gateway.namespace) else steps


def marking(router: str) -> Step:
    """The chains of a network in which not every packet is one that its strict links let in from a machine of its own."""
    return Step(router, True, [*rulesets.marking()])


def put_nic(nic: Nic, descriptor: Descriptor) -> list[Step]:
    """Make the veth and the /32 route, then address and default route in the machine."""
    index = nic_index(nic.number)
    mac = _MACHINE_MAC + (nic.number & 0xFFFFFF).to_bytes(3, "big")
    pair = rt.link_pair(nic_name(nic.number), index, _GATEWAY_MAC, nic.owner, "eth0", UP_INDEX, mac, descriptor(nic.machine))
    router = [
        pair,
        rt.link_up(index, nic.owner, strict=not nic.forwarding, forwarding=True, accept_local=nic.forwarding),
        rt.route_link(f"{nic.address}/32", index),
        rt.neighbour(index, nic.address, mac),
    ]
    machine = [
        rt.link_up(UP_INDEX, nic.owner, forwarding=nic.forwarding),
        rt.address_add(UP_INDEX, nic.address, nic.prefix_length),
        rt.neighbour(UP_INDEX, nic.gateway, _GATEWAY_MAC),
        rt.route_link(f"{nic.gateway}/32", UP_INDEX),
        rt.route_via("0.0.0.0/0", nic.gateway, UP_INDEX),
    ]
    steps = [Step(nic.router, False, router), Step(nic.machine, False, machine)]
    return [marking(nic.router), *steps] if nic.forwarding and has_endpoints(nic.router) else steps


def drop_nic(nic: Nic, descriptor: Descriptor) -> list[Step]:
    """Delete the veth; the route goes with it."""
    return [Step(nic.router, False, [rt.link_delete(nic_index(nic.number))], GONE)]


def put_address(address: EndpointAddress, descriptor: Descriptor) -> list[Step]:
    """Resets for stateless segments, and the ``local`` route."""
    element = nft.Element(nft.address_key(address.address), comment=address.owner)
    return [
        Step(address.namespace, True, [nft.elements_add(ENDPOINTS, [element])]),
        Step(address.namespace, False, [rt.route_local(f"{address.address}/32")]),
    ]


def drop_address(address: EndpointAddress, descriptor: Descriptor) -> list[Step]:
    """The reverse of ``put_address``; also of what is left of a damaged one."""
    place = address.address.removeprefix(DAMAGED)
    element = nft.Element(nft.address_key(place))
    return [
        Step(address.namespace, False, [rt.route_delete(f"{place}/32", rt.LOCAL_ROUTE, rt.LOCAL)], GONE),
        Step(address.namespace, True, [nft.elements_delete(ENDPOINTS, [element])], GONE),
    ]


def forward_key(forward: Forward) -> bytes:
    """The key of both map elements."""
    return nft.address_port(forward.address, forward.port)


def put_forward(forward: Forward, descriptor: Descriptor) -> list[Step]:
    """Both map elements in one batch."""
    key = forward_key(forward)
    source = nft.Element(key, nft.address_key(forward.identity), comment=forward.owner)
    to = nft.Element(key, nft.address_port(forward.to_address, forward.to_port), comment=forward.owner)
    messages = [nft.elements_add(IDENTITIES, [source]), nft.elements_add(FORWARDS, [to])]
    return [Step(forward.namespace, True, messages)]


def drop_forward(forward: Forward, descriptor: Descriptor) -> list[Step]:
    """Both map elements in one batch, the way before the identity."""
    element = nft.Element(forward_key(forward))
    messages = [nft.elements_delete(FORWARDS, [element]), nft.elements_delete(IDENTITIES, [element])]
    return [Step(forward.namespace, True, messages, GONE)]


def put_identity_route(route: IdentityRoute, descriptor: Descriptor) -> list[Step]:
    """The way back to an endpoint's identity."""
    index = uplink_index(route.namespace)
    message = rt.route_via(f"{route.identity}/32", str(plan.UPLINK_NETWORK_SIDE), index)
    return [Step(SERVICES, False, [message])]


def drop_identity_route(route: IdentityRoute, descriptor: Descriptor) -> list[Step]:
    """Only the route over this network's uplink: the identity may have moved."""
    message = rt.route_delete(f"{route.identity}/32", index=uplink_index(route.namespace))
    return [Step(SERVICES, False, [message], GONE)]


def has_endpoints(namespace: str) -> bool:
    """Whether a router has the sets of a VNet; the internet's has none."""
    return namespace != "internet"


def span(prefix: str) -> tuple[int, int]:
    """A prefix's first and last address, as numbers."""
    address, _, length = prefix.partition("/")
    first = int.from_bytes(rt.address_bytes(address), "big")
    return first, first | (0xFFFFFFFF >> int(length or 32))


def covers(prefix: str, address: str) -> bool:
    """Whether an address lies in a prefix."""
    first, last = span(prefix)
    return first <= span(address)[0] <= last


PUT: dict[type, Callable[..., list[Step]]] = {
    Uplink: put_uplink,
    Gateway: put_gateway,
    Nic: put_nic,
    EndpointAddress: put_address,
    IdentityRoute: put_identity_route,
    Forward: put_forward,
}
DROP: dict[type, Callable[..., list[Step]]] = {
    Forward: drop_forward,
    IdentityRoute: drop_identity_route,
    EndpointAddress: drop_address,
    Nic: drop_nic,
    Gateway: drop_gateway,
    Uplink: drop_uplink,
}


def place_of(item: FabricObject) -> str:
    """The namespace where an object mainly is: edits of one place are sent together."""
    if isinstance(item, Nic):
        return item.router
    return getattr(item, "namespace", "")
