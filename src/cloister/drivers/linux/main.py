"""The fabric process: ``apply``, ``observe`` and ``ping`` on ``fabric.sock``, all work in one thread.

Netlink blocks (deleting a veth takes 20 ms), so the event loop only reads and writes frames.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec

from cloister.drivers.linux.apply import apply
from cloister.drivers.linux.namespaces import Spaces
from cloister.drivers.linux.observe import Observer
from cloister.home import Home
from cloister.ipc import frames
from cloister.keeper.client import Keeper
from cloister.net.desired import Edit, FabricObject

Result = TypeVar("Result")


class Fabric:
    """Desired objects in the kernel of this machine. Blocking; for one thread."""

    def __init__(self, keeper: Keeper):
        self._spaces = Spaces(keeper)
        self._observer = Observer(self._spaces)

    def apply(self, edits: list[Edit]) -> list[str]:
        """One answer for each edit: "" or why it failed. Raises ConnectionError."""
        return apply(self._spaces, edits)

    def observe(self) -> list[FabricObject]:
        """All that holds now. Raises NetlinkError, ConnectionError."""
        return self._observer.observe()

    def close(self) -> None:
        """Close what is open here; what holds goes on holding."""
        self._spaces.close()


async def run(home: Home) -> None:
    """Serve until cancelled."""
    fabric = Fabric(Keeper(home.socket("keeper")))
    thread = ThreadPoolExecutor(1, thread_name_prefix="fabric")

    async def work(what: Callable[..., Result], *args: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(thread, what, *args)

    async def handle(method: str, params: Any) -> Any:
        if method == "apply":
            return await work(lambda: fabric.apply(msgspec.convert(params, list[Edit])))
        if method == "observe":
            return msgspec.to_builtins(await work(fabric.observe))
        if method == "ping":
            return {"pid": os.getpid()}
        raise ValueError(f"cannot {method}: the fabric knows apply, observe and ping")

    server = await frames.serve(home.socket("fabric"), handle)
    try:
        await server.serve_forever()
    finally:
        server.close()
        thread.shutdown(wait=True)
        fabric.close()
