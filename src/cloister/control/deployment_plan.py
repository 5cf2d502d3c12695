"""From a deployment's request to a checked plan: nothing is changed here, and what cannot work is refused whole.

After the template itself (``arm/template``) come the questions that only the cloud can answer: do the types exist, do the
groups, may the caller write them. Azure calls that preflight and wraps what it finds in ``InvalidTemplateDeployment``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID, uuid5

from cloister.arm.catalog import GROUP_TYPE
from cloister.arm.errors import ArmError
from cloister.arm.ids import RESOURCES, key, parse
from cloister.arm.template.context import Context, Place, Recorder
from cloister.arm.template.declared import Planned
from cloister.arm.template.errors import NotKnownYet, TemplateError
from cloister.arm.template.plan import Nested, Plan, described, expand, expand_nested
from cloister.control import deployment_record as record
from cloister.control.deployment_facts import CloudFacts
from cloister.control.ports import Caller, Engine


def context_of(engine: Engine, place: Place, name: str, ask: record.Ask, caller: Caller, correlation: str, now: str) -> Context:
    """All that is outside the template. The same correlation and start give the same guids and times again."""
    seed = UUID(correlation)
    bare = Context(
        place=place,
        facts=CloudFacts(engine, place.tenant),
        now=record.moment(now),
        new_guid=lambda number: str(uuid5(seed, str(number))),
        deployer={"objectId": caller.principal, "tenantId": caller.tenant or place.tenant, "userPrincipalName": caller.name},
    )
    nested = Nested(name, place, ask.mode, ask.template, ask.link, ask.given, True, ask.location)
    return described(bare, name, ask.template or {}, nested)


def planned(context: Context, ask: record.Ask, given: Mapping[str, Any]) -> tuple[Plan, str]:
    """The plan, and the template's hash; ``given`` are the request's parameters with the secrets that they refer to.

    May take a second for a vast template: run it in a thread.

    Raises ArmError 400 with Azure's text.
    """
    assert ask.template is not None  # links have been followed
    try:
        return expand(ask.template, given, context), record.hash_of(ask.template)
    except TemplateError as error:
        raise error.validation().http() from None


def walk(plan: Plan) -> Iterator[tuple[Plan, Planned]]:
    """Every resource of a plan and, as far as can be told before anything runs, of what is nested in it."""
    for name in plan.order:
        one = plan.resources[name]
        yield plan, one
        if not one.is_deployment:
            continue
        try:
            nested = plan.nested(name, Recorder())
            inner = expand_nested(plan, name, nested, nested.template) if nested.template is not None else None
        except NotKnownYet:
            continue
        if inner is not None:
            yield from walk(inner)


def walked(plan: Plan) -> list[tuple[Plan, Planned]]:
    """All of ``walk``; like ``planned`` it may take a moment. Raises ArmError 400."""
    try:
        return list(walk(plan))
    except TemplateError as error:
        raise error.validation().http() from None


def check(engine: Engine, found: list[tuple[Plan, Planned]], name: str, caller: Caller, correlation: str) -> list[str]:
    """Preflight; answers the ids that the deployment would write. Raises ArmError 400 or 403."""
    groups = {key(one.target.id) for _, one in found if one.target.type.lower() == GROUP_TYPE.lower()}
    details = [problem for _, one in found for problem in _problems(engine, one, groups)]
    if details:
        raise record.invalid_deployment(name, correlation, details)
    denied = [text for _, one in found if (text := _denied(engine, one, caller))]
    if denied:
        listed = ":".join(f"'{text}'" for text in denied[:20])
        raise ArmError(403, "InvalidTemplateDeployment", f"Deployment failed with multiple errors: {listed}")
    return [one.target.id for _, one in found if not one.is_deployment]


def _problems(engine: Engine, one: Planned, groups: set[str]) -> Iterator[dict[str, Any]]:
    id = parse(one.target.id)
    if engine.types.get(id.type) is None and not engine.types.accepts_unknown:
        if id.provider.lower() not in engine.types.namespaces:
            text = f"The resource namespace '{id.provider}' is invalid."
            yield {"code": "InvalidResourceNamespace", "target": one.target.id, "message": text}
        else:
            leaf = "/".join(id.types)
            text = (
                f"The resource type '{leaf}' could not be found in the namespace '{id.provider}' for api version "
                f"'{one.target.api_version}'."
            )
            yield {"code": "InvalidResourceType", "target": one.target.id, "message": text}
    if id.resource_group:
        group = f"/subscriptions/{id.subscription}/resourceGroups/{id.resource_group}"
        if key(group) not in groups and engine.view().get(group) is None:
            text = f"Resource group '{id.resource_group}' could not be found."
            yield {"code": "ResourceGroupNotFound", "target": one.target.id, "message": text}
    elif id.subscription and engine.view().get(f"/subscriptions/{id.subscription}") is None:
        text = f"The subscription '{id.subscription}' could not be found."
        yield {"code": "SubscriptionNotFound", "target": one.target.id, "message": text}


def _denied(engine: Engine, one: Planned, caller: Caller) -> str:
    id = parse(one.target.id)
    name = id.type
    if name.lower() == GROUP_TYPE.lower():
        name = f"{RESOURCES}/subscriptions/resourceGroups"
    action = f"{name}/write"
    if engine.allows(caller, action, id.text):
        return ""
    who = caller.client_id or caller.name or caller.principal
    return (
        f"Authorization failed for template resource '{one.target.name}' of type '{one.target.type}'. The client '{who}' with "
        f"object id '{caller.principal}' does not have permission to perform action '{action}' at scope '{id.text}'."
    )


def listings(plan: Plan) -> dict[str, Any]:
    """``providers`` and ``dependencies`` of a deployment, as GET shows them."""
    kinds: dict[str, dict[str, list[Any]]] = {}
    dependencies = []
    for name in plan.order:
        one = plan.resources[name]
        namespace, _, rest = one.target.type.partition("/")
        places = kinds.setdefault(namespace, {}).setdefault(rest, [])
        location = plan.location(name)
        if location not in places:
            places.append(location)
        if plan.waits[name]:
            before = [_shown(plan.resources[other]) for other in plan.waits[name]]
            dependencies.append({"dependsOn": before, **_shown(one)})
    providers = [
        {"namespace": namespace, "resourceTypes": [{"resourceType": name, "locations": places} for name, places in types.items()]}
        for namespace, types in kinds.items()
    ]
    return {"providers": providers, "dependencies": dependencies}


def _shown(one: Planned) -> dict[str, str]:
    return {"id": one.target.id, "resourceType": one.target.type, "resourceName": one.target.name}
