"""The way out: a connection to an allowed name's address goes on to that name in the real internet, and to nothing else.

The kernel leads TCP 443 and 80 of each allowed name's address here (``net.plan.ALLOWED_NAMES``), after the security rules and
routes of the sender's own network. What is asked for must be that name: the server name of the TLS hello, the Host of the first
HTTP request; neither is changed or answered here. The name is looked up with the host's own resolver, unless the operator wrote
addresses for it, and no address is called that is not global, or the host's own: a name's owner could otherwise lead machines to
what listens on this host or stands beside it (DNS rebinding). What is checked is what is called.

Source: RFC 6066 3 (server_name), RFC 9112 3.2 (Host); iana.org/assignments/iana-ipv4-special-registry (what is global).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable
from ipaddress import AddressValueError, IPv4Address

from cloister.limits import EGRESS_CONNECT_SECONDS, HEADER_BYTES_MAX
from cloister.net import plan
from cloister.net.allowed import covers
from cloister.net.desired import Outlet
from cloister.services.edge.relay import pump

log = logging.getLogger("cloister.edge")

Lookup = Callable[[str], Awaitable[list[str]]]
"""A name's IPv4 addresses. Raises OSError."""


async def look_up(name: str) -> list[str]:
    """By the host's resolver. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_own(address: str) -> bool:
    """Whether an address is one of this host's: what the kernel would send to it would come from itself. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, contextlib.suppress(OSError):
        asking.connect((address, 9))
        return bool(asking.getsockname()[0] == address)
    return False


def may_be_called(address: str) -> bool:
    """Whether a looked-up address may be called: a global one of somebody else's."""
    try:
        place = IPv4Address(address)
    except AddressValueError:
        return False
    return place.is_global and not place.is_multicast and place not in plan.HOST_ADDRESSES and not is_own(address)


def host_of(content: bytes) -> str | None:
    """The Host of an HTTP request's head, lower case, without port; "" for what is none; None while it is not whole."""
    head, end, _ = content.partition(b"\r\n\r\n")
    if not end:
        return "" if len(content) >= HEADER_BYTES_MAX or not _begins_like_http(content) else None
    lines = head.split(b"\r\n")[1:]
    hosts = [line.partition(b":")[2].strip() for line in lines if line.partition(b":")[0].lower() == b"host"]
    try:
        text = hosts[0].decode("ascii").lower() if len(hosts) == 1 else ""
    except UnicodeDecodeError:
        return ""
    return text.partition(":")[0].rstrip(".")


def _begins_like_http(content: bytes) -> bool:
    method, space, _ = content[:32].partition(b" ")
    return method.isalpha() and method.isupper() and (bool(space) or len(content) < 32)


class Outward:
    """Calls allowed names. ``lookup`` is the host's resolver."""

    def __init__(self, lookup: Lookup = look_up):
        self._lookup = lookup

    async def call(self, outlet: Outlet, name: str, port: int) -> socket.socket:
        """A connection to ``name``. Raises OSError where it is nowhere, nowhere that may be called, or silent; TimeoutError."""
        if not covers(outlet.name, name):
            raise PermissionError(f"'{name}' is not '{outlet.name}'")
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(EGRESS_CONNECT_SECONDS):
            addresses = list(outlet.pins) or [one for one in await self._lookup(name) if may_be_called(one)]
            error: OSError = PermissionError(f"'{name}' has no global address: write NAME=ADDRESS if that is meant")
            for address in addresses:
                made = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
                try:
                    await loop.sock_connect(made, (address, port))
                    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    return made
                except OSError as failed:
                    made.close()
                    error = failed
                except BaseException:
                    made.close()
                    raise
        raise error


async def carry(client: socket.socket, service: socket.socket) -> None:
    """Carry one connection to its end, and close the far side. Raises OSError where one side breaks off."""
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(pump(client, service))
            both.create_task(pump(service, client))
    except ExceptionGroup as error:
        raise OSError(str(error.exceptions[0])) from error
    finally:
        service.close()


def refusal(status: int, words: str) -> bytes:
    """A whole HTTP answer in plain text."""
    body = f"{words}\n".encode()
    reason = {403: "Forbidden", 502: "Bad Gateway"}[status]
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body
