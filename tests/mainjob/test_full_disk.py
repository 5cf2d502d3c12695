"""A disk that fills up under a whole cloud: nothing is acknowledged that is not stored, reads go on, room is all it needs."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloister.cli.errors import CliError
from tests.conftest import RunningCloud, require_kernel
from tests.mainjob.measures import processes
from tests.mainjob.metrics import Experiment
from tests.mainjob.rows import held, wanted
from tests.mainjob.world import NETWORK, World, eventually

SIZE = "48m"
_libc = ctypes.CDLL(None, use_errno=True)


def _mount(path: Path, size: str) -> None:
    if _libc.mount(b"tmpfs", os.fsencode(path), b"tmpfs", 0, f"size={size}".encode()):
        pytest.skip(f"a disk that can be filled needs mount(2): {os.strerror(ctypes.get_errno())}")


@pytest.fixture
def small_cloud() -> Iterator[RunningCloud]:
    """A cloud whose CLOISTER_HOME is a small file system of its own."""
    require_kernel()
    root = Path(tempfile.mkdtemp(prefix="cl-", dir="/tmp"))
    _mount(root, SIZE)
    made = RunningCloud(root / "h")
    try:
        made.cloister("up", "--detach", timeout=60)
        yield made
    finally:
        made.cloister("down", "--purge", "--yes", check=False)
        _libc.umount2(os.fsencode(root), 2)  # MNT_DETACH
        shutil.rmtree(root, ignore_errors=True)


def fill(place: Path) -> Path:
    """A file that takes all that is left."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            pass
    return filler


def test_a_full_disk_refuses_and_forgets_nothing(small_cloud: RunningCloud) -> None:
    world = World(small_cloud)
    network = world.network("before")
    workspace = world.workspace("first", publicNetworkAccess="Enabled")
    with Experiment(world, workspace) as experiment:
        assert experiment.log(0) == 200
        pids = processes(small_cloud)
        filler = fill(small_cloud.root.parent)
        refused = _refused(small_cloud, world)
        assert refused.status == 507, refused
        error = refused.json["error"]
        assert error["code"] == "InsufficientStorage" and "the disk of CLOISTER_HOME is full; free space" in error["message"]
        assert small_cloud.rest("GET", network, api_version=NETWORK).status == 200  # reads go on
        full = _until_full(experiment)
        assert "the disk of CLOISTER_HOME is full" in full
        filler.unlink()
        world.network("after")
        assert eventually(lambda: experiment.log(1) == 200)
        assert processes(small_cloud) == pids, "a process ended"
        assert experiment.kept() >= experiment.acknowledged
    _rows_are_what_was_said(small_cloud, world)
    _control_killed_while_full(small_cloud, network)


def _refused(cloud: RunningCloud, world: World) -> Any:
    """The first answer but success to PUTs; what was acknowledged before is noted in the world by its name."""
    body = {"location": "eastus2", "tags": {"fill": "x" * 200}}
    for number in range(2000):
        name = world.id("Microsoft.Network/networkSecurityGroups", f"g{number}")
        answer = cloud.rest("PUT", name, body, api_version=NETWORK)
        if answer.status >= 300:
            return answer
    raise AssertionError("the disk never was full")


def _until_full(experiment: Experiment) -> str:
    """What the first refused metric was told."""
    for number in range(2, 5000):
        if experiment.log(number) != 200:
            return experiment.said
    raise AssertionError("the disk never was full")


def _rows_are_what_was_said(cloud: RunningCloud, world: World) -> None:
    """A group is there if and only if its PUT was acknowledged: the last one was not."""
    listed = world.cloud.arm("GET", f"{world.path}/providers/Microsoft.Network/networkSecurityGroups", api_version=NETWORK)
    numbers = {int(one["name"][1:]) for one in listed["value"]}
    assert numbers == set(range(len(numbers)))
    eventually(lambda: held(cloud.home) == wanted(cloud.home, cloud.api.facts["tenant_id"]), 30)


def _control_killed_while_full(cloud: RunningCloud, network: str) -> None:
    """It comes again and reads; with room it writes."""
    filler = fill(cloud.root.parent)
    before = processes(cloud)["control"]
    os.kill(before, signal.SIGKILL)
    eventually(lambda: processes(cloud).get("control", before) != before, 10)
    eventually(lambda: _status(cloud, "GET", network) == 200, 20)
    body = {"location": "eastus2", "tags": {"after": "all"}}
    group = network.replace("virtualNetworks", "networkSecurityGroups")
    assert _status(cloud, "PUT", group, body) == 507
    filler.unlink()
    eventually(lambda: _status(cloud, "PUT", group, body) == 201, 20)


def _status(cloud: RunningCloud, method: str, path: str, body: Any = None) -> int:
    """The answer's status; 0 while control is not there."""
    try:
        return cloud.rest(method, path, body, api_version=NETWORK).status
    except CliError:
        return 0
