"""Resource functions: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-resource."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cloister.arm.template.context import Place
from cloister.arm.template.errors import SYNTAX_PAGE, ExpressionError, failed, not_expected
from cloister.arm.template.evaluator import Frame, Function, Target
from cloister.arm.template.functions.arguments import array, number, text
from cloister.arm.template.values import get, json_text

Arguments = Sequence[Any]

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def joined(function: str, scope: str, type_name: str, names: Sequence[str]) -> str:
    """``scope/providers/<namespace>/<type>/<name>/...`` with types and names in turn. Raises ExpressionError.

    A subscription's resource group has its own form: ``/subscriptions/<id>/resourceGroups/<name>``.
    """
    namespace, *types = type_name.strip("/").split("/")
    if len(types) != len(names) or not types:
        raise failed(function, f"the type '{type_name}' requires '{len(types)}' resource name argument(s) and got '{len(names)}'")
    kind = f"{namespace}/{types[0]}".lower()
    if kind == "microsoft.resources/resourcegroups" and len(types) == 1 and re.fullmatch(r"/subscriptions/[^/]+", scope):
        return f"{scope}/resourceGroups/{names[0]}"
    if kind == "microsoft.resources/subscriptions" and len(types) == 1 and not scope:
        return f"/subscriptions/{names[0]}"
    pairs = "".join(f"/{kind}/{name}" for kind, name in zip(types, names, strict=True))
    return f"{scope}/providers/{namespace}{pairs}"


def _split(function: str, arguments: Arguments, before: int) -> tuple[list[str], str, list[str]]:
    """What stands before the type (at most ``before`` arguments), the type (the first with ``/``), and the names."""
    given = [text(function, argument) for argument in arguments]
    at = next((n for n, value in enumerate(given[: before + 1]) if "/" in value.strip("/")), None)
    if at is None:
        raise failed(
            function,
            "function requires exactly one multi-segmented argument which must be resource id including resource provider "
            f"namespace. Current function arguments '{','.join(given)[:500]}'",
        )
    return given[:at], given[at], given[at + 1 :]


def resource_id(frame: Frame, arguments: Arguments) -> str:
    """``resourceId([subscriptionId], [resourceGroupName], type, name, ...)``, in the scope of the deployment."""
    before, type_name, names = _split("resourceId", arguments, 2)
    place = frame.context.place
    if len(before) == 2:
        place = Place(place.tenant, before[0], before[1])
    elif before and (_GUID.fullmatch(before[0]) and place.level != "resourceGroup"):
        place = Place(place.tenant, before[0])
    elif before and _GUID.fullmatch(before[0]):
        place = Place(place.tenant, before[0], place.resource_group)
    elif before:
        if not place.subscription:
            raise failed("resourceId", f"in a deployment to a tenant the group '{before[0]}' needs a subscription before it")
        place = Place(place.tenant, place.subscription, before[0])
    return joined("resourceId", _scope_for(place, type_name), type_name, names)


def _scope_for(place: Place, type_name: str) -> str:
    """Resource groups belong to the subscription wherever the function stands."""
    if type_name.strip("/").lower() == "microsoft.resources/resourcegroups" and place.subscription:
        return f"/subscriptions/{place.subscription}"
    return place.id


def subscription_resource_id(frame: Frame, arguments: Arguments) -> str:
    """``subscriptionResourceId([subscriptionId], type, name, ...)``."""
    before, type_name, names = _split("subscriptionResourceId", arguments, 1)
    subscription = before[0] if before else frame.context.place.subscription
    if not subscription:
        raise failed("subscriptionResourceId", "a deployment to a tenant must name the subscription")
    return joined("subscriptionResourceId", f"/subscriptions/{subscription}", type_name, names)


def management_group_resource_id(frame: Frame, arguments: Arguments) -> str:
    """``managementGroupResourceId([managementGroupName], type, name, ...)``."""
    before, type_name, names = _split("managementGroupResourceId", arguments, 1)
    group = before[0] if before else frame.context.place.management_group
    if not group:
        raise failed("managementGroupResourceId", "outside deployments to a management group it must name the group")
    scope = f"/providers/Microsoft.Management/managementGroups/{group}"
    return joined("managementGroupResourceId", scope, type_name, names)


def tenant_resource_id(frame: Frame, arguments: Arguments) -> str:
    """``tenantResourceId(type, name, ...)``."""
    _, type_name, names = _split("tenantResourceId", arguments, 0)
    return joined("tenantResourceId", "", type_name, names)


def extension_resource_id(frame: Frame, arguments: Arguments) -> str:
    """``extensionResourceId(id, type, name, ...)``."""
    scope = text("extensionResourceId", arguments[0])
    _, type_name, names = _split("extensionResourceId", arguments[1:], 0)
    return joined("extensionResourceId", "/" + scope.strip("/") if scope.strip("/") else "", type_name, names)


def target(function: str, frame: Frame, named: Any) -> Target:
    """What ``reference`` or ``list*`` means: an id, or a resource of this template by symbol or name."""
    name = text(function, named)
    found = frame.names.one(name) if frame.names else None
    if found is not None:
        return found
    if name.startswith("/"):
        return Target("/" + name.strip("/"), "", "", "")
    parts = name.split("/")
    if "." in parts[0] and len(parts) > 2 and len(parts) % 2 and all(parts):  # an id that leaves out the deployment's own scope
        return Target(f"{frame.context.place.id}/providers/{name}", "", "", "")
    raise ExpressionError(f"The resource '{name}' is not defined in the template. {SYNTAX_PAGE}")


def reference(frame: Frame, arguments: Arguments) -> Any:
    """``reference(name or id, [apiVersion], ['Full'])``: run-time state; names make a dependency."""
    if frame.runtime is None:
        raise not_expected("reference")
    found = target("reference", frame, arguments[0])
    version = text("reference", arguments[1]) if len(arguments) > 1 and arguments[1] else found.api_version
    full = len(arguments) > 2 and text("reference", arguments[2]).lower() == "full"
    return frame.runtime.reference(found.id, version, full)


def references(frame: Frame, arguments: Arguments) -> list[Any]:
    """``references('loop symbol', ['Full'])``: the run-time state of every instance of a copy loop."""
    if frame.runtime is None:
        raise not_expected("references")
    name = text("references", arguments[0])
    found = frame.names.many(name) if frame.names else None
    if found is None:
        raise ExpressionError(f"The resource collection '{name}' is not defined in the template. {SYNTAX_PAGE}")
    full = len(arguments) > 1 and text("references", arguments[1]).lower() == "full"
    return [frame.runtime.reference(one.id, one.api_version, full) for one in found]


def about_resource(frame: Frame, arguments: Arguments) -> dict[str, Any]:
    """``resourceInfo('symbol')``: id, name, type and apiVersion, known before anything runs."""
    name = text("resourceInfo", arguments[0])
    found = frame.names.one(name) if frame.names else None
    if found is None:
        raise ExpressionError(f"The resource '{name}' is not defined in the template. {SYNTAX_PAGE}")
    return {"id": found.id, "name": found.name.rsplit("/", 1)[-1], "type": found.type, "apiVersion": found.api_version}


def listing(name: str) -> Function:
    """The function ``list<Something>(name or id, [apiVersion], [body])``: the answer of that POST action."""

    def run(frame: Frame, arguments: Arguments) -> Any:
        if frame.runtime is None:
            raise not_expected(name)
        found = target(name, frame, arguments[0])
        version = text(name, arguments[1]) if len(arguments) > 1 and arguments[1] else found.api_version
        body = json_text(arguments[2]) if len(arguments) > 2 and arguments[2] is not None else ""
        return frame.runtime.list(name, found.id, version, body)

    return Function(run, 1, 4)


def providers(frame: Frame, arguments: Arguments) -> Any:
    """``providers(namespace, [type])``: as the provider's listing has it."""
    namespace = text("providers", arguments[0])
    found = frame.context.facts.provider(namespace)
    if found is None:
        raise failed("providers", f"there is no provider '{namespace}' in this cloud")
    if len(arguments) == 1:
        return found
    wanted = text("providers", arguments[1])
    kind = _kind_of(found, wanted)
    if kind is None:
        raise failed("providers", f"the provider '{namespace}' has no type '{wanted}'")
    return kind


def _kind_of(provider: dict[str, Any], wanted: str) -> dict[str, Any] | None:
    kinds = provider.get("resourceTypes", [])
    return next((kind for kind in kinds if str(kind.get("resourceType", "")).lower() == wanted.lower()), None)


def pick_zones(frame: Frame, arguments: Arguments) -> list[str]:
    """``pickZones(namespace, type, location, [count], [offset])``: an empty array where the type has no zones there."""
    namespace, wanted, location = (text("pickZones", argument) for argument in arguments[:3])
    count = number("pickZones", arguments[3]) if len(arguments) > 3 else 1
    offset = number("pickZones", arguments[4]) if len(arguments) > 4 else 0
    if not 1 <= count <= 3 or offset < 0:
        raise failed("pickZones", "the number of zones must be from 1 to 3 and the offset not negative")
    kind = _kind_of(frame.context.facts.provider(namespace) or {}, wanted) or {}
    region = location.replace(" ", "").lower()
    for mapping in kind.get("zoneMappings") or []:
        if str(get(mapping, "location", "")).replace(" ", "").lower() == region:
            zones = sorted(get(mapping, "zones") or [])
            if offset + count > len(zones):
                raise failed("pickZones", f"'{namespace}/{wanted}' has {len(zones)} zone(s) in '{location}'")
            return zones[offset : offset + count]
    return []


# Azure maps each subscription's logical zones to physical ones; this cloud maps the n-th to the n-th.
_PHYSICAL = re.compile(r"(?P<region>[a-z0-9]+)-az(?P<zone>[1-9])")


def _physical(function: str, location: Any, zone: Any) -> str:
    logical = text(function, zone)
    return f"{text(function, location).replace(' ', '').lower()}-az{logical}" if logical else ""


def _logical(function: str, zone: Any) -> str:
    physical = text(function, zone)
    found = _PHYSICAL.fullmatch(physical)
    if physical and not found:
        raise failed(function, f"'{physical[:100]}' is no physical zone such as 'westus2-az1'")
    return found["zone"] if found else ""


def to_physical_zone(frame: Frame, arguments: Arguments) -> str:
    """``toPhysicalZone(subscriptionId, location, logicalZone)``."""
    return _physical("toPhysicalZone", arguments[1], arguments[2])


def to_physical_zones(frame: Frame, arguments: Arguments) -> list[str]:
    """``toPhysicalZones(subscriptionId, location, logicalZones)``."""
    return [_physical("toPhysicalZones", arguments[1], zone) for zone in array("toPhysicalZones", arguments[2])]


def to_logical_zone(frame: Frame, arguments: Arguments) -> str:
    """``toLogicalZone(subscriptionId, location, physicalZone)``."""
    return _logical("toLogicalZone", arguments[2])


def to_logical_zones(frame: Frame, arguments: Arguments) -> list[str]:
    """``toLogicalZones(subscriptionId, location, physicalZones)``."""
    return [_logical("toLogicalZones", zone) for zone in array("toLogicalZones", arguments[2])]


TABLE: dict[str, Function] = {
    "extensionResourceId": Function(extension_resource_id, 3, None),
    "list": listing("list"),
    "managementGroupResourceId": Function(management_group_resource_id, 2, None),
    "pickZones": Function(pick_zones, 3, 5),
    "providers": Function(providers, 1, 2),
    "reference": Function(reference, 1, 3),
    "references": Function(references, 1, 2),
    "resourceId": Function(resource_id, 2, None),
    "resourceInfo": Function(about_resource, 1, 1),
    "subscriptionResourceId": Function(subscription_resource_id, 2, None),
    "tenantResourceId": Function(tenant_resource_id, 2, None),
    "toLogicalZone": Function(to_logical_zone, 3, 3),
    "toLogicalZones": Function(to_logical_zones, 3, 3),
    "toPhysicalZone": Function(to_physical_zone, 3, 3),
    "toPhysicalZones": Function(to_physical_zones, 3, 3),
}
