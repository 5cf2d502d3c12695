"""The paths of deployments and what each answers.

Group deployments answer at two spellings: with ``/providers/Microsoft.Resources/`` and without (azure-mgmt-resource and
azureml-core list operations at ``/resourcegroups/{group}/deployments/{name}/operations``).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from cloister.arm.errors import ArmError
from cloister.arm.ids import key
from cloister.arm.resource import Row
from cloister.arm.template.context import Place
from cloister.arm.template.errors import TemplateError
from cloister.arm.template.export import template_of
from cloister.arm.template.values import get
from cloister.control import deployment_record as record
from cloister.control import deployment_whatif as whatif
from cloister.control.answers import reply
from cloister.control.operations import waiting
from cloister.control.ports import Engine, Route, RouteCall
from cloister.control.reading import next_link, page_of
from cloister.ipc.messages import Response
from cloister.limits import DEPLOYMENT_WAIT_SECONDS

if TYPE_CHECKING:
    from cloister.control.deployments import Deployments

_FILTER = re.compile(r"\s*provisioningState\s+eq\s+'([A-Za-z]+)'\s*", re.IGNORECASE)
_SCOPED = "{*scope}/providers/Microsoft.Resources/deployments"
_SHORT = "/subscriptions/{subscription}/resourceGroups/{group}/deployments"


class Answers:
    """The verbs over HTTP."""

    def __init__(self, deployments: Deployments):
        self.all = deployments

    def _place(self, call: RouteCall) -> Place:
        tenant = call.caller.tenant or self.all.engine.view().tenant_id  # that of the scope: another's token does not come here
        if "subscription" in call.parts:
            return Place(tenant, call.parts["subscription"], call.parts["group"])
        try:
            place = Place(tenant).at(call.parts.get("scope", ""))
        except TemplateError as error:
            raise ArmError(400, "InvalidDeploymentScope", error.message) from None
        if place.management_group:
            raise ArmError(
                404,
                "ManagementGroupNotFound",
                f"cannot deploy to the management group '{place.management_group}': there are none; deploy to a subscription.",
            )
        return place

    def _found(self, call: RouteCall) -> Row:
        place, name = self._place(call), call.parts["name"]
        self.all.check_place(place)
        row = self.all.row(record.deployment_id(place, name))
        if row is None:
            raise ArmError(404, "DeploymentNotFound", f"Deployment '{name[:100]}' could not be found.")
        return row

    async def put(self, engine: Engine, call: RouteCall) -> Response:
        """201 or 200, with the URL to poll; the deployment goes on."""
        run, is_new = await self.all.begin(self._place(call), call.parts["name"], call.request.body, call.caller)
        run.answered = True
        shown = record.shown(run.row())
        shown["properties"]["provisioningState"] = "Accepted"
        version = call.request.query["api-version"]
        base = f"https://{call.request.authority or 'management.azure.com'}{run.id}"
        url = f"{base}/operationStatuses/{run.first.properties['correlationId']}?api-version={version}"
        return reply(201 if is_new else 200, shown, {"azure-asyncoperation": url, **waiting()})

    async def status(self, engine: Engine, call: RouteCall) -> Response:
        """What the URL of a PUT answers. It waits a moment for the end, so that a client need not come again."""
        row = self._found(call)
        run = self.all.runs.get(key(row.id))
        if run is not None:
            try:
                async with asyncio.timeout(DEPLOYMENT_WAIT_SECONDS):
                    await run.over.wait()
            except TimeoutError:
                return reply(200, {"status": "Running"}, waiting())
            row = run.row()
        body: dict[str, Any] = {"status": record.state_of(row)}
        if "error" in row.properties:
            body["error"] = row.properties["error"]
        return reply(200, body)

    async def get(self, engine: Engine, call: RouteCall) -> Response:
        return reply(200, record.shown(self._found(call)))

    async def head(self, engine: Engine, call: RouteCall) -> Response:
        """204 or 404."""
        self._found(call)
        return reply(204)

    async def list(self, engine: Engine, call: RouteCall) -> Response:
        """All of a scope; ``$filter=provisioningState eq 'Succeeded'``, ``$top``."""
        place = self._place(call)
        self.all.check_place(place)
        rows = self.all.at(place)
        wanted = call.request.query.get("$filter", "")
        if wanted:
            found = _FILTER.fullmatch(wanted)
            if found is None:
                raise ArmError(
                    400,
                    "InvalidFilterInQueryString",
                    f"Invalid $filter '{wanted[:100]}' specified in the query string. Use \"provisioningState eq 'Succeeded'\".",
                )
            rows = [row for row in rows if record.state_of(row).lower() == found[1].lower()]
        start, size = page_of(call.request.query)
        body: dict[str, Any] = {"value": [record.shown(row) for row in rows[start : start + size]]}
        if start + size < len(rows):
            body["nextLink"] = next_link(call.request.authority, call.request.path, call.request.query, start + size)
        return reply(200, body)

    async def delete(self, engine: Engine, call: RouteCall) -> Response:
        """Forget the record; what the deployment made stays. 204, also where there is none."""
        place = self._place(call)
        self.all.check_place(place)
        row = self.all.row(record.deployment_id(place, call.parts["name"]))
        if row is None:
            return reply(204)
        if key(row.id) in self.all.runs:
            raise ArmError(
                409,
                "DeploymentActive",
                f"cannot delete the deployment '{row.name}' while it runs; cancel it or wait until it ends.",
            )
        await engine.record(drop=[row.id], documents={record.document_key(row.id): None})
        return reply(204)

    async def cancel(self, engine: Engine, call: RouteCall) -> Response:
        """Begin nothing more of a running deployment: 204."""
        row = self._found(call)
        run = self.all.runs.get(key(row.id))
        if run is None:
            raise ArmError(
                409,
                "DeploymentCannotBeCancelled",
                f"The deployment '{row.name}' cannot be cancelled because it is in the terminal state '{record.state_of(row)}'.",
            )
        run.cancel()
        return reply(204)

    async def validate(self, engine: Engine, call: RouteCall) -> Response:
        """All checks of a PUT, and nothing changed."""
        place, name = self._place(call), call.parts["name"]
        _, ask, computed, ids = await self.all.prepare(place, name, call.request.body, call.caller)
        properties = {
            **computed,
            "mode": ask.mode,
            "provisioningState": "Succeeded",
            "duration": "PT0S",
            "validatedResources": [{"id": id} for id in ids],
        }
        shown = {"id": record.deployment_id(place, name), "name": name, "type": record.TYPE, "properties": properties}
        return reply(200, shown)

    async def what_if(self, engine: Engine, call: RouteCall) -> Response:
        """What a PUT would change, property by property."""
        plan, ask, computed, _ = await self.all.prepare(self._place(call), call.parts["name"], call.request.body, call.caller)
        try:
            found = await whatif.changes(engine, plan, call.caller, ask.mode)
        except TemplateError as error:
            raise error.validation().http() from None
        return reply(200, whatif.answer(found, computed["correlationId"], ask.result_format))

    async def operations(self, engine: Engine, call: RouteCall) -> Response:
        """What the deployment does, resource by resource."""
        listed = self._found(call).facts.get("operations") or []
        start, size = page_of(call.request.query)
        body: dict[str, Any] = {"value": listed[start : start + size]}
        if start + size < len(listed):
            body["nextLink"] = next_link(call.request.authority, call.request.path, call.request.query, start + size)
        return reply(200, body)

    async def operation(self, engine: Engine, call: RouteCall) -> Response:
        wanted = call.parts["operation"].lower()
        row = self._found(call)
        for one in row.facts.get("operations") or []:
            if str(one["operationId"]).lower() == wanted:
                return reply(200, one)
        message = f"Deployment operation '{wanted[:60]}' in deployment '{row.name}' could not be found."
        raise ArmError(404, "DeploymentOperationNotFound", message)

    async def export(self, engine: Engine, call: RouteCall) -> Response:
        """The template that was deployed."""
        row = self._found(call)
        document = await asyncio.to_thread(self.all.store.document, record.document_key(row.id))
        return reply(200, {"template": (document or {}).get("template")})

    async def export_group(self, engine: Engine, call: RouteCall) -> Response:
        """The template of what a group holds, or of the ``resources`` that the body names (``["*"]`` for all)."""
        place = self._place(call)
        self.all.check_place(place)
        wanted = get(call.body, "resources") or ["*"]
        if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
            raise record.refused("The request content is not valid: 'resources' must be an array of ids, or [\"*\"].")
        rows = [row for row in engine.view(shown=True).children(place.id) if row.type != record.TYPE]
        if "*" not in wanted:
            places = {key(one) for one in wanted}
            rows = [row for row in rows if any(key(row.id) == one or key(row.id).startswith(one + "/") for one in places)]
        return reply(200, {"template": template_of(rows, engine.types.get)})


Handle = Callable[[Engine, RouteCall], Awaitable[Response]]


def routes(deployments: Deployments) -> tuple[Route, ...]:
    """Every path, at both spellings."""
    answers = Answers(deployments)
    table: tuple[tuple[str, str, str, Handle], ...] = (
        ("GET", "", "read", answers.list),
        ("PUT", "/{name}", "write", answers.put),
        ("GET", "/{name}", "read", answers.get),
        ("HEAD", "/{name}", "read", answers.head),
        ("DELETE", "/{name}", "delete", answers.delete),
        ("POST", "/{name}/validate", "validate/action", answers.validate),
        ("POST", "/{name}/whatIf", "whatIf/action", answers.what_if),
        ("POST", "/{name}/cancel", "cancel/action", answers.cancel),
        ("POST", "/{name}/exportTemplate", "exportTemplate/action", answers.export),
        ("GET", "/{name}/operations", "operations/read", answers.operations),
        ("GET", "/{name}/operations/{operation}", "operations/read", answers.operation),
        ("GET", "/{name}/operationStatuses/{operation}", "operationStatuses/read", answers.status),
    )
    of_group = Route(
        method="POST",
        path="/subscriptions/{subscription}/resourceGroups/{group}/exportTemplate",
        permission="Microsoft.Resources/subscriptions/resourceGroups/read",
        handle=answers.export_group,
    )
    own = tuple(
        Route(method=method, path=start + path, permission=f"{record.TYPE}/{action}", handle=handle)
        for method, path, action, handle in table
        for start in (_SCOPED, _SHORT)
    )
    return (*own, of_group)
