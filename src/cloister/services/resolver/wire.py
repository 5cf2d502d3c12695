"""DNS on the wire: a message in, a message out, never an exception (RFC 1035, RFC 6891, RFC 8482, RFC 9619).

Reading is small on purpose: the header, one question and the OPT record are all that a query has. Records are put
into wire form by dnspython, once each. No EDNS option is answered (no NSID, no cookies).
"""

from __future__ import annotations

import contextlib
import socket
import struct
from functools import lru_cache

import dns.exception
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import msgspec

from cloister.dns.answer import answer
from cloister.dns.question import Answer, Question, RecordSet, fold
from cloister.dns.world import ViewTable
from cloister.limits import DNS_TTL_MAX, DNS_UDP_BYTES_MAX, DNS_UDP_BYTES_MIN

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 0, 1, 2, 3, 4, 5, 16
RCODES = {"NOERROR": NOERROR, "NXDOMAIN": NXDOMAIN, "SERVFAIL": SERVFAIL}

QR, TC, RD, RA, CD = 0x8000, 0x0200, 0x0100, 0x0080, 0x0010
OPCODE = 0x7800
IN, OPT = 1, 41
TRANSFERS = (251, 252)  # IXFR, AXFR
META = range(128, 255)  # RFC 6895, 3.1: types of questions and of messages, not of records
DO = 0x8000
TCP_BYTES_MAX = 65_535

_HEADER = struct.Struct("!6H")
_TAIL = struct.Struct("!HH")
_RECORD = struct.Struct("!HHIH")
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_*")


class Malformed(ValueError):
    """A message whose header can be read and whose rest cannot."""


class Query(msgspec.Struct):
    """A query as read: ``question`` is its question section as it came (letters as written), to be given back."""

    number: int
    flags: int
    name: str
    type: int
    klass: int
    question: bytes
    edns: bool = False
    version: int = 0
    dnssec_ok: bool = False
    size: int = DNS_UDP_BYTES_MIN
    plain: bool = True
    """No EDNS option came with it: messages like this one repeat, so its answer is worth keeping."""


class Forwarded(msgspec.Struct):
    """A query whose answer somebody else has: ``answer.onward`` says who; ``finish`` writes what he says."""

    query: Query
    answer: Answer
    tcp: bool

    @property
    def kind(self) -> str:
        """The mnemonic of the type asked for."""
        return type_text(self.query.type)

    def finish(self, said: dns.message.Message | None) -> bytes:
        """The whole answer; SERVFAIL where nobody said anything."""
        if said is None:
            return _write(self.query, SERVFAIL, (), (), self.tcp)
        answers = (*self.answer.answers, *_record_sets(said.answer))
        authority = tuple(one for one in _record_sets(said.authority) if one.type == "SOA")
        try:
            return _write(self.query, int(said.rcode()) & 15, answers, authority, self.tcp)
        except (dns.exception.DNSException, struct.error, OverflowError, ValueError):
            return _write(self.query, SERVFAIL, (), (), self.tcp)


def _record_sets(section: list[dns.rrset.RRset]) -> tuple[RecordSet, ...]:
    return tuple(
        RecordSet(
            fold(one.name.to_text()),
            dns.rdatatype.to_text(one.rdtype),
            min(one.ttl, DNS_TTL_MAX),
            tuple(value.to_text() for value in one),
        )
        for one in section
    )


def respond(message: bytes, view: ViewTable, *, tcp: bool) -> tuple[bytes | Forwarded | None, bool]:
    """The answer to ``message`` as seen from ``view``, and whether it may be kept for equal messages.

    None where nothing must be sent: less than a header, or itself an answer (two resolvers would never stop).
    """
    if len(message) < _HEADER.size:
        return None, False
    number, flags, *_ = _HEADER.unpack_from(message)
    if flags & QR:
        return None, False
    if flags & OPCODE:
        return _bare(number, flags, NOTIMP), False
    try:
        query = read(message)
    except Malformed:
        return _bare(number, flags, FORMERR), False
    rcode = _refusal(query)
    if rcode:
        return _write(query, rcode, (), (), tcp), False
    found = answer(view, Question(query.name, type_text(query.type)))
    if found.onward is not None:
        return Forwarded(query, found, tcp), False
    try:
        return _write(query, RCODES[found.rcode], found.answers, found.authority, tcp), query.plain
    except (dns.exception.DNSException, struct.error, OverflowError):  # an alias too long for a name
        return _write(query, SERVFAIL, (), (), tcp), False


def _refusal(query: Query) -> int:
    """Why a well-formed query gets no answer, or 0."""
    if query.version:
        return BADVERS
    if query.type == OPT:
        return FORMERR
    if query.klass != IN or query.type in TRANSFERS:
        return REFUSED
    return NOTIMP if query.type in META else 0


# --- reading ----------------------------------------------------------------------------------------------------


def read(message: bytes) -> Query:
    """Read a query with exactly one question. Raises Malformed."""
    number, flags, questions, *counts = _HEADER.unpack_from(message)
    if questions != 1:
        raise Malformed("not one question")
    name, at = _read_question_name(message)
    if at + 4 > len(message):
        raise Malformed("the question is cut off")
    kind, klass = _TAIL.unpack_from(message, at)
    query = Query(number, flags, name, kind, klass, message[_HEADER.size : at + 4])
    at += 4
    for _ in range(sum(counts)):
        at = _read_record(message, at, query)
    return query


def _read_question_name(message: bytes) -> tuple[str, int]:
    labels: list[str] = []
    at = _HEADER.size
    while True:
        if at >= len(message):
            raise Malformed("the name is cut off")
        length = message[at]
        at += 1
        if not length:
            break
        if length > 63 or at + length > len(message) or at + length - _HEADER.size > 254:
            raise Malformed("the name is too long, cut off or compressed")
        labels.append(label_text(message[at : at + length]))
        at += length
    return ".".join(labels), at


def _read_record(message: bytes, at: int, query: Query) -> int:
    """Pass over one record, taking note of OPT."""
    start = at
    while True:
        if at >= len(message):
            raise Malformed("a record is cut off")
        length = message[at]
        at += 1
        if length >= 0xC0:
            at += 1
            break
        if length > 63:
            raise Malformed("a record's name is wrong")
        if not length:
            break
        at += length
    if at + _RECORD.size > len(message):
        raise Malformed("a record is cut off")
    kind, klass, ttl, length = _RECORD.unpack_from(message, at)
    root = at - start == 1
    at += _RECORD.size + length
    if at > len(message):
        raise Malformed("a record's data is cut off")
    if kind == OPT:
        if query.edns or not root:
            raise Malformed("a second OPT record, or one with a name")
        query.edns = True
        query.version = ttl >> 16 & 0xFF
        query.dnssec_ok = bool(ttl & DO)
        query.size = max(DNS_UDP_BYTES_MIN, min(klass, DNS_UDP_BYTES_MAX))
        query.plain = not length
    else:
        query.plain = False
    return at


@lru_cache(maxsize=16384)
def label_text(label: bytes) -> str:
    """One label as folded text; bytes that are no letter, digit, ``-``, ``_`` or ``*`` become ``\\DDD``."""
    label = label.lower()
    if _PLAIN.issuperset(label):
        return label.decode("ascii")
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03d}" for byte in label)


def type_text(kind: int) -> str:
    """A type's mnemonic, ``TYPE<n>`` where it has none."""
    return dns.rdatatype.to_text(dns.rdatatype.RdataType.make(kind))


# --- writing ----------------------------------------------------------------------------------------------------


def _bare(number: int, flags: int, rcode: int) -> bytes:
    """An answer of a header only."""
    return _HEADER.pack(number, QR | flags & (OPCODE | RD) | RA | rcode, 0, 0, 0, 0)


def _write(query: Query, rcode: int, answers: tuple[RecordSet, ...], authority: tuple[RecordSet, ...], tcp: bool) -> bytes:
    """The whole answer; over UDP one that does not fit is sent empty with TC (RFC 2181, 9)."""
    limit = TCP_BYTES_MAX if tcp else query.size
    opt = b""
    if query.edns:
        opt = b"\0" + _RECORD.pack(OPT, DNS_UDP_BYTES_MAX, (rcode >> 4) << 24 | (DO if query.dnssec_ok else 0), 0)
    body = bytearray(query.question)
    places = {query.name: _HEADER.size} if query.name else {}
    counts = [_append(body, sets, places) for sets in (answers, authority)]
    flags = QR | query.flags & (RD | CD) | RA | rcode & 15
    if _HEADER.size + len(body) + len(opt) > limit:
        body = bytearray(query.question)
        counts = [0, 0]
        flags |= TC
    return _HEADER.pack(query.number, flags, 1, *counts, 1 if opt else 0) + bytes(body) + opt


def _append(body: bytearray, sets: tuple[RecordSet, ...], places: dict[str, int]) -> int:
    """Append record sets to ``body``; a name written before is a pointer to its place. Returns how many records."""
    count = 0
    for found in sets:
        for value in found.values:
            place = places.get(found.name)
            if place is None:
                if _HEADER.size + len(body) < 0x4000 and found.name:
                    places[found.name] = _HEADER.size + len(body)
                body += name_wire(found.name)
            else:
                body += (0xC000 | place).to_bytes(2, "big")
            kind, rdata = rdata_wire(found.type, value)
            body += _RECORD.pack(kind, IN, found.ttl, len(rdata)) + rdata
            count += 1
    return count


@lru_cache(maxsize=16384)
def name_wire(name: str) -> bytes:
    """A folded name in wire form, uncompressed. Raises dns.exception.DNSException where it is too long for one."""
    return dns.name.from_text(name, dns.name.root).to_wire()  # type: ignore[return-value]


@lru_cache(maxsize=16384)
def rdata_wire(kind: str, value: str) -> tuple[int, bytes]:
    """A record's type number and data from presentation form, names in it uncompressed and absolute.

    Raises dns.exception.DNSException for a value that is none of this type.
    """
    if kind == "A":
        with contextlib.suppress(OSError):  # not an address: let dnspython say so
            return 1, socket.inet_pton(socket.AF_INET, value)
    number = dns.rdatatype.from_text(kind)
    found = dns.rdata.from_text(dns.rdataclass.IN, number, value, origin=dns.name.root, relativize=False)
    return number, found.to_wire()  # type: ignore[return-value]
