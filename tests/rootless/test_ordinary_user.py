"""Root starts pytest as an ordinary user, who has no rights, no entry in passwd and no namespace: there the same things work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

USER = 61234
SCENARIO = "tests/rootless/scenario.py"
MAIN_JOB = ("tests/mainjob/test_reach.py", "tests/mainjob/test_metadata.py")
CHOSEN = "scenario or which_identity or reach_through or one_resource_only or explain_agrees or (connection_ends and reject-idle)"


@pytest.fixture
def person() -> Iterator[Path]:
    """The user's home."""
    folder = Path(tempfile.mkdtemp(prefix="cl-person-", dir="/tmp"))
    if os.geteuid() == 0:
        os.chown(folder, USER, USER)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def as_user(command: list[str], person: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as the user, whoever runs this test."""
    kept = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(person), "PYTHONDONTWRITEBYTECODE": "1"}
    other: dict = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        return subprocess.run(
            command, env=kept | environment, cwd=ROOT, capture_output=True, text=True, timeout=150, **other
        )  # fmt: skip
    except PermissionError as error:
        return subprocess.CompletedProcess(command, 126, "", str(error))


def interpreter(person: Path) -> tuple[str, dict[str, str]]:
    """A Python of this version that the user may run, and what it needs to find the packages of this one. Skips without one."""
    paths = [str(ROOT / "src"), *(path for path in sys.path if path.endswith("-packages"))]
    code = "import sys, pytest, msgspec, cloister.cli.main; print(sys.version_info[:2])"
    said = []
    for name in (sys.executable, f"/usr/bin/python3.{sys.version_info[1]}", f"/usr/local/bin/python3.{sys.version_info[1]}"):
        environment = {} if name == sys.executable else {"PYTHONPATH": ":".join(paths)}
        done = as_user([name, "-c", code], person, **environment)
        if done.returncode == 0 and done.stdout.strip() == str(sys.version_info[:2]):
            return name, environment
        said.append(f"{name}: {(done.stderr.strip() or 'another version').splitlines()[-1]}")
    pytest.skip("an ordinary user can run no Python with these packages: " + "; ".join(said))


def test_the_cloud_of_an_ordinary_user(person: Path) -> None:
    python, environment = interpreter(person)
    lack = as_user([python, "-c", "from cloister.cli import rootless; print(rootless.lack() or '')"], person, **environment)
    assert lack.returncode == 0, lack.stderr
    if lack.stdout.strip():
        pytest.skip(f"no cloud of an ordinary user here: {lack.stdout.strip()}")
    command = [python, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-k", CHOSEN, SCENARIO, *MAIN_JOB]
    done = as_user(command, person, **environment)
    print(done.stdout[-4000:])
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "skipped" not in done.stdout.splitlines()[-1], done.stdout[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed and int(passed.group(1)) >= 18
