"""The edge process: sockets from the keeper, state from its snapshot, edits from control, requests from everywhere.

It serves as soon as it has its sockets, with what it knew last; control comes when it comes. A new edge process takes the
same listening sockets, in whose queue connections waited meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from cloister.home import Home
from cloister.ipc.frames import Client, serve
from cloister.limits import CONTROL_CALL_SECONDS, CONTROL_WAIT_SECONDS, TRACKING_CALL_SECONDS, TRACKING_WAIT_SECONDS
from cloister.net.desired import Edit, Site
from cloister.services.edge.certificates import Certificates
from cloister.services.edge.front import Front
from cloister.services.edge.handover import Desk
from cloister.services.edge.listener import Lines, Listener
from cloister.services.edge.state import EdgeState
from cloister.services.identity.tokens import KeysFile, Verifier, jwks_file

log = logging.getLogger("cloister.edge")


@dataclass(frozen=True)
class Door:
    """A listening TCP socket and whether it is the host's own."""

    sock: socket.socket
    host: bool


Doors = Callable[[], list[Door]]
"""Where the listening sockets come from; may block, and raise while the keeper or the namespace is not there yet."""


class Edge:
    """The edge of one cloud. ``start_tracking`` blocks until the keeper was asked."""

    def __init__(self, home: Home, doors: Doors, start_tracking: Callable[[], Any]):
        self._home = home
        self._doors = doors
        self._listeners: list[Listener] = []
        self.lines = Lines()
        self.state = EdgeState(home.snapshot("edge"), on_site=self._new_site, on_gone=self.lines.sever)

        async def start() -> None:
            await asyncio.to_thread(start_tracking)

        control = Client(home.socket("control"))
        self._control = Desk(control, called="control", wait=CONTROL_WAIT_SECONDS, limit=CONTROL_CALL_SECONDS)
        tracking = Client(home.socket("tracking"))
        self._tracking = Desk(
            tracking, called="the tracking store", wait=TRACKING_WAIT_SECONDS, limit=TRACKING_CALL_SECONDS, start=start
        )
        self._certificates = Certificates(home, self._certificate)
        self._front = Front(self.state, Verifier(KeysFile(jwks_file(home))), self._control, self._tracking)

    async def run(self) -> None:
        """Serve until cancelled."""
        self.state.load()
        server = await serve(self._home.socket("edge"), self._told)
        try:
            self._certificates.prefetch("localhost")
            for door in await self._open_doors():
                listener = Listener(
                    door.sock,
                    host=door.host,
                    state=self.state,
                    lines=self.lines,
                    certificates=self._certificates,
                    answer=self._front.answer,
                )
                listener.start()
                self._listeners.append(listener)
            log.info("serving %d names at %d sockets", len(self.state.sites()), len(self._listeners))
            await asyncio.Event().wait()
        finally:
            for listener in self._listeners:
                listener.stop()
            self.lines.close()
            server.close()
            await self._certificates.close()
            await self._control.close()
            await self._tracking.close()

    async def _open_doors(self) -> list[Door]:
        """Ask for the sockets until they are there; the first start meets a keeper that is still making namespaces."""
        pause = 0.05
        while True:
            try:
                return await asyncio.to_thread(self._doors)
            except Exception as error:  # the keeper's answers are texts; whatever it says, there is nothing to serve without it
                log.warning("cannot get the listening sockets yet: %s", error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)

    async def _told(self, method: str, params: Any) -> Any:
        """What control says on ``edge.sock``: ``apply``, ``observe``, ``ping``."""
        if method == "apply":
            return self.state.apply(msgspec.convert(params, list[Edit]))
        if method == "observe":
            return self.state.observe()
        if method == "ping":
            return {"pid": os.getpid(), "sites": len(self.state.sites()), "connections": self.lines.count}
        raise ValueError(f"cannot do '{method}': the edge knows apply, observe and ping")

    async def _certificate(self, name: str) -> dict[str, str]:
        return await self._control.call("certificate", {"name": name}, repeatable=True)

    def _new_site(self, site: Site) -> None:
        self._certificates.prefetch(site.fqdn)


def keeper_doors(home: Home) -> Doors:
    """The two sockets that the keeper holds for the edge."""

    def doors() -> list[Door]:
        from cloister.keeper.client import Keeper

        keeper = Keeper(home.socket("keeper"))
        port = msgspec.json.decode(home.cloud_file.read_bytes()).get("host_port")
        public = keeper.socket("edge-443", namespace="services", type="tcp", address="0.0.0.0", port=443)
        found = [Door(public, host=False)]
        if port:
            host = keeper.socket("edge-host", namespace=None, type="tcp", address="127.0.0.1", port=port)
            found.append(Door(host, host=True))
        return found

    return doors


def start_tracking(home: Home) -> Callable[[], None]:
    """Asks the keeper for the tracking process."""

    def start() -> None:
        from cloister.keeper.client import Keeper

        Keeper(home.socket("keeper")).start("tracking")

    return start


async def run(home: Home) -> None:
    """Serve until cancelled; see ``Edge``."""
    await Edge(home, keeper_doors(home), start_tracking(home)).run()
