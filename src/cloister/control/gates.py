"""What a request passes, in order. Each gate finds out one thing, writes it on the Passage, and refuses what is wrong.

A gate may answer at once (a DELETE of what is not there); then the later ones are not asked. The first four are passed by
every request, the rest by writes alone, one write at a time.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from cloister.arm.catalog import GROUP_TYPE, SUBSCRIPTION_TYPE
from cloister.arm.errors import ArmError
from cloister.arm.ids import RESOURCES, key
from cloister.arm.jsonbody import parse_body
from cloister.arm.rbac import is_inside
from cloister.arm.resource import Action, ResourceType, Row
from cloister.arm.tenants import tenant_of, wrong_tenant
from cloister.control import registration, writing
from cloister.control.authority import scope_of
from cloister.control.passage import WRITING, Passage
from cloister.control.policy import judge
from cloister.control.ports import Caller, Event
from cloister.control.rendering import etag_of
from cloister.control.settling import Settling
from cloister.control.target import read_target
from cloister.ipc.messages import Response

if TYPE_CHECKING:
    from cloister.control.engine import Engine

METHODS = ("GET", "HEAD", *WRITING)
LOCKS = "Microsoft.Authorization/locks"
_API_VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(-[A-Za-z0-9.]+)*")
PLACES = {
    "tenant": "no scope",
    "subscription": "a subscription (/subscriptions/...)",
    "group": "a resource group (/subscriptions/.../resourceGroups/...)",
}
"""What a refusal calls the scopes of a type."""
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

Gate = Callable[[Passage], Response | None]


def parse_id(p: Passage) -> None:
    """What the path asks for, spelled as the rows are."""
    if p.method not in METHODS:
        message = f"cannot {p.method} a resource; use one of {', '.join(METHODS)}."
        raise ArmError(405, "MethodNotAllowed", message, headers={"allow": ", ".join(METHODS)})
    p.target = read_target(p.method, p.path, p.engine.types)
    if p.method in ("PUT", "PATCH", "DELETE") and p.target.kind != "resource":
        message = f"cannot {p.method} the collection '{p.path}'; name one resource of it."
        raise ArmError(405, "MethodNotAllowed", message, headers={"allow": "GET, HEAD"})
    p.id = p.engine.spelled(p.target.id)


def authenticate(p: Passage) -> None:
    """Who asks: the bearer token, checked; a request from inside comes with its caller."""
    if not p.has_caller:
        p.caller = p.engine.authenticate(p.headers, p.authority)


def api_version(p: Passage) -> None:
    """Any well-formed api-version serves (real clients move monthly); the type must be known."""
    p.api_version = checked_api_version(p.query.get("api-version", ""))
    kind = p.engine.types.get(p.target.type)
    if kind is None and p.target.kind == "action":
        kind = _scope_action_kind(p)
    if kind is None and p.method == "PUT" and p.target.kind == "resource":
        kind = p.engine.types.admit(p.target.type)
    if kind is None:
        namespace = p.id.provider
        if namespace.lower() not in p.engine.types.namespaces and p.id.provider:
            raise ArmError(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
        leaf = "/".join(p.id.types)
        message = (
            f"The resource type '{leaf}' could not be found in the namespace '{namespace}' for api version '{p.api_version}'."
        )
        raise ArmError(404, "InvalidResourceType", message)
    p.kind = kind
    if kind.listing is not None and p.method in ("PUT", "PATCH", "DELETE"):
        message = f"cannot {p.method} {p.thing}: it is computed from its parent; change that."
        raise ArmError(405, "MethodNotAllowed", message, headers={"allow": "GET, HEAD"})


def checked_api_version(text: str) -> str:
    """An api-version of the form ``2022-05-01`` or ``2022-05-01-preview``. Raises ArmError 400."""
    if not text:
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise ArmError(400, "MissingApiVersionParameter", message)
    found = _API_VERSION.fullmatch(text)
    try:
        datetime.date.fromisoformat(found[1] if found else "")
    except ValueError:
        message = f"The api-version '{text[:60]}' is invalid. Write a date, such as '2024-05-01' or '2024-05-01-preview'."
        raise ArmError(400, "InvalidApiVersionParameter", message) from None
    return text


def _scope_action_kind(p: Passage) -> ResourceType | None:
    """The type that answers ``POST {scope}/providers/{namespace}[/locations/{location}]/{action}``."""
    if p.id.types == ("_",) or (len(p.id.types) == 1 and p.id.types[0].lower() == "locations"):
        for kind in p.engine.types.of_namespace(p.id.provider):
            if any(name.lower() == p.target.action.lower() for name in kind.scope_actions):
                return kind
    return None


def authorize(p: Passage) -> None:
    """The caller's role assignments must allow the action at the scope."""
    is_collection = p.target.kind == "collection"
    require_own_tenant(p.engine, p.id.subscription, p.caller)
    if p.kind.name != SUBSCRIPTION_TYPE or not (is_collection or p.method == "PUT"):
        require_subscription(p.engine, p.id.subscription)
    if is_collection and _is_subscription(p.target.scope) and p.engine.sees(p.caller, p.target.scope):
        return  # who may read some of it gets those: ``reading`` asks for each
    require_permission(p, permission(p), p.target.scope if is_collection else p.id.text)


def _is_subscription(scope: str) -> bool:
    return scope.count("/") == 2 and scope.lower().startswith("/subscriptions/")


def permission(p: Passage) -> str:
    """The RBAC action that a request needs, e.g. ``Microsoft.Network/virtualNetworks/write``."""
    name = p.kind.name
    if name == GROUP_TYPE:
        name = f"{RESOURCES}/subscriptions/resourceGroups"  # Azure's name for it in roles
    if p.target.kind != "action":
        return f"{name}/{p.verb}"
    spelled, action = find_action(p)
    if action is not None and action.permission:
        return action.permission
    return f"{name}/{spelled}/action"


def find_action(p: Passage) -> tuple[str, Action | None]:
    """The action that the path names, with its spelling in the type."""
    at_scope = p.engine.types.get(p.target.type) is not p.kind
    for name, action in (p.kind.scope_actions if at_scope else p.kind.actions).items():
        if name.lower() == p.target.action.lower() and action.method == p.method:
            return name, action
    return p.target.action, None


def require_permission(p: Passage, action: str, scope: str) -> None:
    """Raises ArmError 403 ``AuthorizationFailed`` in Azure's words."""
    if p.engine.allows(p.caller, action, scope):
        return
    who = p.caller.client_id or p.caller.name or p.caller.principal
    message = (
        f"The client '{who}' with object id '{p.caller.principal}' does not have authorization to perform action '{action}' "
        f"over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
    )
    raise ArmError(403, "AuthorizationFailed", message)


def require_own_tenant(engine: Engine, subscription: str, caller: Caller) -> None:
    """Raises ArmError 401 for a subscription of another tenant than the caller's token is of."""
    if subscription and not engine.trusts(caller, scope := f"/subscriptions/{subscription}"):
        raise wrong_tenant(caller.tenant, tenant_of(scope, engine.view()))


def require_subscription(engine: Engine, subscription: str) -> None:
    """Raises ArmError 400 for what is no guid, 404 for a subscription that does not exist."""
    if subscription and engine.index.get(key(f"/subscriptions/{subscription}")) is None:
        if not _GUID.fullmatch(subscription):
            message = f"The provided subscription identifier '{subscription[:80]}' is malformed or invalid."
            raise ArmError(400, "InvalidSubscriptionId", message)
        raise ArmError(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")


def lock(p: Passage) -> None:
    """Management locks: CanNotDelete and ReadOnly, at the scope, above it and, for DELETE, inside it."""
    if not p.engine.index.keys_of_type(LOCKS.lower()) or p.kind.name == LOCKS:
        return
    place, found = p.id.key, []
    for row in p.engine.view().of_type(LOCKS):
        scope, level = key(scope_of(row.id)), row.properties.get("level")
        stands_in = is_inside(scope, place) or (p.method == "DELETE" and is_inside(place, scope))
        if stands_in and (level == "ReadOnly" or (level == "CanNotDelete" and p.method == "DELETE")):
            found.append(scope_of(row.id))
    if found:
        verb = "delete" if p.method == "DELETE" else "write"
        scopes = "', '".join(dict.fromkeys(found))
        message = (
            f"The scope '{p.id.text}' cannot perform {verb} operation because following scope(s) are locked: '{scopes}'. "
            "Please remove the lock and try again."
        )
        raise ArmError(409, "ScopeLocked", message)


def precondition(p: Passage) -> Response | None:
    """What must be there before: the provider's registration, group, parent, the resource itself; and the ETag expected."""
    p.id = p.engine.spelled(p.target.id, p.has_turn)  # rows may have come or gone while this request waited
    p.draft, p.puts, p.dropped, p.changes, p.created = p.engine.draft(p), {}, [], [], False
    old = p.draft.committed(p.id.text)
    is_hidden = old is not None and p.draft.is_hidden(old)
    registration.require(p)
    at_scope = p.target.kind == "action" and p.engine.types.get(p.target.type) is not p.kind
    p.old = None if at_scope else old
    if p.id.provider and p.id.resource_group:
        group = f"/subscriptions/{p.id.subscription}/resourceGroups/{p.id.resource_group}"
        if p.draft.committed(group) is None:
            message = f"Resource group '{p.id.resource_group}' could not be found."
            raise ArmError(404, "ResourceGroupNotFound", message)
    if at_scope:
        return None
    _check_etag(p, None if is_hidden else old)
    if old is None or (is_hidden and old.owner):
        if p.method == "DELETE" and p.id.provider:
            return Response(status=204)
        if p.method != "PUT" or old is not None:
            raise p.not_found()
        _require_scope(p)
        _require_parent(p)
    return None


def _require_scope(p: Passage) -> None:
    """A new resource stands where its type does: a network in a group, a lock anywhere.

    Azure's own code for this was not to be found; this cloud takes the one of a type that is not there, and says where it is.
    """
    scopes = p.kind.scopes
    stands = (
        "resource" if p.id.parent_scope else "group" if p.id.resource_group else "subscription" if p.id.subscription else "tenant"
    )
    if not p.id.provider or not scopes or stands in scopes or "resource" in scopes:
        return
    places = " or ".join(PLACES[scope] for scope in scopes)
    message = (
        f"cannot make {p.thing} in '{p.id.scope or '/'}': a resource of type {p.kind.name} stands in {places}; put that before "
        "'/providers/' in the path."
    )
    raise ArmError(404, "InvalidResourceType", message)


def _require_parent(p: Passage) -> None:
    above = p.id.parent
    if above is None or not p.id.provider or not (above.provider or p.id.parent_scope):
        return
    found = p.draft.committed(above.text)
    if found is None or p.draft.is_hidden(found):
        leaf = "/".join(p.id.types)
        message = (
            f"Failed to perform 'write' on resource(s) of type '{leaf}', because the parent resource '{above.text}' could "
            "not be found."
        )
        raise ArmError(404, "ParentResourceNotFound", message)


def _check_etag(p: Passage, old: Row | None) -> None:
    """If-Match and If-None-Match (RFC 9110, section 13)."""
    current = etag_of(old, p.draft, p.engine.types) if old is not None else ""
    wanted, unwanted = p.headers.get("if-match", "").strip(), p.headers.get("if-none-match", "").strip()
    if wanted and (old is None or (wanted != "*" and _tag(current) not in map(_tag, wanted.split(",")))):
        why = "it does not exist" if old is None else f"its ETag is now {current}"
        message = f"cannot {p.method} {p.thing}: If-Match asks for {wanted[:100]} and {why}; read it again and retry."
        raise ArmError(412, "PreconditionFailed", message)
    if unwanted and old is not None and (unwanted == "*" or _tag(current) in map(_tag, unwanted.split(","))):
        message = (
            f"cannot {p.method} {p.thing}: If-None-Match is {unwanted[:100]} and it exists; leave the header out to replace it."
        )
        raise ArmError(412, "PreconditionFailed", message)


def _tag(text: str) -> str:
    return text.strip().removeprefix("W/").strip('"')


def check(p: Passage) -> None:
    """Schema, then the types' own rules: every problem at once. What the request would change now stands in the draft."""
    if p.target.kind == "action":
        _, action = find_action(p)
        if action is None:
            message = f"cannot find the action '{p.target.action}' on {p.kind.name}; compare it with the REST reference."
            raise ArmError(404, "InvalidResourceType", message)
        if p.id.types and p.id.types[0].lower() == "locations":
            p.query = {**p.query, "location": p.id.name}
        writing.plan_action(p, p.body if p.raw is None else parse_body(p.raw), action.run)
    elif p.method == "DELETE":
        writing.plan_delete(p)
    else:
        writing.plan_write(p)


def settle(p: Passage) -> None:
    """What the server chooses and derives, until nothing moves."""
    Settling(p.draft, p.engine.types, p.puts, p.caller.principal, p.api_version).run(p.puts, p.dropped)
    p.changes = p.draft.changes()


def policy(p: Passage) -> None:
    """The policies assigned to the scope: what a Deny forbids is refused, what an Audit finds is noted."""
    judge(p)


def commit(p: Passage) -> None:
    """To disk with what else is on its way there; seen, and told to the reconcile loop, when it has arrived."""
    if not p.changes:
        p.revision = p.engine.disk.revision
        return
    events = [event(p, permission(p), p.id.text, "")]
    events += [event(p, operation, resource, text) for operation, resource, text in p.draft.notes]
    p.revision = p.engine.disk.write(
        p.changes, counters=p.draft.counters, events=events, now=p.now, by=p.caller.name or p.caller.principal
    )


def event(p: Passage, operation: str, resource: str, text: str, status: str = "Succeeded") -> Event:
    """An activity log entry of this request."""
    who = p.caller.name or p.caller.principal
    correlation = p.headers.get("x-ms-correlation-request-id", "")
    return Event(
        time=p.now, operation=operation, resource=resource, caller=who, status=status, text=text, correlation=correlation
    )


GATES: tuple[Gate, ...] = (parse_id, authenticate, api_version, authorize, lock, precondition, check, settle, policy, commit)
READ_GATES, WRITE_GATES = GATES[:4], GATES[4:]
ACTION_GATES = (lock, precondition, check)  # what an action passes before it is known whether it writes


def local_caller(claims: dict) -> Caller:
    """Who a token's claims speak of. Source: learn.microsoft.com/entra/identity-platform/access-token-claims-reference."""
    client = str(claims.get("appid") or claims.get("azp") or "")
    return Caller(
        principal=str(claims.get("oid") or claims.get("sub") or ""),
        name=str(claims.get("upn") or claims.get("unique_name") or claims.get("app_displayname") or client),
        client_id=client,
        tenant=str(claims.get("tid") or ""),
        kind="ServicePrincipal" if claims.get("idtyp") == "app" else "User",
    )
