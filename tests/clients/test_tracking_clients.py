"""Unmodified clients against our data plane: azureml-core from ``.venv-client``, MLflow's from the product's environment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_azure import SmallAzure

from cloister.services.workspace.main import open_service

HERE = Path(__file__).parent
SDK_PYTHON = HERE.parent.parent / ".venv-client" / "bin" / "python"


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[SmallAzure]:
    service = open_service(tmp_path / "tracking")
    small = SmallAzure(tmp_path, service)
    yield small
    small.close()
    service.stores.close()


def run(python: Path | str, script: str, azure: SmallAzure, tmp_path: Path) -> list[Any]:
    """Run a client's script; its output is JSON lines."""
    done = subprocess.run(
        [str(python), str(HERE / script)],
        env=azure.environment(),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.skipif(not SDK_PYTHON.exists(), reason="azureml-core is not installed: run `make setup-client`")
def test_azureml_core_logs_and_reads_runs(azure: SmallAzure, tmp_path: Path) -> None:
    got = {line["step"]: line["got"] for line in run(SDK_PYTHON, "run_history.py", azure, tmp_path)}
    assert got["no experiments"] == [] and got["experiments"] == ["first"] and got["start"] == "Running"
    assert got["metrics"] == {
        "accuracy": 0.9,
        "loss": [0.5, 0.25, 0.125],
        "stepped": 7,
        "note": "it works",
        "folds": [0.6, 0.7, 0.89],
        "row": {"x": [1, 2], "y": ["a", "b"]},
        "table": {"x": [1, 2, 3], "y": [0.1, 0.2, 0.3]},
    }
    assert got["one metric"] == {"folds": [0.6, 0.7, 0.89]} and got["no such metric"] == {} and got["get"] == {"accuracy": 0.9}
    assert got["status"] == "Completed" and got["failed"] == "Failed" and got["canceled"] == "Canceled"
    assert got["tags"] == {"quality": "good", "plain": None} and got["remove tag"] == {"quality": "good"}
    assert got["properties back"] == "me"
    assert got["get_children"] == ["Completed", "Running", "Running", "Running"] and got["descendants"] == 4
    assert got["runs"] == ["Completed", "Canceled", "Failed", "Completed"]
    assert got["runs by tag"] == ["a better name"] and got["runs by property"] == 1
    assert got["context"] == {"inside": 1} and got["wait"] == "Completed"
    assert got["experiment tags"] == {"team": "red"} and got["experiments by tag"] == ["first"]
    assert got["archive"] == [] and got["reactivate"] == ["first"] == got["delete"]
    assert "cannot find run 'nobody' in workspace 'myworkspace'" in got["no such run"]
    assert "cannot serve that yet" in got["no snapshots yet"]


def test_mlflow_logs_and_reads_runs_and_v1_sees_them(azure: SmallAzure, tmp_path: Path) -> None:
    (got,) = run(sys.executable, "mlflow_runs.py", azure, tmp_path)
    assert got["status"] == "FINISHED" and got["found"] == ["parent"] and got["missing"] == "RESOURCE_DOES_NOT_EXIST"
    assert got["params"] == {"depth": "3", "rate": "0.1", "kind": "tree"}
    assert got["history"] == [[0, 1.0], [1, 0.5], [2, 0.333]] and got["runs"] == 2
    assert got["experiments"] == ["Default", "by mlflow"] and got["artifacts"].startswith("mlflow-artifacts:/")
    store = azure.service.stores.get(azure.workspace_id)
    with store.reading() as session:
        from cloister.services.workspace.tables import RunRow

        rows = {row.run_id: row for row in session.query(RunRow)}
    assert rows[got["run"]].status == "Completed" and rows[got["child"]].status == "Failed"
    assert rows[got["child"]].parent_id == got["run"] == rows[got["child"]].root_id
