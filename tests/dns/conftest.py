"""Fixtures: a home on disk, a keeper for tests, and a resolver process of its own, ended when the test ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dns_process import Process
from fake_keeper import FakeKeeper

from cloister.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.make()
    return made


@pytest.fixture
def keeper(home: Home) -> Iterator[FakeKeeper]:
    made = FakeKeeper(home.socket("keeper"))
    yield made
    made.close()


@pytest.fixture
def resolver(home: Home, keeper: FakeKeeper) -> Iterator[Process]:
    made = Process(home)
    made.start()
    yield made
    made.kill()
