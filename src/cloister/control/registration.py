"""Which providers a subscription is registered for. From the start all: only what was unregistered is kept, on its row.

A write of an unregistered provider's type is refused with Azure's error, on which Microsoft's clients register it and try
again; a deployment registers what its template has by itself, where its caller may.
Source: learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types ("Register resource provider",
"You can't unregister a resource provider when you still have resource types from that resource provider"), .../troubleshooting/
error-register-resource-provider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloister.arm.errors import ArmError
from cloister.arm.ids import key
from cloister.arm.resource import Row, View

if TYPE_CHECKING:
    from cloister.control.passage import Passage

FREE = frozenset({"microsoft.authorization", "microsoft.resources"})
"""Providers that every subscription has, registered or not."""

REGISTER = "Microsoft.Resources/subscriptions/providers/register/action"
UNREGISTER = "Microsoft.Resources/subscriptions/providers/unregister/action"
_FACT = "unregistered"


def unregistered(subscription: Row | None) -> frozenset[str]:
    """The providers (lower case) that a subscription is not registered for."""
    return frozenset(subscription.facts.get(_FACT, ())) if subscription is not None else frozenset()


def with_state(subscription: Row, namespace: str, registered: bool) -> Row:
    """The subscription's row with a provider registered or not."""
    found = unregistered(subscription) - {namespace.lower()} if registered else unregistered(subscription) | {namespace.lower()}
    return subscription.with_facts(**{_FACT: sorted(found)})


def state_of(subscription: Row | None, namespace: str) -> str:
    """A provider's ``registrationState``; without a subscription that of all."""
    return "NotRegistered" if namespace.lower() in unregistered(subscription) else "Registered"


def check_unregister(subscription: Row, namespace: str, view: View, kinds: list[str]) -> None:
    """Raises ArmError 409 for a provider that stays, or whose resources (of these types) are in the subscription."""
    if namespace.lower() in FREE:
        text = f"cannot unregister '{namespace}': every subscription has it, registration is not needed; leave it as it is."
        raise ArmError(409, "Conflict", text)
    inside = key(subscription.id) + "/"
    held = next((row for kind in kinds for row in view.of_type(kind) if key(row.id).startswith(inside)), None)
    if held is not None:
        text = f"cannot unregister '{namespace}': the subscription still has resources of it, such as '{held.id}'; delete them."
        raise ArmError(409, "Conflict", text)


def require(p: Passage) -> None:
    """The provider of what is written is registered in its subscription; a deployment registers it. Raises ArmError 409."""
    if p.method != "PUT" or not p.id.subscription or not p.id.provider:
        return
    row = p.draft.get(f"/subscriptions/{p.id.subscription}")
    namespace = p.engine.types.namespaces.get(p.id.provider.lower(), p.id.provider)
    if row is None or namespace.lower() not in unregistered(row):
        return
    if p.raw is None and p.engine.allows(p.caller, REGISTER, row.id):
        p.draft.put(with_state(row, namespace, True))
        return
    message = (
        f"The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for how to "
        "register subscriptions."
    )
    detail = {"code": "MissingSubscriptionRegistration", "target": namespace, "message": message}
    raise ArmError(409, "MissingSubscriptionRegistration", message, details=[detail])
