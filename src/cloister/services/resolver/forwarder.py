"""Asking other name servers: what forwarding rules send on, from an outbound endpoint's own place in a network.

Datagrams first, from a few sockets with ports of the kernel's choice and unguessable ids; an answer counts if it comes from
whom was asked, with that id and that question (RFC 5452). One that was cut off is asked again over TCP (RFC 7766). The first
server of a rule is asked first, the others where it is silent. The same question under way is asked once, so a rule that
leads back to its own resolver ends in silence and not in a storm.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
import socket
from collections.abc import Iterable

import dns.exception
import dns.flags
import dns.message

from cloister.keeper.client import KeeperRefused
from cloister.limits import DNS_FORWARD_SECONDS, DNS_FORWARD_TRY_SECONDS, DNS_FORWARDS_MAX
from cloister.net.desired import Onward
from cloister.services.resolver.sockets import Sockets

log = logging.getLogger("cloister.resolver")

DATAGRAM_BYTES_MAX = 4096
ROUNDS = 2
Server = tuple[str, int]
Asked = tuple[int, Server]  # id and server


class Outlet:
    """The datagram sockets of one outbound endpoint, and who waits on them."""

    def __init__(self, sockets: Iterable[socket.socket]):
        self._loop = asyncio.get_running_loop()
        self._sockets = list(sockets)
        self._waiting: list[dict[Asked, tuple[bytes, asyncio.Future[dns.message.Message]]]] = [{} for _ in self._sockets]
        for place, one in enumerate(self._sockets):
            self._loop.add_reader(one.fileno(), self._readable, place)

    async def ask(self, query: bytes, server: Server) -> dns.message.Message:
        """Send and wait, as long as the caller does. Raises OSError."""
        place = random.SystemRandom().randrange(len(self._sockets))
        waiting = self._waiting[place]
        number = secrets.randbelow(65536)
        while (number, server) in waiting:
            number = secrets.randbelow(65536)
        found: asyncio.Future[dns.message.Message] = self._loop.create_future()
        waiting[number, server] = query, found
        try:
            self._sockets[place].sendto(number.to_bytes(2, "big") + query[2:], server)
            return await found
        finally:
            del waiting[number, server]

    def close(self) -> None:
        """End; who still waits is told by his own patience."""
        for one in self._sockets:
            self._loop.remove_reader(one.fileno())
            one.close()

    def _readable(self, place: int) -> None:
        for _ in range(64):
            try:
                message, peer = self._sockets[place].recvfrom(DATAGRAM_BYTES_MAX)
            except OSError:
                return
            waiting = self._waiting[place].get((int.from_bytes(message[:2], "big"), peer))
            if waiting is not None and not waiting[1].done() and (answer := read(message, waiting[0])) is not None:
                waiting[1].set_result(answer)


def read(message: bytes, query: bytes) -> dns.message.Message | None:
    """An answer to ``query`` (whatever its id); None for anything else."""
    try:
        answer = dns.message.from_wire(message, ignore_trailing=True, raise_on_truncation=False)
        asked = dns.message.from_wire(query)
    except (dns.exception.DNSException, ValueError):
        return None
    return answer if answer.flags & dns.flags.QR and answer.question == asked.question else None


class Forwarder:
    """Asks for one resolver process."""

    def __init__(self, sockets: Sockets):
        self._sockets = sockets
        self._outlets: dict[str, Outlet] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._running: dict[tuple[Onward, str, str], asyncio.Task[dns.message.Message | None]] = {}

    async def ask(self, rule: Onward, name: str, kind: str) -> dns.message.Message | None:
        """What a rule's servers say; None where none does in ``DNS_FORWARD_SECONDS``, or too much is under way."""
        key = rule, name, kind
        task = self._running.get(key)
        if task is None:
            if len(self._running) >= DNS_FORWARDS_MAX:
                return None
            task = asyncio.get_running_loop().create_task(self._ask(rule, name, kind))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(task)

    @property
    def is_used(self) -> bool:
        """Whether it has sockets."""
        return bool(self._outlets)

    def keep_only(self, namespaces: set[str]) -> None:
        """Close the outlets that no rule uses any more."""
        for namespace in self._outlets.keys() - namespaces:
            self._outlets.pop(namespace).close()
            self._opening.pop(namespace, None)

    def close(self) -> None:
        """Close all."""
        for task in list(self._running.values()):
            task.cancel()
        self.keep_only(set())

    async def _ask(self, rule: Onward, name: str, kind: str) -> dns.message.Message | None:
        try:
            query = dns.message.make_query(name + ".", kind, use_edns=0, payload=1232).to_wire()
        except (dns.exception.DNSException, ValueError):
            return None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DNS_FORWARD_SECONDS):
                for _ in range(ROUNDS):
                    for server in rule.targets:
                        answer = await self._try(rule.namespace, query, server)
                        if answer is not None:
                            return answer
        return None

    async def _try(self, namespace: str, query: bytes, server: Server) -> dns.message.Message | None:
        try:
            async with asyncio.timeout(DNS_FORWARD_TRY_SECONDS):
                answer = await (await self._outlet(namespace)).ask(query, server)
            if answer.flags & dns.flags.TC:
                async with asyncio.timeout(DNS_FORWARD_TRY_SECONDS):
                    return await self._over_tcp(namespace, query, server)
            return answer
        except TimeoutError:
            return None
        except (OSError, KeeperRefused) as error:
            log.warning("cannot ask %s:%d from %s: %s", *server, namespace, error)
            await asyncio.sleep(DNS_FORWARD_TRY_SECONDS / 10)  # no route now: the next round may find one
            return None

    async def _outlet(self, namespace: str) -> Outlet:
        async with self._opening.setdefault(namespace, asyncio.Lock()):
            if namespace not in self._outlets:
                self._outlets[namespace] = Outlet(await self._sockets.outlet(namespace))
            return self._outlets[namespace]

    async def _over_tcp(self, namespace: str, query: bytes, server: Server) -> dns.message.Message | None:
        loop = asyncio.get_running_loop()
        made = await self._sockets.connection(namespace)
        try:
            await loop.sock_connect(made, server)
            number = secrets.token_bytes(2)
            await loop.sock_sendall(made, len(query).to_bytes(2, "big") + number + query[2:])
            message = await _read_exactly(made, int.from_bytes(await _read_exactly(made, 2), "big"))
        finally:
            made.close()
        return read(message, query) if message[:2] == number else None


async def _read_exactly(made: socket.socket, count: int) -> bytes:
    content = b""
    while len(content) < count:
        part = await asyncio.get_running_loop().sock_recv(made, count - len(content))
        if not part:
            raise ConnectionError("the server closed the connection")
        content += part
    return content
