"""Tenants and subscriptions as the caller may see them, and their regions.

The rows are of types Microsoft.Resources/tenants and /subscriptions; Azure shows them flat, without ``properties``.
"""

from __future__ import annotations

from typing import Any

from cloister.arm.catalog import SUBSCRIPTION_TYPE, TENANT_TYPE
from cloister.arm.errors import ArmError
from cloister.arm.resource import Row
from cloister.control.answers import reply
from cloister.control.ports import Engine, Route, RouteCall
from cloister.frontends.arm_http.regions import REGIONS
from cloister.ipc.messages import Response


def shown_tenant(row: Row) -> dict[str, Any]:
    """A tenant as GET /tenants lists it."""
    guid = row.properties.get("tenantId") or row.name
    title = row.properties.get("displayName") or "Cloister"
    return {
        "id": f"/tenants/{guid}",
        "tenantId": guid,
        "countryCode": "",
        "displayName": title,
        "domains": [],
        "tenantCategory": "Home",
        "defaultDomain": "cloister.onmicrosoft.com",
        "tenantType": "AAD",
    }


def shown_subscription(row: Row, tenant_id: str) -> dict[str, Any]:
    """A subscription as Azure shows it."""
    found = row.properties
    return {
        "id": row.id,
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "tags": row.body.get("tags") or {},
        "subscriptionId": row.name,
        "tenantId": found.get("tenantId") or tenant_id,
        "displayName": found.get("displayName") or row.name,
        "state": found.get("state") or "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


async def tenants(engine: Engine, call: RouteCall) -> Response:
    """GET /tenants: the tenant that the caller's token is of."""
    rows = [row for row in engine.view().of_type(TENANT_TYPE) if row.name == (call.caller.tenant or engine.view().tenant_id)]
    found = [shown_tenant(row) for row in rows]
    return reply(200, {"value": found, "count": {"type": "Total", "value": len(found)}})


async def subscriptions(engine: Engine, call: RouteCall) -> Response:
    """GET /subscriptions: those in which the caller holds any role, at whatever scope."""
    rows = [row for row in engine.view().of_type(SUBSCRIPTION_TYPE) if engine.sees(call.caller, row.id)]
    found = [shown_subscription(row, engine.view().tenant_id) for row in rows]
    return reply(200, {"value": found, "count": {"type": "Total", "value": len(found)}})


async def subscription(engine: Engine, call: RouteCall) -> Response:
    """GET /subscriptions/{subscription}."""
    return reply(200, shown_subscription(_visible(engine, call), engine.view().tenant_id))


async def locations(engine: Engine, call: RouteCall) -> Response:
    """GET /subscriptions/{subscription}/locations."""
    row = _visible(engine, call)
    found = [
        {
            "id": f"{row.id}/locations/{name}",
            "name": name,
            "type": "Region",
            "displayName": title,
            "regionalDisplayName": title,
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended", "geographyGroup": "", "pairedRegion": []},
        }
        for name, title in REGIONS
    ]
    return reply(200, {"value": found})


def _visible(engine: Engine, call: RouteCall) -> Row:
    """The subscription in the path, for whoever holds a role in it; to others it does not exist."""
    name = call.parts["subscription"]
    row = engine.view().get(f"/subscriptions/{name}")
    if row is None or not engine.sees(call.caller, row.id):
        raise ArmError(404, "SubscriptionNotFound", f"The subscription '{name[:80]}' could not be found.")
    return row


ROUTES = (
    Route(method="GET", path="/tenants", permission="", handle=tenants),
    Route(method="GET", path="/subscriptions", permission="", handle=subscriptions),
    Route(method="GET", path="/subscriptions/{subscription}", permission="", handle=subscription),
    Route(method="GET", path="/subscriptions/{subscription}/locations", permission="", handle=locations),
)
