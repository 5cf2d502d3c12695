"""A workspace's run history goes with the workspace, also where tracking or control is killed meanwhile; a moved one keeps it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cloister.cli.keeping import answers
from tests.mainjob.measures import processes
from tests.mainjob.metrics import Experiment
from tests.mainjob.world import ML, World, eventually


def databases(cloud: Any) -> set[str]:
    """The guids that have files in the tracking folder."""
    found = set()
    for path in Path(cloud.home.tracking).iterdir():
        try:
            found.add(str(UUID(path.name[:36])))
        except ValueError:
            continue
    return found


def guid(workspace: dict[str, Any]) -> str:
    """A workspace's id for life."""
    return workspace["properties"]["workspaceId"]


def begun(world: World, name: str) -> dict[str, Any]:
    """A workspace with a run and a metric."""
    workspace = world.workspace(name, publicNetworkAccess="Enabled")
    with Experiment(world, workspace) as experiment:
        assert experiment.log(1) == 200
    assert guid(workspace) in databases(world.cloud)
    return workspace


def test_a_deleted_workspace_leaves_no_run_history(cloud):
    world = World(cloud)
    going, staying = begun(world, "going"), begun(world, "staying")
    before = databases(cloud)
    cloud.arm("DELETE", going["id"], api_version=ML)
    eventually(lambda: databases(cloud) == before - {guid(going)}, 10)
    with Experiment(world, world.workspace("going", publicNetworkAccess="Enabled")) as again:
        assert again.log(2) == 200 and again.kept() == {2}  # a new one of the same name begins with nothing
    world.end()
    eventually(lambda: guid(staying) not in databases(cloud), 10)


def test_a_workspace_that_moved_keeps_its_run_history(cloud):
    world, other = World(cloud), World(cloud)
    moved, last = begun(world, "moved"), begun(world, "last")
    body = {"resources": [moved["id"]], "targetResourceGroup": other.path}
    cloud.arm("POST", f"{world.path}/moveResources", body, api_version="2021-04-01")
    cloud.arm("DELETE", last["id"], api_version=ML)
    eventually(lambda: guid(last) not in databases(cloud), 10)  # by then they have been compared
    assert guid(moved) in databases(cloud)
    world.end()
    other.end()


@pytest.mark.deep(seconds=15)
def test_kills_while_a_workspace_is_deleted_leave_nothing(own_cloud):
    world = World(own_cloud)
    for victims in (("control",), ("tracking",), ("tracking", "control")):
        workspace = begun(world, "-".join(victims))
        running = processes(own_cloud)
        own_cloud.arm("DELETE", workspace["id"], api_version=ML)
        for victim in victims:
            os.kill(running[victim], signal.SIGKILL)
        eventually(lambda workspace=workspace: guid(workspace) not in databases(own_cloud), 20)
        eventually(lambda: answers(own_cloud.home, "control"), 20)
