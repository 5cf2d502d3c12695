"""Messages on the wire, read back with dnspython; hostile bytes; truncation; EDNS."""

from __future__ import annotations

import struct

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloister.dns.world import ViewTable, World
from cloister.limits import DNS_UDP_BYTES_MAX
from cloister.net.desired import PublicName, View, ZoneRecords
from cloister.services.resolver.wire import respond
from tests.boxes import examples

RECORDS = (
    ("@", "SOA", 3600, ("azureprivatedns.net azureprivatedns-host.microsoft.com 7 3600 300 2419200 10",)),
    ("@", "MX", 3600, ("10 mail.corp.test", "20 mail2.corp.test")),
    ("www", "A", 3600, ("10.0.0.7", "10.0.0.8")),
    ("www", "AAAA", 3600, ("2001:db8::7",)),
    ("alias", "CNAME", 3600, ("www.corp.test",)),
    ("_ldap._tcp", "SRV", 3600, ("1 5 389 www.corp.test",)),
    ("ptr", "PTR", 3600, ("www.corp.test",)),
    ("text", "TXT", 3600, ('"one \\"two\\"" "\\195\\164"',)),
    ("long", "TXT", 3600, tuple(f'"{n:03d}{"x" * 200}"' for n in range(20))),
    ("*.wild", "A", 3600, ("10.0.0.10",)),
)
ZONE = ZoneRecords(owner="/corp", name="corp.test", records=RECORDS)
VIEW = World(
    [
        ZONE,
        PublicName(
            owner="/ws", fqdn="*.long.test", address="198.19.0.9", privatelink="*." + "l" * 63 + "." + "m" * 63 + ".long.test"
        ),
        View(owner="/v", namespace="v", address="168.63.129.16", links=((ZONE.key, False),)),
    ]
).views["v"]


def ask(query: dns.message.Message | bytes, *, tcp: bool = False, view: ViewTable = VIEW) -> dns.message.Message:
    reply, _ = respond(query if isinstance(query, bytes) else query.to_wire(), view, tcp=tcp)
    assert reply is not None
    return dns.message.from_wire(reply)


def question(name: str, kind: str, **edns: object) -> dns.message.Message:
    return dns.message.make_query(name, kind, **edns)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "kind", "ttl", "values"), [entry for entry in RECORDS if entry[1] != "CNAME" and entry[0] != "long"]
)
def test_every_type_reads_back_as_it_was_written(name: str, kind: str, ttl: int, values: tuple[str, ...]) -> None:
    fqdn = "corp.test" if name == "@" else name.replace("*", "some") + ".corp.test"
    query = question(fqdn, kind)
    reply = ask(query)
    assert query.is_response(reply)
    assert reply.flags & dns.flags.RA and reply.flags & dns.flags.RD and not reply.flags & dns.flags.AA
    [found] = reply.answer
    assert found.name.to_text(omit_final_dot=True) == fqdn
    assert found.ttl == 10
    wanted = {dns.rdata.from_text("IN", kind, value, origin=dns.name.root, relativize=False) for value in values}
    assert set(found) == wanted


def test_a_chain_and_its_compressed_names() -> None:
    reply = ask(question("ALIAS.corp.TEST", "AAAA"))
    assert [one.to_text() for one in reply.answer] == [
        "ALIAS.corp.TEST. 10 IN CNAME www.corp.test.",
        "www.corp.test. 10 IN AAAA 2001:db8::7",
    ]
    assert reply.question[0].name.to_text() == "ALIAS.corp.TEST."


def test_a_negative_answer_has_an_soa() -> None:
    reply = ask(question("nobody.corp.test", "A"))
    assert reply.rcode() == dns.rcode.NXDOMAIN and not reply.answer
    assert reply.authority[0].name.to_text() == "corp.test." and reply.authority[0].ttl == 10
    reply = ask(question("www.corp.test", "MX"))
    assert reply.rcode() == dns.rcode.NOERROR and not reply.answer and reply.authority


def test_an_unknown_type_is_no_error() -> None:
    reply = ask(question("www.corp.test", "TYPE65280"))
    assert reply.rcode() == dns.rcode.NOERROR and not reply.answer


@pytest.mark.parametrize(
    ("size", "fits"), [(None, False), (512, False), (1232, False), (4096, False), (100, False)], ids=lambda value: str(value)
)
def test_an_answer_that_does_not_fit_is_truncated_over_udp_and_whole_over_tcp(size: int | None, fits: bool) -> None:
    query = question("long.corp.test", "TXT", use_edns=size is not None, payload=size or 0)
    wire, _ = respond(query.to_wire(), VIEW, tcp=False)
    assert wire is not None and len(wire) <= max(size or 512, 512)
    reply = dns.message.from_wire(wire)
    assert bool(reply.flags & dns.flags.TC) is not fits and not reply.answer
    whole = ask(query, tcp=True)
    assert not whole.flags & dns.flags.TC and len(whole.answer[0]) == 20


def test_edns_is_answered_in_kind() -> None:
    assert ask(question("www.corp.test", "A", use_edns=False)).edns == -1
    reply = ask(question("www.corp.test", "A", use_edns=0, payload=4096, want_dnssec=True))
    assert reply.edns == 0 and reply.payload == DNS_UDP_BYTES_MAX and reply.ednsflags & dns.flags.DO
    assert not reply.options
    reply = ask(question("www.corp.test", "A", use_edns=1))
    assert reply.rcode() == dns.rcode.BADVERS and not reply.answer and reply.edns == 0


def test_no_option_is_answered_and_such_answers_are_not_kept() -> None:
    options = [
        dns.edns.GenericOption(dns.edns.OptionType.NSID, b""),
        dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678"),
    ]
    query = question("www.corp.test", "A", use_edns=0, options=options)
    reply, lasting = respond(query.to_wire(), VIEW, tcp=False)
    assert reply is not None and not dns.message.from_wire(reply).options and not lasting
    assert respond(question("www.corp.test", "A", use_edns=0).to_wire(), VIEW, tcp=False)[1]


def header(*, flags: int = 0x0100, questions: int = 1, rest: bytes = b"") -> bytes:
    return struct.pack("!6H", 4711, flags, questions, 0, 0, 0) + rest


WWW = b"\3www\4corp\4test\0"


@pytest.mark.parametrize(
    ("message", "rcode"),
    [
        (header(questions=0), dns.rcode.FORMERR),
        (header(questions=2, rest=2 * (WWW + b"\0\1\0\1")), dns.rcode.FORMERR),
        (header(rest=WWW), dns.rcode.FORMERR),
        (header(rest=WWW + b"\0\1\0"), dns.rcode.FORMERR),
        (header(rest=b"\x40abc"), dns.rcode.FORMERR),
        (header(rest=b"\xc0\x0c\0\1\0\1"), dns.rcode.FORMERR),
        (header(rest=b"\3ab"), dns.rcode.FORMERR),
        (header(rest=(b"\x3f" + b"x" * 63) * 4 + b"\0\0\1\0\1"), dns.rcode.FORMERR),
        (header(rest=WWW + b"\0\1\0\3"), dns.rcode.REFUSED),
        (header(rest=WWW + b"\0\xfc\0\1"), dns.rcode.REFUSED),
        (header(rest=WWW + b"\0\xfb\0\1"), dns.rcode.REFUSED),
        (header(rest=WWW + b"\0\xfa\0\1"), dns.rcode.NOTIMP),
        (header(rest=WWW + b"\0\x29\0\1"), dns.rcode.FORMERR),
        (header(flags=0x2100, rest=WWW + b"\0\6\0\1"), dns.rcode.NOTIMP),
        (header(flags=0x2800, rest=WWW + b"\0\6\0\1"), dns.rcode.NOTIMP),
        (struct.pack("!6H", 1, 0x0100, 1, 0, 0, 2) + WWW + b"\0\1\0\1" + 2 * b"\0\0\x29\4\xd0\0\0\0\0\0\0", dns.rcode.FORMERR),
        (struct.pack("!6H", 1, 0x0100, 1, 0, 0, 1) + WWW + b"\0\1\0\1" + b"\1a\0\0\x29\4\xd0\0\0\0\0\0\0", dns.rcode.FORMERR),
        (struct.pack("!6H", 1, 0x0100, 1, 0, 0, 1) + WWW + b"\0\1\0\1" + b"\0\0\x29\4\xd0\0\0\0\0\0\5", dns.rcode.FORMERR),
        (struct.pack("!6H", 1, 0x0100, 1, 9, 9, 9) + WWW + b"\0\1\0\1", dns.rcode.FORMERR),
    ],
)
def test_what_cannot_be_read_or_done_is_said_so(message: bytes, rcode: int) -> None:
    reply, lasting = respond(message, VIEW, tcp=False)
    assert reply is not None and not lasting
    assert reply[:2] == message[:2] and reply[2] & 0x80
    assert dns.message.from_wire(reply).rcode() == rcode and len(reply) <= len(message)


def test_silence_where_an_answer_would_do_harm() -> None:
    assert respond(b"", VIEW, tcp=False) == (None, False)
    assert respond(b"\0" * 11, VIEW, tcp=False) == (None, False)
    assert respond(header(flags=0x8180, rest=WWW + b"\0\1\0\1"), VIEW, tcp=False) == (None, False)


def test_a_label_may_hold_any_byte() -> None:
    reply = ask(header(rest=b"\5a.b\0c\4corp\4test\0" + b"\0\1\0\1"))
    assert reply.rcode() == dns.rcode.NXDOMAIN
    reply = ask(header(rest=b"\5a.b\0c\4wild\4corp\4test\0" + b"\0\1\0\1"))
    assert reply.answer[0].name.labels[0] == b"a.b\0c" and reply.answer[0].to_text().endswith("A 10.0.0.10")


def test_an_alias_too_long_for_a_name_is_servfail() -> None:
    label = "x" * 63
    reply = ask(question(f"{label}.long.test", "A"))
    assert reply.rcode() == dns.rcode.NOERROR
    wider = World(
        [
            PublicName(
                owner="/ws", fqdn="*.long.test", address="198.19.0.9", privatelink="*." + ".".join(["m" * 60] * 3) + ".long.test"
            ),
            View(owner="/v", namespace="v", address="168.63.129.16"),
        ]
    ).views["v"]
    assert ask(question(f"{label}.long.test", "A"), view=wider).rcode() == dns.rcode.SERVFAIL
    assert ask(question("x.long.test", "A"), view=wider).rcode() == dns.rcode.NOERROR


def well_formed(message: bytes) -> None:
    for tcp in (False, True):
        reply, _ = respond(message, VIEW, tcp=tcp)
        if reply is None:
            assert len(message) < 12 or message[2] & 0x80
        else:
            parsed = dns.message.from_wire(reply)
            assert parsed.id == int.from_bytes(message[:2], "big") and parsed.flags & dns.flags.QR
            assert tcp or len(reply) <= DNS_UDP_BYTES_MAX


@settings(max_examples=examples(500), deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_get_a_well_formed_answer_or_none(message: bytes) -> None:
    well_formed(message)


@settings(max_examples=examples(500), deadline=None)
@given(
    st.sampled_from(["www.corp.test", "long.corp.test", "a.wild.corp.test", "x.long.test", ".", "nobody.test"]),
    st.sampled_from(["A", "TXT", "ANY", "SOA"]),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6),
    st.integers(0, 200),
)
def test_a_damaged_query_gets_a_well_formed_answer_or_none(
    name: str, kind: str, edns: bool, damage: list[tuple[int, int]], cut: int
) -> None:
    message = bytearray(question(name, kind, use_edns=edns).to_wire())
    for place, value in damage:
        message[place % len(message)] = value
    well_formed(bytes(message[: len(message) - cut] if cut < len(message) else message))
