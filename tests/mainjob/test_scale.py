"""Down and up again with 1,000 networks, endpoints and machines: it converges, in a printed time; restarts go unseen."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from tests.boxes import Box
from tests.mainjob.measures import memory, processes
from tests.mainjob.rows import held, wanted
from tests.mainjob.world import NETWORK, World, eventually

CONVERGED_SECONDS = 15.0


def _grow(world: World, workspace: str, number: int, box: Box) -> int:
    """Networks with an endpoint and a machine each, as many as the box allows; how many."""
    for place in range(number):
        if place and box.over:
            return place
        network = world.network(f"v{place}")
        world.endpoint(f"e{place}", network, workspace)
        machine = world.id("Cloister.Fabric/machines", f"m{place}")
        world.cloud.arm("PUT", machine, {"properties": {"place": f"{network}/subnets/default"}}, api_version="2026-01-01")
    return number


def _applied(cloud: Any) -> bool:
    """Whether control says that all rows are applied, by everybody."""
    try:
        told = cloud.api.call("status")
    except Exception:  # it is not there yet
        return False
    loop = told.get("loop", told)
    return loop["revision"] > 0 and loop["applied"] >= loop["revision"] and not loop["waiting"]


@pytest.mark.deep(share=12)
@pytest.mark.timeout(0)
def test_restart_at_scale(own_cloud, box):
    wanted_number = int(os.environ.get("CLOISTER_SCALE", "1000"))
    world = World(own_cloud)
    workspace = world.workspace("first")["id"]
    began = time.monotonic()
    number = _grow(world, workspace, wanted_number, box.part(0.6))
    box.tell("networks", number, wanted_number)
    grown = time.monotonic() - began
    address = world.cloud.arm("GET", world.id("Microsoft.Network/privateEndpoints", "e0"), api_version=NETWORK)
    address = address["properties"]["customDnsConfigs"][0]["ipAddresses"][0]
    name = world.cloud.arm("GET", workspace, api_version="2024-04-01")["properties"]["discoveryUrl"].split("/")[2]
    with world.machine("v0") as machine:
        assert machine.do("open", **{"as": "kept", "name": name, "address": address})["opened"]
        for victim in ("control", "fabric"):
            before = processes(own_cloud)[victim]
            os.kill(before, signal.SIGKILL)
            killed = time.monotonic()
            eventually(lambda victim=victim, before=before: processes(own_cloud).get(victim, before) != before, 10)
            eventually(lambda: _applied(own_cloud), 60)
            print(f"{victim} killed: all is applied again {time.monotonic() - killed:.1f} s later")
            answer = machine.do("ask", **{"as": "kept", "host": name, "path": f"/history/v1.0{workspace}/experiments/none"})
            assert answer.get("status") == 401, f"after the end of {victim}: {answer}"
    weight = {process: round(size) for process, size in memory(own_cloud).items()}
    is_wanted = wanted(own_cloud.home, own_cloud.api.facts["tenant_id"])
    own_cloud.cloister("down")
    began = time.monotonic()
    own_cloud.cloister("up", "--detach", timeout=300)
    up = time.monotonic() - began
    eventually(lambda: _applied(own_cloud), 300)
    while (differing := _differing(held(own_cloud.home), is_wanted)) and time.monotonic() - began < 300:
        time.sleep(0.2)
    took = time.monotonic() - began
    told = f"up after {up:.1f} s, converged after {took:.1f} s (promised: {CONVERGED_SECONDS:.0f} s)"
    print(f"{number} networks made in {grown:.0f} s; {told}; MiB before: {weight}")
    assert not differing, differing[:5]


def _differing(is_held: dict, is_wanted: dict) -> list[str]:
    """The keys of objects that are not as the rows ask for."""
    return [
        key
        for driver, objects in is_wanted.items()
        for key in objects.keys() | is_held[driver].keys()
        if objects.get(key) != is_held[driver].get(key)
    ]
