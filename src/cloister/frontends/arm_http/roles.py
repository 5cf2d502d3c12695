"""Role definitions and assignments at any scope: what holds there is also what was given above it.

Source: learn.microsoft.com/rest/api/authorization (``atScope()``, ``principalId eq``, ``assignedTo``, ``roleName eq``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from cloister.arm.errors import ArmError
from cloister.arm.ids import key
from cloister.arm.rbac import Role, is_inside
from cloister.arm.resource import Row
from cloister.arm.roles import BUILT_IN, DEFINITIONS, built_in
from cloister.control.answers import reply
from cloister.control.authority import ASSIGNMENTS, scope_of
from cloister.control.ports import Engine, Route, RouteCall
from cloister.ipc.messages import Response

_CLAUSE = re.compile(
    r"(principalId|roleName|type|roleDefinitionId)\s+eq\s+'((?:[^']|'')*)'|(atScope|assignedTo)\(\s*'?([^')]*)'?\s*\)", re.I
)


def read_clauses(text: str) -> dict[str, str]:
    """The clauses of a ``$filter`` by lower-case name. Raises ArmError 400 for anything else that stands in it."""
    rest = _CLAUSE.sub("", text)
    if re.sub(r"\band\b|[()\s]", "", rest, flags=re.I):
        message = (
            f"cannot read the $filter {text[:200]!r}: use atScope(), assignedTo('id'), principalId eq 'id' or roleName eq 'name'."
        )
        raise ArmError(400, "InvalidFilterInQueryString", message, target="$filter")
    found = {}
    for match in _CLAUSE.finditer(text):
        name = (match[1] or match[3]).lower()
        found[name] = (match[2] if match[1] else match[4]).replace("''", "'")
    return found


def shown_role(role: Role, scope: str) -> dict[str, Any]:
    """A built-in role, spelled in the scope it was asked in."""
    prefix = f"/{'/'.join(scope.strip('/').split('/')[:2])}" if scope.lower().startswith("/subscriptions/") else ""
    return {
        "id": f"{prefix}/providers/{DEFINITIONS}/{role.name}",
        "name": role.name,
        "type": DEFINITIONS,
        "properties": {
            "roleName": role.title,
            "type": "BuiltInRole",
            "description": role.description,
            "assignableScopes": ["/"],
            "permissions": [permission.as_json() for permission in role.permissions],
        },
    }


def _custom_roles(engine: Engine, call: RouteCall, scope: str) -> Iterator[dict[str, Any]]:
    view = engine.view(call.caller, shown=True)
    for row in view.of_type(DEFINITIONS):
        scopes = [key(text) for text in row.properties.get("assignableScopes") or ()]
        if any(is_inside(known, key(scope)) or is_inside(key(scope), known) for known in scopes):
            yield engine.value(row, call.request.query["api-version"], call.caller)


async def definitions(engine: Engine, call: RouteCall) -> Response:
    """GET {scope}/providers/Microsoft.Authorization/roleDefinitions."""
    scope, clauses = _scope(engine, call), read_clauses(call.request.query.get("$filter", ""))
    found = [shown_role(role, scope) for role in BUILT_IN] + list(_custom_roles(engine, call, scope))
    for name in ("rolename", "type"):
        if name in clauses:
            member = {"rolename": "roleName", "type": "type"}[name]
            found = [role for role in found if role["properties"][member].lower() == clauses[name].lower()]
    return reply(200, {"value": found})


async def definition(engine: Engine, call: RouteCall) -> Response:
    """GET {scope}/providers/Microsoft.Authorization/roleDefinitions/{role}."""
    scope, name = _scope(engine, call), call.parts["role"]
    if role := built_in(name):
        return reply(200, shown_role(role, scope))
    for shown in _custom_roles(engine, call, scope):
        if shown["name"].lower() == name.lower():
            return reply(200, shown)
    raise ArmError(404, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{name[:100]}' does not exist.")


async def assignments(engine: Engine, call: RouteCall) -> Response:
    """GET {scope}/providers/Microsoft.Authorization/roleAssignments: at, above and (unless atScope()) below the scope."""
    scope, clauses = key(_scope(engine, call)), read_clauses(call.request.query.get("$filter", ""))
    view = engine.view(call.caller, shown=True)
    principal = clauses.get("principalid") or clauses.get("assignedto") or ""
    found: list[Row] = []
    for row in view.of_type(ASSIGNMENTS):
        place = key(scope_of(row.id))
        stands = is_inside(place, scope) or ("atscope" not in clauses and is_inside(scope, place))
        if stands and (not principal or row.properties["principalId"].lower() == principal.lower()):
            found.append(row)
    version = call.request.query["api-version"]
    return reply(200, b'{"value":[' + b",".join(orjson.dumps(engine.value(row, version, call.caller)) for row in found) + b"]}")


def _scope(engine: Engine, call: RouteCall) -> str:
    scope = call.parts.get("scope") or "/"
    parts = [part for part in scope.split("/") if part]
    if len(parts) >= 2 and engine.view().get(f"/subscriptions/{parts[1]}") is None and parts[0].lower() == "subscriptions":
        raise ArmError(404, "SubscriptionNotFound", f"The subscription '{parts[1][:80]}' could not be found.")
    return scope


ROUTES = (
    Route(method="GET", path="{*scope}/providers/Microsoft.Authorization/roleDefinitions", permission="", handle=definitions),
    Route(
        method="GET", path="{*scope}/providers/Microsoft.Authorization/roleDefinitions/{role}", permission="", handle=definition
    ),
    Route(
        method="GET",
        path="{*scope}/providers/Microsoft.Authorization/roleAssignments",
        permission="Microsoft.Authorization/roleAssignments/read",
        handle=assignments,
    ),
)
