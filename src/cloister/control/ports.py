"""What control's parts ask of each other and of the world, as Protocols: store, loop, engine, drivers, clock.

``app.py`` joins the real ones; tests join fakes of their own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, Protocol

import msgspec

from cloister.arm.catalog import Catalog
from cloister.arm.resource import Row, View
from cloister.ipc.messages import Request, Response
from cloister.net.desired import Desired, Edit


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, after authentication. ``principal`` is the object id that role assignments name."""

    principal: str
    name: str = ""
    client_id: str = ""
    tenant: str = ""
    kind: str = "ServicePrincipal"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One activity log entry. ``time`` ISO 8601 UTC; ``status`` Started, Succeeded or Failed."""

    time: str
    operation: str
    resource: str
    caller: str
    status: str
    text: str = ""
    correlation: str = ""


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """All that one request changes, written in one transaction: rows put, ids dropped, events, counters' new values."""

    revision: int
    put: tuple[Row, ...] = ()
    drop: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    counters: Mapping[str, int] = {}
    documents: Mapping[str, Any] = {}
    """Other durable JSON by key (operations, deployments' details); None deletes the key."""


class Store(Protocol):
    """What survives kill -9. ``commit`` returns when the data is on disk (fsync), from any thread."""

    def load(self) -> tuple[int, list[Row], dict[str, int]]:
        """The last revision, all rows, all counters."""
        ...

    def commit(self, commit: Commit) -> None: ...
    def document(self, key: str) -> Any: ...
    def documents(self, prefix: str) -> dict[str, Any]: ...
    def events(self, scope: str, limit: int = 1000) -> list[Event]: ...


class Loop(Protocol):
    """The reconcile loop as the engine sees it."""

    def changed(self, revision: int, rows: Iterable[tuple[str, Row | None, Row | None]]) -> None:
        """Rows of a committed revision: ``(id, old, new)``. Returns at once."""
        ...

    def state(self, id: str) -> tuple[str, str]:
        """``("Succeeded" | "Updating" | "Failed", reason)`` of the row's own desired objects."""
        ...

    def moment(self) -> int:
        """Another number whenever ``state`` may answer otherwise than before."""
        ...

    async def applied(self, id: str, revision: int, timeout: float) -> bool:
        """Wait until the row's objects of that revision have been observed, or have failed; False on timeout."""
        ...


class Verifier(Protocol):
    """Checks access tokens."""

    def verify(self, token: str, audiences: Collection[str]) -> Mapping[str, Any]:
        """The claims of a good token for one of these audiences; else ArmError 401 with Azure's codes."""
        ...


class Driver(Protocol):
    """A driver of the data plane, as control sees it: the fabric, the edge or the resolver."""

    async def observe(self) -> list[Desired]: ...
    async def apply(self, edits: list[Edit]) -> list[str]: ...


class Engine(Protocol):
    """The verbs, once for all types."""

    @property
    def types(self) -> Catalog:
        """All resource types; found by name in any case."""
        ...

    @property
    def store(self) -> Store:
        """What is on disk. Its calls block: ask it from a thread."""
        ...

    def view(self, caller: Caller | None = None, shown: bool = False) -> View:
        """All rows at the current revision; ``shown`` leaves out hidden ones. Ask it between two awaits."""
        ...

    def state(self, id: str) -> tuple[str, str]:
        """A row's provisioning state and the reason, as ``Loop.state``."""
        ...

    def value(self, row: Row, api_version: str, caller: Caller | None = None) -> dict[str, Any]:
        """The row as GET shows it."""
        ...

    def allows(self, caller: Caller, action: str, scope: str) -> bool:
        """Whether the caller's roles allow ``action`` at ``scope``."""
        ...

    def sees(self, caller: Caller, scope: str) -> bool:
        """Whether the caller holds any role at the scope, above it or inside it."""
        ...

    async def handle(self, request: Request) -> Response:
        """A request from outside, through all GATES."""
        ...

    async def perform(
        self, method: str, id: str, *, caller: Caller, api_version: str, body: Any = None, query: Mapping[str, str] = {}
    ) -> Response:
        """A request from inside (a deployment's resource) on behalf of ``caller``: the same gates but authentication."""
        ...

    async def preview(self, id: str, *, caller: Caller, api_version: str, body: Any) -> dict[str, Any]:
        """The resource as GET would show it after this PUT: all gates but the last, nothing written. Raises ArmError."""
        ...

    async def record(
        self,
        *,
        put: Iterable[Row] = (),
        drop: Iterable[str] = (),
        documents: Mapping[str, Any] = {},
        events: Iterable[Event] = (),
    ) -> int:
        """Control's own writing (a deployment's progress, the first rows): stored as given, no check, no settling.

        ``created`` and ``changed`` of a row are filled where empty. Returns the revision once it is on disk.
        """
        ...

    async def move(self, source: str, ids: list[str], target: str, caller: Caller, *, really: bool = True) -> None:
        """Move resources of a group to another, all or none. ``really`` false: only say whether they could. Raises ArmError."""
        ...

    async def finished(self, id: str, timeout: float) -> tuple[str, str]:
        """Wait for a row's provisioningState to be terminal: ``("Succeeded" | "Failed", reason)``; TimeoutError."""
        ...


class RouteCall(msgspec.Struct, frozen=True, kw_only=True):
    """A request that matched a Route: the values of ``{braces}`` by name, and who asks."""

    request: Request
    parts: Mapping[str, str]
    caller: Caller
    body: Any = None


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A path that is no plain resource: listings, deployments' operations, metadata.

    ``path`` has ``{name}`` for one segment and ``{*scope}`` for any number of segments; literal segments match without
    case. ``permission`` is the RBAC action asked at the scope the path stands in, ``""`` for any authenticated caller,
    ``"anonymous"`` for none at all.
    """

    method: str
    path: str
    permission: str
    handle: Callable[[Engine, RouteCall], Awaitable[Response]]
