"""What stands in an nftables rule: matches and verdicts, each as the bytes that ``nft`` itself makes of that text.

So ``nft list ruleset`` prints our rules as text. Formats: linux/netfilter/nf_tables.h. Registers: 1 is the first of 16
bytes, 8 + n the n-th word of 4 bytes; the second part of a concatenation stands in 9.
"""

from __future__ import annotations

import socket
import struct
from functools import lru_cache

from cloister.drivers.linux.netlink import attribute, attributes, each, nest, read_text, text

PREROUTING, INPUT, FORWARD, OUTPUT, POSTROUTING = 0, 1, 2, 3, 4
DROP, ACCEPT = 0, 1
_JUMP, _GOTO, RETURN = -3, -4, -5
_REGISTER, _SECOND_WORD = 1, 9
_VERDICT = 0
_EQUAL, _DIFFERENT, _AT_MOST, _AT_LEAST = 0, 1, 3, 5

SOURCE, DESTINATION, SOURCE_PORT, DESTINATION_PORT = 19, 20, 11, 12  # NFT_CT_SRC_IP ...: parts of `ct original`

ESTABLISHED, RELATED, INVALID, NEW = 2, 4, 1, 8  # bits of `ct state`
_DNATED = 0x20  # IPS_DST_NAT, of `ct status`


def _number(value: int) -> bytes:
    return struct.pack(">I", value & 0xFFFFFFFF)


def _expression(name: str, *parts: bytes) -> bytes:
    return nest(1, attribute(1, text(name)), nest(2, *parts))  # NFTA_LIST_ELEM, NFTA_EXPR_NAME, NFTA_EXPR_DATA


def _value(raw: bytes) -> bytes:
    return attribute(1, raw)  # NFTA_DATA_VALUE


def _compare(raw: bytes, operation: int = _EQUAL) -> bytes:
    return _expression("cmp", attribute(1, _number(_REGISTER)), attribute(2, _number(operation)), nest(3, _value(raw)))


def _meta(key: int) -> bytes:
    return _expression("meta", attribute(1, _number(_REGISTER)), attribute(2, _number(key)))


def _payload(base: int, offset: int, size: int, register: int = _REGISTER) -> bytes:
    numbers = (register, base, offset, size)
    return _expression("payload", *(attribute(kind, _number(value)) for kind, value in enumerate(numbers, 1)))


def _interface(key: int, name: str) -> bytes:
    """A name, or a beginning of names that ends in ``*``."""
    raw = name[:-1].encode() if name.endswith("*") else name.encode().ljust(16, b"\0")
    return _meta(key) + _compare(raw)


def incoming(name: str) -> bytes:
    """``iifname``."""
    return _interface(6, name)


def outgoing(name: str) -> bytes:
    """``oifname``."""
    return _interface(7, name)


def incoming_link() -> bytes:
    """Load ``iifname``."""
    return _meta(6)


def outgoing_link() -> bytes:
    """Load ``oifname``."""
    return _meta(7)


@lru_cache(maxsize=4096)
def protocol(number: int) -> bytes:
    """``meta l4proto``."""
    return _meta(16) + _compare(bytes((number,)))


def destination(prefix: str) -> bytes:
    """``ip daddr`` within a prefix of 8, 16, 24 or 32 bits."""
    address, _, length = prefix.partition("/")
    size = int(length or 32) // 8
    return _payload(1, 16, size) + _compare(socket.inet_aton(address)[:size])


def from_address(address: str) -> bytes:
    """``ip saddr`` is that address."""
    return source() + _compare(socket.inet_aton(address))


def from_prefix(prefix: str) -> bytes:
    """``ip saddr`` likewise."""
    address, _, length = prefix.partition("/")
    size = int(length or 32) // 8
    return _payload(1, 12, size) + _compare(socket.inet_aton(address)[:size])


def to_port(number: int) -> bytes:
    """``tcp dport`` or ``udp dport``; ``protocol`` goes before it."""
    return _payload(2, 2, 2) + _compare(struct.pack(">H", number))


def source_in(name: str) -> bytes:
    """``ip saddr @set``."""
    return _payload(1, 12, 4) + _lookup(name)


def destination_in(name: str) -> bytes:
    """``ip daddr @set``."""
    return _payload(1, 16, 4) + _lookup(name)


def _lookup(name: str, into: int | None = None) -> bytes:
    parts = [attribute(1, text(name)), attribute(2, _number(_REGISTER))]
    if into is not None:
        parts.append(attribute(3, _number(into)))
    return _expression("lookup", *parts)


def looked_up(name: str, identifier: int, verdicts: bool = False) -> bytes:
    """What was loaded is in an anonymous set of this batch; of a verdict map, go where its element says."""
    parts = [attribute(1, text(name)), attribute(2, _number(_REGISTER))]
    if verdicts:
        parts.append(attribute(3, _number(_VERDICT)))
    return _expression("lookup", *parts, attribute(4, _number(identifier)))


def original(part: int) -> bytes:
    """Load a part of ``ct original``: what the first packet of the connection had, before any translation."""
    return _connection(part, _REGISTER, original=True)


@lru_cache(maxsize=4096)
def between(first: bytes, last: bytes) -> bytes:
    """What was loaded lies in a range (bytes as in a packet)."""
    return _compare(first) if first == last else _compare(first, _AT_LEAST) + _compare(last, _AT_MOST)


@lru_cache(maxsize=4096)
def inside(first: bytes, last: bytes) -> bytes:
    """What was loaded, four bytes, lies in a range; where that is a prefix the kernel is asked in its quickest way."""
    low, high = int.from_bytes(first, "big"), int.from_bytes(last, "big")
    host = low ^ high
    if host == 0 or host & (host + 1) or low & host:
        return between(first, last)
    return _masked((~host & 0xFFFFFFFF).to_bytes(4, "big")) + _compare(first)


def source() -> bytes:
    """Load ``ip saddr``."""
    return _payload(1, 12, 4)


def target() -> bytes:
    """Load ``ip daddr``."""
    return _payload(1, 16, 4)


def from_port_of() -> bytes:
    """Load the source port of TCP or UDP."""
    return _payload(2, 0, 2)


def to_port_of() -> bytes:
    """Load the destination port of TCP or UDP."""
    return _payload(2, 2, 2)


def go_to(chain: str) -> bytes:
    """``goto``: what returns from there returns from here."""
    return _expression(
        "immediate", attribute(1, _number(_VERDICT)), nest(2, nest(2, attribute(1, _number(_GOTO)), attribute(2, text(chain))))
    )


def _connection(key: int, register: int, original: bool = False) -> bytes:
    parts = [attribute(1, _number(register)), attribute(2, _number(key))]
    if original:
        parts.append(attribute(3, b"\0"))  # NFTA_CT_DIRECTION: IP_CT_DIR_ORIGINAL
    return _expression("ct", *parts)


def _masked(mask: bytes) -> bytes:
    """What was loaded, and these bits."""
    numbers = (_REGISTER, _REGISTER, len(mask))
    given = (attribute(kind, _number(value)) for kind, value in enumerate(numbers, 1))
    return _expression("bitwise", *given, nest(4, _value(mask)), nest(5, _value(bytes(len(mask)))))


def _any_bit(bits: int) -> bytes:
    return _masked(struct.pack("=I", bits)) + _compare(bytes(4), _DIFFERENT)


def state(bits: int) -> bytes:
    """``ct state``, any of the bits."""
    return _connection(0, _REGISTER) + _any_bit(bits)


def translated() -> bytes:
    """``ct status dnat``."""
    return _connection(2, _REGISTER) + _any_bit(_DNATED)


def onward() -> bytes:
    """``ct direction original``: not an answer."""
    return _connection(1, _REGISTER) + _compare(b"\0")


def dnat_by(name: str) -> bytes:
    """``dnat ip to ip daddr . tcp dport map @name``; what has no element goes on untouched."""
    nat = (attribute(1, _number(1)), attribute(2, _number(socket.AF_INET)), attribute(3, _number(_REGISTER)))
    return (
        protocol(socket.IPPROTO_TCP)
        + _payload(1, 16, 4)
        + _payload(2, 2, 2, _SECOND_WORD)
        + _lookup(name, _REGISTER)
        + _expression("nat", *nat, attribute(5, _number(_SECOND_WORD)))
    )


def marked(value: int) -> bytes:
    """``meta mark set value``."""
    loaded = attribute(1, _number(_REGISTER)) + nest(2, _value(struct.pack("=I", value)))
    return _expression("immediate", loaded) + _expression("meta", attribute(2, _number(3)) + attribute(3, _number(_REGISTER)))


def unmarked() -> bytes:
    """``meta mark 0``."""
    return _meta(3) + _compare(bytes(4))


HOP_MAC = b"\x02\x02"
"""How the source of a frame begins that is for an appliance; the appliance's address is the rest of it."""


def from_hop() -> bytes:
    """The first two bytes of ``ether saddr``."""
    return _payload(0, 6, 2) + _compare(HOP_MAC)


def marked_by_hop(name: str) -> bytes:
    """``meta mark set`` the last four bytes of ``ether saddr`` ``map @name``; what has no element goes on untouched."""
    return _payload(0, 8, 4) + _lookup(name, _REGISTER) + _expression("meta", attribute(2, _number(3)), attribute(3, _number(1)))


def untracked() -> bytes:
    """``notrack``."""
    return _expression("notrack")


def untracked_by(name: str) -> bytes:
    """``meta iif . ip daddr @name notrack``."""
    return _meta(4) + _payload(1, 16, 4, _SECOND_WORD) + _lookup(name) + untracked()


def snat_by(name: str) -> bytes:
    """``snat to ct original ip daddr . ct original proto-dst map @name``; what has no element goes on."""
    return (
        protocol(socket.IPPROTO_TCP)
        + _connection(20, _REGISTER, original=True)
        + _connection(12, _SECOND_WORD, original=True)
        + _lookup(name, _REGISTER)
        + _snat()
    )


def with_source_in(name: str) -> bytes:
    """``ip saddr`` is a key of that map; its value is loaded and left."""
    return _payload(1, 12, 4) + _lookup(name, _REGISTER)


def object_of_source_in(name: str) -> bytes:
    """``ip saddr map @name`` of objects: the connection gets that one; what has no element goes on without."""
    return source() + _object_in(name)


def object_of_original_in(name: str) -> bytes:
    """``ct original ip daddr map @name`` likewise."""
    return original(DESTINATION) + _object_in(name)


def _object_in(name: str) -> bytes:
    return _expression("objref", attribute(3, _number(_REGISTER)), attribute(4, text(name)))


def with_service_in(name: str) -> bytes:
    """``ip saddr . ip daddr & 255.255.255.0`` is a key of that map; its value is loaded and left."""
    return _payload(1, 12, 4) + _payload(1, 16, 3, _SECOND_WORD) + _lookup(name, _REGISTER)


def snat_by_service(name: str) -> bytes:
    """``snat to ip saddr . ip daddr & 255.255.255.0 map @name``; what has no element goes on."""
    return with_service_in(name) + _snat()


def snat_in_turn(name: str, slots: int) -> bytes:
    """``snat to ip saddr . numgen inc mod slots map @name``; what has no element goes on."""
    number = _expression("numgen", *(attribute(kind, _number(value)) for kind, value in ((1, _SECOND_WORD), (2, slots), (3, 0))))
    return _payload(1, 12, 4) + number + _lookup(name, _REGISTER) + _snat()


def snat_by_source(name: str) -> bytes:
    """``snat to ip saddr map @name``; what has no element goes on."""
    return with_source_in(name) + _snat()


def dnat_to_machine(name: str) -> bytes:
    """``dnat ip to ip daddr map @name``, whatever the protocol; what has no element goes on untouched."""
    nat = (attribute(1, _number(1)), attribute(2, _number(socket.AF_INET)), attribute(3, _number(_REGISTER)))
    return _payload(1, 16, 4) + _lookup(name, _REGISTER) + _expression("nat", *nat)


def snat_to(address: str) -> bytes:
    """``snat to address``."""
    packed = nest(2, _value(socket.inet_aton(address)))
    return _expression("immediate", attribute(1, _number(_REGISTER)), packed) + _snat()


def _snat() -> bytes:
    return _expression("nat", attribute(1, _number(0)), attribute(2, _number(socket.AF_INET)), attribute(3, _number(_REGISTER)))


@lru_cache(maxsize=4096)
def verdict(code: int, chain: str = "") -> bytes:
    """``accept``, ``drop``, or with a chain ``jump``."""
    parts = [attribute(1, _number(_JUMP if chain else code))]
    if chain:
        parts.append(attribute(2, text(chain)))
    return _expression("immediate", attribute(1, _number(_VERDICT)), nest(2, nest(2, *parts)))


def tcp_reset() -> bytes:
    """``reject with tcp reset``."""
    return protocol(socket.IPPROTO_TCP) + _expression("reject", attribute(1, _number(1)), attribute(2, b"\0"))


def snat_address(expressions: bytes) -> str:
    """The address of a rule made by ``snat_to``; "" when it is something else."""
    for _, listed in each(expressions):
        expression = attributes(listed)
        if read_text(expression.get(1, b"")) == "immediate":
            value = attributes(attributes(expression[2]).get(2, b"")).get(1, b"")
            return socket.inet_ntoa(value) if len(value) == 4 else ""
    return ""
