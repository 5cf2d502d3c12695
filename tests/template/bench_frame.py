"""One expression, one value: a frame to evaluate in, with facts of a small cloud."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cloister.arm.template.context import Context, Place
from cloister.arm.template.evaluator import Frame, resolved
from cloister.arm.template.functions import lookup
from cloister.arm.template.plan import Plan, expand

S1 = "11111111-1111-1111-1111-111111111111"
S2 = "22222222-2222-2222-2222-222222222222"
GROUP_ID = f"/subscriptions/{S1}/resourceGroups/rg"
IN_GROUP = Place("tenant-guid", S1, "rg")
IN_SUBSCRIPTION = Place("tenant-guid", S1)
IN_TENANT = Place("tenant-guid")
IN_MANAGEMENT_GROUP = Place("tenant-guid", management_group="mg")


class SmallFacts:
    """A subscription and a resource group."""

    def subscription(self, subscription: str) -> dict[str, Any] | None:
        return {
            "id": f"/subscriptions/{subscription}",
            "subscriptionId": subscription,
            "tenantId": "tenant-guid",
            "displayName": "One",
        }

    def resource_group(self, subscription: str, name: str) -> dict[str, Any] | None:
        if name == "absent":
            return None
        return {
            "id": f"/subscriptions/{subscription}/resourceGroups/{name}",
            "name": name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": "eastus2",
            "tags": {"team": "blue"},
            "properties": {"provisioningState": "Succeeded"},
        }

    def tenant(self) -> dict[str, Any]:
        return {"tenantId": "tenant-guid", "displayName": "Cloister", "id": "/tenants/tenant-guid"}

    def provider(self, namespace: str) -> dict[str, Any] | None:
        if namespace.lower() != "microsoft.test":
            return None
        mappings = [{"location": "East US 2", "zones": ["2", "1", "3"]}]
        return {
            "namespace": "Microsoft.Test",
            "resourceTypes": [
                {"resourceType": "things", "locations": ["eastus2"], "apiVersions": ["2024-01-01"], "zoneMappings": mappings}
            ],
        }


class Known:
    """A runtime that knows everything: properties say which resource they are of."""

    def reference(self, id: str, api_version: str, full: bool) -> Any:
        properties = {
            "of": id.rsplit("/", 1)[-1],
            "version": api_version,
            "outputs": {"x": {"value": f"out of {id.rsplit('/', 1)[-1]}"}},
        }
        return {"location": "eastus2", "properties": properties} if full else properties

    def list(self, function: str, id: str, api_version: str, body: Any) -> Any:
        return {"keys": [{"value": f"{function} {id.rsplit('/', 1)[-1]} {api_version} {body}"}]}


def context(place: Place = IN_GROUP, **more: Any) -> Context:
    return Context(
        place=place,
        facts=SmallFacts(),
        now=datetime(2024, 2, 29, 14, 5, 9, 123456, tzinfo=UTC),
        new_guid=lambda number: f"00000000-0000-0000-0000-{number:012d}",
        deployment={"name": "main", "location": "eastus2", "properties": {"mode": "Incremental"}},
        deployer={"objectId": "me"},
        **more,
    )


def value(expression: str, place: Place = IN_GROUP, **more: Any) -> Any:
    """The value of an expression without its brackets."""
    return resolved(f"[{expression}]", Frame(context(place), lookup, runtime=Known(), **more))


def plan(template: dict[str, Any], place: Place = IN_GROUP, **parameters: Any) -> Plan:
    """A template expanded."""
    whole = {"$schema": "x", "contentVersion": "1.0.0.0", "resources": [], **template}
    return expand(whole, {name: {"value": given} for name, given in parameters.items()}, context(place))


def outputs(**expressions: Any) -> dict[str, Any]:
    """Outputs of one template by name, evaluated with everything known."""
    found = plan(
        {
            "outputs": {
                name: {"type": "object", **given} if isinstance(given, dict) else {"type": "string", "value": given}
                for name, given in expressions.items()
            }
        }
    )
    return {name: output.get("value") for name, output in found.outputs(Known()).items()}
