"""What the keeper holds: namespaces and sockets by name, and the slow closing of dropped namespaces.

Taking a namespace down is work for the kernel: after hundreds were dropped at once, making the next one was measured
to stall for up to a second. So dropped ones are closed at a steady rate.
"""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from dataclasses import dataclass

from cloister.keeper.kernel import enter_network, in_thread, new_network

CLOSE_EVERY_SECONDS = 0.01
NAMES_PER_PAGE = 1000
SOCKETS_PER_PAGE = 400
NAME_LENGTH_MAX = 64
IP_FREEBIND = 15  # linux/in.h; the socket module lacks it
BACKLOG = 4096
TYPES = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM, "out": socket.SOCK_STREAM}
"""``tcp`` and ``udp`` are bound, ``tcp`` listens; ``out`` is bound to nothing: who asked connects it, and drops it here."""


class Refused(Exception):
    """What cannot be held, in words that begin with "cannot"."""


@dataclass(frozen=True)
class Place:
    """Where a held socket stands; ``namespace`` None is the host."""

    namespace: str | None
    type: str
    address: str
    port: int


class Holdings:
    """Namespaces and sockets of one cloud. Used by the keeper's loop only."""

    def __init__(self) -> None:
        self._namespaces: dict[str, int] = {}
        self._sockets: dict[str, tuple[Place, socket.socket]] = {}
        self._closing: deque[int] = deque()
        self._next_close = 0.0

    def namespace(self, name: str, create: bool) -> tuple[int, bool]:
        """The descriptor of a namespace and whether it was just made. Raises Refused, OSError."""
        if name in self._namespaces:
            return self._namespaces[name], False
        if not create:
            raise Refused(f"cannot find the namespace {name!r}: nothing has made it")
        if not 0 < len(name) <= NAME_LENGTH_MAX:
            raise Refused(f"cannot name a namespace {name[:80]!r}: use 1 to {NAME_LENGTH_MAX} characters")
        self._namespaces[name] = new_network()
        return self._namespaces[name], True

    def names(self, after: str) -> tuple[list[str], bool]:
        """A page of the namespaces' names in order, and whether more follow."""
        later = sorted(name for name in self._namespaces if name > after)
        return later[:NAMES_PER_PAGE], len(later) > NAMES_PER_PAGE

    def drop(self, name: str) -> bool:
        """Let go of a namespace and of the sockets in it; False when it was not held."""
        if name not in self._namespaces:
            return False
        for held in [held for held, (place, _) in self._sockets.items() if place.namespace == name]:
            self.drop_socket(held)
        self._closing.append(self._namespaces.pop(name))
        return True

    def socket(self, name: str, place: Place) -> tuple[socket.socket, bool]:
        """The socket of that name and whether it was just made. Raises Refused, OSError."""
        if name in self._sockets:
            held, made = self._sockets[name]
            if held != place:
                raise Refused(f"cannot make the socket {name!r} at {place}: it stands at {held}; drop it first")
            return made, False
        if place.type not in TYPES:
            raise Refused(f"cannot make a socket of type {place.type!r}: use tcp, udp or out")
        if place.namespace is None:
            made = _listen(place)
        else:
            inside, _ = self.namespace(place.namespace, create=False)

            def work() -> socket.socket:
                enter_network(inside)
                return _listen(place)

            made = in_thread(work)
        self._sockets[name] = place, made
        return made, True

    def drop_socket(self, name: str) -> bool:
        """Close a held socket; False when it was not held."""
        if name not in self._sockets:
            return False
        self._sockets.pop(name)[1].close()
        return True

    def sockets(self, after: str) -> tuple[list[dict], bool]:
        """A page of the sockets in the order of their names, and whether more follow."""
        later = sorted(name for name in self._sockets if name > after)
        page = [{"name": name, **vars(self._sockets[name][0])} for name in later[:SOCKETS_PER_PAGE]]
        return page, len(later) > SOCKETS_PER_PAGE

    def drop_all(self) -> None:
        """Let go of everything; ``tick`` closes it."""
        for name in list(self._sockets):
            self.drop_socket(name)
        for name in list(self._namespaces):
            self.drop(name)

    @property
    def closed(self) -> bool:
        """Whether nothing dropped waits to be closed."""
        return not self._closing

    def tick(self) -> float | None:
        """Close a dropped namespace if its time has come; the seconds until the next, or None."""
        now = time.monotonic()
        if self._closing and now >= self._next_close:
            os.close(self._closing.popleft())
            self._next_close = now + CLOSE_EVERY_SECONDS
        return max(0.0, self._next_close - now) if self._closing else None


def _listen(place: Place) -> socket.socket:
    made = socket.socket(socket.AF_INET, TYPES[place.type] | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        if place.type == "out":
            return made
        made.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)  # services answer at addresses that no interface has
        if place.type == "tcp":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((place.address, place.port))
        if place.type == "tcp":
            made.listen(BACKLOG)
    except OSError as error:
        made.close()
        where = f"{place.address}:{place.port} in {place.namespace or 'the host'}"
        raise Refused(f"cannot listen at {where}: {error.strerror or error}") from error
    except BaseException:
        made.close()
        raise
    return made
