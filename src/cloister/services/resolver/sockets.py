"""The keeper's sockets as the resolver asks for them: two for each view, kept by the keeper while this process is gone."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from cloister.keeper.client import KeeperRefused
from cloister.net.desired import Door, View

PORT = 53
OUTLET_SOCKETS = 4  # ports that an answer might be forged for (RFC 5452, 9.2)
Pair = tuple[socket.socket, socket.socket]


class NotNow(str):
    """Why sockets could not be taken, though they may be there: this process lacks descriptors, or the keeper does not answer."""


class Holder(Protocol):
    """What is used of ``cloister.keeper.client.Keeper``. Raises ConnectionError, and its own error where it refuses."""

    def socket(self, name: str, namespace: str | None, type: str, address: str, port: int) -> socket.socket: ...
    def drop_socket(self, name: str) -> bool: ...


class Sockets:
    """Asks the keeper from a thread of its own, so that answers go on meanwhile."""

    def __init__(self, holder: Holder):
        self._holder = holder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keeper")

    async def take(self, views: Sequence[View | Door]) -> list[Pair | str]:
        """The UDP and the TCP socket of each view, made in its namespace unless they are there; or why not."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: [self._take(view) for view in views])

    async def release(self, view: View | Door) -> None:
        """Let the keeper close its descriptors of a view's sockets."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._release, view)

    async def outlet(self, namespace: str) -> list[socket.socket]:
        """Datagram sockets in ``namespace`` at ports that the kernel chooses. Raises OSError, KeeperRefused."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._outlet, namespace)

    async def connection(self, namespace: str) -> socket.socket:
        """A TCP socket in ``namespace`` to be connected. Raises OSError, KeeperRefused."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._connection, namespace)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _take(self, view: View | Door) -> Pair | str:
        udp: socket.socket | None = None
        try:
            udp = self._one(view, "udp")
            return udp, self._one(view, "tcp")
        except (OSError, KeeperRefused) as error:
            if udp is not None:
                udp.close()
            reason = f"cannot listen for '{view.key}': {error}"
            return NotNow(reason) if isinstance(error, OSError) else reason

    def _outlet(self, namespace: str) -> list[socket.socket]:
        names = [f"dns-ask-{number}-{namespace}" for number in range(OUTLET_SOCKETS)]
        return [self._holder.socket(name, namespace, "udp", "0.0.0.0", 0) for name in names]

    def _connection(self, namespace: str) -> socket.socket:
        name = f"dns-out-{os.getpid()}-{namespace}"
        try:
            return self._holder.socket(name, namespace, "out", "", 0)
        finally:
            self._holder.drop_socket(name)

    def _one(self, view: View | Door, kind: str) -> socket.socket:
        return self._holder.socket(socket_name(kind, view.namespace), view.namespace, kind, view.address, PORT)

    def _release(self, view: View | Door) -> None:
        for kind in ("udp", "tcp"):
            self._holder.drop_socket(socket_name(kind, view.namespace))


def socket_name(kind: str, namespace: str) -> str:
    """What the keeper calls a view's socket of type ``kind``."""
    return f"dns-{kind}-{namespace}"
