"""GET {subscription}/providers/Microsoft.KeyVault/deletedVaults: a listing of rows that stand below locations."""

from __future__ import annotations

from cloister.arm.ids import key
from cloister.control.answers import reply
from cloister.control.ports import Engine, Route, RouteCall
from cloister.ipc.messages import Response

TYPE = "Microsoft.KeyVault/locations/deletedVaults"


async def deleted_vaults(engine: Engine, call: RouteCall) -> Response:
    """All deleted vaults of a subscription."""
    inside = key(f"/subscriptions/{call.parts['subscription']}") + "/"
    rows = [row for row in engine.view().of_type(TYPE) if key(row.id).startswith(inside)]
    return reply(200, {"value": [engine.value(row, call.request.query.get("api-version", ""), call.caller) for row in rows]})


ROUTES = (
    Route(
        method="GET",
        path="/subscriptions/{subscription}/providers/Microsoft.KeyVault/deletedVaults",
        permission="Microsoft.KeyVault/deletedVaults/read",
        handle=deleted_vaults,
    ),
)
