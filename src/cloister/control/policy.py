"""Policy assignments: what they add to a write (Append, Modify), what one must not make (Deny), what is noted (Audit).

The first two change the request's body before anything else looks at it, its resource alone and not the children inside it.
Judged is then what the request writes, as it would be shown. Other effects do
nothing. Source: learn.microsoft.com/azure/governance/policy, of the
error: .../troubleshoot/general (RequestDisallowedByPolicy).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from cloister.arm.errors import ArmError
from cloister.arm.ids import key, parse
from cloister.arm.merge import merge_patch
from cloister.arm.policies import DEFINITIONS, built_in
from cloister.arm.policy import filled, fits, unknown_words
from cloister.arm.policy_effects import APPEND, MODIFY, Conflict, changed, conflict_effect, operations, problems
from cloister.arm.policy_expressions import Around
from cloister.arm.rbac import is_inside
from cloister.arm.resource import Row, View
from cloister.control.authority import scope_of
from cloister.control.passage import Passage

ASSIGNMENTS = "Microsoft.Authorization/policyAssignments"
SETS = "Microsoft.Authorization/policySetDefinitions"
AUDITED = "Microsoft.Authorization/policies/audit/action"
CHANGED = {effect: f"Microsoft.Authorization/policies/{effect}/action" for effect in (APPEND, MODIFY)}
_DENY, _AUDIT = "deny", ("audit", "auditifnotexists")


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """One policy as one assignment makes it: its condition with parameters filled in."""

    assignment: Row
    definition: str
    title: str
    effect: str
    condition: dict[str, Any]
    indexed: bool
    details: Any = None


def demands(assignment: Row, view: View, around: Around) -> Iterator[Demand]:
    """The policies of an assignment, of a set each; none for what this cloud does not know."""
    wanted = str(assignment.properties.get("policyDefinitionId") or "")
    given = _values(assignment.properties.get("parameters"))
    if f"/{SETS}/".lower() not in wanted.lower():
        yield from _demand(assignment, wanted, given, view, around)
        return
    group = view.get(wanted)
    if group is None:
        return
    known = {**_defaults(group.properties.get("parameters")), **given}
    for member in group.properties.get("policyDefinitions") or ():
        inner = filled(_values(member.get("parameters")), known, around)
        yield from _demand(assignment, str(member["policyDefinitionId"]), inner, view, around)


def _demand(assignment: Row, definition: str, given: Mapping[str, Any], view: View, around: Around) -> Iterator[Demand]:
    found = built_in(definition)
    row = view.get(definition) if found is None else None
    properties = found.properties() if found is not None else row.properties if row is not None else {}
    rule = properties.get("policyRule")
    if not isinstance(rule, dict) or any(unknown_words(rule.get("if"))):
        return
    known = {**_defaults(properties.get("parameters")), **given}
    rule = filled(rule, known, around)
    then = rule.get("then") if isinstance(rule.get("then"), dict) else {}
    yield Demand(
        assignment=assignment,
        definition=definition,
        title=str(properties.get("displayName") or definition.rsplit("/", 1)[-1]),
        effect=str(then.get("effect") or "").lower(),
        condition=rule["if"],
        indexed=str(properties.get("mode") or "").lower() == "indexed",
        details=then.get("details"),
    )


def _values(parameters: Any) -> dict[str, Any]:
    """Given parameters: ``{"effect": {"value": "Deny"}}``."""
    items = parameters.items() if isinstance(parameters, dict) else ()
    return {name: item.get("value") for name, item in items if isinstance(item, dict) and "value" in item}


def _defaults(parameters: Any) -> dict[str, Any]:
    items = parameters.items() if isinstance(parameters, dict) else ()
    return {name: item["defaultValue"] for name, item in items if isinstance(item, dict) and "defaultValue" in item}


def applying(row: Row, view: View) -> Iterator[Demand]:
    """The demands at the row's scope and above it, exempted scopes left out."""
    place, around = key(row.id), _around(row, view)
    for assignment in view.of_type(ASSIGNMENTS):
        if not is_inside(key(scope_of(assignment.id)), place):
            continue
        if any(is_inside(key(str(scope)), place) for scope in assignment.properties.get("notScopes") or ()):
            continue
        yield from demands(assignment, view, around)


def _around(row: Row, view: View) -> Around:
    """The group and the subscription that a resource stands in."""
    id = parse(row.id)
    scope = f"/subscriptions/{id.subscription}"
    group, subscription = view.get(f"{scope}/resourceGroups/{id.resource_group}"), view.get(scope)

    def told(found: Row | None, **more: Any) -> dict[str, Any]:
        if found is None:
            return {}
        return {"id": found.id, "name": found.name, "tags": found.body.get("tags") or {}, **more}

    named = {"subscriptionId": id.subscription, "displayName": subscription.properties.get("displayName") if subscription else ""}
    return Around(
        group=told(group, location=group.body.get("location") if group else ""), subscription=told(subscription, **named)
    )


def amended(p: Passage, body: dict[str, Any]) -> dict[str, Any]:
    """The request's body with what Append and Modify add to it. Raises ArmError 403 where they contradict it, or each other."""
    view = p.draft
    if not view.of_type(ASSIGNMENTS) or p.kind.reserved or p.kind.name in (ASSIGNMENTS, DEFINITIONS, SETS):
        return body
    row = Row(id=p.id.text, type=p.kind.name, body=body)
    before = p.engine.renderer.value(p.old, view, p.api_version) if p.old is not None and p.method == "PATCH" else {}
    chosen: dict[str, Any] = {}  # by field: what the first policy made of it
    for demand in applying(row, view):
        if demand.effect not in CHANGED or (demand.indexed and p.kind.location == "none"):
            continue
        whole = {**merge_patch(before, body), "id": row.id, "name": row.name, "type": row.type}
        if any(problems(demand.effect, demand.details)) or not fits(demand.condition, whole):
            continue
        if demand.assignment.properties.get("enforcementMode") == "DoNotEnforce":
            view.note(AUDITED, row.id, f"'{demand.title}' ({demand.assignment.id}) would change it.")
            continue
        for one in operations(demand.effect, demand.details):
            at = one.field.lower()
            if at in chosen and chosen[at] != one.value and conflict_effect(demand.details) == "deny":
                raise _disallowed([(row, demand)])
            try:
                new = changed(body, whole, one, p.kind.name, p.kind.properties.members) if at not in chosen else None
            except Conflict:
                raise _disallowed([(row, demand)]) from None
            if new is not None:
                body = _without_nulls(new) if p.method == "PUT" else new
                chosen[at] = one.value
                view.note(CHANGED[demand.effect], row.id, f"'{demand.title}' ({demand.assignment.id}) set '{one.field}'.")
    return body


def _without_nulls(body: dict[str, Any]) -> dict[str, Any]:
    """A PUT leaves out the tags that are to go."""
    tags = body.get("tags")
    return (
        body if not isinstance(tags, dict) else {**body, "tags": {name: item for name, item in tags.items() if item is not None}}
    )


def judge(p: Passage) -> None:
    """Refuse what a Deny forbids, all of it at once; note what an Audit finds."""
    view = p.draft
    if not view.of_type(ASSIGNMENTS):
        return
    denied: list[tuple[Row, Demand]] = []
    for place in p.puts:
        row = view.get(place)
        kind = p.engine.types.get(row.type) if row is not None else None
        if row is None or kind is None or kind.reserved or row.type in (ASSIGNMENTS, DEFINITIONS, SETS):
            continue
        shown: dict[str, Any] | None = None
        for demand in applying(row, view):
            if demand.indexed and kind.location == "none":
                continue
            shown = shown if shown is not None else p.engine.renderer.value(row, view, p.api_version)
            if demand.effect not in (_DENY, *_AUDIT) or not fits(demand.condition, shown):
                continue
            enforced = demand.assignment.properties.get("enforcementMode") != "DoNotEnforce"
            if demand.effect == _DENY and enforced:
                denied.append((row, demand))
            else:
                text = f"'{demand.title}' ({demand.assignment.id}) finds that it does not comply."
                view.note(AUDITED, row.id, text)
    if denied:
        raise _disallowed(denied)


def _disallowed(denied: list[tuple[Row, Demand]]) -> ArmError:
    row = denied[0][0]
    mine = [demand for other, demand in denied if other is row]
    identifiers = [
        {
            "policyAssignment": {
                "name": str(demand.assignment.properties.get("displayName") or demand.assignment.name),
                "id": demand.assignment.id,
            },
            "policyDefinition": {"name": demand.title, "id": demand.definition},
        }
        for demand in mine
    ]
    reasons = [
        str(one.get("message")) for demand in mine for one in demand.assignment.properties.get("nonComplianceMessages") or ()
    ]
    why = f" Reasons: '{' '.join(reasons)}'." if reasons else ""
    message = (
        f"Resource '{row.name}' was disallowed by policy.{why} Policy identifiers: '{json.dumps(identifiers)}'. Change the "
        "resource so that it complies, or ask for an exemption (notScopes) of the assignment."
    )
    details = [
        {"code": "PolicyViolation", "target": demand.assignment.id, "message": f"'{demand.title}' denies '{other.id}'."}
        for other, demand in denied
    ]
    return ArmError(403, "RequestDisallowedByPolicy", message, target=row.name, details=details)
