"""The process: ready in time, several clients at once, and nothing acknowledged is lost by a kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cloister.home import Home
from cloister.ipc.frames import CallFailed, Unreachable, call_blocking
from cloister.ipc.messages import Request, Response

SCOPE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
START = [sys.executable, "-m", "cloister.app", "tracking"]


class Process:
    """The tracking process on a CLOISTER_HOME."""

    def __init__(self, home: Home):
        self.home = home
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {**os.environ, "CLOISTER_HOME": str(self.home.root)}
        self.child = subprocess.Popen(START, env=environment, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.wait()

    def call(self, method: str, params: Any = None, seconds: float = 20) -> Any:
        """A call that waits for the socket to be there."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return call_blocking(self.home.socket("tracking"), method, params, timeout=seconds)
            except Unreachable:
                assert time.monotonic() < deadline and self.child is not None and self.child.poll() is None
                time.sleep(0.02)

    def http(self, guid: str, method: str, path: str, body: Any = None, seconds: float = 20) -> Any:
        facts = {"workspace_id": guid, "workspace": SCOPE, "region": "eastus2", "name": "w"}
        sent = b"" if body is None else json.dumps(body).encode()
        got = self.call("http", Request(method=method, path=path, body=sent, facts=facts), seconds)
        response = msgspec.convert(got, Response)
        return response.status, json.loads(response.body)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    home = Home(tmp_path / "home")
    home.make()
    running = Process(home)
    running.start()
    yield running
    running.kill()


def metric(value: float) -> dict[str, Any]:
    rows = [{"metricId": str(uuid.uuid4()), "createdUtc": "2026-01-01T00:00:00Z", "data": {"m": value}}]
    one = {"name": "m", "columns": {"m": "double"}, "value": rows, "properties": {"uxMetricType": "azureml.v1.scalar"}}
    return {"values": [one], "reportErrors": True}


def test_it_answers_in_time_and_keeps_what_it_acknowledged(process: Process) -> None:
    guid, other = str(uuid.uuid4()), str(uuid.uuid4())
    begin = time.monotonic()
    status, made = process.http(guid, "POST", f"/history/v1.0{SCOPE}/experiments/first", seconds=60)
    print(f"first answer on a new home after {time.monotonic() - begin:.1f} s")
    assert status == 200
    assert process.call("ping") == {"ready": True}
    assert process.http(guid, "PATCH", f"/history/v1.0{SCOPE}/experiments/first/runs/r", {"runId": "r"})[0] == 200
    assert process.http(other, "GET", f"/history/v1.0{SCOPE}/runs/r")[0] == 404

    acknowledged: list[float] = []
    enough = threading.Event()

    def write() -> None:
        try:
            for value in range(10_000):
                if process.http(guid, "POST", f"/metric/v2.0{SCOPE}/runs/r/batch", metric(float(value)))[0] == 200:
                    acknowledged.append(float(value))
                if len(acknowledged) == 20:
                    enough.set()
        except (ConnectionError, AssertionError):
            pass

    writer = threading.Thread(target=write)
    writer.start()
    assert enough.wait(30)
    process.kill()
    writer.join(30)
    process.start()
    status, got = process.http(guid, "POST", f"/metric/v2.0{SCOPE}/runs/r/full", {"metricName": "m"})
    values = [row["data"]["m"] for row in got["value"]]
    assert values[: len(acknowledged)] == acknowledged and len(values) <= len(acknowledged) + 1
    assert process.http(guid, "GET", f"/history/v1.0{SCOPE}/experiments/first") == (200, made)

    assert process.call("drop", {"workspace_id": guid}) is True
    assert process.call("drop", {"workspace_id": guid}) is False
    assert process.http(guid, "GET", f"/history/v1.0{SCOPE}/experiments/first")[0] == 404
    with pytest.raises(CallFailed, match="no guid"):
        process.call("drop", {"workspace_id": "../../etc"})
    with pytest.raises(CallFailed, match="cannot call"):
        process.call("nothing")


def test_several_clients_at_once_lose_nothing(workspace: Any) -> None:
    workspaces = [workspace, type(workspace)(workspace.service)]
    runs = [(one, one.start()) for one in workspaces for _ in range(2)]

    def client(number: int) -> None:
        one, run_id = runs[number % len(runs)]
        for value in range(10):
            one.metric(f"runs/{run_id}/batch", metric(float(number * 100 + value)))
            one.history("PATCH", f"experiments/first/runs/{run_id}", {"tags": {f"t{number}": str(value)}})
            one.history("POST", "experiments/first/runs:query", {})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(client, range(8)))
    for place, (one, run_id) in enumerate(runs):
        values = [row["data"]["m"] for row in one.metric(f"runs/{run_id}/full", {"metricName": "m"})["value"]]
        assert sorted(values) == sorted(float(n * 100 + v) for n in (place, place + 4) for v in range(10))
        history = one.mlflow("GET", "metrics/get-history", query={"run_id": run_id, "metric_key": "m"})["metrics"]
        assert sorted(item.get("step", 0) for item in history) == list(range(20))
        assert one.history("GET", f"runs/{run_id}")["tags"] == {f"t{place}": "9", f"t{place + 4}": "9"}


def test_only_the_latest_stores_stay_open(service: Any, workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloister.services.workspace.stores.TRACKING_STORES_OPEN_MAX", 2)
    workspaces = [type(workspace)(service) for _ in range(4)]
    for one in workspaces:
        one.history("POST", "experiments/first")
    assert len(service.stores._open) == 2
    for one in workspaces:
        assert one.history("GET", "experiments/first")["name"] == "first"


def test_a_draft_left_by_a_kill_is_replaced(service: Any, workspace: Any) -> None:
    (service.stores.directory / f"{workspace.guid}.draft").write_bytes(b"half a copy")
    workspace.history("POST", "experiments/first")


def test_a_database_of_an_older_mlflow_is_upgraded(service: Any, workspace: Any) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory
    from mlflow.store.db.utils import _get_alembic_config
    from mlflow.store.tracking.dbmodels.initial_models import Base
    from sqlalchemy import create_engine

    from cloister.services.workspace.tables import Tables

    url = f"sqlite:///{service.stores.directory / workspace.guid}.sqlite"
    config = _get_alembic_config(url)
    scripts = ScriptDirectory.from_config(config)
    (head,) = scripts.get_heads()
    older = scripts.get_revision(head).down_revision
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    Tables.metadata.create_all(engine)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, older)
    engine.dispose()
    run_id = workspace.start()
    assert workspace.mlflow("GET", "runs/get", query={"run_id": run_id})["run"]["info"]["status"] == "RUNNING"
    with service.stores.get(workspace.guid).reading() as session:
        assert session.connection().exec_driver_sql("select version_num from alembic_version").scalar() == head
