"""What a template may ask of the cloud: scopes at once from the rows, run-time values by requests with the caller's rights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from cloister.arm.errors import ArmError
from cloister.arm.ids import IdError, parse
from cloister.arm.template.context import Want, Wanted
from cloister.arm.template.errors import ExpressionError
from cloister.control.deployment_record import error_of
from cloister.control.ports import Caller, Engine

ANY_VERSION = "2024-01-01"  # where nobody named an api-version and the type is not known


class Failure(Exception):
    """One step of a deployment failed: Azure's inner error object and the HTTP status that came with it."""

    def __init__(self, error: dict[str, Any], status: int):
        super().__init__(str(error.get("message", "")))
        self.error = error
        self.status = status

    def http(self) -> ArmError:
        """The answer to a request that failed so."""
        return ArmError(self.status, str(self.error["code"]), str(self.error["message"]))


class CloudFacts:
    """See ``template.context.Facts``. Reads single rows only, so any thread may ask."""

    def __init__(self, engine: Engine, tenant: str):
        self._engine = engine
        self._tenant = tenant

    def subscription(self, subscription: str) -> dict[str, Any] | None:
        row = self._engine.view().get(f"/subscriptions/{subscription}")
        if row is None:
            return None
        return {
            "id": row.id,
            "subscriptionId": row.name,
            "tenantId": row.properties.get("tenantId") or self._engine.view().tenant_id,
            "displayName": row.properties.get("displayName") or row.name,
        }

    def resource_group(self, subscription: str, name: str) -> dict[str, Any] | None:
        row = self._engine.view().get(f"/subscriptions/{subscription}/resourceGroups/{name}")
        if row is None:
            return None
        out = {"id": row.id, "name": row.name, "type": row.type, "location": row.body.get("location", "")}
        if row.body.get("managedBy"):
            out["managedBy"] = row.body["managedBy"]
        return {**out, "tags": row.body.get("tags") or {}, "properties": {"provisioningState": "Succeeded"}}

    def tenant(self) -> dict[str, Any]:
        tenant = self._tenant
        row = self._engine.view().get(f"/providers/Microsoft.Resources/tenants/{tenant}")
        title = (row.properties.get("displayName") if row is not None else "") or tenant
        return {
            "countryCode": "",
            "displayName": title,
            "id": f"/tenants/{tenant}",
            "tenantCategory": "Home",
            "tenantId": tenant,
        }

    def provider(self, namespace: str) -> dict[str, Any] | None:
        spelled = self._engine.types.namespaces.get(namespace.lower())
        if spelled is None:
            return None
        kinds = [
            {
                "resourceType": kind.name.split("/", 1)[1],
                "locations": ["global"] if kind.location == "global" else [],
                "apiVersions": sorted(kind.api_versions, reverse=True),
            }
            for kind in self._engine.types.of_namespace(spelled)
        ]
        return {"namespace": spelled, "resourceTypes": kinds}


class Fetched:
    """See ``template.context.Runtime``: what has been fetched so far; anything else is ``Wanted``."""

    def __init__(self) -> None:
        self.values: dict[Want, Any] = {}

    def reference(self, id: str, api_version: str, full: bool) -> Any:
        found = self._get(Want("reference", id, api_version))
        return found if full else found.get("properties", {})

    def list(self, function: str, id: str, api_version: str, body: Any) -> Any:
        return self._get(Want(function, id, api_version, body))

    def _get(self, want: Want) -> Any:
        if want not in self.values:
            raise Wanted(want)
        return self.values[want]


async def fetch(engine: Engine, caller: Caller, want: Want) -> Any:
    """The value of one want. Raises Failure with the answer's error, ExpressionError for what is no id."""
    try:
        id = parse(want.id)
    except IdError as error:
        raise ExpressionError(f"{error}; it stands in the template function '{want.function}'.") from None
    version = want.api_version or _version_of(engine, id.type)
    if want.function == "reference":
        response = await engine.perform("GET", id.text, caller=caller, api_version=version)
    else:
        body = orjson.loads(want.body) if want.body else None
        response = await engine.perform("POST", f"{id.text}/{want.function}", caller=caller, api_version=version, body=body)
    if response.status >= 300:
        raise Failure(error_of(response), response.status)
    value = orjson.loads(response.body) if response.body else {}
    if want.function != "reference" or not isinstance(value, dict):
        return value
    return full_object(value, id.subscription, id.resource_group, version)


def full_object(value: Mapping[str, Any], subscription: str, group: str, version: str) -> dict[str, Any]:
    """A resource as ``reference(..., 'Full')`` gives it: as GET shows it, and what the template functions page lists."""
    id = parse(str(value["id"]))
    names = "/".join(f"{kind}/{name}" for kind, name in zip(id.types, id.names, strict=True))
    own = {
        "apiVersion": version,
        "subscriptionId": subscription,
        "resourceGroupName": group,
        "scope": "",
        "resourceId": f"{id.provider}/{names}" if id.provider else id.text,
        "referenceApiVersion": version,
        "condition": True,
        "isConditionTrue": True,
        "isTemplateResource": False,
        "isAction": False,
        "provisioningOperation": "Read",
    }
    return {**value, **own}


def _version_of(engine: Engine, type_name: str) -> str:
    kind = engine.types.get(type_name)
    return max(kind.api_versions, default=ANY_VERSION) if kind is not None else ANY_VERSION
