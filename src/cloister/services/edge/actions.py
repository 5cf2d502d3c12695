"""Which RBAC action a request to machine learning's data plane is, by its path and method.

Source of the action names: learn.microsoft.com/azure/role-based-access-control/permissions/ai-machine-learning; of the paths: the
routes that Microsoft's SDK v1 calls.
"""

from __future__ import annotations

PREFIX = "Microsoft.MachineLearningServices/workspaces"

RESOURCES = {
    "history": "experiments/runs",
    "metric": "metrics/resource",
    "artifact": "metadata/artifacts",
    "datastore": "datastores",
    "credential": "metadata/secrets",
    "dataset": "datasets/registered",
    "data": "datasets/registered",
    "modelmanagement": "models",
    "modelregistry": "models",
    "content": "metadata/snapshots",
    "execution": "experiments/runs",
    "environment": "environments",
    "rp": "computes",
    "mlflow": "experiments/runs",
    "jasmine": "experiments/runs",
    "pipelines": "pipelinedrafts",
}
"""The first segment of a path -> what it is about."""

_READING_POSTS = ("/list", "/full", ":query", "/query", "/search", "/get", "/getbatch", "/getblob", "/batchget", "/get-batch")


def action_of(method: str, path: str) -> str:
    """The action, e.g. ``Microsoft.MachineLearningServices/workspaces/experiments/runs/read``."""
    first = path.lstrip("/").partition("/")[0].lower()
    about = RESOURCES.get(first)
    verb = _verb(method, path)
    return f"{PREFIX}/{about}/{verb}" if about else f"{PREFIX}/{verb}"


def _verb(method: str, path: str) -> str:
    if method in ("GET", "HEAD", "OPTIONS"):
        return "read"
    if method == "DELETE":
        return "delete"
    return "read" if method == "POST" and path.lower().endswith(_READING_POSTS) else "write"
