"""What many tests share: a whole cloud of their own, profiles of property tests, the end of the long ones."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from cloister.cli.cloud import Answer, Cloud
from cloister.home import Home
from tests.boxes import (  # noqa: F401  pytest finds these by their names
    box,
    pytest_collection_finish,
    pytest_pyfunc_call,
    pytest_runtest_setup,
    pytest_terminal_summary,
)

ROOT = Path(__file__).parent.parent
CLIENT_PYTHON = ROOT / ".venv-client" / "bin" / "python"
UP_SECONDS = 60.0


def pytest_configure() -> None:
    """Programs that tests start obey signals, also where the run itself was begun in the background or by nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class RunningCloud:
    """A cloud on a fresh CLOISTER_HOME, as tests use it."""

    def __init__(self, root: Path):
        self.root = root
        self.home = Home(root)
        self.api = Cloud(self.home)
        self.environment = {**os.environ, "CLOISTER_HOME": str(root), "NO_COLOR": "1"}

    @property
    def subscription(self) -> str:
        """The id of the cloud's own subscription."""
        return self.api.subscription

    def cloister(
        self, *arguments: str, check: bool = True, timeout: float = 120, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """The command line, as a person runs it. Fails the test on an exit code other than 0 unless ``check`` is false."""
        command = [sys.executable, "-m", "cloister.cli.main", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=timeout, **options)
        if check and done.returncode != 0:
            pytest.fail(f"cloister {' '.join(arguments)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def rest(self, method: str, path: str, body: Any = None, *, api_version: str = "", principal: str = "") -> Answer:
        """One ARM request, as it is answered. A path without a leading slash is below the subscription."""
        return self.api.http(method, path, body, api_version=api_version, principal=principal)

    def arm(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """An ARM request that must succeed, followed to its end; its JSON."""
        return self.api.arm(method, path, body, **options)

    def popen(
        self, place: str, argv: Sequence[str], *, principal: str = "", options: Sequence[str] = (), **popen: Any
    ) -> subprocess.Popen[str]:
        """A command on a machine in ``place``, under way; ``options`` of ``cloister exec``, the rest of subprocess.Popen."""
        chosen = [*(["--as", principal] if principal else []), *options]
        command = [sys.executable, "-m", "cloister.cli.main", "exec", "--from", place, *chosen, "--", *argv]
        return subprocess.Popen(command, env=self.environment, text=True, **popen)

    def exec(
        self,
        place: str,
        argv: Sequence[str],
        *,
        principal: str = "",
        timeout: float = 120,
        input: str | None = None,
        cwd: Any = None,
    ) -> subprocess.CompletedProcess[str]:
        """A command on a machine in ``place``, to its end."""
        chosen = ["--as", principal] if principal else []
        return self.cloister("exec", "--from", place, *chosen, "--", *argv, check=False, timeout=timeout, input=input, cwd=cwd)

    def client(self, place: str, code: str, *, timeout: float = 300, cwd: Any = None, principal: str = "") -> str:
        """Code run by Microsoft's SDK on a machine in ``place``; its output. Fails the test where the code does."""
        if not CLIENT_PYTHON.exists():
            pytest.skip(f"{CLIENT_PYTHON} is not there: 'make setup-client' makes it")
        done = self.exec(place, [str(CLIENT_PYTHON), "-c", code], timeout=timeout, cwd=cwd, principal=principal)
        if done.returncode != 0:
            pytest.fail(f"the client's code ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout


def require_kernel() -> None:
    """Skip where no cloud can run."""
    from cloister.cli.checks import BAD
    from cloister.cli.checks.machine import kernel, rights

    found = [finding for check in (rights, kernel) for finding in check(Home.default()) if finding.state == BAD]
    if found:
        pytest.skip("no cloud here: " + "; ".join(f"{finding.check}: {finding.text}" for finding in found))


def make_cloud(*options: str) -> Iterator[RunningCloud]:
    """A cloud that is up (started with ``options``), and its end whatever happens. For fixtures of other scopes."""
    require_kernel()
    # unix(7): the paths of sockets are at most 107 bytes long, so the folder stands high in the tree
    root = Path(tempfile.mkdtemp(prefix="cl-", dir="/tmp"))
    made = RunningCloud(root / "h")
    try:
        made.cloister("up", "--detach", *options, timeout=UP_SECONDS)
        yield made
    finally:
        made.cloister("down", "--purge", "--yes", check=False)
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def cloud() -> Iterator[RunningCloud]:
    """One cloud for the whole run: tests make groups of their own in it."""
    yield from make_cloud()


@pytest.fixture
def own_cloud() -> Iterator[RunningCloud]:
    """A cloud for one test: for those that stop or kill its processes."""
    yield from make_cloud()
