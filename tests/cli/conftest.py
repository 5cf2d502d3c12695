"""Homes with a fake control, and where it matters a real keeper without children."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_control import FakeControl

from cloister.home import Home


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
    if os.geteuid() != 0:
        pytest.skip("namespaces need root here")
    home.make()
    script = "from cloister.keeper.server import Server; from cloister.home import Home; Server(Home.default(), ()).run()"
    process = subprocess.Popen([sys.executable, "-c", script])
    deadline = time.monotonic() + 10
    while not home.socket("keeper").exists():
        assert process.poll() is None and time.monotonic() < deadline, "the keeper did not start"
        time.sleep(0.01)
    yield home
    process.terminate()
    process.wait(10)
