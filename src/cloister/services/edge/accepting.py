"""Accepting from one listening socket, with patience where the process has no descriptor left."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from cloister.services.edge.measured import refusals_log

_AT_ONCE = 64  # connections, before others have their turn
_FULL_PAUSE = 0.05  # seconds


class Accepting:
    """Calls ``taken(socket, peer's address)`` for each connection, the socket nonblocking, between ``start`` and ``stop``."""

    def __init__(self, sock: socket.socket, taken: Callable[[socket.socket, str], None]):
        self.sock = sock
        self._taken = taken
        self._again: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Accept from now on."""
        self.sock.setblocking(False)
        asyncio.get_running_loop().add_reader(self.sock.fileno(), self._accept)

    def stop(self) -> None:
        """Accept no more; the socket stays open."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
        asyncio.get_running_loop().remove_reader(self.sock.fileno())

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                sock, peer = self.sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no descriptor left: who waits in the queue is served when one is
                refusals_log.line("cannot accept a connection: %s", error)
                self.stop()
                self._again = asyncio.get_running_loop().call_later(_FULL_PAUSE, self.start)
                return
            sock.setblocking(False)
            self._taken(sock, peer[0])
