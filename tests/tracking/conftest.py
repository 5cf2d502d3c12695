"""A tracking service on a directory of its own, asked without sockets; every test gets a workspace of its own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from cloister.ipc.messages import Request
from cloister.services.workspace.main import open_service

SCOPE = (
    "/subscriptions/9d1ef6cd-62d4-4f3f-8f2d-4ee5a0a3b3a1/resourceGroups/myresourcegroup"
    "/providers/Microsoft.MachineLearningServices/workspaces/myworkspace"
)
CLAIMS = {"oid": "0a1b2c3d-0000-4000-8000-000000000001", "tid": "0a1b2c3d-0000-4000-8000-000000000002", "name": "owner"}


@dataclass
class Workspace:
    """One workspace as a client sees it: ``ask`` gives status and parsed body."""

    service: Any
    scope: str = SCOPE
    guid: str = field(default_factory=lambda: str(uuid.uuid4()))
    claims: dict[str, str] = field(default_factory=lambda: dict(CLAIMS))

    def raw(self, method: str, path: str, body: bytes = b"", query: dict[str, str] | None = None) -> tuple[int, bytes]:
        facts = {"workspace_id": self.guid, "workspace": self.scope, "region": "eastus2", "name": "myworkspace"}
        answer = self.service.answer(
            Request(method=method, path=path, query=query or {}, body=body, claims=self.claims, facts=facts)
        )
        return answer.status, answer.body

    def ask(self, method: str, prefix: str, rest: str, body: Any = None, query: dict[str, str] | None = None) -> tuple[int, Any]:
        sent = b"" if body is None else json.dumps(body).encode()
        status, got = self.raw(method, f"{prefix}{self.scope}/{rest}", sent, query)
        return status, json.loads(got)

    def history(self, method: str, rest: str, body: Any = None, query: dict[str, str] | None = None) -> Any:
        """A run-history call that must succeed."""
        status, got = self.ask(method, "/history/v1.0", rest, body, query)
        assert status == 200, got
        return got

    def metric(self, rest: str, body: Any) -> Any:
        """A metric call that must succeed."""
        status, got = self.ask("POST", "/metric/v2.0", rest, body)
        assert status == 200, got
        return got

    def mlflow(self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> Any:
        """An MLflow call that must succeed."""
        status, got = self.ask(method, "/mlflow/v2.0", f"api/2.0/mlflow/{path}", body, query)
        assert status == 200, got
        return got

    def refused(self, status: int, method: str, rest: str, body: Any = None) -> str:
        """A run-history call that must be refused with that status; gives the message."""
        got_status, got = self.ask(method, "/history/v1.0", rest, body)
        assert (got_status, got["error"]["details"]) == (status, []), got
        assert got["error"]["message"].startswith("cannot "), got
        return got["error"]["message"]

    def start(self, experiment: str = "first", run_id: str | None = None, **more: Any) -> str:
        """A running run, as ``Experiment(ws, name).start_logging()`` makes it."""
        run_id = run_id or str(uuid.uuid4())
        self.history("POST", f"experiments/{experiment}")
        self.history("PATCH", f"experiments/{experiment}/runs/{run_id}", {"runId": run_id, "name": f"run_{run_id}", **more})
        self.event(run_id, "Start", experiment)
        return run_id

    def event(self, run_id: str, kind: str, experiment: str = "first", **data: Any) -> None:
        event = {"name": f"Microsoft.MachineLearning.Run.{kind}", "data": {"RunId": run_id, **data}}
        self.history("POST", f"experiments/{experiment}/runs/{run_id}/events", event)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    opened = open_service(tmp_path_factory.mktemp("tracking"))
    yield opened
    opened.stores.close()


@pytest.fixture
def workspace(service: Any) -> Workspace:
    return Workspace(service)
