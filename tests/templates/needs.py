"""What a template needs and does not make: parents of its resources, resources that its bodies, references and lists name."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cloister.arm.ids import IdError, ResourceId, key, parse
from cloister.arm.template.context import Context, Place, Recorder
from cloister.arm.template.errors import TemplateError
from cloister.arm.template.plan import Plan, described, expand, expand_nested
from cloister.providers import TYPES

KNOWN = {kind.name.lower(): kind for kind in TYPES}
SCOPES = frozenset(("microsoft.resources/resourcegroups", "microsoft.resources/subscriptions", "microsoft.resources/tenants"))
NEVER = ("microsoft.resources/", "microsoft.authorization/")
"""Providers whose resources are there, or are what the template itself is made of."""


@dataclass
class Facts:
    """What the scope functions answer, from what the cloud says."""

    ask: Callable[[str], Any]
    tenant_id: str

    def subscription(self, subscription: str) -> dict[str, Any] | None:
        """See ``template.context.Facts``, as all below."""
        return {
            "id": f"/subscriptions/{subscription}",
            "subscriptionId": subscription,
            "tenantId": self.tenant_id,
            "displayName": subscription,
        }

    def resource_group(self, subscription: str, name: str) -> dict[str, Any] | None:
        return self.ask(f"/subscriptions/{subscription}/resourceGroups/{name}") or {
            "id": f"/subscriptions/{subscription}/resourceGroups/{name}",
            "name": name,
            "location": "eastus2",
            "tags": {},
            "properties": {},
        }

    def tenant(self) -> dict[str, Any]:
        return {"tenantId": self.tenant_id, "displayName": self.tenant_id, "id": f"/tenants/{self.tenant_id}", "countryCode": ""}

    def provider(self, namespace: str) -> dict[str, Any] | None:
        return {"namespace": namespace, "resourceTypes": []}


def planned(template: dict[str, Any], given: dict[str, Any], place: Place, facts: Facts, uri: str) -> Plan:
    """The template expanded where it will be deployed. Raises TemplateError."""
    context = Context(place, facts, datetime.now(UTC), lambda n: f"00000000-0000-4000-8000-{n:012d}")
    context = described(context, "needs", template)
    context.deployment["properties"]["templateLink"] = {"uri": uri}  # type: ignore[index]
    context.deployment.setdefault("location", "eastus2")  # type: ignore[attr-defined]
    return expand(template, {name: {"value": value} for name, value in given.items()}, context)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith("/") and "/providers/" in value.lower():
            yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(name)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def collect(plan: Plan, made: set[str], named: list[str]) -> None:
    """Keys of what the plan makes into ``made``, ids that it names into ``named``; nested deployments too, as far as known."""
    for name in plan.order:
        one = plan.resources[name]
        recorder = Recorder()
        if one.is_deployment:
            try:
                nested = plan.nested(name, recorder)
                if nested.template is not None:
                    collect(expand_nested(plan, name, nested, nested.template), made, named)
            except TemplateError:
                pass  # known only while it runs
            named += recorder.ids
            continue
        made.add(key(one.target.id))
        named += _above(one.target.id)
        with contextlib.suppress(TemplateError):  # the deployment itself will say what is wrong
            named += _texts(plan.body(name, recorder))
        named += recorder.ids
    recorder = Recorder()
    with contextlib.suppress(TemplateError):
        plan.outputs(recorder)
    named += recorder.ids


def _above(id: str) -> list[str]:
    """The parent and the scope of a resource's id."""
    found = parse(id)
    out = []
    if len(found.names) > 1 and found.parent is not None:
        out.append(found.parent.text)
    if found.parent_scope:
        out.append(found.parent_scope)
    return out


def missing(plan: Plan) -> list[str]:
    """Ids of resources that must be there before the plan is deployed, owners before what stands in them."""
    made: set[str] = set()
    named: list[str] = []
    collect(plan, made, named)
    out: dict[str, str] = {}
    for text in named:
        id = resource_of(text)
        while id is not None and not _is_made(id, made):
            out.setdefault(id.key, id.text)
            id = id.parent if id.parent is not None and len(id.names) > 1 else None
    return sorted(out.values(), key=lambda text: (text.count("/"), text.lower()))


def resource_of(text: str) -> ResourceId | None:
    """The resource that an id means: itself, or the nearest one above it whose type is known (a load balancer's frontend)."""
    try:
        id: ResourceId | None = parse(text)
    except IdError:
        return None
    while id is not None and id.provider:
        kind = KNOWN.get(id.type.lower())
        if id.type.lower().startswith(NEVER) or not id.subscription:
            return None
        if kind is not None and kind.listing is None and kind.amend is None:
            return id
        id = id.parent if len(id.names) > 1 else None
    return None


def _is_made(id: ResourceId, made: set[str]) -> bool:
    """Whether the template makes it, or makes what it stands in (a subnet inside a network's body)."""
    here: ResourceId | None = id
    while here is not None and here.provider:
        if here.key in made:
            return True
        here = here.parent if len(here.names) > 1 else None
    return False
