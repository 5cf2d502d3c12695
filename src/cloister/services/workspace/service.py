"""From a request to an answer: find the workspace's store and the route, and turn every refusal into an error body.

A path is ``/{service}/{version}/subscriptions/.../workspaces/{name}/{route}``, matched without case up to the route's
parameters. What is not served yet is refused with 404, never with a 5xx: Microsoft's clients send those again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException

from cloister.arm import shortage
from cloister.arm.errors import ArmError
from cloister.ipc.messages import Request, Response
from cloister.limits import BODY_BYTES_MAX, URL_LENGTH_MAX
from cloister.services.workspace import artifacts, events, experiments, metrics, mlflow_rest, run_routes
from cloister.services.workspace.bodies import iso, refuse, to_json
from cloister.services.workspace.call import Answer, Call, Route, Table
from cloister.services.workspace.stores import Stores, WorkspaceGone

_log = logging.getLogger(__name__)

SERVED: dict[str, tuple[tuple[str, ...], Table]] = {
    "history": (("v1.0",), {**experiments.ROUTES, **run_routes.ROUTES, **events.ROUTES}),
    "metric": (("v2.0",), metrics.ROUTES),
    "artifact": (("v2.0",), artifacts.ROUTES),
    "mlflow": (("v1.0", "v2.0"), mlflow_rest.ROUTES),
}
"""What is served, by the path's first part."""

NOT_YET = {
    "artifact": "files of runs",
    "content": "snapshots of source folders (start_logging(snapshot_directory=None) needs none)",
    "credential": "the workspace's secrets",
    "dataset": "datasets",
    "data": "data assets",
    "datastore": "datastores",
    "environment": "environments",
    "execution": "submitted jobs",
    "jasmine": "automated machine learning",
    "modelmanagement": "models and deployments",
    "modelregistry": "models",
    "rp": "computes",
}
"""What Azure serves there and this cloud does not yet, or not yet wholly, by the path's first part."""

_WORKSPACE = ("subscriptions", None, "resourcegroups", None, "providers", "microsoft.machinelearningservices", "workspaces", None)


class Service:
    """All workspaces' data planes. ``answer`` blocks, and may be called by several threads at once."""

    def __init__(self, directory: Path):
        self.stores = Stores(directory)

    def answer(self, request: Request) -> Response:
        """The answer to one request; whatever it is, it has one."""
        parts = [part for part in request.path.split("/") if part]
        service = parts[0].lower() if parts else ""
        problem: ArmError | MlflowException | None = None
        try:
            answer = self._route(request, service, parts)
        except WorkspaceGone as error:
            problem = ArmError(404, "WorkspaceNotFound", f"{error}.")
        except Exception as error:
            problem = _problem(request, error)
        if problem is not None:
            answer = mlflow_rest.failure(problem) if service == "mlflow" else _failure(request, service, problem)
        body = answer.value if isinstance(answer.value, bytes) else to_json(answer.value)
        return Response(status=answer.status, headers={"content-type": answer.content_type}, body=body)

    def _route(self, request: Request, service: str, parts: list[str]) -> Answer:
        if len(request.path) > URL_LENGTH_MAX:
            raise refuse(f"cannot read the path: it is longer than {URL_LENGTH_MAX} characters", "UriTooLong", 414)
        if len(request.body) > BODY_BYTES_MAX:
            limit = BODY_BYTES_MAX // (1024 * 1024)
            raise refuse(f"cannot read the body: it is larger than {limit} MiB; send it in parts", "RequestTooLarge", 413)
        versions, table = SERVED.get(service, ((), {}))
        not_yet = refuse(f"cannot serve that yet: {NOT_YET.get(service)} come later", "NotYetServed", 404)
        if service in NOT_YET and not table:
            raise not_yet
        scope, rest = parts[2:10], parts[10:]
        known = ", ".join(f"/{name}/{version}" for name, (versions, _) in SERVED.items() for version in versions)
        if not table or len(parts) < 2 or parts[1].lower() not in versions:
            raise refuse(f"cannot find '{request.path[:300]}': there are {known}, then the workspace's id", "NotFound", 404)
        if not _is_workspace(scope) or "/" + "/".join(scope).lower() != request.facts.get("workspace", "").lower():
            message = f"cannot find '{request.path[:300]}': after /{service}/{parts[1]} the id of this workspace is expected"
            raise refuse(message, "NotFound", 404)
        route, names = _find(table, request.method, rest)
        if route is None and service in NOT_YET:
            raise not_yet
        if route is None:
            message = f"cannot find {request.method} '{'/'.join(rest)[:300]}' in /{service}/{parts[1]}: " + _known(table, rest)
            raise refuse(message, "NotFound", 404)
        store = self.stores.get(request.facts["workspace_id"])
        answer = route(Call(request, store, time.time_ns() // 1000, names))
        return answer if isinstance(answer, Answer) else Answer(answer)


def _problem(request: Request, error: Exception) -> ArmError | MlflowException:
    """What the client is told of an exception; one of ours is logged."""
    if (told := shortage.refusal(error, "tracking")) is not None:
        _log.error("%s %s: %s", request.method, request.path, error)
        return told
    if isinstance(error, ArmError | MlflowException):
        return error
    _log.error("%s %s failed", request.method, request.path, exc_info=error)
    return ArmError(500, "InternalServerError", "cannot answer: a fault in the tracking service; its log has more")


def _is_workspace(scope: list[str]) -> bool:
    wanted = zip(_WORKSPACE, scope, strict=False)
    return len(scope) == len(_WORKSPACE) and all(want is None or want == part.lower() for want, part in wanted)


def _find(table: Table, method: str, rest: list[str]) -> tuple[Route | None, dict[str, str]]:
    """The first route that fits, with the path's parameters; ``{name*}`` at the end takes all that is left."""
    for (route_method, template), route in table.items():
        wanted = template.split("/")
        parts = rest
        if wanted[-1].endswith("*}") and len(rest) > len(wanted):
            parts = [*rest[: len(wanted) - 1], "/".join(rest[len(wanted) - 1 :])]
        if route_method != method or len(wanted) != len(parts):
            continue
        if all(want[0] == "{" or want.lower() == part.lower() for want, part in zip(wanted, parts, strict=True)):
            return route, {want[1:-1].rstrip("*"): part for want, part in zip(wanted, parts, strict=True) if want[0] == "{"}
    return None, {}


def _known(table: Table, rest: list[str]) -> str:
    """What there is instead: the routes that begin alike, else all beginnings."""
    begin = rest[0].split(":")[0].lower() if rest else ""
    alike = sorted(f"{method} {template}" for method, template in table if template.split("/")[0].split(":")[0] == begin)
    beginnings: Iterable[str] = alike or sorted({template.split("/")[0] for _, template in table})
    return "there are " + ", ".join(beginnings)


def _failure(request: Request, service: str, error: ArmError | MlflowException) -> Answer:
    """Azure's data-plane error body. ``details`` must be a list: azureml-core fails to print an error without one."""
    if isinstance(error, MlflowException):
        told = mlflow_rest.as_told(error)
        error = ArmError(told.get_http_status_code(), told.error_code, told.message)
    whole: dict[str, Any] = error.body()
    whole["error"].setdefault("details", [])
    region = request.facts.get("region", "")
    request_id = request.headers.get("x-ms-client-request-id") or request.headers.get("request-id")
    whole["correlation"] = {"operation": None, "request": request_id}
    whole["environment"] = whole["location"] = region
    whole["time"] = iso(time.time_ns() // 1000)
    whole["componentName"] = {"metric": "run-metrics", "history": "run-history"}.get(service, "workspace")
    return Answer(whole, error.status)
