"""Microsoft's az, unmodified, and the cloud's own extension for it: lines as people type them, on a whole cloud."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
AZ = HERE.parent.parent / ".venv-cli" / "bin" / "az"

pytestmark = [
    pytest.mark.deep,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not AZ.exists(), reason="az is not installed: run `make setup-cli`"),
]


def finished(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The parts that a script says are done; fails the test where it ended badly."""
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return [line.removeprefix("done: ") for line in done.stdout.splitlines() if line.startswith("done: ")]


def test_lines_of_az_on_a_machine(cloud: Any) -> None:
    """Without any setting: the clouds that az knows are this one."""
    done = finished(cloud.exec("internet", ["env", "CLIENTS_GROUP=azmachine", str(HERE / "az_lines.sh")], timeout=900))
    assert done[0] == "login" and done[-1] == "delete" and len(done) == 12


def test_lines_of_az_on_the_host(cloud: Any) -> None:
    """``az cloud register``, then the same lines."""
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    told = json.loads(cloud.cloister("env", "--json").stdout)
    parts = {"CLIENTS_GROUP": "azhost", "CLIENTS_PARTS": "login group network private_dns workspace delete"}
    done = subprocess.run(
        [str(HERE / "az_lines.sh")], env={**plain, **told, **parts}, capture_output=True, text=True, timeout=900
    )
    assert len(finished(done)) == 6


def test_the_articles_lines_for_the_first_version(cloud: Any) -> None:
    done = finished(cloud.exec("internet", ["env", "CLIENTS_GROUP=azml", str(HERE / "az_ml_lines.sh")], timeout=900))
    assert done == ["extension", "create", "add", "delete of connections", "update", "delete"]
