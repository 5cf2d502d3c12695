"""Where a template stands and what it may ask: the deployment's place, facts about it, and run-time values.

The evaluator does no I/O. ``Facts`` answer at once from rows; ``Runtime`` gives what ``reference()`` and ``list*()`` need,
and raises ``Wanted`` for what it has not got yet: whoever runs the deployment fetches that and evaluates again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cloister.arm.ids import IdError, ResourceId, parse
from cloister.arm.template.errors import ExpressionError
from cloister.arm.template.values import UNKNOWN
from cloister.limits import TEMPLATE_STEPS_MAX


@dataclass(frozen=True)
class Place:
    """The scope of a deployment: a resource group, a subscription, a management group, or (all empty) the tenant."""

    tenant: str = ""
    subscription: str = ""
    resource_group: str = ""
    management_group: str = ""

    @property
    def id(self) -> str:
        """The scope's id; ``""`` for the tenant, so that ``id + "/providers/..."`` is always a path."""
        if self.management_group:
            return f"/providers/Microsoft.Management/managementGroups/{self.management_group}"
        out = f"/subscriptions/{self.subscription}" if self.subscription else ""
        return out + (f"/resourceGroups/{self.resource_group}" if self.resource_group else "")

    @property
    def level(self) -> str:
        """resourceGroup, subscription, managementGroup or tenant."""
        if self.management_group:
            return "managementGroup"
        if self.resource_group:
            return "resourceGroup"
        return "subscription" if self.subscription else "tenant"

    def at(self, scope: str) -> Place:
        """The place that a scope's id names, in the same tenant. Raises ExpressionError for any other text."""
        text = scope.strip("/")
        lower = text.lower()
        if not text:
            return Place(self.tenant)
        for prefix in ("providers/microsoft.management/managementgroups/", "microsoft.management/managementgroups/"):
            if lower.startswith(prefix) and "/" not in text[len(prefix) :]:
                return Place(self.tenant, management_group=text[len(prefix) :])
        try:
            found: ResourceId | None = parse("/" + text)
        except IdError:
            found = None
        if found is None or found.provider or not found.subscription:
            raise ExpressionError(
                f"cannot deploy to the scope '{scope}': it is no subscription, resource group, management group or tenant ('/')"
            )
        return Place(self.tenant, found.subscription, found.resource_group)


class Facts(Protocol):
    """What the scope functions answer, as Azure shapes it; None where there is no such thing (yet)."""

    def subscription(self, subscription: str) -> dict[str, Any] | None:
        """``{id, subscriptionId, tenantId, displayName}``."""
        ...

    def resource_group(self, subscription: str, name: str) -> dict[str, Any] | None:
        """``{id, name, type, location, tags, properties}``."""
        ...

    def tenant(self) -> dict[str, Any]:
        """``{tenantId, ...}``."""
        ...

    def provider(self, namespace: str) -> dict[str, Any] | None:
        """``{namespace, resourceTypes: [{resourceType, locations, apiVersions}]}``."""
        ...


class Runtime(Protocol):
    """What exists while a deployment runs. Both may raise ``Wanted``."""

    def reference(self, id: str, api_version: str, full: bool) -> Any:
        """A resource's run-time properties, or with ``full`` the whole object."""
        ...

    def list(self, function: str, id: str, api_version: str, body: Any) -> Any:
        """What the POST action ``function`` (``listKeys``, ...) answers."""
        ...


@dataclass(frozen=True)
class Want:
    """A value that the evaluator needs from outside: ``function`` is ``reference`` or the action's name, ``body`` JSON text."""

    function: str
    id: str
    api_version: str = ""
    body: str = ""


class Wanted(Exception):
    """Evaluation stopped for want of one value; fetch it and evaluate again."""

    def __init__(self, want: Want):
        super().__init__(f"cannot go on without {want.function}({want.id})")
        self.want = want


class Recorder:
    """The runtime before anything runs: every value is ``UNKNOWN``, and what was asked for is kept in ``ids``."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def reference(self, id: str, api_version: str, full: bool) -> Any:
        self.ids.append(id)
        return UNKNOWN

    def list(self, function: str, id: str, api_version: str, body: Any) -> Any:
        self.ids.append(id)
        return UNKNOWN


@dataclass
class Budget:
    """How much evaluating one deployment, with all that is nested in it, may cost; and how many guids it has made."""

    steps: int = TEMPLATE_STEPS_MAX
    guids: int = 0

    def spend(self, steps: int = 1) -> None:
        """Count steps; raises ExpressionError when none is left."""
        self.steps -= steps
        if self.steps < 0:
            raise ExpressionError(
                f"cannot evaluate the template: it takes more than {TEMPLATE_STEPS_MAX} steps; make its loops smaller"
            )


@dataclass(frozen=True)
class Context:
    """All that is outside a template and the same for all its expressions.

    ``deployment`` is what ``deployment()`` answers; ``deployer`` what ``deployer()`` answers; ``now`` the start of the
    deployment (UTC); ``new_guid(n)`` the guid of the n-th ``newGuid()``, the same whenever this deployment is evaluated.
    """

    place: Place
    facts: Facts
    now: datetime
    new_guid: Callable[[int], str]
    deployment: Mapping[str, Any] = field(default_factory=dict)
    deployer: Mapping[str, Any] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)

    def next_guid(self) -> str:
        """The next ``newGuid()`` of this deployment."""
        self.budget.guids += 1
        return self.new_guid(self.budget.guids)
