"""Several ``cloister up`` at once: of one home, which then is one cloud; and first starts of several, each with its own port."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import RunningCloud, require_kernel

AT_ONCE = 3


@pytest.fixture
def homes() -> Iterator[list[RunningCloud]]:
    """Clouds that were never started; whatever was is ended and gone in the end."""
    require_kernel()
    root = Path(tempfile.mkdtemp(prefix="cl-", dir="/tmp"))
    made = [RunningCloud(root / f"h{number}") for number in range(AT_ONCE)]
    try:
        yield made
    finally:
        for one in made:
            one.cloister("down", "--purge", "--yes", check=False)
        shutil.rmtree(root, ignore_errors=True)


def _up(clouds: list[RunningCloud]) -> list[str]:
    """What each says, sorted; all must succeed."""

    def start(one: RunningCloud) -> subprocess.CompletedProcess[str]:
        return one.cloister("up", "--detach", check=False)

    with ThreadPoolExecutor(len(clouds)) as threads:
        done = list(threads.map(start, clouds))
    assert all(one.returncode == 0 for one in done), "\n".join(one.stderr for one in done)
    return sorted(one.stdout for one in done)


def test_of_several_homes_each_has_its_own_port(homes: list[RunningCloud]) -> None:
    assert all("is up after" in said for said in _up(homes))
    assert len({one.api.facts["host_port"] for one in homes}) == AT_ONCE
    assert all(one.rest("GET", "resourceGroups").ok for one in homes)


def test_of_one_home_they_are_one_cloud(homes: list[RunningCloud]) -> None:
    one = homes[0]
    for _ in ("a first start", "a later one"):
        said = _up([one] * AT_ONCE)
        assert ["is up after" in words for words in said] == [True] + [False] * (AT_ONCE - 1)
        assert all("is up already" in words for words in said[1:])
        assert one.rest("GET", "resourceGroups").ok
        one.cloister("down")
