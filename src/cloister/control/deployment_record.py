"""A deployment as it is kept and shown: the request, the row, the list of operations, Azure's nesting of errors.

The row holds what GET shows and, in ``facts``, the operations and who deploys; a document beside it holds the template and,
only while it runs, the parameters' values.

Source of the shapes: azure-rest-api-specs, Microsoft.Resources/resources.json 2024-03-01 (``DeploymentExtended``,
``DeploymentOperation``).
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from cloister.arm.errors import ArmError
from cloister.arm.ids import ResourceId, key
from cloister.arm.jsonbody import check_size
from cloister.arm.resource import Row
from cloister.arm.template import jsonc
from cloister.arm.template.context import Place
from cloister.arm.template.functions.hashes import template_hash
from cloister.arm.template.values import get
from cloister.control.ports import Caller
from cloister.ipc.messages import Response

TYPE = "Microsoft.Resources/deployments"
DOCUMENTS = "deployment/"
TERMINAL = ("Succeeded", "Failed", "Canceled")
OPERATIONS_PAGE = "Please see https://aka.ms/arm-deployment-operations for usage details."
_NAME = re.compile(r"[-\w.()]{1,64}")


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a deployment's body asks for. ``link`` is a templateLink, ``given`` the parameters as sent."""

    mode: str
    template: dict[str, Any] | None
    link: dict[str, Any] | None
    given: dict[str, Any]
    parameters_link: dict[str, Any] | None = None
    location: str = ""
    tags: dict[str, str] = {}
    result_format: str = ""


def read_ask(raw: bytes) -> Ask:
    """A deployment's body, JSON in the wide sense. Raises ArmError 400 ``InvalidRequestContent``, 413."""
    check_size(raw)
    try:
        body = jsonc.parse(raw)
    except jsonc.JsonError as error:
        raise refused(f"The request content was invalid and could not be deserialized: '{error.reason}'. Line {error.line}, "
                      f"position {error.column}.") from None  # fmt: skip
    properties = get(body, "properties")
    if not isinstance(properties, dict):
        raise refused("The request content is not valid: a deployment needs 'properties' with 'mode' and 'template'.")
    mode = str(get(properties, "mode") or "Incremental")
    spelled = {"incremental": "Incremental", "complete": "Complete"}.get(mode.lower())
    if spelled is None:
        raise refused(f"The request content is not valid: the mode '{mode[:40]}' is neither 'Incremental' nor 'Complete'.")
    found: dict[str, Any] = {}
    for name in ("template", "templateLink", "parameters", "parametersLink"):
        value = get(properties, name)
        if value is not None and not isinstance(value, dict):
            raise refused(f"The request content is not valid: '{name}' must be an object.")
        found[name] = value
    if (found["template"] is None) == (found["templateLink"] is None):
        raise ArmError(
            400,
            "InvalidDeployment",
            "cannot deploy: give either a 'template' or a 'templateLink', and not both.",
        )
    tags = get(body, "tags")
    return Ask(
        mode=spelled,
        template=found["template"],
        link=found["templateLink"],
        given=found["parameters"] or {},
        parameters_link=found["parametersLink"],
        location=str(get(body, "location") or ""),
        tags=tags if isinstance(tags, dict) else {},
        result_format=str(get(get(properties, "whatIfSettings"), "resultFormat") or ""),
    )


def digest(ask: Ask) -> str:
    """What tells one request from another: mode, template and parameters."""
    return hashlib.sha256(orjson.dumps([ask.mode, ask.template, ask.link, ask.given, ask.location])).hexdigest()


def refused(message: str) -> ArmError:
    """400 ``InvalidRequestContent``."""
    return ArmError(400, "InvalidRequestContent", message)


def check_name(name: str) -> None:
    """Raises ArmError 400 ``InvalidDeploymentName``."""
    if not _NAME.fullmatch(name):
        raise ArmError(
            400,
            "InvalidDeploymentName",
            f"The deployment name '{name[:100]}' is not valid: it may have 1 to 64 letters, digits, '-', '_', '.', '(' and ')'.",
        )


def deployment_id(place: Place, name: str) -> str:
    """The id of a deployment of that name at a scope."""
    return f"{place.id}/providers/{TYPE}/{name}"


def document_key(id: str) -> str:
    """Where a deployment's template is kept."""
    return DOCUMENTS + key(id)


def hash_of(template: dict[str, Any]) -> str:
    """A template's ``templateHash``; takes a moment for a long one."""
    return template_hash(orjson.dumps(template).decode())


def first_row(id: str, ask: Ask, caller: Caller, correlation: str, now: str, computed: dict[str, Any], parent: str = "") -> Row:
    """The row of a deployment that begins now.

    ``computed`` are templateHash, parameters, providers and dependencies; ``parent`` is the id of the one it is nested in.
    """
    body: dict[str, Any] = {
        "properties": {
            "mode": ask.mode,
            "provisioningState": "Running",
            "timestamp": now,
            "duration": "PT0S",
            "correlationId": correlation,
            **computed,
        }
    }
    if ask.link is not None:
        body["properties"]["templateLink"] = ask.link
    if ask.location:
        body["location"] = ask.location
    if ask.tags:
        body["tags"] = ask.tags
    facts = {"operations": [], "caller": msgspec.to_builtins(caller), "started": now, "attempts": 1, "parent": parent}
    return Row(id=id, type=TYPE, body=body, facts=facts, created_by=caller.name or caller.principal)


def shown(row: Row) -> dict[str, Any]:
    """A deployment as GET shows it."""
    return {"id": row.id, "name": row.name, "type": TYPE, **row.body}


def state_of(row: Row) -> str:
    """Its provisioning state."""
    return str(row.properties.get("provisioningState", ""))


def operation_id(deployment: str, target: str) -> str:
    """The id of the operation that makes ``target``: the same whenever this deployment is asked."""
    return hashlib.sha256(f"{key(deployment)} {key(target)}".encode()).hexdigest()[:16].upper()


def operation(deployment: str, target: ResourceId, full_name: str, now: str) -> dict[str, Any]:
    """One operation that begins now."""
    number = operation_id(deployment, target.text)
    return {
        "id": f"{deployment}/operations/{number}",
        "operationId": number,
        "properties": {
            "provisioningOperation": "Create",
            "provisioningState": "Running",
            "timestamp": now,
            "duration": "PT0S",
            "trackingId": str(number),
            "targetResource": {"id": target.text, "resourceType": target.type, "resourceName": full_name},
        },
    }


def ended(one: dict[str, Any], state: str, now: str, seconds: float, status: str, error: dict[str, Any] | None) -> dict[str, Any]:
    """The operation at its end."""
    properties = {
        **one["properties"],
        "provisioningState": state,
        "timestamp": now,
        "duration": duration_text(seconds),
        "statusCode": status,
    }
    if error is not None:
        properties["statusMessage"] = {"status": state, "error": error}
    return {**one, "properties": properties}


def duration_text(seconds: float) -> str:
    """An ISO 8601 duration with Azure's seven decimals: ``PT1M56.3454108S``."""
    minutes, rest = divmod(max(seconds, 0.0), 60.0)
    hours, minutes = divmod(int(minutes), 60)
    return "PT" + (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + f"{rest:.7f}S"


def moment(text: str) -> datetime:
    """An ISO 8601 moment of ours."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


_STATUS_NAMES = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "NoContent", 400: "BadRequest", 401: "Unauthorized", 403: "Forbidden",
    404: "NotFound", 405: "MethodNotAllowed", 409: "Conflict", 412: "PreconditionFailed", 413: "RequestEntityTooLarge",
    429: "TooManyRequests", 500: "InternalServerError", 503: "ServiceUnavailable",
}  # fmt: skip


def status_name(status: int) -> str:
    """A status as operations name it: ``Conflict``."""
    return _STATUS_NAMES.get(status, str(status))


def error_of(response: Response) -> dict[str, Any]:
    """The inner error object of an error response."""
    try:
        found = orjson.loads(response.body)["error"]
        if isinstance(found, dict) and "code" in found:
            return found
    except (ValueError, KeyError, TypeError):
        pass
    return {"code": status_name(response.status), "message": f"The request failed with status {response.status}."}


def terminal_failure(id: str, reason: str) -> dict[str, Any]:
    """A resource that was accepted and then ended Failed."""
    return {
        "code": "ResourceDeploymentFailure",
        "target": id,
        "message": "The resource write operation failed to complete successfully, because it reached terminal provisioning state "
        "'Failed'.",
        "details": [{"code": "ResourceOperationFailure", "message": reason or "The resource's last operation failed."}],
    }


def deployment_failure(id: str, details: list[dict[str, Any]]) -> dict[str, Any]:
    """The error of a deployment some of whose operations failed."""
    return {
        "code": "DeploymentFailed",
        "target": id,
        "message": "At least one resource deployment operation failed. Please list deployment operations for details. "
        + OPERATIONS_PAGE,
        "details": details,
    }


def invalid_deployment(name: str, correlation: str, details: list[dict[str, Any]], status: int = 400) -> ArmError:
    """400 ``InvalidTemplateDeployment``: the template can be read, but what it asks for cannot be."""
    return ArmError(
        status,
        "InvalidTemplateDeployment",
        f"The template deployment '{name}' is not valid according to the validation procedure. The tracking id is "
        f"'{correlation}'. See inner errors for details.",
        details=details,
    )
