"""Microsoft's az, unmodified, and the cloud's own extension for it: lines as people type them, on a whole cloud."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
AZ = HERE.parent.parent / ".venv-cli" / "bin" / "az"
HOST_PARTS = "login group resource deployment delete"

pytestmark = [
    pytest.mark.deep(seconds=40),
    pytest.mark.timeout(900),
    pytest.mark.skipif(not AZ.exists(), reason="az is not installed: run `make setup-cli`"),
]


def finished(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The parts that a script says are done; fails the test where it ended badly."""
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return [line.removeprefix("done: ") for line in done.stdout.splitlines() if line.startswith("done: ")]


@pytest.fixture(scope="module")
def begun(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future]]:
    """All scripts, two at a time: an az is mostly one core's work of starting. Each has az's settings to itself."""
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    told = json.loads(cloud.cloister("env", "--json").stdout)
    folders = {name: f"AZURE_CONFIG_DIR={tmp_path_factory.mktemp(name)}" for name in ("machine", "host", "ml")}

    def on_machine(name: str, script: str) -> subprocess.CompletedProcess[str]:
        line = ["env", folders[name], f"CLIENTS_GROUP=az{name}", str(HERE / script)]
        return cloud.exec("internet", line, timeout=900)

    def on_host() -> subprocess.CompletedProcess[str]:
        about = dict([folders["host"].split("=", 1)], CLIENTS_GROUP="azhost", CLIENTS_PARTS=HOST_PARTS)
        line = [str(HERE / "az_lines.sh")]
        return subprocess.run(line, env={**plain, **told, **about}, capture_output=True, text=True, timeout=900)

    with ThreadPoolExecutor(2) as pool:
        yield {
            "machine": pool.submit(on_machine, "machine", "az_lines.sh"),
            "ml": pool.submit(on_machine, "ml", "az_ml_lines.sh"),
            "host": pool.submit(on_host),
        }


def test_lines_of_az_on_a_machine(begun: dict[str, Future]) -> None:
    """Without any setting: the clouds that az knows are this one."""
    done = finished(begun["machine"].result())
    assert done[0] == "login" and done[-1] == "delete" and len(done) == 13


def test_lines_of_az_on_the_host(begun: dict[str, Future]) -> None:
    """``az cloud register``, then lines that show that this is the cloud registered; all others went from a machine."""
    assert finished(begun["host"].result()) == HOST_PARTS.split()


def test_the_articles_lines_for_the_first_version(begun: dict[str, Future]) -> None:
    done = finished(begun["ml"].result())
    assert done == ["extension", "create", "add", "delete of connections", "update", "delete"]


def test_az_signs_in_to_another_tenant(cloud: Any, tmp_path: Path) -> None:
    tenant = json.loads(cloud.cloister("tenant", "add", "azure-cli").stdout)
    login = ["login", "--service-principal", "--tenant", tenant["tenant_id"], "-u", tenant["client_id"]]

    def az(*line: str) -> Any:
        done = cloud.exec("internet", ["env", f"AZURE_CONFIG_DIR={tmp_path}", str(AZ), *line, "-o", "json"], timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    (account,) = az(*login, "-p", tenant["client_secret"])
    assert (account["tenantId"], account["id"]) == (tenant["tenant_id"], tenant["subscription_id"])
    assert az("group", "create", "-n", "theirs", "-l", "eastus2")["properties"]["provisioningState"] == "Succeeded"
