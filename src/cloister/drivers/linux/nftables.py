"""nftables on the wire: tables, chains, rules, sets, maps and their elements, each as a netlink message, and readings.

Formats: linux/netfilter/nf_tables.h. What stands in a rule is made by ``expressions.py``. Comments of rules
and elements are user data in libnftnl's form: type, length, zero-terminated text.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cloister.drivers.linux.netlink import (
    CREATE,
    DUMP,
    Channel,
    Message,
    attribute,
    attributes,
    each,
    nest,
    read_text,
    text,
)

TABLE = "cloister"
_SUBSYSTEM = 10 << 8  # NFNL_SUBSYS_NFTABLES
_NEWTABLE, _GETTABLE, _DELTABLE, _NEWCHAIN, _GETCHAIN, _DELCHAIN, _NEWRULE, _GETRULE, _DELRULE = 0, 1, 2, 3, 4, 5, 6, 7, 8
_NEWSET, _GETSET, _NEWELEMENT, _GETELEMENT, _DELELEMENT, _GETGEN, _NEWOBJECT = 9, 10, 12, 13, 14, 16, 18
_FAMILY = struct.pack(">BBH", socket.AF_INET, 0, 0)
_COMMENT_BYTES_MAX = 127  # NFTNL_UDATA_COMMENT_MAXLEN, less the zero

ADDRESS, PORT = 7, 13  # nft's data types ipv4_addr and inet_service, for its listings only
ADDRESS_PORT = (ADDRESS << 6) | PORT
TWO_ADDRESSES = (ADDRESS << 6) | ADDRESS
INDEX_ADDRESS = (20 << 6) | ADDRESS  # iface_index and ipv4_addr
ADDRESS_NUMBER = (ADDRESS << 6) | 19  # ipv4_addr and mark, a number in the host's byte order
VERDICT = 0xFFFFFF00  # NFT_DATA_VERDICT
MARK = 19  # mark
LINK = 41  # ifname
TIMEOUT = 7  # NFT_OBJECT_CT_TIMEOUT
KEY_BYTES = {ADDRESS: 4, PORT: 2, LINK: 16}  # of the sets of one part
_JUMP, _GOTO = -3, -4
_ELEMENTS_PER_MESSAGE = 500  # an attribute holds less than 64 KiB


def _number(value: int) -> bytes:
    return struct.pack(">I", value & 0xFFFFFFFF)


def _value(raw: bytes) -> bytes:
    return attribute(1, raw)  # NFTA_DATA_VALUE


@dataclass(frozen=True)
class Set:
    """A set, or a map when ``data_type`` or ``object_type`` is given. Types are nft's; an interval set holds prefixes."""

    name: str
    key_type: int
    data_type: int = 0
    interval: bool = False
    object_type: int = 0


@dataclass(frozen=True)
class Rule:
    """A comment that says why, and its expressions."""

    comment: str
    expressions: bytes


@dataclass(frozen=True)
class Chain:
    """A chain: with a ``hook`` a base chain (type, priority and policy count), else one to jump to."""

    name: str
    rules: tuple[Rule, ...] = ()
    hook: int | None = None
    type: str = "filter"
    priority: int = 0
    policy: int = 1  # NF_ACCEPT; 0 is NF_DROP


def _width(kind: int) -> int:
    return 8 if kind in (ADDRESS_PORT, INDEX_ADDRESS, TWO_ADDRESSES, ADDRESS_NUMBER) else 4


def _comment(words: str) -> bytes:
    raw = words.encode()[-_COMMENT_BYTES_MAX:] + b"\0"
    return bytes((0, len(raw))) + raw


def table_new(comment: str, table: str = TABLE) -> Message:
    """Make the table unless it is there."""
    return (
        _SUBSYSTEM | _NEWTABLE,
        CREATE,
        _FAMILY + attribute(1, text(table)) + attribute(2, _number(0)) + attribute(6, _comment(comment)),
    )


def table_delete(table: str = TABLE) -> Message:
    """Delete the table and all in it."""
    return _SUBSYSTEM | _DELTABLE, 0, _FAMILY + attribute(1, text(table))


def set_new(declared: Set, identifier: int) -> Message:
    """Make a set or map unless it is there; ``identifier`` is unique within the batch."""
    flags = (4 if declared.interval else 0) | (8 if declared.data_type else 0) | (0x40 if declared.object_type else 0)
    body = _FAMILY + attribute(1, text(TABLE)) + attribute(2, text(declared.name)) + attribute(3, _number(flags))
    body += attribute(4, _number(declared.key_type)) + attribute(5, _number(_width(declared.key_type)))
    if declared.data_type:
        body += attribute(6, _number(declared.data_type)) + attribute(7, _number(_width(declared.data_type)))
    if declared.object_type:
        body += attribute(15, _number(declared.object_type))
    return _SUBSYSTEM | _NEWSET, CREATE, body + attribute(10, _number(identifier))


def timeout_name(minutes: int) -> str:
    """The name of the object that ``timeout_new`` makes."""
    return f"tcp-{minutes}"


def timeout_minutes(name: str) -> int:
    """The reverse of ``timeout_name``; 0 for another name."""
    minutes = name.removeprefix("tcp-")
    return int(minutes) if minutes.isdigit() else 0


def timeout_new(minutes: int) -> Message:
    """After so many minutes an idle TCP connection that got this object is forgotten; make it unless it is there."""
    states = nest(3, attribute(3, _number(60 * minutes)))  # CTA_TIMEOUT_TCP_ESTABLISHED
    policy = attribute(1, struct.pack(">H", socket.AF_INET)) + attribute(2, bytes((socket.IPPROTO_TCP,))) + states
    body = _FAMILY + attribute(1, text(TABLE)) + attribute(2, text(timeout_name(minutes)))
    return _SUBSYSTEM | _NEWOBJECT, CREATE, body + attribute(3, _number(TIMEOUT)) + nest(4, policy)


def anonymous_set(table: str, name: str, declared: Set, identifier: int, elements: Sequence[Element]) -> list[Message]:
    """A set that lives with the one rule that looks it up and that nobody can change. ``name`` has a ``%d``."""
    flags = 3 | (4 if declared.interval else 0) | (8 if declared.data_type else 0)  # anonymous, constant
    body = _FAMILY + attribute(1, text(table)) + attribute(2, text(name)) + attribute(3, _number(flags))
    body += attribute(4, _number(declared.key_type)) + attribute(5, _number(KEY_BYTES[declared.key_type]))
    if declared.data_type:
        body += attribute(6, _number(declared.data_type)) + attribute(7, _number(16))
    messages: list[Message] = [(_SUBSYSTEM | _NEWSET, CREATE, body + attribute(10, _number(identifier)))]
    for at in range(0, len(elements), _ELEMENTS_PER_MESSAGE):
        listed = nest(3, *(_element(element, True) for element in elements[at : at + _ELEMENTS_PER_MESSAGE]))
        here = _FAMILY + attribute(1, text(table)) + attribute(2, text(name)) + listed + attribute(4, _number(identifier))
        messages.append((_SUBSYSTEM | _NEWELEMENT, CREATE, here))
    return messages


def chain_new(chain: Chain, table: str = TABLE) -> Message:
    """Make a chain unless it is there."""
    body = _FAMILY + attribute(1, text(table)) + attribute(3, text(chain.name))
    if chain.hook is not None:
        body += nest(4, attribute(1, _number(chain.hook)), attribute(2, _number(chain.priority)))
        body += attribute(5, _number(chain.policy)) + attribute(7, text(chain.type))
    return _SUBSYSTEM | _NEWCHAIN, CREATE, body


def chain_flush(name: str, table: str = TABLE) -> Message:
    """Delete a chain's rules."""
    return _SUBSYSTEM | _DELRULE, 0, _FAMILY + attribute(1, text(table)) + attribute(2, text(name))


def chain_delete(name: str, table: str = TABLE) -> Message:
    """Delete a chain that nothing leads to."""
    return _SUBSYSTEM | _DELCHAIN, 0, _FAMILY + attribute(1, text(table)) + attribute(3, text(name))


def rule_new(chain: str, rule: Rule, table: str = TABLE) -> Message:
    """Append a rule."""
    body = _FAMILY + attribute(1, text(table)) + attribute(2, text(chain)) + nest(4, rule.expressions)
    return _SUBSYSTEM | _NEWRULE, CREATE | 0x800, body + attribute(7, _comment(rule.comment))


@dataclass(frozen=True)
class Element:
    """One element's bytes: key, data of a map's (or the chain to jump to, or an object), the end of an interval, a comment.

    ``final``: what returns from the chain goes no further in this one (``goto``).
    """

    key: bytes
    data: bytes = b""
    end: bool = False
    comment: str = ""
    jump: str = ""
    final: bool = False
    object: str = ""


def _element(element: Element, whole: bool) -> bytes:
    parts = nest(1, _value(element.key))
    if element.end:
        parts += attribute(3, _number(1))
    if whole and element.data:
        parts += nest(2, _value(element.data))
    if whole and element.jump:
        parts += nest(2, nest(2, attribute(1, _number(_GOTO if element.final else _JUMP)), attribute(2, text(element.jump))))
    if whole and element.object:
        parts += attribute(9, text(element.object))
    if whole and element.comment:
        parts += attribute(6, _comment(element.comment))
    return nest(1, parts)


def _elements(operation: int, flags: int, name: str, elements: Iterable[Element], whole: bool) -> Message:
    listed = nest(3, *(_element(element, whole) for element in elements))
    return _SUBSYSTEM | operation, flags, _FAMILY + attribute(1, text(TABLE)) + attribute(2, text(name)) + listed


def elements_add(name: str, elements: Iterable[Element]) -> Message:
    """Add elements. One that is there already: fine with the same data, EBUSY with other."""
    return _elements(_NEWELEMENT, CREATE, name, elements, True)


def elements_delete(name: str, elements: Iterable[Element]) -> Message:
    """Delete elements; ENOENT when one is missing."""
    return _elements(_DELELEMENT, 0, name, elements, False)


def address_key(address: str) -> bytes:
    """The key of a set of addresses."""
    return socket.inet_aton(address)


def address_port(address: str, port: int) -> bytes:
    """The key, or data, of ``ipv4_addr . inet_service``: each part fills whole words."""
    return socket.inet_aton(address) + struct.pack(">Hxx", port)


def index_address(index: int, address: str) -> bytes:
    """The key ``iface_index . ipv4_addr``: an interface's number in the host's byte order."""
    return struct.pack("=I", index) + socket.inet_aton(address)


def address_number(address: str, number: int) -> bytes:
    """The key ``ipv4_addr . number``."""
    return socket.inet_aton(address) + struct.pack("=I", number)


def read_address_number(raw: bytes) -> tuple[str, int]:
    """The reverse of ``address_number``."""
    return socket.inet_ntoa(raw[:4]), struct.unpack("=I", raw[4:8])[0]


def read_index_address(raw: bytes) -> tuple[int, str]:
    """The reverse of ``index_address``."""
    return struct.unpack("=I", raw[:4])[0], socket.inet_ntoa(raw[4:8])


def read_address_port(raw: bytes) -> tuple[str, int]:
    """The reverse of ``address_port``."""
    return socket.inet_ntoa(raw[:4]), int.from_bytes(raw[4:6], "big")


def read_address(raw: bytes) -> str:
    """The reverse of ``address_key``."""
    return socket.inet_ntoa(raw)


def prefix_elements(prefix: str, comment: str = "") -> tuple[Element, Element]:
    """A prefix in an interval set: its first address, and the first after it as end."""
    address, _, length = prefix.partition("/")
    first = int.from_bytes(socket.inet_aton(address), "big")
    after = first + (1 << (32 - int(length)))
    return Element(first.to_bytes(4, "big"), comment=comment), Element(after.to_bytes(4, "big"), end=True)


def ruleset(comment: str, sets: Sequence[Set], chains: Sequence[Chain]) -> list[Message]:
    """One batch that makes the table, whatever part of it is there; the elements of its sets stay."""
    messages = [table_new(comment)]
    messages += [set_new(declared, number) for number, declared in enumerate(sets, 1)]
    return messages + chains_new(chains)


def chains_new(chains: Sequence[Chain]) -> list[Message]:
    """What makes these chains of the table with these rules and no others."""
    messages = [chain_new(chain) for chain in chains]
    messages += [chain_flush(chain.name) for chain in chains]
    return messages + [rule_new(chain.name, rule) for chain in chains for rule in chain.rules]


def read_elements(channel: Channel, name: str) -> dict[bytes, bytes]:
    """Keys and data (or the object's name) of a set or map, no ends of intervals. Raises NetlinkError (ENOENT: no such set)."""
    found: dict[bytes, bytes] = {}
    body = _FAMILY + attribute(1, text(TABLE)) + attribute(2, text(name))
    for _, answer in channel.dump(_SUBSYSTEM | _GETELEMENT, body):
        for _, listed in each(attributes(answer, 4).get(3, b"")):
            element = attributes(listed)
            if int.from_bytes(element.get(3, b""), "big") & 1:
                continue
            data = attributes(element[2])[1] if 2 in element else element.get(9, b"").rstrip(b"\0")
            found[attributes(element[1])[1]] = data
    return found


@dataclass(frozen=True)
class Reading:
    """The table as the kernel tells it: its comment, its chains and sets, and its rules by chain, as opaque bytes.

    ``comments`` has the comment of each chain's last rule.
    """

    comment: str
    chains: tuple[tuple[bytes, ...], ...]
    sets: tuple[tuple[bytes, ...], ...]
    rules: dict[str, tuple[bytes, ...]]
    comments: dict[str, str] = field(default_factory=dict, compare=False)


def generation(channel: Channel) -> int:
    """The number of the last transaction in this namespace, whoever made it. Raises NetlinkError."""
    return int.from_bytes(attributes(channel.ask(_SUBSYSTEM | _GETGEN, _FAMILY)[4:])[1], "big")


def read_table(channel: Channel, table: str = TABLE) -> Reading | None:
    """What a table is now, without elements; None when there is none. Raises NetlinkError."""
    comment = None
    for _, body in channel.dump(_SUBSYSTEM | _GETTABLE, _FAMILY, DUMP):
        found = attributes(body, 4)
        if read_text(found[1]) == table:
            comment = read_text(found.get(6, b"")[2:])
    if comment is None:
        return None
    chains = []
    for _, body in channel.dump(_SUBSYSTEM | _GETCHAIN, _FAMILY, DUMP):
        found = attributes(body, 4)
        if read_text(found[1]) == table:
            chains.append(tuple(found.get(kind, b"") for kind in (3, 4, 5, 7)))  # name, hook, policy, type
    sets = []
    for _, body in channel.dump(_SUBSYSTEM | _GETSET, _FAMILY + attribute(1, text(table)), DUMP):
        found = attributes(body, 4)
        sets.append(tuple(found.get(kind, b"") for kind in (2, 3, 4, 5, 6, 7)))  # name, flags, key and data
    rules: dict[str, list[bytes]] = {}
    comments: dict[str, str] = {}
    for _, body in channel.dump(_SUBSYSTEM | _GETRULE, _FAMILY + attribute(1, text(table)), DUMP):
        found = attributes(body, 4)
        chain = read_text(found[2])
        rules.setdefault(chain, []).append(found.get(4, b""))
        if 7 in found:
            comments[chain] = read_text(found[7][2:])
    told = {chain: tuple(some) for chain, some in rules.items()}
    return Reading(comment, tuple(sorted(chains)), tuple(sorted(sets)), told, comments)
