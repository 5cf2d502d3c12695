"""What-if: a deployment's plan against what is there. Nothing is written; resources that exist are settled on trial."""

from __future__ import annotations

from typing import Any

from cloister.arm.errors import ArmError
from cloister.arm.ids import key, parse
from cloister.arm.template import whatif
from cloister.arm.template.context import Recorder
from cloister.arm.template.declared import Planned
from cloister.arm.template.plan import Plan
from cloister.arm.template.values import has_unknown
from cloister.control import deployment_record as record
from cloister.control.deployment_facts import ANY_VERSION
from cloister.control.deployment_plan import walk
from cloister.control.ports import Caller, Engine


async def changes(engine: Engine, plan: Plan, caller: Caller, mode: str) -> list[dict[str, Any]]:
    """Every resource that the deployment makes, changes, leaves alone or, in Complete mode, deletes."""
    out: list[dict[str, Any]] = []
    seen: set[str] = set()
    for inner, one in walk(plan):
        if one.is_deployment or key(one.target.id) in seen:
            continue
        seen.add(key(one.target.id))
        out.append(await _change(engine, inner, one, caller))
    out += _others(engine, plan, caller, mode, seen)
    return sorted(out, key=lambda entry: key(entry["resourceId"]))


async def _change(engine: Engine, plan: Plan, one: Planned, caller: Caller) -> dict[str, Any]:
    id = one.target.id
    body = plan.body(one.key, Recorder())
    row = engine.view().get(id)
    if row is None:
        return whatif.change(id, None, whatif.shown(one, body))
    version = one.target.api_version or ANY_VERSION
    before = engine.value(row, version, caller)
    if not has_unknown(body):
        try:
            after = await engine.preview(id, caller=caller, api_version=version, body=body)
            return whatif.change(row.id, before, after)
        except ArmError as error:
            if error.status not in (400, 404, 409):
                raise
    # It depends on what is not there yet: compare what the template itself says.
    return whatif.change(row.id, before, {**whatif.shown(one, {}), **body}, whole=False) | {"after": whatif.shown(one, body)}


def _others(engine: Engine, plan: Plan, caller: Caller, mode: str, seen: set[str]) -> list[dict[str, Any]]:
    """The group's resources that the template does not have: ignored, or deleted in Complete mode."""
    if not plan.place.resource_group:
        return []
    out = []
    for row in engine.view(shown=True).children(plan.place.id):
        place = key(row.id)
        is_own = not row.owner and row.type != record.TYPE and len(parse(row.id).names) == 1 and not parse(row.id).parent_scope
        if not is_own or place in seen or any(other.startswith(place + "/") for other in seen):
            continue
        shown = engine.value(row, ANY_VERSION, caller)
        out.append(whatif.change(row.id, shown, None) if mode == "Complete" else whatif.aside(row.id, "Ignore", before=shown))
    return out


def answer(found: list[dict[str, Any]], correlation: str, result_format: str) -> dict[str, Any]:
    """The body that a what-if answers; ``ResourceIdOnly`` leaves the payloads out."""
    if result_format.lower() == "resourceidonly":
        found = [{name: entry[name] for name in ("resourceId", "changeType")} for entry in found]
    return {"status": "Succeeded", "properties": {"correlationId": correlation, "changes": found}}
