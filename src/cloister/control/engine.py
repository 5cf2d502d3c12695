"""The verbs, once for all resource types: a request passes the GATES, and what it changes is on disk before anyone sees it.

Writes are looked at one after another, each as if those before it were on disk already, and go there in groups
(``committing.py``). No answer to a write, be it a refusal, leaves before all that it was made from is on disk. Reads look at
what is published, which is on disk, and never wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import orjson

from cloister.arm.catalog import TENANT_TYPE, Catalog
from cloister.arm.errors import ArmError
from cloister.arm.guids import random_guid
from cloister.arm.ids import ResourceId, key, parse
from cloister.arm.resource import ResourceType, Row
from cloister.arm.tenants import tenant_of
from cloister.control import answers, moving, operations, reading
from cloister.control.authority import Authority
from cloister.control.committing import Disk, Write
from cloister.control.gates import (
    ACTION_GATES,
    READ_GATES,
    WRITE_GATES,
    Gate,
    checked_api_version,
    event,
    local_caller,
    permission,
    require_own_tenant,
    require_permission,
)
from cloister.control.passage import WRITING, Passage
from cloister.control.ports import Caller, Commit, Event, Loop, Route, RouteCall, Store, Verifier
from cloister.control.rendering import Renderer
from cloister.control.routing import Match, RouteTable, scope_of_path
from cloister.control.world import Draft, Index, Surroundings, Window
from cloister.ipc.messages import Request, Response
from cloister.limits import REFUSALS_A_MINUTE_MAX

log = logging.getLogger("cloister.engine")

AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")
_SECRET = "engine/secret"
_PUBLIC = "anonymous"
_TENANTS = TENANT_TYPE.lower()
REFUSALS_LOGGED = (403, 409)
"""Answers to a write that the activity log keeps: forbidden by roles or policies, in the way of a lock or another resource."""
_TEXT_MAX = 2000


class Engine:
    """See ``ports.Engine``. ``start`` must have been awaited before anything is asked."""

    def __init__(
        self,
        types: Iterable[ResourceType],
        store: Store,
        loop: Loop,
        verifier: Verifier,
        routes: Iterable[Route],
        clock: Callable[[], str],
        tenant_id: str,
        accepts_unknown: bool = False,
    ):
        self.types = Catalog(types, accepts_unknown)
        self.store = store
        self.loop = loop
        self.clock = clock
        self.tenant_id = tenant_id
        self.revision = 0
        self.index = Index()
        self.rights = Authority(self.index)
        self.renderer = Renderer(self.types, loop.state, lambda: (self.revision, loop.moment()))
        self._verifier = verifier
        self._routes = RouteTable((*reading.ROUTES, *routes))
        self._refused = (0, 0)  # (minute, refusals logged in it)
        self._around = Surroundings(catalog=self.types, tenant_id=tenant_id, key=b"")
        self.operations = operations.Operations(b"")
        self.disk = Disk(self.index, store, self._publish, self.rights.concerns)

    async def start(self) -> None:
        """Load what the store has. At the very first start, make the secret that keys are derived from."""
        self.revision, rows, counters = await asyncio.to_thread(self.store.load)
        self.index.load(rows)
        for name in {row.type for row in rows if self.types.get(row.type) is None}:
            self.types.admit(name)
        secret = await asyncio.to_thread(self.store.document, _SECRET)
        if not secret:
            secret = uuid.uuid4().hex + uuid.uuid4().hex
            await asyncio.to_thread(self.store.commit, Commit(revision=self.revision, documents={_SECRET: secret}))
        self.disk.start(self.revision, counters)
        self._around = msgspec.structs.replace(self._around, key=secret.encode())
        self.operations = operations.Operations(secret.encode())
        log.info("engine.started revision=%d rows=%d", self.revision, len(rows))

    async def stop(self) -> None:
        """Let what is under way reach the disk."""
        await self.disk.stop()

    # --- the rows

    def view(self, caller: Caller | None = None, shown: bool = False) -> Window:
        """All rows at the current revision. Ask it between two awaits: later it shows later rows."""
        return Window(self.index, self._around, self.clock(), self._allowed(caller), shown)

    def state(self, id: str) -> tuple[str, str]:
        """See ``ports.Engine``, as the next three."""
        return self.loop.state(id)

    def value(self, row: Row, api_version: str, caller: Caller | None = None) -> dict[str, Any]:
        return self.renderer.value(row, self.view(caller, shown=True), api_version)

    def allows(self, caller: Caller, action: str, scope: str) -> bool:
        return self.rights.allows(caller.principal, action, scope) and self.trusts(caller, scope)

    def sees(self, caller: Caller, scope: str) -> bool:
        return self.rights.sees(caller.principal, scope) and self.trusts(caller, scope)

    def trusts(self, caller: Caller, scope: str) -> bool:
        """Whether the scope is in the tenant that the caller's token is of. Nobody needs to look while there is one tenant."""
        if not caller.tenant or len(self.index.keys_of_type(_TENANTS)) < 2:
            return True
        return tenant_of(scope, self.view()) == caller.tenant

    def draft(self, p: Passage) -> Draft:
        """The rows as a request may change them: as they are or, in its turn to write, as they will be."""
        rows = self.disk.ahead if p.has_turn else self.index
        return Draft(rows, self._around, p.now, self._allowed(p.caller), self.disk.counters)

    def _allowed(self, caller: Caller | None) -> Callable[[str, str], bool]:
        if caller is None:
            return lambda action, scope: False
        return lambda action, scope: self.allows(caller, action, scope)

    def spelled(self, id: ResourceId, has_turn: bool = False) -> ResourceId:
        """The id as types and existing rows spell it; in a turn to write, also those on their way to disk."""
        rows = self.disk.ahead if has_turn else self.index
        return self.types.spelled(id, lambda place: row.id if (row := rows.get(place)) else None)

    # --- requests

    async def handle(self, request: Request) -> Response:
        """A request from outside. Always answers; an exception of ours is logged and becomes a 500."""
        correlation = random_guid(os.urandom(16))
        try:
            response = await self._handle(request)
        except Exception as error:
            response = answers.failed(error, f"{request.method} {request.path}", correlation)
        return answers.dressed(response, correlation, request)

    async def _handle(self, request: Request) -> Response:
        if (found := self._routes.find(request.method, request.path)) is not None:
            return await self._routed(found, request)
        p = Passage(
            self,
            request.method,
            request.path,
            query=request.query,
            headers=request.headers,
            raw=request.body,
            authority=request.authority,
        )
        return await self._pass(p)

    async def perform(
        self, method: str, id: str, *, caller: Caller, api_version: str, body: Any = None, query: Mapping[str, str] = {}
    ) -> Response:
        """A request from inside on behalf of ``caller``. Errors become error responses, as from outside."""
        p = Passage(self, method, id, query={**query, "api-version": api_version}, headers={}, body=body, caller=caller)
        try:
            return await self._pass(p)
        except Exception as error:
            return answers.failed(error, f"{method} {id}", random_guid(os.urandom(16)))

    async def preview(self, id: str, *, caller: Caller, api_version: str, body: Any) -> dict[str, Any]:
        """See ``ports.Engine``."""
        p = Passage(self, "PUT", id, query={"api-version": api_version}, headers={}, body=body, caller=caller)
        _through((*READ_GATES, *WRITE_GATES[:-1]), p)
        row = p.draft.get(p.id.text)
        if row is None:
            raise p.not_found()
        return self.renderer.value(row, p.draft, p.api_version)

    async def _pass(self, p: Passage) -> Response:
        try:
            return await self._through_all(p)
        except ArmError as error:
            if p.method in WRITING and error.status in REFUSALS_LOGGED and p.is_known and self._may_log():
                told = event(p, permission(p), p.id.text, f"({error.code}) {error}"[:_TEXT_MAX], "Failed")
                with contextlib.suppress(ArmError):  # the refusal is the answer, also where the log has no room for it
                    await self.record(events=[told])
            raise

    def _may_log(self) -> bool:
        """Whether this minute has had few enough refusals logged: each is a write to disk, and anyone may be refused."""
        minute = int(time.monotonic() // 60)
        before, count = self._refused
        self._refused = (minute, count + 1 if minute == before else 1)
        return self._refused[1] <= REFUSALS_A_MINUTE_MAX

    async def _through_all(self, p: Passage) -> Response:
        if (early := _through(READ_GATES, p)) is not None:
            return early
        if p.method not in WRITING:
            return reading.answer(p)
        if p.method == "POST" and (answer := self._asked(p)) is not None:
            return answer
        return await self._write(p)

    def _asked(self, p: Passage) -> Response | None:
        """The answer of an action that changes nothing, without waiting for writes; None if it does change something."""
        for gate in ACTION_GATES:
            gate(p)
        if p.outcome is None or p.outcome.rows or p.outcome.gone:
            return None
        return answers.reply(p.outcome.status, p.outcome.body)

    async def _write(self, p: Passage) -> Response:
        def look() -> Response | None:
            p.has_turn = True
            return _through(WRITE_GATES, p)

        early = await self.disk.turn(look)
        return early if early is not None else await answers.written(p)

    async def _routed(self, match: Match, request: Request) -> Response:
        route, caller = match.route, Caller(principal="")
        if route.permission != _PUBLIC:
            p = Passage(self, request.method, request.path, query=request.query, headers=request.headers)
            p.caller = caller = self.authenticate(request.headers, request.authority)
            scope = scope_of_path(request.path)
            require_own_tenant(self, parse(scope).subscription if scope != "/" else "", caller)
            p.api_version = checked_api_version(p.query.get("api-version", ""))
            if route.permission:
                require_permission(p, route.permission, scope)
        request = msgspec.structs.replace(request, query={name.lower(): value for name, value in request.query.items()})
        return await route.handle(self, RouteCall(request=request, parts=match.parts, caller=caller, body=_lenient(request)))

    def authenticate(self, headers: Mapping[str, str], authority: str) -> Caller:
        """Who a request's bearer token speaks of. Raises ArmError 401."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise answers.unauthenticated(self.tenant_id, bool(scheme))
        own = [f"https://{authority}"] if authority else []
        return local_caller(dict(self._verifier.verify(token.strip(), (*AUDIENCES, *own))))

    # --- writing

    def _publish(self, write: Write) -> None:
        """What is on disk is seen from now on, and the loop is told."""
        self.revision = write.commit.revision
        for place, _, new in write.rows:
            if new is None:
                self.index.drop(place)
            else:
                self.index.put(new)
        if self.rights.concerns(write.rows):
            self.rights.forget()
        told = [((new or old).id, old, new) for _, old, new in write.rows if (new or old) is not None]  # type: ignore[union-attr]
        self.loop.changed(self.revision, told)

    async def record(
        self,
        *,
        put: Iterable[Row] = (),
        drop: Iterable[str] = (),
        documents: Mapping[str, Any] = {},
        events: Iterable[Event] = (),
    ) -> int:
        """See ``ports.Engine``. Recorded also when who asked for it is cancelled: a refusal by a client that goes away."""
        return await asyncio.shield(asyncio.create_task(self._record(list(put), list(drop), dict(documents), list(events))))

    async def _record(self, put: list[Row], drop: list[str], documents: dict[str, Any], events: list[Event]) -> int:
        def look() -> int:
            rows = self.disk.ahead
            changes: list[tuple[str, Row | None, Row | None]] = [(key(row.id), rows.get(key(row.id)), row) for row in put]
            changes += [(key(id), old, None) for id in drop if (old := rows.get(key(id))) is not None]
            by = next((row.changed_by or row.created_by for row in put), "")
            return self.disk.write(changes, events=events, now=self.clock(), by=by, documents=documents)

        return await self.disk.turn(look)

    async def move(self, source: str, ids: list[str], target: str, caller: Caller, *, really: bool = True) -> None:
        """See ``ports.Engine``."""

        def look() -> None:
            now = self.clock()
            view = Window(self.disk.ahead, self._around, now, self._allowed(caller))
            pairs = moving.planned(self, view, source, ids, target, caller)
            changes: list[tuple[str, Row | None, Row | None]] = [(key(old.id), old, None) for old, _ in pairs]
            changes += [(key(new.id), None, new) for _, new in pairs]
            if really:
                events = moving.told(pairs, caller, now)
                self.disk.write(changes, events=events, now=now, by=caller.name or caller.principal)

        await self.disk.turn(look)

    async def finished(self, id: str, timeout: float) -> tuple[str, str]:
        """Wait until the row's state is terminal. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while True:
                row = self.index.rows.get(key(id))
                if row is None or await self.loop.applied(row.id, row.revision, timeout):
                    state = self.loop.state(id)
                    if state[0] != "Updating":
                        return state
                await asyncio.sleep(0.02)


def _through(gates: Iterable[Gate], p: Passage) -> Response | None:
    for gate in gates:
        if (answer := gate(p)) is not None:
            return answer
    return None


def _lenient(request: Request) -> Any:
    """The body as JSON if it is any; a Route that must tell reads ``request.body`` itself."""
    try:
        return orjson.loads(request.body) if request.body else None
    except orjson.JSONDecodeError:
        return None
