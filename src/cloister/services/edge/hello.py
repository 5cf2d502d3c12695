"""The first thing a TLS client says, read before anything is decided: which name it asks for.

Pure: bytes in, a verdict out. The bytes stay in the socket (they are only peeked at), so that the TLS library reads the
same hello afterwards. Source: RFC 8446 4.1.2 (ClientHello), 5.1 (records); RFC 6066 3 (server_name).
"""

from __future__ import annotations

from dataclasses import dataclass

from cloister.limits import HELLO_BYTES_MAX, HELLO_RECORDS_MAX

HANDSHAKE = 22
CLIENT_HELLO = 1
SERVER_NAME = 0

HANDSHAKE_FAILURE = 40
DECODE_ERROR = 50
INTERNAL_ERROR = 80
MISSING_EXTENSION = 109
UNRECOGNIZED_NAME = 112


@dataclass(frozen=True)
class Hello:
    """A whole hello. ``name`` is the server name in lower case without a final dot, ``""`` where the client sent none."""

    name: str


@dataclass(frozen=True)
class More:
    """Not whole yet: at least ``size`` bytes from the start are needed."""

    size: int


@dataclass(frozen=True)
class Broken:
    """No TLS hello. ``alert`` says what to answer, -1 for a client that does not speak TLS at all."""

    alert: int


def alert(description: int) -> bytes:
    """A fatal alert as a plain record, for a handshake that has not begun (RFC 8446 6)."""
    return bytes((21, 3, 3, 0, 2, 2, description))


class _Reader:
    """Walks over bytes; running past the end raises IndexError."""

    def __init__(self, content: bytes):
        self.content = content
        self.at = 0

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.content):
            raise IndexError
        found = self.content[self.at : end]
        self.at = end
        return found

    def sized(self, width: int) -> bytes:
        return self.take(int.from_bytes(self.take(width), "big"))

    @property
    def left(self) -> bool:
        return self.at < len(self.content)


def read(content: bytes) -> Hello | More | Broken:
    """What the bytes received so far say. The hello may be spread over several records."""
    message = bytearray()
    at = 0
    for _ in range(HELLO_RECORDS_MAX):
        if len(content) < at + 5:
            wrong = content[at : at + 1] not in (b"", bytes((HANDSHAKE,))) or content[at + 1 : at + 2] not in (b"", b"\x03")
            return Broken(-1 if at == 0 else DECODE_ERROR) if wrong else More(at + 5)
        size = int.from_bytes(content[at + 3 : at + 5], "big")
        if content[at] != HANDSHAKE or content[at + 1] != 3 or not 0 < size <= 16384 + 256:
            return Broken(-1 if at == 0 else DECODE_ERROR)
        message += content[at + 5 : at + 5 + size]
        at += 5 + size
        if message and message[0] != CLIENT_HELLO:
            return Broken(DECODE_ERROR)
        whole = 4 + int.from_bytes(message[1:4], "big") if len(message) >= 4 else 4
        if whole > HELLO_BYTES_MAX or at > HELLO_BYTES_MAX:
            return Broken(DECODE_ERROR)
        if len(content) < at:
            return More(at)
        if len(message) >= whole >= 4 and len(message) > 4:
            return _name(bytes(message[4:whole]))
    return Broken(DECODE_ERROR)


def _name(body: bytes) -> Hello | Broken:
    reader = _Reader(body)
    try:
        reader.take(2 + 32)  # version, random
        reader.sized(1)  # session id
        reader.sized(2)  # cipher suites
        reader.sized(1)  # compression
        if not reader.left:
            return Hello("")
        extensions = _Reader(reader.sized(2))
        while extensions.left:
            kind = int.from_bytes(extensions.take(2), "big")
            content = extensions.sized(2)
            if kind == SERVER_NAME:
                return _server_name(_Reader(_Reader(content).sized(2)))
    except IndexError:
        return Broken(DECODE_ERROR)
    return Hello("")


def _server_name(names: _Reader) -> Hello | Broken:
    while names.left:
        kind = names.take(1)
        name = names.sized(2)
        if kind != b"\x00":
            continue
        try:
            text = name.decode("ascii").lower().removesuffix(".")
        except UnicodeDecodeError:
            return Broken(DECODE_ERROR)
        return Hello(text) if text and "\0" not in text else Broken(DECODE_ERROR)
    return Hello("")
