"""GET {scope}/resources: every top-level resource of a subscription or group, of all types, filtered and in pages."""

from __future__ import annotations

from itertools import islice
from typing import Any

from cloister.arm.errors import ArmError
from cloister.arm.filters import read_filter
from cloister.arm.ids import key, parse
from cloister.arm.resource import Row
from cloister.control.answers import reply
from cloister.control.ports import Engine, Route, RouteCall
from cloister.control.reading import next_link, page_of
from cloister.ipc.messages import Response

_MEMBERS = ("kind", "managedBy", "sku", "plan", "identity", "zones", "extendedLocation")


def shown_resource(engine: Engine, row: Row) -> dict[str, Any]:
    """A resource as the generic listing shows it: the envelope without properties."""
    body = row.body
    out = {"id": row.id, "name": row.name, "type": row.type, "location": body.get("location", ""), "tags": body.get("tags") or {}}
    out.update({name: body[name] for name in _MEMBERS if body.get(name)})
    out |= {"createdTime": row.created, "changedTime": row.changed, "provisioningState": engine.state(row.id)[0]}
    return out


def is_listed(engine: Engine, row: Row) -> bool:
    """Whether the row is a top-level tracked resource of Azure's."""
    kind = engine.types.get(row.type)
    if kind is None or not kind.listed or kind.reserved or kind.location == "none":
        return False
    id = parse(row.id)
    return bool(id.provider) and len(id.names) == 1 and not id.parent_scope


async def resources(engine: Engine, call: RouteCall) -> Response:
    """GET {subscription}/resources and {group}/resources. ``$expand`` changes nothing: all that there is, is shown."""
    query, scope = call.request.query, f"/subscriptions/{call.parts['subscription']}"
    view = engine.view(call.caller, shown=True)
    if view.get(scope) is None:
        raise ArmError(404, "SubscriptionNotFound", f"The subscription '{call.parts['subscription'][:80]}' could not be found.")
    if group := call.parts.get("group"):
        scope += f"/resourceGroups/{group}"
        if view.get(scope) is None:
            raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
    passes = read_filter(query.get("$filter", ""))
    start, size = page_of(query)
    may_all = engine.allows(call.caller, "*/read", scope)
    # Only as far as the page goes: a large group is listed by many requests, and all others wait for each.
    fitting = (
        row
        for row in view.children(scope)
        if is_listed(engine, row) and passes(row) and (may_all or _may_read(engine, call, row))
    )
    found = list(islice(fitting, start + size + 1))
    if not found and not may_all and not engine.sees(call.caller, scope):
        raise _forbidden(call, scope)
    body: dict[str, Any] = {"value": [shown_resource(engine, row) for row in found[start : start + size]]}
    if start + size < len(found):
        body["nextLink"] = next_link(call.request.authority, call.request.path, query, start + size)
    return reply(200, body)


def _may_read(engine: Engine, call: RouteCall, row: Row) -> bool:
    return engine.allows(call.caller, f"{row.type}/read", key(row.id))


def _forbidden(call: RouteCall, scope: str) -> ArmError:
    who = call.caller.client_id or call.caller.name or call.caller.principal
    action = "Microsoft.Resources/subscriptions/resources/read"
    message = (
        f"The client '{who}' with object id '{call.caller.principal}' does not have authorization to perform action '{action}' "
        f"over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
    )
    return ArmError(403, "AuthorizationFailed", message)


ROUTES = (
    Route(method="GET", path="/subscriptions/{subscription}/resources", permission="", handle=resources),
    Route(method="GET", path="/subscriptions/{subscription}/resourceGroups/{group}/resources", permission="", handle=resources),
)
