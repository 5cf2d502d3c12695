"""Netlink on the wire: attributes, messages, and a channel that sends many in one datagram and reads the answers.

Wire format: linux/netlink.h, RFC 3549. The kernel works through a datagram inside ``sendmsg``, so when that returns all
answers are queued; only the last message asks for an acknowledgement, errors come unasked.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress

ROUTE = 0  # NETLINK_ROUTE
NETFILTER = 12  # NETLINK_NETFILTER: nftables and conntrack

REQUEST, ACK, DUMP = 0x1, 0x4, 0x300
REPLACE, EXCL, CREATE, APPEND = 0x100, 0x200, 0x400, 0x800
NESTED = 0x8000

_SOL_NETLINK = 270
_NETLINK_CAP_ACK, _NETLINK_EXT_ACK, _NETLINK_GET_STRICT_CHK = 10, 11, 12
_ERROR, _DONE = 2, 3
_DUMP_INTR = 0x10
_CAPPED, _ACK_TLVS = 0x100, 0x200
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_CODE = struct.Struct("=i")
_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_NFTABLES = 10  # NFNL_SUBSYS_NFTABLES
_BUFFER_BYTES = 4 * 1024 * 1024
_RECEIVE_BYTES = 1 << 17
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")

Message = tuple[int, int, bytes]  # type, flags, body


class NetlinkError(OSError):
    """What the kernel said to one message: ``errno``, and its own words where it has any."""

    def __str__(self) -> str:
        return f"{errno.errorcode.get(self.errno or 0, self.errno)} ({self.strerror})"


def attribute(kind: int, payload: bytes) -> bytes:
    """One attribute, padded."""
    size = len(payload)
    return _ATTRIBUTE.pack(size + 4, kind) + payload + _PADDING[size & 3]


def nest(kind: int, *parts: bytes) -> bytes:
    """An attribute that holds others."""
    return attribute(kind | NESTED, b"".join(parts))


def text(value: str) -> bytes:
    """A name as the kernel keeps it: with a final zero."""
    return value.encode() + b"\0"


def read_text(payload: bytes) -> str:
    """The name in an attribute's payload."""
    return payload.rstrip(b"\0").decode(errors="replace")


def each(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes in ``body``, in order; flag bits are taken off their types."""
    at, end = 0, len(body)
    while at + 4 <= end:
        size, kind = _ATTRIBUTE.unpack_from(body, at)
        if size < 4:
            return
        yield kind & 0x3FFF, body[at + 4 : at + size]
        at += (size + 3) & ~3


def attributes(body: bytes, at: int = 0) -> dict[int, bytes]:
    """The attributes in ``body`` from ``at`` on, by type; of several of one type, the last. (Hot: a loop of its own.)"""
    found = {}
    unpack, end = _ATTRIBUTE.unpack_from, len(body)
    while at + 4 <= end:
        size, kind = unpack(body, at)
        if size < 4:
            break
        found[kind & 0x3FFF] = body[at + 4 : at + size]
        at += (size + 3) & ~3
    return found


class Channel:
    """A netlink socket, bound to the namespace of the thread that opened it, for good. For one thread at a time."""

    def __init__(self, protocol: int):
        self._sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self._sock.bind((0, 0))
        self._sequence = 0
        for option in (_NETLINK_CAP_ACK, _NETLINK_EXT_ACK, _NETLINK_GET_STRICT_CHK):
            with suppress(OSError):  # GET_STRICT_CHK only means something for routes
                self._sock.setsockopt(_SOL_NETLINK, option, 1)
        for forced, plain in ((33, socket.SO_RCVBUF), (32, socket.SO_SNDBUF)):  # SO_RCVBUFFORCE, SO_SNDBUFFORCE
            try:
                self._sock.setsockopt(socket.SOL_SOCKET, forced, _BUFFER_BYTES)
            except PermissionError:  # in a user namespace: as much as the host allows
                self._sock.setsockopt(socket.SOL_SOCKET, plain, _BUFFER_BYTES)

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def send(self, messages: Sequence[Message]) -> dict[int, NetlinkError]:
        """Send all in one datagram; the errors by the message's place. The kernel goes on after a failed message."""
        first = self._sequence + 1
        self._sequence = last = self._sequence + len(messages)
        parts = []
        for place, (kind, flags, body) in enumerate(messages, first):
            flags |= REQUEST if place < last else REQUEST | ACK
            parts.append(_HEADER.pack(16 + len(body), kind, flags, place, 0) + body)
        self._sock.send(b"".join(parts))
        return self._errors(first, last)

    def transact(self, messages: Sequence[Message]) -> dict[int, NetlinkError]:
        """Send an nftables batch: all of it holds or, when an error is returned, nothing. -1: the batch as a whole."""
        first = self._sequence + 2
        last = first + len(messages) - 1
        self._sequence = last + 1
        mark = struct.pack(">BBH", 0, 0, _NFTABLES)
        parts = [_HEADER.pack(20, _BATCH_BEGIN, REQUEST, first - 1, 0) + mark]
        for place, (kind, flags, body) in enumerate(messages, first):
            flags |= REQUEST if place < last else REQUEST | ACK
            parts.append(_HEADER.pack(16 + len(body), kind, flags, place, 0) + body)
        parts.append(_HEADER.pack(20, _BATCH_END, REQUEST, last + 1, 0) + mark)
        self._sock.send(b"".join(parts))
        return self._errors(first, last)

    def _errors(self, first: int, last: int) -> dict[int, NetlinkError]:
        failed: dict[int, NetlinkError] = {}
        while True:
            try:
                answer = self._sock.recv(_RECEIVE_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                if not failed:
                    raise NetlinkError(errno.EPROTO, "the kernel did not answer") from None
                return failed
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                failed[-1] = NetlinkError(errno.ENOBUFS, "more errors than fit")
                continue
            for kind, flags, number, body in _messages(answer):
                if kind != _ERROR or number < first - 1:
                    continue
                code = -_CODE.unpack_from(body)[0]
                if code:
                    failed[number - first] = _told(code, flags, body)
                if number >= last:
                    return failed

    def dump(self, kind: int, body: bytes, flags: int = DUMP) -> list[tuple[int, bytes]]:
        """Ask for a list: ``(type, body)`` of each answer. Asked again when it changed meanwhile. Raises NetlinkError."""
        while True:
            self._sequence += 1
            self._sock.send(_HEADER.pack(16 + len(body), kind, REQUEST | flags, self._sequence, 0) + body)
            found, whole = self._listed(self._sequence)
            if whole:
                return found

    def ask(self, kind: int, body: bytes) -> bytes:
        """Ask for one thing: the body of the answer. Raises NetlinkError."""
        self._sequence += 1
        self._sock.send(_HEADER.pack(16 + len(body), kind, REQUEST, self._sequence, 0) + body)
        while True:
            for answer, flags, number, found in _messages(self._sock.recv(_RECEIVE_BYTES)):
                if number != self._sequence:
                    continue
                if answer == _ERROR:
                    raise _told(-_CODE.unpack_from(found)[0], flags, found)
                return found

    def _listed(self, sequence: int) -> tuple[list[tuple[int, bytes]], bool]:
        found: list[tuple[int, bytes]] = []
        whole = True
        while True:
            for kind, flags, number, body in _messages(self._sock.recv(_RECEIVE_BYTES)):
                if number != sequence:
                    continue
                if flags & _DUMP_INTR and kind not in (_ERROR,):
                    whole = False
                if kind == _DONE:
                    return found, whole
                if kind == _ERROR:
                    code = -_CODE.unpack_from(body)[0]
                    if code:
                        raise _told(code, flags, body)
                    return found, whole
                found.append((kind, body))


def _messages(datagram: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    at, end = 0, len(datagram)
    while at + 16 <= end:
        size, kind, flags, number, _ = _HEADER.unpack_from(datagram, at)
        yield kind, flags, number, datagram[at + 16 : at + size]
        at += (size + 3) & ~3


def _told(code: int, flags: int, body: bytes) -> NetlinkError:
    words = os.strerror(code)
    if flags & _ACK_TLVS:
        header = 20 if flags & _CAPPED else 4 + int.from_bytes(body[4:8], "little")
        said = attributes(body, header).get(1)  # NLMSGERR_ATTR_MSG
        if said:
            words = f"{words}: {read_text(said)}"
    return NetlinkError(code, words)
