"""Scope functions: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-scope.

A resource group that an earlier step of the same deployment makes is not there when the template is first read: its id
and name are known, the rest is unknown until it exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cloister.arm.template.errors import failed
from cloister.arm.template.evaluator import Frame, Function
from cloister.arm.template.values import UNKNOWN

Arguments = Sequence[Any]


def resource_group(frame: Frame, arguments: Arguments) -> dict[str, Any]:
    """``resourceGroup()``: ``{id, name, type, location, tags, properties}``, at resource group level only."""
    place = frame.context.place
    if not place.resource_group:
        raise failed("resourceGroup", f"it is for deployments to a resource group only and this one is to a {place.level}")
    found = frame.context.facts.resource_group(place.subscription, place.resource_group)
    if found is not None:
        return found
    return {
        "id": place.id,
        "name": place.resource_group,
        "type": "Microsoft.Resources/resourceGroups",
        "location": UNKNOWN,
        "tags": UNKNOWN,
        "managedBy": UNKNOWN,
        "properties": UNKNOWN,
    }


def subscription(frame: Frame, arguments: Arguments) -> dict[str, Any]:
    """``subscription()``: ``{id, subscriptionId, tenantId, displayName}``, at subscription level and below."""
    place = frame.context.place
    if not place.subscription:
        raise failed("subscription", f"it cannot be used in deployments to a {place.level}")
    found = frame.context.facts.subscription(place.subscription)
    return found or {
        "id": f"/subscriptions/{place.subscription}",
        "subscriptionId": place.subscription,
        "tenantId": place.tenant,
        "displayName": place.subscription,
    }


def management_group(frame: Frame, arguments: Arguments) -> dict[str, Any]:
    """``managementGroup()``: ``{id, name, type, properties}``, at management group level only."""
    place = frame.context.place
    if not place.management_group:
        raise failed(
            "managementGroup", f"it can only be used in deployments to a management group and this one is to a {place.level}"
        )
    return {
        "id": place.id,
        "name": place.management_group,
        "type": "/providers/Microsoft.Management/managementGroups",
        "properties": {"displayName": place.management_group, "tenantId": place.tenant},
    }


def tenant(frame: Frame, arguments: Arguments) -> dict[str, Any]:
    """``tenant()``: ``{countryCode, displayName, id, tenantCategory, tenantId}``."""
    return frame.context.facts.tenant()


TABLE: dict[str, Function] = {
    "managementGroup": Function(management_group, 0, 0),
    "resourceGroup": Function(resource_group, 0, 0),
    "subscription": Function(subscription, 0, 0),
    "tenant": Function(tenant, 0, 0),
}
