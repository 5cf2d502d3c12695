"""Template deployments: PUT starts one, it runs here until it ends, and a restart of control takes it up again.

    deployments = Deployments(lambda: engine, store, clock)
    routes = deployments.routes()          # given to the engine
    await deployments.resume()             # once the engine has started

What was answered 201 is on disk: the row and the request. Resources are ordinary PUTs, so resuming is running the plan
again; ``newGuid()`` and ``utcNow()`` repeat because they come from the stored correlation id and start.

Source of the verbs: azure-rest-api-specs, Microsoft.Resources/resources.json 2024-03-01.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from cloister.arm.errors import ArmError
from cloister.arm.ids import key, parse
from cloister.arm.resource import Row
from cloister.arm.template.context import Place
from cloister.arm.template.errors import ExpressionError
from cloister.arm.template.plan import Nested, Plan
from cloister.arm.tenants import tenant_of
from cloister.control import deployment_plan as planning
from cloister.control import deployment_record as record
from cloister.control import deployment_specs
from cloister.control.deployment_facts import Failure
from cloister.control.deployment_links import Links
from cloister.control.deployment_run import Run
from cloister.control.deployment_secrets import with_secrets
from cloister.control.ports import Caller, Engine, Event, Route, Store
from cloister.limits import DEPLOYMENT_ATTEMPTS_MAX, DEPLOYMENTS_PER_SCOPE_MAX

log = logging.getLogger("cloister.deployments")

_KEEP_SECONDS = (0.2, 1.0, 5.0)  # between attempts to keep a run's end while the store does not take it; the last again


class Deployments:
    """All deployments of a cloud. ``engine`` is asked for when needed: it is made after its routes."""

    def __init__(
        self, engine: Callable[[], Engine], store: Store, clock: Callable[[], str], folders: Mapping[str, Path] | None = None
    ):
        self._engine = engine
        self.store = store
        self.clock = clock
        self.links = Links(folders or {})
        self.runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def engine(self) -> Engine:
        return self._engine()

    def routes(self) -> tuple[Route, ...]:
        """Every path of deployments, for the engine."""
        from cloister.control.deployment_routes import routes

        return routes(self)

    # --- what is there

    def row(self, id: str) -> Row | None:
        """A deployment by id, a running one as it is now; None for none, and for ids of anything else."""
        run = self.runs.get(key(id))
        if run is not None:
            return run.row()
        row = self.engine.view().get(id)
        return row if row is not None and row.type == record.TYPE else None

    def at(self, place: Place) -> list[Row]:
        """The deployments of exactly this scope, newest first."""
        view = self.engine.view()
        kept = view.children(place.id, record.TYPE) if place.id else view.of_type(record.TYPE)
        rows = {key(row.id): row for row in kept if self._is_at(row.id, place)}
        rows |= {name: run.row() for name, run in self.runs.items() if self._is_at(run.id, place)}
        return sorted(rows.values(), key=lambda row: str(row.facts.get("started", "")), reverse=True)

    def _is_at(self, id: str, place: Place) -> bool:
        return key(record.deployment_id(place, parse(id).name)) == key(id)

    def check_place(self, place: Place) -> None:
        """Raises ArmError 404 where the scope does not exist."""
        view = self.engine.view()
        if place.subscription and view.get(f"/subscriptions/{place.subscription}") is None:
            raise ArmError(404, "SubscriptionNotFound", f"The subscription '{place.subscription}' could not be found.")
        if place.resource_group and view.get(place.id) is None:
            raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{place.resource_group}' could not be found.")

    # --- beginning

    async def prepare(
        self, place: Place, name: str, raw: bytes, caller: Caller
    ) -> tuple[Plan, record.Ask, dict[str, Any], list[str]]:
        """Read and check a request whole: the plan, the request, what the row shows of it, the ids it would write.

        Raises ArmError.
        """
        record.check_name(name)
        ask = await self._followed(record.read_ask(raw), caller)
        self.check_place(place)
        if not place.resource_group and not ask.location:
            raise ArmError(
                400,
                "InvalidDeployment",
                f"The 'location' property must be specified for '{name}'. Please see https://aka.ms/deploy-to-subscription for "
                "usage details.",
            )
        correlation = str(uuid.uuid4())
        now = self.clock()
        plan, computed = await self._planned(place, name, ask, caller, correlation, now)
        found = await asyncio.to_thread(planning.walked, plan)
        ids = planning.check(self.engine, found, name, caller, correlation)
        return plan, ask, {**computed, "correlationId": correlation, "timestamp": now}, ids

    async def _planned(
        self, place: Place, name: str, ask: record.Ask, caller: Caller, correlation: str, now: str
    ) -> tuple[Plan, dict[str, Any]]:
        context = planning.context_of(self.engine, place, name, ask, caller, correlation, now)
        try:
            given = with_secrets(self.engine, caller, ask.given)
        except Failure as failure:
            raise failure.http() from None
        plan, hash = await asyncio.to_thread(planning.planned, context, ask, given)
        return plan, {"templateHash": hash, "parameters": plan.shown_parameters(), **planning.listings(plan)}

    async def _followed(self, ask: record.Ask, caller: Caller) -> record.Ask:
        """The request with its links followed."""
        if ask.parameters_link is not None:
            found = await self._linked(ask.parameters_link, caller)
            given = found[0].get("parameters")
            ask = msgspec.structs.replace(ask, given={**(given if isinstance(given, dict) else {}), **ask.given})
        if ask.link is None:
            return ask
        template, link = await self._linked(ask.link, caller)
        return msgspec.structs.replace(ask, template=template, link=link)

    async def _linked(self, link: dict[str, Any], caller: Caller) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            return await self.linked(link, None, caller)
        except Failure as failure:
            raise failure.http() from None

    async def linked(
        self, link: dict[str, Any], parent: dict[str, Any] | None, caller: Caller
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """See ``deployment_run.Host``."""
        if deployment_specs.is_link(link, parent):
            return await deployment_specs.follow(self.engine, caller, link, parent)
        return await asyncio.to_thread(self.links.follow, link, parent)

    async def begin(self, place: Place, name: str, raw: bytes, caller: Caller) -> tuple[Run, bool]:
        """Start a deployment; answers the run and whether its name is new. Raises ArmError; then nothing has changed."""
        plan, ask, computed, _ = await self.prepare(place, name, raw, caller)
        id = self._id(place, name)
        digest = record.digest(ask)
        again = self.runs.get(key(id))
        if again is not None and again.digest == digest and not again.answered:
            await again.kept.wait()
            if again.over.is_set() or self.runs.get(key(id)) is again:
                return again, False
        if (before := self.runs.get(key(id))) is not None and before.state != "Running":
            with contextlib.suppress(TimeoutError):  # it has ended, as its GET says; only the store has yet to take the end
                await asyncio.wait_for(before.over.wait(), _KEEP_SECONDS[-1])
        old = self._replaceable(id, ask.location)
        first = record.first_row(id, ask, caller, computed["correlationId"], computed["timestamp"], computed)
        run = Run(self.engine, self, first, plan, caller, self.clock, link=ask.link, digest=digest)
        self.runs[key(id)] = run
        document = {
            "template": ask.template,
            "link": ask.link,
            "given": ask.given,
            "mode": ask.mode,
            "location": ask.location,
            "tags": ask.tags,
        }
        drop = self._oldest(place)
        documents: dict[str, Any] = {record.document_key(other): None for other in drop}
        try:
            await self.engine.record(
                put=[first],
                drop=drop,
                documents={**documents, record.document_key(id): document},
                events=[self._event(run, "Started")],
            )
        except BaseException:
            self.runs.pop(key(id), None)
            raise
        finally:
            run.kept.set()
        self._start(run)
        return run, old is None

    def _id(self, place: Place, name: str) -> str:
        """The id as existing rows spell its scope and its name."""
        view = self.engine.view()
        wanted = parse(record.deployment_id(place, name))
        found = self.engine.types.spelled(wanted, lambda at: row.id if (row := view.get(at)) is not None else None)
        return found.text

    def _replaceable(self, id: str, location: str) -> Row | None:
        """The deployment that this one replaces, if any. Raises ArmError 409 where it may not."""
        old = self.row(id)
        if key(id) in self.runs:
            assert old is not None
            raise ArmError(
                409,
                "DeploymentActive",
                f"Unable to edit or replace deployment '{old.name}': previous deployment from '{old.facts.get('started')}' is "
                "still active. Please see https://aka.ms/arm-deploy for usage details.",
            )
        before = str(old.body.get("location") or "") if old is not None else ""
        if before and location and before.lower() != location.lower():
            raise ArmError(
                409,
                "InvalidDeploymentLocation",
                f"Invalid deployment location '{location}'. The deployment '{parse(id).name}' already exists in '{before}'.",
            )
        return old

    def _oldest(self, place: Place) -> list[str]:
        """What must go from the scope's history to make place for one more."""
        ended = [row.id for row in self.at(place) if key(row.id) not in self.runs]
        return ended[DEPLOYMENTS_PER_SCOPE_MAX - 1 :]

    def _start(self, run: Run) -> None:
        task = asyncio.create_task(run.execute(), name=f"deployment {run.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def begin_nested(self, parent: Run, nested: Nested, plan: Plan, hash: str) -> Run:
        """See ``deployment_run.Host``."""
        try:
            record.check_name(nested.name)
            self.check_place(nested.place)
            id = self._id(nested.place, nested.name)
            self._replaceable(id, "")
            if not self.engine.allows(parent.caller, f"{record.TYPE}/write", id):
                raise ArmError(
                    403,
                    "AuthorizationFailed",
                    f"The client with object id '{parent.caller.principal}' does not have authorization to perform action "
                    f"'{record.TYPE}/write' over scope '{id}'.",
                )
        except ArmError as error:
            raise Failure(error.body()["error"], error.status) from None
        ask = record.Ask(mode=nested.mode, template=None, link=nested.link, given={})
        shown = plan.shown_parameters() if nested.inner else {}
        computed = {"templateHash": hash, "parameters": shown, **planning.listings(plan)}
        correlation = str(parent.first.properties["correlationId"])
        first = record.first_row(id, ask, parent.caller, correlation, self.clock(), computed, parent.id)
        run = Run(self.engine, self, first, plan, parent.caller, self.clock, depth=parent.depth + 1)
        self.runs[key(id)] = run
        return run

    # --- ending

    async def ended(self, run: Run) -> None:
        """See ``deployment_run.Host``. What disappeared meanwhile, with its group, is not made again."""
        is_root = not run.first.facts.get("parent")
        try:
            for seconds in itertools.chain(_KEEP_SECONDS, itertools.repeat(_KEEP_SECONDS[-1])):
                is_gone = self._is_gone(run)
                try:
                    await self.engine.record(
                        put=[] if is_gone else [run.row()],
                        documents={record.document_key(run.id): None if is_gone else {"template": run.plan.template}},
                        events=[self._event(run, run.state)] if is_root else [],
                    )
                    return
                except ArmError as error:
                    log.error("deployment.not_kept id=%s error=%s", run.id, error)
                    await asyncio.sleep(seconds)
        finally:
            if self.runs.get(key(run.id)) is run:
                del self.runs[key(run.id)]

    def _is_gone(self, run: Run) -> bool:
        """Whether a root's row, or a nested one's scope, was deleted while it ran."""
        if not run.first.facts.get("parent"):
            return self.engine.view().get(run.id) is None
        return bool(run.plan.place.id) and self.engine.view().get(run.plan.place.id) is None

    def _event(self, run: Run, status: str) -> Event:
        return Event(
            time=self.clock(),
            operation=f"{record.TYPE}/write",
            resource=run.id,
            caller=run.caller.name or run.caller.principal,
            status="Failed" if status == "Canceled" else status,
            text=str((run.error or {}).get("message", "")),
            correlation=str(run.first.properties["correlationId"]),
        )

    # --- after a restart

    async def resume(self) -> None:
        """Take up again what was running, at most ``DEPLOYMENT_ATTEMPTS_MAX`` times; forget what is gone."""
        documents = await asyncio.to_thread(self.store.documents, record.DOCUMENTS)
        for name, document in documents.items():
            while True:
                try:
                    await self._take_up(name, document)
                    break
                except ArmError as error:  # the store takes nothing now; reads go on meanwhile
                    log.error("deployment.not_resumed document=%s error=%s", name, error)
                    await asyncio.sleep(_KEEP_SECONDS[-1])

    async def _take_up(self, name: str, document: dict[str, Any]) -> None:
        row = self.engine.view().get(name.removeprefix(record.DOCUMENTS))
        if row is None:
            await self.engine.record(documents={name: None})
        elif record.state_of(row) == "Running":
            await self._resume(row, document)

    async def _resume(self, row: Row, document: dict[str, Any]) -> None:
        attempts = int(row.facts.get("attempts", 1)) + 1
        caller = msgspec.convert(row.facts["caller"], Caller)
        id, correlation = parse(row.id), str(row.properties["correlationId"])
        try:
            if attempts > DEPLOYMENT_ATTEMPTS_MAX:
                raise ArmError(
                    409,
                    "DeploymentFailed",
                    f"cannot finish the deployment '{row.name}': control was restarted {attempts - 1} times while it ran; "
                    "run it again.",
                )
            ask = msgspec.convert({**document, "given": document.get("given") or {}}, record.Ask)
            place = Place(tenant_of(row.id, self.engine.view()), id.subscription, id.resource_group)
            plan, _ = await self._planned(place, row.name, ask, caller, correlation, str(row.facts["started"]))
        except (ArmError, ExpressionError, msgspec.ValidationError) as error:
            body = error.body()["error"] if isinstance(error, ArmError) else {"code": "DeploymentFailed", "message": str(error)}
            failed = row.with_properties(provisioningState="Failed", timestamp=self.clock(), error=body)
            await self.engine.record(
                put=[failed], documents={record.document_key(row.id): {"template": document.get("template")}}
            )
            return
        row = row.with_facts(attempts=attempts)
        await self.engine.record(put=[row])
        run = Run(self.engine, self, row, plan, caller, self.clock, link=ask.link, digest=record.digest(ask))
        run.kept.set()
        self.runs[key(row.id)] = run
        log.info("deployment.resumed id=%s attempt=%d", row.id, attempts)
        self._start(run)

    async def stop(self) -> None:
        """End what runs, without keeping its end: a later start resumes it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
