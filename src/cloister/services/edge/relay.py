"""Private link services: a connection that came by an endpoint goes on to one's own service, from its NAT address.

The kernel leads an endpoint's port to the service's slot address (``net.plan.LINK_SLOTS``) with the endpoint's identity as
source; here it is taken up and made anew from the namespace that holds the NAT address, to the first backend that answers,
each time beginning with the next. Nothing in the bytes is looked at. With ``proxy`` the service is told who comes, in the
PROXY protocol, version 2, with Azure's own field (0xEE, the endpoint's link identifier).

Source: learn.microsoft.com/azure/private-link/private-link-service-overview (TCP Proxy v2); haproxy.org, proxy-protocol.txt.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from cloister.limits import RELAY_CONNECT_SECONDS
from cloister.net.desired import Identity, Relay

CHUNK = 256 * 1024
_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_VERSION_PROXY, _TCP4 = 0x21, 0x11
_AZURE, _LINK_IDENTIFIER = 0xEE, 0x01


class Holder(Protocol):
    """What is used of the keeper: a socket in a namespace."""

    def socket(self, name: str, namespace: str | None, type: str, address: str, port: int) -> socket.socket: ...
    def drop_socket(self, name: str) -> bool: ...


class Relays:
    """Makes connections in the NAT namespaces. The keeper is asked from a thread of its own."""

    def __init__(self, holder: Callable[[], Holder]):
        self._open = holder
        self._holder: Holder | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="relay")
        self._turn = itertools.count()

    async def connect(self, relay: Relay) -> socket.socket:
        """A connection to a backend. Raises OSError where none answers, TimeoutError."""
        loop = asyncio.get_running_loop()
        first = next(self._turn)
        namespace = relay.namespaces[first % len(relay.namespaces)]
        error = OSError("no backend")
        async with asyncio.timeout(RELAY_CONNECT_SECONDS):
            for n in range(len(relay.targets)):
                target = relay.targets[(first + n) % len(relay.targets)]
                made = await loop.run_in_executor(self._thread, self._socket, namespace)
                try:
                    async with asyncio.timeout(RELAY_CONNECT_SECONDS / len(relay.targets)):
                        await loop.sock_connect(made, target)
                    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    return made
                except (OSError, TimeoutError) as failed:
                    made.close()
                    error = failed
                except BaseException:
                    made.close()
                    raise
        raise error

    def _socket(self, namespace: str) -> socket.socket:
        if self._holder is None:
            self._holder = self._open()
        name = f"link-{os.getpid()}-{namespace}"
        try:
            return self._holder.socket(name, namespace, "out", "", 0)
        except Exception as error:  # the keeper's words; to the caller there is no way on
            raise OSError(str(error)) from error
        finally:
            with contextlib.suppress(Exception):
                self._holder.drop_socket(name)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def greeting(relay: Relay, number: int, source: tuple[str, int], target: tuple[str, int]) -> bytes:
    """The PROXY header: who came (the endpoint's identity), where he goes, and the endpoint's link identifier."""
    value = struct.pack("<BI", _LINK_IDENTIFIER, number)
    field = struct.pack("!BH", _AZURE, len(value)) + value
    ends = socket.inet_aton(source[0]) + socket.inet_aton(target[0]) + struct.pack("!HH", source[1], target[1])
    return _SIGNATURE + struct.pack("!BBH", _VERSION_PROXY, _TCP4, len(ends) + len(field)) + ends + field


async def carry(client: socket.socket, relay: Relay, identity: Identity, relays: Relays) -> None:
    """Carry one connection to its end. Raises OSError where no backend answers or one side breaks off."""
    service = await relays.connect(relay)
    try:
        if relay.proxy:
            number = int.from_bytes(socket.inet_aton(identity.address), "big") & 0x3FFFFF
            head = greeting(relay, number, client.getpeername(), service.getpeername())
            await asyncio.get_running_loop().sock_sendall(service, head)
        async with asyncio.TaskGroup() as both:
            both.create_task(pump(client, service))
            both.create_task(pump(service, client))
    except ExceptionGroup as error:
        raise OSError(str(error.exceptions[0])) from error
    finally:
        service.close()


async def pump(source: socket.socket, target: socket.socket) -> None:
    """Carry one direction to its end, and say so to the other side. Raises OSError."""
    loop = asyncio.get_running_loop()
    room = bytearray(CHUNK)
    while count := await loop.sock_recv_into(source, room):
        await loop.sock_sendall(target, memoryview(room)[:count])
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
