"""The sockets of one view: datagrams in a tight loop, connections with bounds (RFC 7766)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from functools import partial

from cloister.limits import DNS_TCP_CONNECTIONS_MAX, DNS_TCP_IDLE_SECONDS
from cloister.services.resolver.cache import Answers

DATAGRAM_BYTES_MAX = 4096
DATAGRAMS_AT_ONCE = 64  # then the other sockets have their turn
MESSAGES_AT_ONCE = 64  # of one connection, likewise

Reply = bytes | asyncio.Future[bytes] | None
Fresh = Callable[[bytes, bool], Reply]
"""``(message, tcp) -> answer``: works an answer out, and keeps it if it may be kept; a future where others must be asked."""


class Listener:
    """UDP and TCP sockets of one namespace, served until ``close``. ``cached`` is the view's live table."""

    def __init__(self, udp: socket.socket, tcp: socket.socket, cached: Answers, fresh: Fresh):
        self._udp = udp
        self._tcp = tcp
        self._cached = cached
        self._fresh = fresh
        self._server: asyncio.Server | None = None
        self._connections: dict[Connection, None] = {}
        self._loop = asyncio.get_running_loop()

    @property
    def inodes(self) -> tuple[int, int]:
        """What tells these sockets from later ones of the same name."""
        return os.fstat(self._udp.fileno()).st_ino, os.fstat(self._tcp.fileno()).st_ino

    async def open(self) -> None:
        """Begin to answer."""
        self._udp.setblocking(False)
        self._loop.add_reader(self._udp.fileno(), self._readable)
        # The server gets a descriptor of its own, because it closes what it is given.
        self._server = await self._loop.create_server(lambda: Connection(self), sock=self._tcp.dup())

    def close(self) -> None:
        """Stop, and end every connection."""
        self._loop.remove_reader(self._udp.fileno())
        self._udp.close()
        if self._server is not None:
            self._server.close()
        self._tcp.close()
        for connection in list(self._connections):
            connection.end()

    def _readable(self) -> None:
        udp, cached = self._udp, self._cached
        for _ in range(DATAGRAMS_AT_ONCE):
            try:
                message, peer = udp.recvfrom(DATAGRAM_BYTES_MAX)
            except OSError:  # nothing more now
                return
            known = cached.get(message[2:])
            reply = self._fresh(message, False) if known is None else message[:2] + known
            if isinstance(reply, asyncio.Future):
                reply.add_done_callback(partial(self._late, peer))
            elif reply is not None:
                with contextlib.suppress(OSError):  # the asker is gone, or the buffer is full: it asks again
                    udp.sendto(reply, peer)

    def _late(self, peer: tuple[str, int], reply: asyncio.Future[bytes]) -> None:
        if not reply.cancelled() and reply.exception() is None:
            with contextlib.suppress(OSError):
                self._udp.sendto(reply.result(), peer)

    # --- what a connection asks of its listener ---

    def joined(self, connection: Connection) -> None:
        """A connection came; the longest idle one makes place where there are too many."""
        if len(self._connections) >= DNS_TCP_CONNECTIONS_MAX:
            next(iter(self._connections)).end()
        self._connections[connection] = None

    def used(self, connection: Connection) -> None:
        """A question came: this connection is now the least idle one."""
        if self._connections.pop(connection, True) is None:
            self._connections[connection] = None

    def left(self, connection: Connection) -> None:
        """A connection ended."""
        self._connections.pop(connection, None)

    def answer(self, message: bytes) -> Reply:
        """The answer to one message of a connection."""
        return self._fresh(message, True)


class Connection(asyncio.Protocol):
    """One TCP client: questions one after another, each answered in turn; closed when idle or when it does not read."""

    def __init__(self, listener: Listener):
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._paused = False
        self._idle: asyncio.TimerHandle | None = None
        self._since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]
        self._since = self._loop.time()
        self._idle = self._loop.call_later(DNS_TCP_IDLE_SECONDS, self._check_idle)
        self._listener.joined(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._serve()

    def pause_writing(self) -> None:
        self._paused = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._paused = False
        if self._transport is not None:
            self._transport.resume_reading()
            self._serve()

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.left(self)
        if self._idle is not None:
            self._idle.cancel()
        self._transport = None

    def end(self) -> None:
        """End the connection now."""
        self._listener.left(self)
        if self._transport is not None:
            self._transport.abort()

    def _serve(self) -> None:
        """Answer the whole messages received, while the client takes the answers; after some, others have their turn."""
        received = self._received
        at = count = 0
        while not self._paused and self._transport is not None and len(received) - at >= 2:
            end = at + 2 + int.from_bytes(received[at : at + 2], "big")
            if len(received) < end:
                break
            if count == MESSAGES_AT_ONCE:
                self._transport.pause_reading()
                self._loop.call_soon(self._go_on)
                break
            reply = self._listener.answer(bytes(received[at + 2 : end]))
            at = end
            count += 1
            if reply is None:  # no query: nothing sensible will come from here
                self.end()
                return
            if isinstance(reply, asyncio.Future):
                reply.add_done_callback(self._late)
            else:
                self._transport.write(len(reply).to_bytes(2, "big") + reply)
        if at:
            del received[:at]
            self._since = self._loop.time()
            self._listener.used(self)

    def _late(self, reply: asyncio.Future[bytes]) -> None:
        if self._transport is not None and not reply.cancelled() and reply.exception() is None:
            self._transport.write(len(reply.result()).to_bytes(2, "big") + reply.result())

    def _go_on(self) -> None:
        if not self._paused:
            self.resume_writing()

    def _check_idle(self) -> None:
        left = self._since + DNS_TCP_IDLE_SECONDS - self._loop.time()
        if left <= 0:
            self.end()
        else:
            self._idle = self._loop.call_later(left, self._check_idle)
