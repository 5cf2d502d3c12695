"""Links, addresses, routes and neighbours: messages for a ``netlink.Channel`` of NETLINK_ROUTE, and readings from it.

Formats: rtnetlink(7), linux/if_link.h, linux/rtnetlink.h, linux/neighbour.h. Addresses are text, prefixes ``a.b.c.d/n``.
"""

from __future__ import annotations

import errno
import socket
import struct
from dataclasses import dataclass

from cloister.drivers.linux.netlink import (
    CREATE,
    EXCL,
    REPLACE,
    Channel,
    Message,
    NetlinkError,
    attribute,
    attributes,
    nest,
    read_text,
    text,
)

NEWLINK, DELLINK, GETLINK, SETLINK = 16, 17, 18, 19
NEWADDR, DELADDR, GETADDR = 20, 21, 22
NEWROUTE, DELROUTE, GETROUTE = 24, 25, 26
NEWNEIGH, GETNSID = 28, 90
NEWRULE, DELRULE, GETRULE = 32, 33, 34

UP = 1  # IFF_UP
LOOPBACK = 1  # lo's index in every namespace
OURS = 67  # rtm_protocol of our routes, so that `ip route` shows whose they are; above RTPROT_STATIC, unassigned
MAIN, LOCAL = 254, 255  # tables
UNICAST, LOCAL_ROUTE, BLACKHOLE, UNREACHABLE, THROW = 1, 2, 6, 7, 9  # rtm_type
USER_PRIORITY = 100  # of rules that stand before the table ``local``
LOCAL_PRIORITY = 1000  # at which that is asked where there are such; by default it is 0
_TO_TABLE = 1  # FR_ACT_TO_TBL
_UNIVERSE, _LINK_SCOPE, _HOST_SCOPE = 0, 253, 254
_ONLINK = 4  # RTNH_F_ONLINK
_NOPREFIXROUTE = 0x200
_PERMANENT = 0x80
ALIAS_BYTES_MAX = 255  # IFALIASZ - 1

_AF_SPEC = 26
_FORWARDING, _RP_FILTER, _ACCEPT_LOCAL = 1, 8, 23  # IPV4_DEVCONF_*, counted from 1
_DISABLE_IPV6 = 26  # DEVCONF_DISABLE_IPV6, counted from 0

_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")
_NEIGHBOUR = struct.Struct("=BxHiHBB")
_U32 = struct.Struct("=I")
_I32 = struct.Struct("=i")

_PRIVATE = 1  # MACVLAN_MODE_PRIVATE
_VETH = attribute(1, b"veth")  # IFLA_INFO_KIND
_ONE_QUEUE = attribute(31, _U32.pack(1)) + attribute(32, _U32.pack(1))  # by default one a processor: memory for nothing


def address_bytes(address: str) -> bytes:
    """Four bytes."""
    return socket.inet_aton(address)


def address_text(raw: bytes) -> str:
    """The reverse of ``address_bytes``."""
    return socket.inet_ntoa(raw)


def cut_alias(owner: str) -> bytes:
    """An owner's id as an interface's alias: its end where it is too long."""
    return owner.encode()[-ALIAS_BYTES_MAX:]


def link_pair(
    name: str, index: int, mac: bytes, alias: str, peer_name: str, peer_index: int, peer_mac: bytes, peer_namespace: int
) -> Message:
    """A veth: ``name`` here and up, ``peer_name`` in the namespace behind the descriptor ``peer_namespace``.

    The peer is brought up by a message of its own: the kernel refuses to do it here (ENOTCONN).
    """
    peer = (
        _LINK.pack(0, 0, peer_index, 0, 0)
        + attribute(3, text(peer_name))
        + attribute(1, peer_mac)
        + _ONE_QUEUE
        + attribute(28, _U32.pack(peer_namespace))
    )
    body = (
        _LINK.pack(0, 0, index, UP, UP)
        + attribute(3, text(name))
        + attribute(1, mac)
        + _ONE_QUEUE
        + nest(18, _VETH, nest(2, nest(1, peer)))
    )
    if alias:
        body += attribute(20, cut_alias(alias))
    return NEWLINK, CREATE | EXCL, body


def link_above(name: str, index: int, mac: bytes, alias: str, lower: int) -> Message:
    """A macvlan, up: what leaves by it leaves by link ``lower``, with ``mac`` as its source. It hears no other of that link."""
    body = _LINK.pack(0, 0, index, UP, UP) + attribute(3, text(name)) + attribute(1, mac) + attribute(5, _U32.pack(lower))
    body += nest(18, attribute(1, b"macvlan"), nest(2, attribute(1, _U32.pack(_PRIVATE)))) + attribute(20, cut_alias(alias))
    return NEWLINK, CREATE | EXCL, body


def link_up(index: int, alias: str = "", strict: bool = False, forwarding: bool = False, accept_local: bool = False) -> Message:
    """Bring a link up, name its owner, and set what else would be sysctls of the whole namespace.

    ``strict``: drop a packet whose source would not be answered over this link (rp_filter 1). ``forwarding``: route what
    comes in here. ``accept_local``: take packets in whose source is an address of this namespace.
    Each is one attribute here; /proc/sys/net is slow to open where there are many namespaces.
    """
    body = _LINK.pack(0, 0, index, UP, UP)
    if alias:
        body += attribute(20, cut_alias(alias))
    if strict or forwarding:
        values = ((_RP_FILTER, strict), (_FORWARDING, forwarding), (_ACCEPT_LOCAL, accept_local))
        settings = nest(1, *(attribute(kind, _U32.pack(value)) for kind, value in values))  # IFLA_INET_CONF
        body += nest(_AF_SPEC, nest(socket.AF_INET, settings))
    return SETLINK, 0, body


def link_delete(index: int) -> Message:
    """Delete a link, and so its peer."""
    return DELLINK, 0, _LINK.pack(0, 0, index, 0, 0)


def link_into_group(deletion: Message, group: int) -> Message:
    """Instead of deleting that link now, mark it for ``group_delete``."""
    index = _LINK.unpack_from(deletion[2])[2]
    return SETLINK, 0, _LINK.pack(0, 0, index, 0, 0) + attribute(27, _U32.pack(group))


def group_delete(group: int) -> Message:
    """Delete all links of a group. ENODEV when there is none."""
    return DELLINK, 0, _LINK.pack(0, 0, 0, 0, 0) + attribute(27, _U32.pack(group))


def address_add(index: int, address: str, length: int = 32) -> Message:
    """An address on a link, without the route to its prefix."""
    packed = address_bytes(address)
    body = _ADDRESS.pack(socket.AF_INET, length, 0, _UNIVERSE, index)
    body += attribute(2, packed) + attribute(1, packed) + attribute(8, _U32.pack(_NOPREFIXROUTE))
    return NEWADDR, CREATE | REPLACE, body


def address_delete(index: int, address: str, length: int = 32) -> Message:
    """Take an address off a link."""
    body = _ADDRESS.pack(socket.AF_INET, length, 0, _UNIVERSE, index)
    return DELADDR, 0, body + attribute(2, address_bytes(address))


def _route(prefix: str, kind: int, scope: int, flags: int, *, table: int = MAIN, via: str = "", index: int = 0) -> bytes:
    address, _, length = prefix.partition("/")
    body = _ROUTE.pack(socket.AF_INET, int(length or 32), 0, 0, table, OURS, scope, kind, flags)
    if length != "0":
        body += attribute(1, address_bytes(address))
    if via:
        body += attribute(5, address_bytes(via))
    if index:
        body += attribute(4, _U32.pack(index))
    return body


def route_via(prefix: str, via: str, index: int) -> Message:
    """``prefix`` by the neighbour ``via`` on a link, whatever the link's own addresses."""
    return NEWROUTE, CREATE | REPLACE, _route(prefix, UNICAST, _UNIVERSE, _ONLINK, via=via, index=index)


def route_link(prefix: str, index: int) -> Message:
    """``prefix`` directly on a link."""
    return NEWROUTE, CREATE | REPLACE, _route(prefix, UNICAST, _LINK_SCOPE, 0, index=index)


def route_local(prefix: str) -> Message:
    """``prefix`` belongs to this namespace: it answers ARP for it and delivers to its own sockets."""
    return NEWROUTE, CREATE | REPLACE, _route(prefix, LOCAL_ROUTE, _HOST_SCOPE, 0, table=LOCAL, index=LOOPBACK)


def route_unreachable(prefix: str) -> Message:
    """What has no route of its own in ``prefix`` is refused with an ICMP error. EEXIST when it is there."""
    return NEWROUTE, CREATE | EXCL, _route(prefix, UNREACHABLE, _UNIVERSE, 0)


def route_delete(prefix: str, kind: int = UNICAST, table: int = MAIN, index: int = 0) -> Message:
    """Take a route away (of that type, and on that link where one is given)."""
    scope = 255 if kind == UNICAST else _UNIVERSE  # RT_SCOPE_NOWHERE: of any scope
    if kind == LOCAL_ROUTE:
        scope = _HOST_SCOPE
    return DELROUTE, 0, _route(prefix, kind, scope, 0, table=table, index=index)


def route_add(table: int, prefix: str, *, kind: int = UNICAST, via: str = "", index: int = 0, metric: int = 0) -> Message:
    """A route of any kind in any table; one of the same prefix and metric is replaced."""
    scope = _LINK_SCOPE if index and not via else _UNIVERSE
    body = _route(prefix, kind, scope, _ONLINK if via else 0, table=0, via=via, index=index)
    return NEWROUTE, CREATE | REPLACE, body + attribute(15, _U32.pack(table)) + _metric(metric)


def route_remove(table: int, prefix: str, metric: int = 0) -> Message:
    """Take away a route of any kind to ``prefix`` in that table: the one of that metric, or any."""
    body = _route(prefix, 0, 255, 0, table=0)  # RTN_UNSPEC, RT_SCOPE_NOWHERE: of any kind
    body = body[:5] + b"\0" + body[6:]  # of any protocol
    return DELROUTE, 0, body + attribute(15, _U32.pack(table)) + _metric(metric)


def _metric(metric: int) -> bytes:
    return attribute(6, _U32.pack(metric)) if metric else b""


def _rule(priority: int, table: int, interface: str, mark: int) -> bytes:
    body = _ROUTE.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, _TO_TABLE, 0)
    if interface:
        body += attribute(3, text(interface))
    if mark:
        body += attribute(10, _U32.pack(mark)) + attribute(16, _U32.pack(0xFFFFFFFF))
    return body + attribute(6, _U32.pack(priority)) + attribute(15, _U32.pack(table))


def rule_add(priority: int, table: int, interface: str = "", mark: int = 0) -> Message:
    """Ask ``table`` for what comes in by ``interface`` with ``mark`` (for all: "" and 0). EEXIST when it is there."""
    return NEWRULE, CREATE | EXCL, _rule(priority, table, interface, mark)


def rule_delete(priority: int, table: int, interface: str = "", mark: int = 0) -> Message:
    """Take such a rule away; ENOENT when there is none."""
    return DELRULE, 0, _rule(priority, table, interface, mark)


@dataclass(frozen=True)
class Rule:
    """One rule that asks a table."""

    priority: int
    table: int
    interface: str


def rules(channel: Channel) -> list[Rule]:
    """All rules for IPv4. Raises NetlinkError."""
    found = []
    for _, body in channel.dump(GETRULE, _ROUTE.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)):
        attrs = attributes(body, _ROUTE.size)
        number = _U32.unpack(attrs[15])[0] if 15 in attrs else body[4]
        priority = _U32.unpack(attrs[6])[0] if 6 in attrs else 0
        found.append(Rule(priority, number, read_text(attrs.get(3, b""))))
    return found


def neighbour(index: int, address: str, mac: bytes) -> Message:
    """A neighbour that is known without ARP. Permanent ones do not count against the host's table of neighbours."""
    body = _NEIGHBOUR.pack(socket.AF_INET, 0, index, _PERMANENT, 0, 0)
    return NEWNEIGH, CREATE | REPLACE, body + attribute(1, address_bytes(address)) + attribute(2, mac)


@dataclass(frozen=True)
class Link:
    """One interface.

    ``peer`` is the other end's index, or that of the link below a macvlan; ``peer_nsid`` this namespace's number for where it is
    (-1: here).
    """

    index: int
    name: str
    up: bool
    alias: str
    peer: int
    peer_nsid: int
    strict: bool
    forwarding: bool
    accept_local: bool
    ipv6: bool


@dataclass(frozen=True)
class Route:
    """One IPv4 route; ``via`` is "" and ``index`` 0 where it has none."""

    prefix: str
    kind: int
    table: int
    protocol: int
    via: str
    index: int
    metric: int = 0


def links(channel: Channel) -> list[Link]:
    """All interfaces. Raises NetlinkError."""
    return [_read_link(body) for _, body in channel.dump(GETLINK, _LINK.pack(0, 0, 0, 0, 0))]


def link(channel: Channel, index: int) -> Link | None:
    """One interface. Raises NetlinkError."""
    try:
        return _read_link(channel.ask(GETLINK, _LINK.pack(0, 0, index, 0, 0)))
    except NetlinkError as error:
        if error.errno == errno.ENODEV:
            return None
        raise


def _read_link(body: bytes) -> Link:
    _, _, index, flags, _ = _LINK.unpack_from(body)
    attrs = attributes(body, _LINK.size)
    peer = _U32.unpack(attrs[5])[0] if 5 in attrs else 0
    nsid = _I32.unpack(attrs[37])[0] if 37 in attrs else -1
    families = attributes(attrs.get(_AF_SPEC, b""))
    four = attributes(families.get(socket.AF_INET, b"")).get(1, b"")  # IFLA_INET_CONF: one word each
    six = attributes(families.get(socket.AF_INET6, b"")).get(2, b"")  # IFLA_INET6_CONF
    return Link(
        index=index,
        name=read_text(attrs[3]),
        up=bool(flags & UP),
        alias=read_text(attrs.get(20, b"")),
        peer=peer,
        peer_nsid=nsid,
        strict=_word(four, _RP_FILTER - 1) == 1,
        forwarding=_word(four, _FORWARDING - 1) == 1,
        accept_local=_word(four, _ACCEPT_LOCAL - 1) == 1,
        ipv6=bool(six) and _word(six, _DISABLE_IPV6) == 0,
    )


def _word(values: bytes, place: int) -> int:
    return _U32.unpack_from(values, place * 4)[0] if len(values) >= place * 4 + 4 else 0


def addresses(channel: Channel) -> list[tuple[int, str, int]]:
    """``(link's index, address, prefix length)`` of all IPv4 addresses. Raises NetlinkError."""
    found = []
    for _, body in channel.dump(GETADDR, _ADDRESS.pack(socket.AF_INET, 0, 0, 0, 0)):
        _, length, _, _, index = _ADDRESS.unpack_from(body)
        attrs = attributes(body, _ADDRESS.size)
        found.append((index, socket.inet_ntoa(attrs.get(2) or attrs[1]), length))
    return found


def routes(channel: Channel, index: int = 0) -> list[Route]:
    """All IPv4 routes, of all tables, or those over one link. Raises NetlinkError."""
    found = []
    only = attribute(4, _U32.pack(index)) if index else b""
    for _, body in channel.dump(GETROUTE, _ROUTE.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0) + only):
        _, length, _, _, table, protocol, _, kind, _ = _ROUTE.unpack_from(body)
        attrs = attributes(body, _ROUTE.size)
        destination = socket.inet_ntoa(attrs[1]) if 1 in attrs else "0.0.0.0"
        via = socket.inet_ntoa(attrs[5]) if 5 in attrs else ""
        index = _U32.unpack(attrs[4])[0] if 4 in attrs else 0
        table = _U32.unpack(attrs[15])[0] if 15 in attrs else table
        metric = _U32.unpack(attrs[6])[0] if 6 in attrs else 0
        found.append(Route(f"{destination}/{length}", kind, table, protocol, via, index, metric))
    return found


def nsid_of(channel: Channel, descriptor: int) -> int:
    """This namespace's number for the namespace behind ``descriptor``; -1 when it has none. Raises NetlinkError."""
    body = channel.ask(GETNSID, struct.pack("=Bxxx", 0) + attribute(3, _U32.pack(descriptor)))  # NETNSA_FD
    return _I32.unpack(attributes(body, 4)[1])[0]  # NETNSA_NSID
