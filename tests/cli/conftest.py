"""Homes with a fake control, and where it matters a real keeper without children."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_control import FakeControl

from cloister.cli import rootless
from cloister.home import Home

KEEPER = """
from cloister.home import Home
from cloister.keeper import rights
from cloister.keeper.server import Server
own_user = not rights.may_make_networks()
if own_user:
    rights.own_user_namespace()
Server(Home.default(), (), own_user=own_user).run()
"""


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A fresh CLOISTER_HOME with a short path (unix(7): 107 bytes), and a HOME of its own."""
    folder = Path(tempfile.mkdtemp(prefix="cl-", dir="/tmp"))
    (folder / "person").mkdir()
    monkeypatch.setenv("CLOISTER_HOME", str(folder / "h"))
    monkeypatch.setenv("HOME", str(folder / "person"))
    yield Home.default()
    shutil.rmtree(folder)


@pytest.fixture
def control(home: Home) -> Iterator[FakeControl]:
    """A fake control on that home."""
    with FakeControl(home) as served:
        yield served


@pytest.fixture
def keeper(home: Home) -> Iterator[Home]:
    """A real keeper that starts no children."""
    lack = rootless.lack()
    if lack is not None:
        pytest.skip(f"no namespaces here: {lack.text}")
    home.make()
    process = subprocess.Popen([sys.executable, "-c", KEEPER])
    deadline = time.monotonic() + 10
    while not home.socket("keeper").exists():
        assert process.poll() is None and time.monotonic() < deadline, "the keeper did not start"
        time.sleep(0.01)
    yield home
    process.terminate()
    process.wait(10)
