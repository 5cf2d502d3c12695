"""Policy definitions at any scope: Azure's built-in ones that this cloud judges by, and the custom ones there.

Source: learn.microsoft.com/rest/api/policy/policy-definitions.
"""

from __future__ import annotations

from typing import Any

from cloister.arm.errors import ArmError
from cloister.arm.policies import BUILT_IN, DEFINITIONS, BuiltIn, built_in
from cloister.control.answers import reply
from cloister.control.ports import Engine, Route, RouteCall
from cloister.ipc.messages import Response

_PATH = f"{{*scope}}/providers/{DEFINITIONS}"


def shown_policy(policy: BuiltIn) -> dict[str, Any]:
    """A built-in policy; it stands at no scope, wherever it is asked for."""
    id = f"/providers/{DEFINITIONS}/{policy.name}"
    return {"id": id, "name": policy.name, "type": DEFINITIONS, "properties": policy.properties()}


async def definitions(engine: Engine, call: RouteCall) -> Response:
    """GET {scope}/providers/Microsoft.Authorization/policyDefinitions."""
    scope, version = call.parts["scope"], call.request.query["api-version"]
    view = engine.view(call.caller, shown=True)
    rows = [row for row in view.of_type(DEFINITIONS) if row.id.lower().startswith(f"{scope}/providers/".lower())]
    custom = [engine.value(row, version, call.caller) for row in rows]
    found = [shown_policy(policy) for policy in BUILT_IN] + custom
    if "policytype eq 'custom'" in call.request.query.get("$filter", "").lower():
        found = custom
    return reply(200, {"value": found})


async def definition(engine: Engine, call: RouteCall) -> Response:
    """GET {scope}/providers/Microsoft.Authorization/policyDefinitions/{name}; built-in ones stand at no scope."""
    scope, name = call.parts["scope"], call.parts["name"]
    if not scope and (policy := built_in(f"/providers/{DEFINITIONS}/{name}")) is not None:
        return reply(200, shown_policy(policy))
    row = engine.view(call.caller, shown=True).get(f"{scope}/providers/{DEFINITIONS}/{name}")
    if row is None:
        raise ArmError(404, "PolicyDefinitionNotFound", f"The policy definition '{name[:100]}' could not be found.")
    return reply(200, engine.value(row, call.request.query["api-version"], call.caller))


ROUTES = (
    Route(method="GET", path=_PATH, permission="", handle=definitions),
    Route(method="GET", path=f"{_PATH}/{{name}}", permission="", handle=definition),
)
