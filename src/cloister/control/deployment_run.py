"""One deployment while it runs: resources in parallel as their dependencies allow, nested deployments as runs of their own.

Every resource is an ordinary request of the caller (``engine.perform``), so it passes the same gates as from outside. A
resource that fails keeps from being made what waits for it, and nothing else; the deployment then ends Failed with one
error that holds all of them. Running a deployment again makes what is missing and repeats the rest.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import orjson

from cloister.arm.ids import ResourceId, key, parse
from cloister.arm.resource import Row
from cloister.arm.template.context import Wanted
from cloister.arm.template.errors import TemplateError
from cloister.arm.template.plan import Nested, Plan, expand_nested
from cloister.arm.template.values import has_unknown
from cloister.control import deployment_record as record
from cloister.control.deployment_facts import Failure, Fetched, fetch
from cloister.control.deployment_secrets import with_secrets
from cloister.control.ports import Caller, Engine
from cloister.limits import DEPLOYMENT_PARALLEL_MAX, DEPLOYMENT_RESOURCE_SECONDS, DEPLOYMENT_WANTS_MAX, TEMPLATE_DEPTH_MAX

log = logging.getLogger("cloister.deployments")


class Host(Protocol):
    """What a run asks of the whole of deployments."""

    def row(self, id: str) -> Row | None:
        """A deployment by id, running ones as they are now."""
        ...

    async def begin_nested(self, parent: Run, nested: Nested, plan: Plan, hash: str) -> Run:
        """Make the run of a nested deployment. Raises Failure where it may not be."""
        ...

    async def linked(
        self, link: dict[str, Any], parent: dict[str, Any] | None, caller: Caller
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The template that a templateLink leads to, and the link with its absolute URI. Raises Failure."""
        ...

    async def ended(self, run: Run) -> None:
        """Keep a run's end."""
        ...


@dataclass
class Run:
    """One deployment under way. ``operations`` by the plan's keys; ``error`` and ``outputs`` once it is over."""

    engine: Engine
    host: Host
    first: Row
    plan: Plan
    caller: Caller
    clock: Callable[[], str]
    link: dict[str, Any] | None = None
    digest: str = ""
    """Of the request; one that comes again unanswered (control was killed before its answer) joins the same run."""
    answered: bool = False
    depth: int = 0
    nested: list[Run] = field(default_factory=list)
    operations: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    state: str = "Running"
    error: dict[str, Any] | None = None
    outputs: dict[str, Any] = field(default_factory=dict)
    canceled: bool = False
    begun: float = field(default_factory=time.monotonic)
    kept: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the request is on disk, or was refused by the store."""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def id(self) -> str:
        return self.first.id

    def cancel(self) -> None:
        """Begin nothing more, here and in what is nested."""
        self.canceled = True
        for one in self.nested:
            one.cancel()

    def row(self) -> Row:
        """The deployment as it stands now."""
        changes: dict[str, Any] = {
            "provisioningState": self.state,
            "timestamp": self.clock(),
            "duration": record.duration_text(time.monotonic() - self.begun),
        }
        if self.state != "Running":
            changes["outputResources"] = [{"id": id} for id in self.output_ids()]
            if self.state == "Succeeded":
                changes["outputs"] = self.outputs
        if self.error is not None:
            changes["error"] = self.error
        return self.first.with_properties(**changes).with_facts(operations=self.listed())

    def listed(self) -> list[dict[str, Any]]:
        """The operations in the order in which they began; nested deployments last (azureml-core stops reading there)."""
        found = [one for name, one in self.operations.items() if not self.plan.resources[name].is_deployment]
        return found + [one for name, one in self.operations.items() if self.plan.resources[name].is_deployment]

    def output_ids(self) -> list[str]:
        """The resources that this deployment, with what is nested in it, has made."""
        own = [self.made[name] for name in self.plan.order if name in self.made]
        return list(dict.fromkeys([*own, *(id for one in self.nested for id in one.output_ids())]))

    async def execute(self) -> None:
        """Run to the end, and keep it. Never raises, except when the process itself ends."""
        try:
            details = await self._make_all()
            if details:
                self.error = record.deployment_failure(self.id, details)
            elif not self.canceled:
                if self.first.properties.get("mode") == "Complete":
                    await self._remove_absent()
                self.outputs = await self._evaluated(self.plan.outputs)
        except Failure as failure:
            self.error = failure.error
        except TemplateError as error:
            self.error = error.body()
        except Exception:
            log.exception("internal error: bug in a deployment id=%s", self.id)
            self.error = {"code": "InternalServerError", "message": "internal error: bug in a deployment. The log has more."}
        self.state = "Canceled" if self.canceled else "Failed" if self.error is not None else "Succeeded"
        try:
            await self.host.ended(self)
        finally:
            self.over.set()

    # --- resources

    async def _make_all(self) -> list[dict[str, Any]]:
        """Make every resource that can be made; answers the errors."""
        waiting = {name: set(self.plan.waits[name]) for name in self.plan.order}
        running: dict[asyncio.Task[dict[str, Any] | None], str] = {}
        details: list[dict[str, Any]] = []
        try:
            while True:
                ready = [name for name, before in waiting.items() if not before and not self.canceled]
                for name in ready[: max(DEPLOYMENT_PARALLEL_MAX - len(running), 0)]:
                    del waiting[name]
                    running[asyncio.create_task(self._make(name))] = name
                if not running:
                    return details
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    name = running.pop(task)
                    error = task.result()
                    if error is not None:
                        details.append(error)
                        continue
                    for before in waiting.values():
                        before.discard(name)
        finally:
            for task in running:
                task.cancel()

    async def _make(self, name: str) -> dict[str, Any] | None:
        """Make one resource and keep its operation; answers the error."""
        one = self.plan.resources[name]
        target = self._spelled(one.target.id)
        begun, operation = time.monotonic(), record.operation(self.id, target, one.target.name, self.clock())
        self.operations[name] = operation
        error: dict[str, Any] | None = None
        try:
            status = await (self._deploy(name) if one.is_deployment else self._put(name, target))
        except Failure as failure:
            error, status = {**failure.error, "target": target.text}, failure.status
        except TemplateError as failed:
            error, status = {**failed.body(), "target": target.text}, 400
        except Exception:
            log.exception("internal error: bug in a deployment id=%s target=%s", self.id, target.text)
            error, status = {"code": "InternalServerError", "message": "internal error: bug in a deployment.", "target": ""}, 500
        state = "Succeeded" if error is None else "Failed"
        seconds = time.monotonic() - begun
        self.operations[name] = record.ended(operation, state, self.clock(), seconds, record.status_name(status), error)
        return error

    def _spelled(self, id: str) -> ResourceId:
        """The id as types and rows spell it."""
        view = self.engine.view()
        return self.engine.types.spelled(parse(id), lambda place: row.id if (row := view.get(place)) is not None else None)

    async def _put(self, name: str, target: ResourceId) -> int:
        one = self.plan.resources[name]
        body = await self._evaluated(lambda runtime: self.plan.body(name, runtime))
        if has_unknown(body):
            raise TemplateError(
                f"cannot make '{target.text}': its body depends on a resource group that does not exist; make that group first"
            )
        version = one.target.api_version
        response = await self.engine.perform("PUT", one.target.id, caller=self.caller, api_version=version, body=body)
        if response.status >= 300:
            raise Failure(record.error_of(response), response.status)
        shown = orjson.loads(response.body) if response.body else {}
        id = str(shown.get("id") or target.text)
        self.operations[name]["properties"]["targetResource"]["id"] = id
        state = str((shown.get("properties") or {}).get("provisioningState", "Succeeded"))
        if state.lower() != "succeeded":
            await self._finished(id)
        self.made[name] = id
        return response.status

    async def _finished(self, id: str) -> None:
        try:
            state, reason = await self.engine.finished(id, DEPLOYMENT_RESOURCE_SECONDS)
        except TimeoutError:
            state, reason = "Failed", f"It did not come to rest within {DEPLOYMENT_RESOURCE_SECONDS:.0f} seconds."
        if state == "Failed":
            raise Failure(record.terminal_failure(id, reason), 409)

    async def _evaluated(self, work: Callable[[Fetched], Any]) -> Any:
        """``work`` with all run-time values that it asks for; each attempt fetches one more."""
        runtime = Fetched()
        for _ in range(DEPLOYMENT_WANTS_MAX):
            try:
                return work(runtime)
            except Wanted as wanted:
                want = wanted.want
            row = self.host.row(want.id) if want.function == "reference" else None
            runtime.values[want] = record.shown(row) if row is not None else await fetch(self.engine, self.caller, want)
        raise TemplateError(f"cannot evaluate the template: one value needs more than {DEPLOYMENT_WANTS_MAX} references")

    # --- nested deployments

    async def _deploy(self, name: str) -> int:
        if self.depth >= TEMPLATE_DEPTH_MAX:
            raise TemplateError(f"cannot deploy: deployments are nested more than {TEMPLATE_DEPTH_MAX} levels deep; flatten them")
        nested: Nested = await self._evaluated(lambda runtime: self.plan.nested(name, runtime))
        template, link = nested.template, None
        if nested.link is not None:
            template, link = await self.host.linked(nested.link, self.link, self.caller)
        nested = replace(nested, given=with_secrets(self.engine, self.caller, nested.given))
        assert template is not None  # a nested deployment has a template or a link
        whole = template
        plan, hash = await asyncio.to_thread(lambda: (expand_nested(self.plan, name, nested, whole), record.hash_of(whole)))
        run = await self.host.begin_nested(self, nested, plan, hash)
        run.link = link
        self.nested.append(run)
        await run.execute()
        if run.error is not None:
            raise Failure(run.error, 409)
        if run.state == "Canceled":
            raise Failure({"code": "DeploymentCanceled", "message": f"The deployment '{nested.name}' was canceled."}, 409)
        return 200

    # --- complete mode

    def _kept(self) -> Iterable[str]:
        yield from (one.target.id for one in self.plan.resources.values() if one.active)
        for run in self.nested:
            yield from run._kept()

    async def _remove_absent(self) -> None:
        """Complete mode: delete the group's resources that neither this template nor a nested one has.

        What another of them still uses goes in a later round. Raises Failure for what cannot be deleted.
        """
        place = self.plan.place
        if not place.resource_group:
            return
        kept = {key(id) for id in self._kept()}
        absent = [row.id for row in self.engine.view().children(place.id) if _is_own(row) and not _is_kept(key(row.id), kept)]
        errors: list[dict[str, Any]] = []
        while absent:
            errors, left = [], []
            for id in absent:
                response = await self.engine.perform("DELETE", id, caller=self.caller, api_version=_newest(self.engine, id))
                if response.status >= 300 and response.status != 404:
                    left.append(id)
                    errors.append({**record.error_of(response), "target": id})
            if len(left) == len(absent):
                break
            absent = left
        if errors:
            raise Failure(record.deployment_failure(self.id, errors), 409)


def _is_own(row: Row) -> bool:
    """Whether Complete mode may delete a row: top-level, made by a user, and no deployment."""
    return not row.owner and len(parse(row.id).names) == 1 and not parse(row.id).parent_scope and row.type != record.TYPE


def _is_kept(place: str, kept: set[str]) -> bool:
    return place in kept or any(other.startswith(place + "/") for other in kept)


def _newest(engine: Engine, id: str) -> str:
    kind = engine.types.get(parse(id).type)
    return max(kind.api_versions, default="2024-01-01") if kind is not None else "2024-01-01"
