"""The resource providers of a subscription, as the types say: GET, register and unregister."""

from __future__ import annotations

from typing import Any

from cloister.arm.errors import ArmError
from cloister.arm.resource import ResourceType, Row
from cloister.control import registration
from cloister.control.answers import reply
from cloister.control.ports import Engine, Route, RouteCall
from cloister.frontends.arm_http.regions import REGIONS
from cloister.ipc.messages import Response

_SCOPE = "/subscriptions/{subscription}"
_READ = "Microsoft.Resources/subscriptions/providers/read"


def shown_type(kind: ResourceType) -> dict[str, Any]:
    """One resource type as a provider lists it. Clients read ``locations`` as display names, without spaces and case."""
    regional = [title for _, title in REGIONS]
    return {
        "resourceType": kind.name.split("/", 1)[1],
        "locations": {"regional": regional, "global": ["global"]}.get(kind.location, []),
        "apiVersions": sorted(kind.api_versions, reverse=True),
        "defaultApiVersion": max((v for v in kind.api_versions if "-" not in v[10:]), default=max(kind.api_versions, default="")),
        "capabilities": "SupportsTags, SupportsLocation" if kind.location == "regional" else "None",
    }


def shown_provider(engine: Engine, namespace: str, id: str, subscription: Row | None) -> dict[str, Any]:
    """A provider with its types, as registered in a subscription."""
    kinds = [kind for kind in engine.types.of_namespace(namespace) if not kind.reserved]
    return {
        "id": id,
        "namespace": namespace,
        "registrationState": registration.state_of(subscription, namespace),
        "registrationPolicy": "RegistrationFree" if namespace.lower() in registration.FREE else "RegistrationRequired",
        "resourceTypes": [shown_type(kind) for kind in kinds],
    }


async def providers(engine: Engine, call: RouteCall) -> Response:
    """GET {subscription}/providers, or /providers for the tenant."""
    scope, row = _scope(engine, call)
    names = [name for _, name in sorted(engine.types.namespaces.items())]
    shown = [shown_provider(engine, name, f"{scope}/providers/{name}", row) for name in names]
    return reply(200, {"value": [found for found in shown if found["resourceTypes"]]})


async def provider(engine: Engine, call: RouteCall) -> Response:
    """GET {subscription}/providers/{namespace}."""
    namespace, (scope, row) = _namespace(engine, call), _scope(engine, call)
    return reply(200, shown_provider(engine, namespace, f"{scope}/providers/{namespace}", row))


async def register(engine: Engine, call: RouteCall) -> Response:
    """POST {subscription}/providers/{namespace}/register: at once, where Azure takes a while."""
    return await _changed(engine, call, True)


async def unregister(engine: Engine, call: RouteCall) -> Response:
    """POST {subscription}/providers/{namespace}/unregister: likewise, unless resources of it are there."""
    return await _changed(engine, call, False)


async def _changed(engine: Engine, call: RouteCall, registered: bool) -> Response:
    namespace, (_, row) = _namespace(engine, call), _scope(engine, call)
    if row is None:
        raise ArmError(404, "SubscriptionNotFound", f"The subscription '{call.parts['subscription'][:80]}' could not be found.")
    if not registered:
        kinds = [kind.name for kind in engine.types.of_namespace(namespace)]
        registration.check_unregister(row, namespace, engine.view(), kinds)
    wanted = registration.with_state(row, namespace, registered)
    if registration.unregistered(wanted) != registration.unregistered(row):
        await engine.record(put=[wanted])
    return await provider(engine, call)


def _namespace(engine: Engine, call: RouteCall) -> str:
    given = call.parts["namespace"]
    namespace = engine.types.namespaces.get(given.lower())
    if namespace is None:
        raise ArmError(404, "InvalidResourceNamespace", f"The resource namespace '{given[:100]}' is invalid.")
    return namespace


def _scope(engine: Engine, call: RouteCall) -> tuple[str, Row | None]:
    """The subscription that a path stands in, as text and row; "" and None for the tenant."""
    scope = f"/subscriptions/{call.parts['subscription']}" if "subscription" in call.parts else ""
    return scope, engine.view().get(scope) if scope else None


ROUTES = (
    Route(method="GET", path="/providers", permission="", handle=providers),
    Route(method="GET", path="/providers/{namespace}", permission="", handle=provider),
    Route(method="GET", path=f"{_SCOPE}/providers", permission=_READ, handle=providers),
    Route(method="GET", path=f"{_SCOPE}/providers/{{namespace}}", permission=_READ, handle=provider),
    Route(
        method="POST",
        path=f"{_SCOPE}/providers/{{namespace}}/register",
        permission=registration.REGISTER,
        handle=register,
    ),
    Route(
        method="POST",
        path=f"{_SCOPE}/providers/{{namespace}}/unregister",
        permission=registration.UNREGISTER,
        handle=unregister,
    ),
)
