"""The resource providers of a subscription, as the types say: GET and register."""

from __future__ import annotations

from typing import Any

from cloister.arm.errors import ArmError
from cloister.arm.resource import ResourceType
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


def shown_provider(engine: Engine, namespace: str, id: str) -> dict[str, Any]:
    """A provider with its types."""
    kinds = [kind for kind in engine.types.of_namespace(namespace) if not kind.reserved]
    return {
        "id": id,
        "namespace": namespace,
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": [shown_type(kind) for kind in kinds],
    }


async def providers(engine: Engine, call: RouteCall) -> Response:
    """GET {subscription}/providers, or /providers for the tenant."""
    scope = f"/subscriptions/{call.parts['subscription']}" if "subscription" in call.parts else ""
    shown = [shown_provider(engine, name, f"{scope}/providers/{name}") for _, name in sorted(engine.types.namespaces.items())]
    return reply(200, {"value": [found for found in shown if found["resourceTypes"]]})


async def provider(engine: Engine, call: RouteCall) -> Response:
    """GET {subscription}/providers/{namespace}, and POST .../register: every provider is registered from the start."""
    given = call.parts["namespace"]
    namespace = engine.types.namespaces.get(given.lower())
    if namespace is None:
        raise ArmError(404, "InvalidResourceNamespace", f"The resource namespace '{given[:100]}' is invalid.")
    scope = f"/subscriptions/{call.parts['subscription']}" if "subscription" in call.parts else ""
    return reply(200, shown_provider(engine, namespace, f"{scope}/providers/{namespace}"))


ROUTES = (
    Route(method="GET", path="/providers", permission="", handle=providers),
    Route(method="GET", path="/providers/{namespace}", permission="", handle=provider),
    Route(method="GET", path=f"{_SCOPE}/providers", permission=_READ, handle=providers),
    Route(method="GET", path=f"{_SCOPE}/providers/{{namespace}}", permission=_READ, handle=provider),
    Route(
        method="POST",
        path=f"{_SCOPE}/providers/{{namespace}}/register",
        permission="Microsoft.Resources/subscriptions/providers/register/action",
        handle=provider,
    ),
)
