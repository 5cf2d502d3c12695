"""Networks, endpoints and machines come and go, and leave everything where it was."""

from __future__ import annotations

import time

import pytest

from tests.boxes import Box
from tests.mainjob.measures import counts, journals, memory
from tests.mainjob.world import NETWORK, World

WARM_UP = 15
MEMORY_GROWTH_MIB = 8.0
MEMORY_GROWTH_DEEP_MIB = 24.0
JOURNALS_BYTES = 24 << 20
SETTLE_SECONDS = 20.0


def one_round(world: World, workspace: str, number: int) -> None:
    """A network, an endpoint and a machine in it; then all of it goes."""
    network = world.network(f"v{number % 7}", prefix=f"10.{number % 200}.0.0/16", subnet=f"10.{number % 200}.0.0/24")
    endpoint = world.endpoint(f"e{number % 7}", network, workspace)["id"]
    machine = world.id("Cloister.Fabric/machines", f"m{number % 7}")
    world.cloud.arm("PUT", machine, {"properties": {"place": f"{network}/subnets/default"}}, api_version="2026-01-01")
    world.cloud.arm("DELETE", machine, api_version="2026-01-01")
    world.cloud.arm("DELETE", endpoint, api_version=NETWORK)
    world.cloud.arm("DELETE", network, api_version=NETWORK)


def rounds(own_cloud, number: int, growth: float, box: Box) -> None:
    """Warm up, note, go round, compare. Tells what was reached."""
    world = World(own_cloud)
    workspace = world.workspace("first")["id"]
    for place in range(WARM_UP):
        one_round(world, workspace, place)
    before, weight = settled(own_cloud, None), memory(own_cloud)
    done = 0
    while done < number and not (done and box.over):
        one_round(world, workspace, done)
        done += 1
    box.tell("rounds", done, number)
    after, heavier = settled(own_cloud, before), memory(own_cloud)
    grown = {name: round(heavier[name] - weight[name], 1) for name in weight}
    print(f"{done} rounds; memory grew by {grown} MiB; journals and store {journals(own_cloud) >> 10} KiB")
    for what, found in before.items():
        assert after[what] == found, f"{what} after {done} rounds"
    assert max(grown.values()) < growth, grown
    assert journals(own_cloud) < JOURNALS_BYTES


def settled(cloud, like: dict | None) -> dict:
    """The counts, once two in a row are the same, and the same as ``like`` if it is given; or what they are at last."""
    end = time.monotonic() + SETTLE_SECONDS
    found = counts(cloud)
    while time.monotonic() < end:
        last, found = found, counts(cloud)
        if found == last and like in (None, found):
            break
        time.sleep(0.2)
    return found


def test_rounds_leave_nothing_behind(own_cloud):
    rounds(own_cloud, 60, MEMORY_GROWTH_MIB, Box("", 60.0))


@pytest.mark.deep(share=16)
@pytest.mark.timeout(0)
def test_rounds_leave_nothing_behind_deep(own_cloud, box):
    rounds(own_cloud, 2000, MEMORY_GROWTH_DEEP_MIB, box)
