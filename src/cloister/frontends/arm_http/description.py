"""GET /openapi.json: what this Resource Manager answers, as ``arm/openapi.py`` describes it.

The types describe themselves; here stands what belongs to no type: what the Routes take and give. It is asked for with a
token and an api-version, as everything else is; ``cloister openapi`` does so.
"""

from __future__ import annotations

import functools
import importlib.metadata
import inspect
from collections.abc import Iterable, Mapping

import msgspec
import orjson

from cloister.arm.openapi import Operation, describe
from cloister.arm.schema import Field, anything, array, obj, string
from cloister.control import reading
from cloister.control.answers import reply
from cloister.control.ports import Engine, Route, RouteCall
from cloister.ipc.messages import Response


class Shape(msgspec.Struct, frozen=True):
    """What a Route takes and gives. ``takes`` None: no body; a status whose body is None has none.

    ``says`` is a line about it, by default the first of the Route's function.
    """

    gives: Mapping[int, Field | None]
    takes: Field | None = None
    query: tuple[str, ...] = ()
    says: str = ""


def _listed(item: Field) -> dict[int, Field | None]:
    return {200: obj(value=array(item, required=True), nextLink=string())}


NAMED = obj(id=string(required=True), name=string(required=True), type=string(required=True))
PAGED = ("$top", "$filter", "$skiptoken")
_SUBSCRIPTION = obj(id=string(required=True), subscriptionId=string(required=True), tenantId=string(required=True))
_PROVIDER = obj(id=string(required=True), namespace=string(required=True), registrationState=string(required=True))
_TAGS = obj(
    id=string(read_only=True), name=string(read_only=True), type=string(read_only=True), properties=obj(tags=obj(), required=True)
)
_TAGS_CHANGE = obj(operation=string("Merge", "Replace", "Delete"), properties=obj(tags=obj(), required=True))
_MOVE = obj(resources=array(string(), required=True, size=(1, 800)), targetResourceGroup=string(required=True))
_DEPLOYMENT_ASKED = obj(
    location=string(),
    tags=obj(),
    properties=obj(
        mode=string("Incremental", "Complete", required=True),
        template=anything(),
        templateLink=obj(uri=string(), relativePath=string(), contentVersion=string()),
        parameters=obj(),
        expressionEvaluationOptions=obj(scope=string("Inner", "Outer", "NotSpecified")),
        required=True,
    ),
)
_DEPLOYMENT = obj(
    id=string(required=True), name=string(required=True), type=string(), properties=obj(provisioningState=string(), required=True)
)
_OPERATION = obj(id=string(required=True), operationId=string(required=True), properties=obj(required=True))
_EXPORTED: dict[int, Field | None] = {200: obj(template=anything())}
_EXPORT_ASKED = obj(resources=array(string()), options=string())

_G = "/subscriptions/{subscription}/resourceGroups/{group}"
_S = "/subscriptions/{subscription}"
_AUTHORIZATION = "{*scope}/providers/Microsoft.Authorization"
_TAG_PATH = "{*scope}/providers/Microsoft.Resources/tags/default"

_DEPLOYMENTS: dict[str, Shape] = {
    "GET": Shape(_listed(_DEPLOYMENT), query=PAGED, says="List the deployments of a scope"),
    "PUT /{name}": Shape({200: _DEPLOYMENT, 201: _DEPLOYMENT}, _DEPLOYMENT_ASKED, says="Deploy a template"),
    "GET /{name}": Shape({200: _DEPLOYMENT}, says="Read a deployment"),
    "HEAD /{name}": Shape({204: None}, says="Whether there is such a deployment"),
    "DELETE /{name}": Shape({204: None}, says="Forget a deployment; what it made stays"),
    "POST /{name}/validate": Shape({200: _DEPLOYMENT}, _DEPLOYMENT_ASKED, says="Check a template, change nothing"),
    "POST /{name}/whatIf": Shape(
        {200: obj(status=string(required=True), properties=obj())}, _DEPLOYMENT_ASKED, says="What a template would change"
    ),
    "POST /{name}/cancel": Shape({204: None}, says="Begin nothing more of a running deployment"),
    "POST /{name}/exportTemplate": Shape(_EXPORTED, says="The template that was deployed"),
    "GET /{name}/operations": Shape(_listed(_OPERATION), query=PAGED[:1], says="What a deployment does, resource by resource"),
    "GET /{name}/operations/{operation}": Shape({200: _OPERATION}, says="One of the operations of a deployment"),
    "GET /{name}/operationStatuses/{operation}": Shape(
        {200: obj(status=string(required=True), error=anything())}, says="How far a deployment is"
    ),
}
SHAPES: dict[str, Shape] = {
    **{
        f"{method} {start}/deployments{path}": shape
        for line, shape in _DEPLOYMENTS.items()
        for method, _, path in [line.partition(" ")]
        for start in ("{*scope}/providers/Microsoft.Resources", _G)
    },
    f"POST {_G}/exportTemplate": Shape(_EXPORTED, _EXPORT_ASKED, says="The template of what a group holds"),
    "GET /tenants": Shape(_listed(obj(id=string(required=True), tenantId=string(required=True)))),
    "GET /subscriptions": Shape(_listed(_SUBSCRIPTION)),
    f"GET {_S}": Shape({200: _SUBSCRIPTION}),
    f"GET {_S}/locations": Shape(_listed(obj(name=string(required=True), displayName=string(required=True)))),
    "GET /providers": Shape(_listed(_PROVIDER)),
    "GET /providers/{namespace}": Shape({200: _PROVIDER}),
    f"GET {_S}/providers": Shape(_listed(_PROVIDER)),
    f"GET {_S}/providers/{{namespace}}": Shape({200: _PROVIDER}),
    f"POST {_S}/providers/{{namespace}}/register": Shape({200: _PROVIDER}),
    f"POST {_S}/providers/{{namespace}}/unregister": Shape({200: _PROVIDER}),
    f"GET {_S}/resources": Shape(_listed(NAMED), query=PAGED),
    f"GET {_G}/resources": Shape(_listed(NAMED), query=PAGED),
    f"POST {_G}/moveResources": Shape({204: None}, _MOVE),
    f"POST {_G}/validateMoveResources": Shape({204: None}, _MOVE),
    f"GET {_AUTHORIZATION}/roleDefinitions": Shape(_listed(NAMED), query=("$filter",)),
    f"GET {_AUTHORIZATION}/roleDefinitions/{{role}}": Shape({200: NAMED}),
    f"GET {_AUTHORIZATION}/roleAssignments": Shape(_listed(NAMED), query=("$filter",)),
    f"GET {_AUTHORIZATION}/policyDefinitions": Shape(_listed(NAMED), query=("$filter",)),
    f"GET {_AUTHORIZATION}/policyDefinitions/{{name}}": Shape({200: NAMED}),
    f"GET {_S}/providers/Microsoft.KeyVault/deletedVaults": Shape(_listed(NAMED)),
    f"GET {_TAG_PATH}": Shape({200: _TAGS}),
    f"PUT {_TAG_PATH}": Shape({200: _TAGS}, _TAGS),
    f"PATCH {_TAG_PATH}": Shape({200: _TAGS}, _TAGS_CHANGE),
    f"DELETE {_TAG_PATH}": Shape({200: None}),
    f"GET {_S}/providers/microsoft.insights/eventtypes/management/values": Shape(
        _listed(obj(eventTimestamp=string(required=True), resourceId=string(required=True))), query=PAGED
    ),
    "GET {*scope}/providers/{namespace}/locations/{location}/operationStatuses/{operation}": Shape(
        {200: obj(status=string(required=True), startTime=string(), percentComplete=anything())}
    ),
    "GET {*scope}/providers/{namespace}/locations/{location}/operationResults/{operation}": Shape(
        {200: anything(), 202: None, 204: None}
    ),
}
"""By method and path of a Route; one that is not here answers 200 with any JSON."""

_NAMES = {"{subscription}": "{subscriptionId}", "{group}": "{resourceGroupName}"}


def operation_of(line: str, route: Route | None) -> Operation:
    """A Route as the description has it; ``line`` is its method and path."""
    shape = SHAPES.get(line, Shape({200: anything()}))
    method, _, path = line.partition(" ")
    told = shape.says or (inspect.getdoc(route.handle) if route else "") or line
    return Operation(
        method=method,
        path=functools.reduce(lambda text, name: text.replace(name, _NAMES[name]), _NAMES, path),
        summary=told.split("\n")[0],
        takes=shape.takes,
        gives=shape.gives,
        query=shape.query,
        anonymous=route is not None and route.permission == "anonymous",
    )


def description_route(routes: Iterable[Route]) -> Route:
    """The Route of the description, which tells of these, of itself, and of those whose shape alone is known here."""

    kept: dict[int, bytes] = {}

    def made(engine: Engine) -> bytes:
        """Made anew when there are more types: an operator may let unknown ones in."""
        if len(engine.types) in kept:
            return kept[len(engine.types)]
        kept.clear()
        known = {f"{route.method} {route.path}": route for route in (*reading.ROUTES, *routes, own)}
        operations = [operation_of(line, known.get(line)) for line in {**SHAPES, **known}]
        found = describe(engine.types.values(), operations, importlib.metadata.version("cloister"))
        return kept.setdefault(len(engine.types), orjson.dumps(found))

    async def show(engine: Engine, call: RouteCall) -> Response:
        """This description."""
        return reply(200, made(engine))

    own = Route(method="GET", path="/openapi.json", permission="", handle=show)
    return own
