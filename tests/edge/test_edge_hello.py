"""Reading a TLS hello: real ones whole and in pieces, over one record and many, and any bytes at all."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloister.services.edge.hello import Broken, Hello, More, read


def hello_of(name: str | None) -> bytes:
    """What Python's TLS says first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def split(record: bytes, size: int) -> bytes:
    """The same handshake message over records of ``size`` bytes (RFC 8446 5.1)."""
    body = record[5:]
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(record[:3] + len(part).to_bytes(2, "big") + part for part in parts)


@pytest.mark.parametrize(("name", "read_as"), [("Name.Example", "name.example"), ("a.b-c.d", "a.b-c.d"), (None, "")])
def test_the_name(name: str | None, read_as: str) -> None:
    assert read(hello_of(name)) == Hello(read_as)


def test_every_beginning_asks_for_more_and_never_for_too_much() -> None:
    for whole in (hello_of("name.example"), split(hello_of("name.example"), 100)):
        for size in range(len(whole)):
            said = read(whole[:size])
            assert isinstance(said, More)
            assert size < said.size <= len(whole)
        assert read(whole) == read(whole + b"more") == Hello("name.example")


@pytest.mark.parametrize(
    ("content", "alert"),
    [
        (b"GET / HTTP/1.1\r\n", -1),
        (b"\x15\x03\x01\x00\x02\x01\x00", -1),
        (b"\x16\x03\x01\xff\xff\x01", -1),
        (b"\x16\x03\x01\x00\x01\x02", 50),
        (split(hello_of("name.example"), 1), 50),
        (b"\x16\x03\x01\x00\x04\x01\x00\xff\xff", 50),
    ],
)
def test_what_is_no_hello(content: bytes, alert: int) -> None:
    assert read(content) == Broken(alert)


def test_lengths_that_lie_are_no_hello() -> None:
    whole = bytearray(hello_of("name.example"))
    for at in range(43, len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 0xFF
        assert isinstance(read(bytes(changed)), Hello | Broken)


@given(content=st.binary(max_size=400), head=st.sampled_from([b"", b"\x16\x03\x01", b"\x16\x03\x01\x00\x40\x01\x00\x00\x3c"]))
def test_any_bytes(content: bytes, head: bytes) -> None:
    said = read(head + content)
    assert isinstance(said, Hello | More | Broken)
    if isinstance(said, More):
        assert said.size > len(head + content)
