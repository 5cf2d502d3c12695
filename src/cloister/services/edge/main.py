"""The edge process: sockets from the keeper, state from its snapshot, edits from control, requests from everywhere.

It serves as soon as it has its sockets, with what it knew last; control comes when it comes. A new edge process takes the
same listening sockets, in whose queue connections waited meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from cloister.home import Home
from cloister.ipc.frames import Client, serve
from cloister.limits import (
    CONTROL_CALL_SECONDS,
    CONTROL_WAIT_SECONDS,
    RESOLVER_WAIT_SECONDS,
    TRACKING_CALL_SECONDS,
    TRACKING_WAIT_SECONDS,
)
from cloister.net import plan
from cloister.net.desired import Desired, Drop, Edit, InstanceMetadata, Put, Site
from cloister.services.edge.certificates import Certificates
from cloister.services.edge.front import Front
from cloister.services.edge.handover import Desk
from cloister.services.edge.listener import Lines, Listener
from cloister.services.edge.metadata import MetadataServices
from cloister.services.edge.outward import Outward
from cloister.services.edge.relay import Relays
from cloister.services.edge.state import EdgeState
from cloister.services.identity.tokens import KeysFile, Verifier, jwks_file
from cloister.services.journal import Journal

log = logging.getLogger("cloister.edge")

_DOORS_PAUSE = 0.1


@dataclass(frozen=True)
class Door:
    """A listening TCP socket and whether it is the host's own."""

    sock: socket.socket
    host: bool


Opener = Callable[[], Door]
"""Where a listening socket comes from; may block, and raise while the keeper or the namespace is not there yet."""


class Edge:
    """The edge of one cloud. ``start_tracking`` blocks until the keeper was asked."""

    def __init__(
        self,
        home: Home,
        openers: Sequence[Opener],
        start_tracking: Callable[[], Any],
        holder: Callable[[], Any] | None = None,
    ):
        self._home = home
        self._openers = openers
        self._listeners: list[Listener] = []
        self.lines = Lines()
        self.state = EdgeState(on_site=self._new_site, on_gone=self.lines.sever)
        self._journal = Journal(home.snapshot("edge"))
        self._applying = asyncio.Lock()
        self._outward = Outward()
        self._relays = Relays(holder or keeper_of(home))

        async def start() -> None:
            await asyncio.to_thread(start_tracking)

        control = Client(home.socket("control"))
        self._control = Desk(control, called="control", wait=CONTROL_WAIT_SECONDS, limit=CONTROL_CALL_SECONDS)
        tracking = Client(home.socket("tracking"))
        self._tracking = Desk(
            tracking, called="the tracking store", wait=TRACKING_WAIT_SECONDS, limit=TRACKING_CALL_SECONDS, start=start
        )
        resolver = Client(home.socket("resolver"))
        self._resolver = Desk(resolver, called="the resolver", wait=RESOLVER_WAIT_SECONDS, limit=RESOLVER_WAIT_SECONDS)
        self._certificates = Certificates(home, self._certificate)
        self._metadata = MetadataServices(holder or keeper_of(home), self._control, self.lines.room)
        self._front = Front(self.state, Verifier(KeysFile(jwks_file(home))), self._control, self._tracking, self._resolver)

    async def run(self) -> None:
        """Serve until cancelled."""
        self.state.apply(self._journal.load())
        server = await serve(self._home.socket("edge"), self._told)
        try:
            self._certificates.prefetch("localhost")
            await self._hear()
            async with asyncio.TaskGroup() as opening:
                for opener in self._openers:
                    opening.create_task(self._open(opener))
            await asyncio.Event().wait()
        finally:
            for listener in self._listeners:
                listener.stop()
            self.lines.close()
            self._relays.close()
            self._metadata.close()
            server.close()
            self._journal.close()
            await self._certificates.close()
            await self._control.close()
            await self._tracking.close()
            await self._resolver.close()

    async def _open(self, opener: Opener) -> None:
        """Ask for a socket until it is there, and serve it; the first start meets a keeper without namespaces."""
        said = ""
        while True:
            try:
                door = await asyncio.to_thread(opener)
                break
            except Exception as error:  # the keeper's answers are texts; whatever it says, there is nothing to serve without it
                if said != (said := str(error)):
                    log.warning("cannot get a listening socket yet: %s", error)
                await asyncio.sleep(_DOORS_PAUSE)
        listener = Listener(
            door.sock,
            host=door.host,
            state=self.state,
            lines=self.lines,
            certificates=self._certificates,
            answer=self._front.answer,
            relays=self._relays,
            outward=self._outward,
        )
        listener.start()
        self._listeners.append(listener)
        log.info("serving %d names at %s", len(self.state.sites()), door.sock.getsockname())

    async def _told(self, method: str, params: Any) -> Any:
        """What control says on ``edge.sock``: ``apply``, ``observe``, ``ping``."""
        if method == "apply":
            return await self._apply(msgspec.convert(params, list[Edit]))
        if method == "observe":
            return await self._observe()
        if method == "ping":
            return {"pid": os.getpid(), "sites": len(self.state.sites()), "connections": self.lines.count}
        raise ValueError(f"cannot do '{method}': the edge knows apply, observe and ping")

    async def _apply(self, edits: list[Edit]) -> list[str]:
        """Apply, and answer when what changed would survive a kill."""
        async with self._applying:
            refused = {n: reason for n, edit in enumerate(edits) if (reason := await self._listen(edit))}
            taken, changed = self.state.apply([edit for n, edit in enumerate(edits) if n not in refused])
            others = iter(taken)
            answers = [refused[n] if n in refused else next(others) for n in range(len(edits))]
            try:
                if self._journal.full:
                    await self._journal.rewrite(self.state.observe())
                elif changed:
                    self._journal.append(changed)
            except OSError as error:
                log.error("cannot keep what control said: %s; after a kill this edge would wait for control", error)
                self._journal.forget()
            return answers

    async def _listen(self, edit: Edit) -> str:
        """Open or close the socket that an edit is about, if it is about one; ``""`` or why not."""
        if not isinstance(edit, Put | Drop) or not isinstance(edit.object, InstanceMetadata):
            return ""
        return await (self._metadata.take if isinstance(edit, Put) else self._metadata.release)(edit.object)

    async def _hear(self) -> None:
        """Listen for every network that is known; what cannot be is forgotten, until control says it again."""
        for service in await self._metadata.lost(self.state.metadata_services()):
            if reason := await self._metadata.take(service):
                log.warning("%s", reason)
                self.state.apply([Drop(service)])

    async def _observe(self) -> list[Desired]:
        """All that is held. A network that was made anew gets its socket there."""
        async with self._applying:
            await self._hear()
            return list(self.state.observe())

    async def _certificate(self, name: str) -> dict[str, str]:
        return await self._control.call("certificate", {"name": name}, repeatable=True)

    def _new_site(self, site: Site) -> None:
        self._certificates.prefetch(site.fqdn)


def keeper_of(home: Home) -> Callable[[], Any]:
    """Opens a connection to the keeper."""

    def keeper() -> Any:
        from cloister.keeper.client import Keeper

        return Keeper(home.socket("keeper"))

    return keeper


def keeper_openers(home: Home) -> list[Opener]:
    """The sockets that the keeper holds for the edge: 443 and 80 of the services, and the host's own port."""

    keeper = keeper_of(home)

    def services() -> Door:
        return Door(keeper().socket("edge-443", namespace="services", type="tcp", address="0.0.0.0", port=443), host=False)

    def plain() -> Door:  # for names of the real internet alone: the kernel lets nothing else in here
        return Door(
            keeper().socket("edge-80", namespace="services", type="tcp", address="0.0.0.0", port=plan.HTTP_PORT), host=False
        )

    def host() -> Door:
        port = msgspec.json.decode(home.cloud_file.read_bytes())["host_port"]
        return Door(keeper().socket("edge-host", namespace=None, type="tcp", address="127.0.0.1", port=port), host=True)

    return [services, plain, host]


def start_tracking(home: Home) -> Callable[[], None]:
    """Asks the keeper for the tracking process."""

    def start() -> None:
        from cloister.keeper.client import Keeper

        Keeper(home.socket("keeper")).start("tracking")

    return start


async def run(home: Home) -> None:
    """Serve until cancelled; see ``Edge``."""
    with contextlib.suppress(ValueError, OSError):  # a descriptor for each connection
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    await Edge(home, keeper_openers(home), start_tracking(home)).run()
