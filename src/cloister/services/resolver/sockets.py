"""The keeper's sockets as the resolver asks for them: two for each view, kept by the keeper while this process is gone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from cloister.keeper.client import KeeperRefused
from cloister.net.desired import View

PORT = 53
Pair = tuple[socket.socket, socket.socket]


class Holder(Protocol):
    """What is used of ``cloister.keeper.client.Keeper``. Raises ConnectionError, and its own error where it refuses."""

    def socket(self, name: str, namespace: str | None, type: str, address: str, port: int) -> socket.socket: ...
    def drop_socket(self, name: str) -> bool: ...


class Sockets:
    """Asks the keeper from a thread of its own, so that answers go on meanwhile."""

    def __init__(self, holder: Holder):
        self._holder = holder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keeper")

    async def take(self, views: Sequence[View]) -> list[Pair | str]:
        """The UDP and the TCP socket of each view, made in its namespace unless they are there; or why not."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: [self._take(view) for view in views])

    async def release(self, view: View) -> None:
        """Let the keeper close its descriptors of a view's sockets."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._release, view)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _take(self, view: View) -> Pair | str:
        udp: socket.socket | None = None
        try:
            udp = self._one(view, "udp")
            return udp, self._one(view, "tcp")
        except (OSError, KeeperRefused) as error:
            if udp is not None:
                udp.close()
            return f"cannot listen for '{view.key}': {error}"

    def _one(self, view: View, kind: str) -> socket.socket:
        return self._holder.socket(socket_name(kind, view.namespace), view.namespace, kind, view.address, PORT)

    def _release(self, view: View) -> None:
        for kind in ("udp", "tcp"):
            self._holder.drop_socket(socket_name(kind, view.namespace))


def socket_name(kind: str, namespace: str) -> str:
    """What the keeper calls a view's socket of type ``kind``."""
    return f"dns-{kind}-{namespace}"
