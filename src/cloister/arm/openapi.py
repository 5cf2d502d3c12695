"""This Resource Manager described in OpenAPI 3.1: every type's paths, made of the types and their schemas.

``describe`` is a pure function of the types and of the operations that belong to no type (which ``frontends/arm_http``
tells). A type gives GET, PUT, PATCH and DELETE of a resource, the listing it stands in, and its actions; what a schema marks
read-only or secret is ``readOnly`` or ``writeOnly`` here; null is as good as absent, both ways. Described is what clients should
send: what is forgiven beyond that (names and enumerations in any case, "true" for true, any well-formed api-version) is not.

Sources: spec.openapis.org/oas/v3.1.0; ``x-ms-`` extensions as in github.com/Azure/autorest/blob/main/docs/extensions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from cloister.arm.catalog import ANY_VERSION, GROUP_TYPE, SUBSCRIPTION_TYPE, TENANT_TYPE
from cloister.arm.envelope import SKU, TOP_LEVEL
from cloister.arm.resource import Action, ResourceType
from cloister.arm.schema import Array, Bool, Field, Int, Object, Text

Json = dict[str, Any]

SUBSCRIPTION = "/subscriptions/{subscriptionId}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/{{resourceGroupName}}"
SCOPES = {"tenant": "", "subscription": SUBSCRIPTION, "group": GROUP, "resource": "/{scope}"}
"""Where a resource may stand (``ResourceType.scopes``), as the beginning of its path."""
VERSION_PATTERN = r"^\d{4}-\d{2}-\d{2}(-[A-Za-z0-9.]+)*$"
_GUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_NAME = r"^[^<>%&\\?/#\x00-\x1f\x7f]{0,259}[^<>%&\\?/#\x00-\x1f\x7f. ]$"
_BRACED = re.compile(r"\{([^}]+)\}")
_LISTING_QUERY: dict[str, Json] = {
    "$top": {"type": "integer", "minimum": 1, "maximum": 1000},
    "$filter": {"type": "string"},
    "$skiptoken": {"type": "string"},
}


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that belongs to no type. ``{*scope}`` at the beginning of ``path`` means any scope.

    ``takes`` is the body, None for none; ``gives`` the answers: status to body, None for none.
    """

    method: str
    path: str
    summary: str
    takes: Field | None = None
    gives: Mapping[int, Field | None]
    anonymous: bool = False  # without a token, and without an api-version
    query: tuple[str, ...] = ()


def describe(types: Iterable[ResourceType], more: Iterable[Operation], version: str) -> Json:
    """The description as JSON. ``version`` is the cloud's own."""
    paths: dict[str, Json] = {}
    schemas: Json = {"Error": _ERROR, "SystemData": _SYSTEM_DATA}
    for kind in types:
        if kind.name in (SUBSCRIPTION_TYPE, TENANT_TYPE):
            continue  # shown flat, by operations of their own
        schemas[_named(kind)] = _resource(kind)
        if _is_written(kind):
            schemas[f"{_named(kind)}.changes"] = _resource(kind, whole=False)
        for path, method, operation in _of_type(kind):
            paths.setdefault(path, {"parameters": _of_path(kind, path)}).setdefault(method, operation)
    spelled = {_BRACED.sub("{}", path): path for path in paths}  # two templates must not differ in their braces alone
    for one in more:
        for given in _spread(one.path):
            path = spelled.setdefault(_BRACED.sub("{}", given), given)
            of_version = [] if one.anonymous else [_version({"pattern": VERSION_PATTERN, "default": ANY_VERSION})]
            item = paths.setdefault(path, {"parameters": _path_parameters(path, {}) + of_version})
            item[one.method.lower()] = _of_none(one, path)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Resource Manager of a Cloister cloud", "version": version, "description": _ABOUT},
        "servers": [{"url": "https://management.azure.com"}],
        "security": [{"token": []}],
        "paths": {path: paths[path] for path in sorted(paths, key=str.lower)},
        "components": {
            "schemas": schemas,
            "responses": {"Refused": {"description": "Refused", "content": {"application/json": {"schema": _to("Error")}}}},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


_ABOUT = (
    "Azure Resource Manager as this cloud answers it. Any well-formed api-version serves; those listed are published ones. "
    "A path parameter 'scope' is a resource's id without its first slash, its slashes unescaped."
)
_ERROR: Json = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "minLength": 1},
                "message": {"type": "string", "minLength": 1},
                "target": {"type": "string"},
                "details": {"type": "array", "items": {"type": "object", "required": ["code", "message"]}},
            },
        }
    },
}
_SYSTEM_DATA: Json = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in ("createdBy", "lastModifiedBy", "createdByType", "lastModifiedByType")},
        **{name: {"type": "string", "format": "date-time"} for name in ("createdAt", "lastModifiedAt")},
    },
}


# --- schemas


def schema_of(field: Field, whole: bool = True) -> Json:
    """A field as JSON Schema; not ``whole``: nothing is required (a PATCH)."""
    out = _kind_of(field, whole)
    if field.nullable and not (field.required and whole) and "type" in out:
        out["type"] = [out["type"], "null"]
        if "enum" in out:
            out["enum"] = [*out["enum"], None]
    if field.read_only:
        out["readOnly"] = True
    if field.secret:
        out["writeOnly"] = True
    if field.create_only:
        out["x-ms-mutability"] = ["create"] if field.secret else ["create", "read"]
    if field.default is not msgspec.UNSET:
        out["default"] = field.default
    return out


def _kind_of(field: Field, whole: bool) -> Json:
    match field:
        case Object():
            return _object_of(field, whole)
        case Array():
            sizes = dict(zip(("minItems", "maxItems"), field.size, strict=True)) if field.size else {}
            return {"type": "array", "items": _kind_of(field.items, whole), **sizes}
        case Text():
            return _text_of(field)
        case Bool():
            return {"type": "boolean"}
        case Int():
            bounds = dict(zip(("minimum", "maximum"), field.bounds, strict=True)) if field.bounds else {}
            return {"type": "integer", **bounds}
        case _:
            return {}


def _object_of(field: Object, whole: bool) -> Json:
    out: Json = {"type": "object"}
    if field.members:
        out["properties"] = {name: schema_of(member, whole) for name, member in field.members.items()}
    required = [name for name, member in field.members.items() if member.required and not member.read_only]
    if required and whole:
        out["required"] = required
    return out


def _text_of(field: Text) -> Json:
    out: Json = {"type": "string"}
    if field.enum:
        out["enum"] = list(field.enum)
    if field.pattern and not field.pattern.startswith("(?i)"):
        out["pattern"] = f"^(?:{field.pattern})$"
    if field.length != (0, 0):
        out["minLength"], out["maxLength"] = field.length
    if field.ref:
        out["format"] = "arm-id"
        out["x-ms-arm-id-details"] = {"allowedResources": [{"type": field.ref}]}
    return out


def _resource(kind: ResourceType, whole: bool = True) -> Json:
    """The envelope of a type's resources around its properties."""
    properties: Json = {
        "id": {"type": "string", "format": "arm-id", "readOnly": True},
        "name": {"type": "string", "readOnly": True},
        "type": {"const": kind.name, "readOnly": True} if _is_written(kind) else {"type": "string", "readOnly": True},
        "systemData": {**_to("SystemData"), "readOnly": True},
    }
    if kind.location != "none":
        properties["location"] = {"type": "string"}
    for name in kind.top_level:
        properties[name] = _top_level(name)
    own = schema_of(kind.properties, whole)
    for name, segment in kind.inline.items():
        own.setdefault("properties", {})[name] = {"type": "array", "items": _to(f"{_named(kind)}.{segment}")}
    properties["properties"] = own
    out: Json = {"type": "object", "properties": properties}
    required = ["id", "name", "type"]
    if whole and kind.location == "regional":
        required.append("location")
    if whole and "required" in own:
        required.append("properties")
    return {**out, "required": required}


def _top_level(name: str) -> Json:
    match name:
        case "tags":
            return {"type": "object", "additionalProperties": {"type": "string", "maxLength": 256}, "maxProperties": 50}
        case "etag":
            return {"type": "string", "readOnly": True}
        case "sku":
            return schema_of(SKU)
        case _:
            return schema_of(TOP_LEVEL[name]) if name in TOP_LEVEL else {}


def _named(kind: ResourceType) -> str:
    return kind.name.replace("/", ".")


def _to(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


# --- operations of a type


def _of_type(kind: ResourceType) -> Iterable[tuple[str, str, Json]]:
    for scope in kind.scopes:
        item, listing = _paths(kind, SCOPES[scope])
        yield item, "get", _operation(kind, "get", item, gives={200: _to(_named(kind))})
        yield listing, "get", _listing(kind, listing)
        if _is_written(kind):
            yield from _writes(kind, item)
        for name, action in kind.actions.items():
            path = f"{item}/{name}"
            yield path, action.method.lower(), _action(kind, name, path, action)
        if scope == "group" and len(_segments(kind)) == 1:
            above = _paths(kind, SUBSCRIPTION)[1]
            yield above, "get", _listing(kind, above)
    for name, action in kind.scope_actions.items():
        namespace = kind.name.split("/", 1)[0]
        for place in ("", "/locations/{location}"):
            path = f"{SUBSCRIPTION}/providers/{namespace}{place}/{name}"
            yield path, action.method.lower(), _action(kind, name, path, action)


def _segments(kind: ResourceType) -> list[str]:
    return kind.name.split("/")[1:]


def _paths(kind: ResourceType, scope: str) -> tuple[str, str]:
    """The path of a resource, and of the listing it stands in."""
    if kind.name == GROUP_TYPE:
        return GROUP, f"{SUBSCRIPTION}/resourceGroups"
    path = f"{scope}/providers/{kind.name.split('/', 1)[0]}"
    segments = _segments(kind)
    for segment in segments:
        listing = f"{path}/{segment}"
        path = f"{listing}/{{{segment}Name}}"
    return path, listing


def _is_written(kind: ResourceType) -> bool:
    return kind.listing is None


def _writes(kind: ResourceType, path: str) -> Iterable[tuple[str, str, Json]]:
    shown = _to(_named(kind))
    yield path, "put", _operation(kind, "put", path, takes=shown, gives=dict.fromkeys(kind.put_status, shown))
    changes = _to(f"{_named(kind)}.changes")
    yield path, "patch", _operation(kind, "patch", path, takes=changes, gives={200: shown})
    gone: dict[int, Json | None] = {kind.delete_status: shown if kind.delete_shows else None, 204: None}
    if kind.amend is not None:
        gone[200] = shown if kind.delete_shows else None
    yield path, "delete", _operation(kind, "delete", path, gives=gone)


def _listing(kind: ResourceType, path: str) -> Json:
    body = {
        "type": "object",
        "required": ["value"],
        "properties": {"value": {"type": "array", "items": _to(_named(kind))}, "nextLink": {"type": "string", "format": "uri"}},
    }
    query = {} if kind.listing is not None else _LISTING_QUERY
    return _operation(kind, "list", path, gives={200: body}, query=query)


def _action(kind: ResourceType, name: str, path: str, action: Action) -> Json:
    return _operation(kind, name, path, takes={} if action.method == "POST" else None, gives={"2XX": None}, optional=True)


_VERBS = {"get": "Read", "put": "Make or replace", "patch": "Change some of", "delete": "Delete", "list": "List"}


def _operation(
    kind: ResourceType,
    verb: str,
    path: str,
    *,
    takes: Json | None = None,
    gives: Mapping[Any, Json | None],
    query: Mapping[str, Json] = {},
    optional: bool = False,
) -> Json:
    out: Json = {
        "operationId": _operation_id(verb, path),
        "summary": f"{_VERBS.get(verb, verb)} {kind.name}",
        "tags": [kind.name.split("/", 1)[0]],
        "responses": _responses(gives),
    }
    if query:
        out["parameters"] = _query_parameters(query)
    if takes is not None:
        out["requestBody"] = _body(takes, optional)
    return out


# --- operations of no type


def _spread(path: str) -> list[str]:
    """``{*scope}`` as every scope there is."""
    if not path.startswith("{*scope}"):
        return [path]
    return [scope + path.removeprefix("{*scope}") for scope in SCOPES.values()]


def _of_none(one: Operation, path: str) -> Json:
    out: Json = {
        "operationId": _operation_id(one.method.lower(), path),
        "summary": one.summary,
        "tags": ["Resource Manager"],
        "responses": _responses({status: None if body is None else schema_of(body) for status, body in one.gives.items()}),
    }
    if one.takes is not None:
        out["requestBody"] = _body(schema_of(one.takes), False)
    if one.query:
        out["parameters"] = _query_parameters({name: _LISTING_QUERY[name] for name in one.query})
    if one.anonymous:
        out["security"] = []
    return out


# --- parts of an operation


def _operation_id(verb: str, path: str) -> str:
    """One for each operation: the verb and the path's words."""
    return verb + "".join(f"_{word}" for word in re.split(r"[^A-Za-z0-9]+", path) if word)


def _of_path(kind: ResourceType, path: str) -> list[Json]:
    """What every operation of a type at this path needs."""
    names = {f"{segment}Name": kind.name_pattern for segment in _segments(kind)[-1:]}
    return [*_path_parameters(path, names), _version({"enum": list(kind.api_versions), "default": max(kind.api_versions)})]


def _version(schema: Json) -> Json:
    return {"name": "api-version", "in": "query", "required": True, "schema": {"type": "string", **schema}}


def _path_parameters(path: str, patterns: Mapping[str, str]) -> list[Json]:
    out: list[Json] = []
    for name in _BRACED.findall(path):
        found: Json = {"name": name, "in": "path", "required": True, "schema": _path_schema(name, patterns.get(name, ""))}
        if name == "scope":
            found["x-ms-skip-url-encoding"] = True
        out.append(found)
    return out


def _query_parameters(query: Mapping[str, Json]) -> list[Json]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in query.items()]


def _path_schema(name: str, pattern: str) -> Json:
    if name == "subscriptionId":
        return {"type": "string", "pattern": _GUID}
    if name == "scope":
        return {"type": "string", "minLength": 1}
    if pattern and not pattern.startswith("(?i)"):
        return {"type": "string", "pattern": f"^(?:{pattern})$"}
    return {"type": "string", "pattern": _NAME}


def _responses(gives: Mapping[Any, Json | None]) -> Json:
    out: Json = {}
    for status, schema in gives.items():
        out[str(status)] = {"description": "Done" if str(status) != "202" else "Accepted; poll what Location says"}
        if schema is not None:
            out[str(status)]["content"] = {"application/json": {"schema": schema}}
    out["default"] = {"$ref": "#/components/responses/Refused"}
    return out


def _body(schema: Json, optional: bool) -> Json:
    return {"required": not optional, "content": {"application/json": {"schema": schema}}}
