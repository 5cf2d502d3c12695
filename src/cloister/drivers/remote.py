"""A driver in another process (the fabric, the edge, the resolver), as control sees it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from cloister.ipc.frames import Client
from cloister.net.desired import Desired, Edit


class RemoteDriver:
    """Implements control's ``Driver`` over one unix socket. Raises ipc's Unreachable, CallFailed and TimeoutError."""

    def __init__(self, path: Path):
        self.client = Client(path)

    async def observe(self) -> list[Desired]:
        """All objects the process holds."""
        return msgspec.convert(await self.client.call("observe", None, timeout=60.0), list[Desired])

    async def apply(self, edits: list[Edit]) -> list[str]:
        """Apply; one answer for each edit, "" or why it failed."""
        return msgspec.convert(await self.client.call("apply", edits, timeout=60.0), list[str])
