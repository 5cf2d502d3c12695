"""Accepting connections: who comes by which way, which name they ask for, and whether TLS is made for it at all.

    accept -> the way in (by the peer's address) -> peek at the hello -> admit -> TLS with that name's certificate -> HTTP

A refusal before TLS is a fatal alert in the clear, as a TLS server gives it. Every socket is known by its peer's address from
the moment it is accepted, so that the sockets of an endpoint can be reset at once, whatever they are doing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import select
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address

from cloister.arm import ids
from cloister.limits import (
    EDGE_CONNECTIONS_MAX,
    EDGE_CONNECTIONS_PER_PEER_MAX,
    HEADER_BYTES_MAX,
    HELLO_BYTES_MAX,
    HELLO_SECONDS,
)
from cloister.net import plan
from cloister.net.allowed import covers
from cloister.net.desired import Identity, Outlet, Relay
from cloister.services.edge import hello
from cloister.services.edge.accepting import Accepting
from cloister.services.edge.certificates import Certificates
from cloister.services.edge.conversation import Answer, Conversation, Room
from cloister.services.edge.gates import HOST_NAMES, Way
from cloister.services.edge.measured import egress_log, refusals_log
from cloister.services.edge.outward import Outward, host_of, refusal
from cloister.services.edge.outward import carry as pass_on
from cloister.services.edge.relay import Relays, carry
from cloister.services.edge.state import EdgeState

log = logging.getLogger("cloister.edge")

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: close sends a reset
_SHORT_PAUSE = 0.01


def way_in(state: EdgeState, address: str, host: bool) -> Way | None:
    """The way a peer came, or None for one that may not come at all: an endpoint's address without an endpoint."""
    if host:
        return Way("host", address)
    identity = state.identity(address)
    if identity is not None:
        return Way("endpoint", address, identity)
    if subnet := state.caller(address):
        return Way("internet", address, subnet=subnet)
    return None if IPv4Address(address) in plan.IDENTITIES else Way("internet", address)


def admit(state: EdgeState, way: Way, name: str) -> str | int:
    """The certificate's name for a hello, or the alert that refuses it.

    Only names that exist are served; by an endpoint only those of its resource; the host's listener also as localhost.
    """
    if way.via == "host" and (not name or name in HOST_NAMES):
        return "localhost"
    if not name:
        return hello.MISSING_EXTENSION
    site = state.site(name)
    if site is None:
        return hello.UNRECOGNIZED_NAME
    if way.identity is not None and (not site.resource or ids.key(site.resource) != ids.key(way.identity.resource)):
        return hello.UNRECOGNIZED_NAME
    return site.fqdn


class Line:
    """One accepted socket from accept to end."""

    def __init__(self, sock: socket.socket, way: Way, lines: Lines):
        self.sock = sock
        self.way = way
        self.name = ""
        self._lines = lines
        self._task: asyncio.Task[None] | None = None
        self._conversation: Conversation | None = None
        lines.add(self)

    def start(self, certificates: Certificates, answer: Callable[[Line], Answer], state: EdgeState) -> None:
        """Greet the client; answers come from ``answer(line)``."""
        self._task = asyncio.get_running_loop().create_task(self._greet(certificates, answer, state))
        self._task.add_done_callback(self._greeted)

    def carry(self, relay: Relay | None, relays: Relays) -> None:
        """Hand the bytes on to a private link service, if the connection came by an endpoint of it; else reset."""
        identity = self.way.identity
        if relay is None or identity is None or ids.key(identity.resource) != ids.key(relay.resource):
            self._end_by_reset()
            return
        self._task = asyncio.get_running_loop().create_task(self._carry(relay, identity, relays))
        self._task.add_done_callback(self._greeted)

    def leave(self, outlet: Outlet | None, outward: Outward) -> None:
        """Hand the bytes on to the name of the real internet that the address stands for, if that is what is asked for."""
        if self.way.identity is not None:
            self._end_by_reset()
            return
        secure = self.sock.getsockname()[1] == plan.EDGE_PORT
        self._task = asyncio.get_running_loop().create_task(self._leave(outlet, outward, secure))
        self._task.add_done_callback(self._greeted)

    async def _leave(self, outlet: Outlet | None, outward: Outward, secure: bool) -> None:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                name = await self._name_in_hello() if secure else await self._host_in_head()
        except (OSError, TimeoutError):
            self._end()
            return
        if outlet is None or not covers(outlet.name, name):
            words = f"cannot leave the cloud: '{name[:253]}' is not what the operator allows at this address"
            refusals_log.line("refused egress name=%r of=%r by %s", name[:253], outlet.name if outlet else "", self.way.words)
            self._refuse_to_leave(secure, hello.UNRECOGNIZED_NAME if name else hello.MISSING_EXTENSION, 403, words)
            return
        try:
            service = await outward.call(outlet, name, plan.EDGE_PORT if secure else plan.HTTP_PORT)
        except (OSError, TimeoutError) as error:
            refusals_log.line("cannot call name=%s for %s: %s", name, self.way.words, error or "it is silent")
            self._refuse_to_leave(secure, hello.INTERNAL_ERROR, 502, f"cannot reach '{name}': {error or 'it is silent'}")
            return
        egress_log.line("egress name=%s address=%s port=%d for=%s", name, *service.getpeername(), self.way.address)
        try:
            await pass_on(self.sock, service)
        except OSError as error:
            log.debug("egress ended name=%s reason=%s", name, error)
            self._end_by_reset()
        else:
            self._end()

    def _refuse_to_leave(self, secure: bool, alert: int, status: int, words: str) -> None:
        with contextlib.suppress(OSError):
            self.sock.send(hello.alert(alert) if secure else refusal(status, words))
            self.sock.shutdown(socket.SHUT_WR)
            self.sock.recv(HEADER_BYTES_MAX)  # what is unread would turn the close into a reset
        self._end()

    async def _name_in_hello(self) -> str:
        said = await self._hello()
        return said.name if isinstance(said, hello.Hello) else ""

    async def _host_in_head(self) -> str:
        """Peek until the request's head is whole."""
        wanted = 1
        while True:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)
            await _readable(asyncio.get_running_loop(), self.sock)
            content = self.sock.recv(HEADER_BYTES_MAX, socket.MSG_PEEK)
            name = host_of(content)
            if name is not None:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
                return name
            if len(content) < wanted or self._is_half_closed():
                raise ConnectionResetError("the client left")
            wanted = len(content) + 1

    async def _carry(self, relay: Relay, identity: Identity, relays: Relays) -> None:
        try:
            await carry(self.sock, relay, identity, relays)
        except (OSError, TimeoutError) as error:
            log.debug("relay ended resource=%s reason=%s", relay.resource, error)
            self._end_by_reset()
        else:
            self._end()

    def _end_by_reset(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._end()

    def reset(self) -> None:
        """End the connection at once with a TCP reset, whatever is under way."""
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        if (self._conversation is None or not self._conversation.abort()) and self._task is not None:
            self._task.cancel()
        self.gone()

    def close(self) -> None:
        """End the connection in good order."""
        if self._conversation is None or not self._conversation.close():
            self.reset()

    def gone(self) -> None:
        """The socket is no longer ours to end."""
        self._lines.discard(self)

    async def _greet(self, certificates: Certificates, answer: Callable[[Line], Answer], state: EdgeState) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                said = await self._hello()
                admitted = admit(state, self.way, said.name) if isinstance(said, hello.Hello) else said.alert
                if isinstance(admitted, int):
                    self._refuse(admitted, said)
                    return
                context = await certificates.context(admitted)
        except (ConnectionError, OSError, TimeoutError) as error:
            if not isinstance(error, ConnectionResetError):
                refusals_log.line("cannot greet %s: %s", self.way.address, error or type(error).__name__)
                self._refuse(hello.INTERNAL_ERROR, None)
            else:
                self._end()
            return
        assert isinstance(said, hello.Hello)
        self.name = said.name or HOST_NAMES[0]
        self._conversation = Conversation(answer(self), self._lines.room, self.gone)
        try:
            await loop.connect_accepted_socket(
                self._made, self.sock, ssl=context, ssl_handshake_timeout=HELLO_SECONDS, ssl_shutdown_timeout=2.0
            )
        except (OSError, EOFError) as error:  # ssl.SSLError and timeouts are OSErrors
            log.debug("no TLS with %s for %s: %s", self.way.address, self.name, error)
            self.gone()

    def _made(self) -> Conversation:
        assert self._conversation is not None
        return self._conversation

    def _greeted(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._end()
        elif (error := task.exception()) is not None:
            log.error("cannot greet %s", self.way.address, exc_info=error)
            self._end()

    async def _hello(self) -> hello.Hello | hello.Broken:
        """Peek until the hello is whole. The low-water mark keeps a part of one from waking us again and again."""
        loop = asyncio.get_running_loop()
        wanted = 0
        while True:
            try:
                content = self.sock.recv(HELLO_BYTES_MAX + 1024, socket.MSG_PEEK)
            except BlockingIOError:
                content = b""
            else:
                if len(content) < max(wanted, 1) and self._is_half_closed():
                    raise ConnectionResetError("the client left")
            said = hello.read(content)
            if not isinstance(said, hello.More):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
                return said
            if said.size == wanted:
                await asyncio.sleep(_SHORT_PAUSE)  # woken below the mark: the kernel is short of memory
            wanted = said.size
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)
            await _readable(loop, self.sock)

    def _is_half_closed(self) -> bool:
        poll = select.poll()
        poll.register(self.sock, select.POLLRDHUP)
        return bool(poll.poll(0))

    def _refuse(self, alert: int, said: hello.Hello | hello.Broken | None) -> None:
        if alert >= 0:
            if isinstance(said, hello.Hello):
                refusals_log.line("refused TLS for %r by %s: alert %d", said.name[:253], self.way.words, alert)
            with contextlib.suppress(OSError):
                self.sock.send(hello.alert(alert))
                # What is unread at close would turn the close into a reset, and the alert would be lost.
                self.sock.shutdown(socket.SHUT_WR)
                self.sock.recv(HELLO_BYTES_MAX + 1024)
        self._end()

    def _end(self) -> None:
        self.sock.close()
        self.gone()


class Lines:
    """All open connections, by the peer's address, and the memory that their bodies may take."""

    def __init__(self) -> None:
        self._by_peer: dict[str, set[Line]] = {}
        self.count = 0
        self.room = Room()

    def add(self, line: Line) -> None:
        """A connection has been accepted."""
        self._by_peer.setdefault(line.way.address, set()).add(line)
        self.count += 1

    def discard(self, line: Line) -> None:
        """A connection has ended. Doing it twice is doing it once."""
        held = self._by_peer.get(line.way.address)
        if held and line in held:
            held.remove(line)
            self.count -= 1
            if not held:
                del self._by_peer[line.way.address]

    def full(self, address: str) -> bool:
        """Whether one more from this peer would be too many."""
        return self.count >= EDGE_CONNECTIONS_MAX or len(self._by_peer.get(address, ())) >= EDGE_CONNECTIONS_PER_PEER_MAX

    def sever(self, address: str) -> None:
        """Reset all connections of a peer."""
        for line in list(self._by_peer.get(address, ())):
            line.reset()

    def close(self) -> None:
        """End all connections in good order."""
        for lines in list(self._by_peer.values()):
            for line in list(lines):
                line.close()


class Listener:
    """One listening socket. ``host`` marks the loopback listener of this machine."""

    def __init__(
        self,
        sock: socket.socket,
        *,
        host: bool,
        state: EdgeState,
        lines: Lines,
        certificates: Certificates,
        answer: Callable[[Line], Answer],
        relays: Relays,
        outward: Outward,
    ):
        self.sock = sock
        self._relays = relays
        self._outward = outward
        self._host = host
        self._state = state
        self._lines = lines
        self._certificates = certificates
        self._answer = answer
        self._accepting = Accepting(sock, self._taken)

    def start(self) -> None:
        """Accept from now on."""
        self._accepting.start()

    def stop(self) -> None:
        """Accept no more. The socket itself is the keeper's and stays open there."""
        self._accepting.stop()

    def _taken(self, sock: socket.socket, peer: str) -> None:
        way = way_in(self._state, peer, self._host)
        if way is None or self._lines.full(peer):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            sock.close()
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        local = sock.getsockname()[0]
        if not self._host and IPv4Address(local) in plan.LINK_SLOTS:
            Line(sock, way, self._lines).carry(self._state.relay(local), self._relays)
        elif not self._host and IPv4Address(local) in plan.ALLOWED_NAMES:
            Line(sock, way, self._lines).leave(self._state.outlet(local), self._outward)
        else:
            Line(sock, way, self._lines).start(self._certificates, self._answer, self._state)


async def _readable(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
    """Wait until ``sock`` has as much as its low-water mark, or has ended."""
    future: asyncio.Future[None] = loop.create_future()

    def ready() -> None:
        if not future.done():
            future.set_result(None)

    loop.add_reader(sock.fileno(), ready)
    try:
        await future
    finally:
        loop.remove_reader(sock.fileno())
