"""The resolver as a process: ``run(home)``, called by ``python -m cloister.app resolver``."""

from __future__ import annotations

import asyncio
import contextlib
import resource

from cloister.home import Home
from cloister.ipc.frames import serve
from cloister.keeper.client import Keeper
from cloister.services.journal import Journal
from cloister.services.resolver.resolver import Resolver
from cloister.services.resolver.sockets import Sockets


async def run(home: Home) -> None:
    """Answer on the sockets of every view until cancelled, first from the journal, then as control says."""
    with contextlib.suppress(ValueError, OSError):  # three descriptors for each view
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    resolver = Resolver(Sockets(Keeper(home.socket("keeper"))), Journal(home.snapshot("resolver")))
    try:
        await resolver.restore()
        server = await serve(home.socket("resolver"), resolver.handle)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
    finally:
        await resolver.close()
