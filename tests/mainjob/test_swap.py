"""An endpoint's map elements come and go while clients connect: its neighbour in the same maps never notices."""

from __future__ import annotations

import os
import time

import pytest

from tests.boxes import Box
from tests.mainjob.world import ML, NETWORK, World

CONNECT_SECONDS = 0.5  # a SYN that is dropped is repeated after a second: one that is lost shows
TRY_SECONDS = 0.02  # where nothing shall come through, many short tries
CLOSED_SECONDS = 0.03


def address_of(world: World, endpoint: str) -> str:
    """An endpoint's first address."""
    shown = world.cloud.arm("GET", endpoint, api_version=NETWORK)
    return shown["properties"]["customDnsConfigs"][0]["ipAddresses"][0]


def swap(cloud, times: int, box: Box) -> None:
    """Reject and approve one of two endpoints, so often; judge every connection by when it began."""
    world = World(cloud)
    network = world.network("mine")
    workspace = world.workspace("first")["id"]
    steady = address_of(world, world.endpoint("steady", network, workspace)["id"])
    swapped = world.endpoint("swapped", network, workspace)["id"]
    found = cloud.arm("GET", workspace, api_version=ML)["properties"]["privateEndpointConnections"]
    connection = next(one["id"] for one in found if one["properties"]["privateEndpoint"]["id"] == swapped)
    address = address_of(world, swapped)
    closed: list[tuple[float, float]] = []
    done = 0
    with world.machine("mine") as machine:
        machine.do("hammer", addresses=[steady], seconds=CONNECT_SECONDS)
        machine.do("hammer", addresses=[address], seconds=TRY_SECONDS)
        while done < times and not box.over:
            world.decide(connection, "Rejected")
            since = time.monotonic()
            time.sleep(CLOSED_SECONDS)  # for a client to try in
            until = time.monotonic()
            world.decide(connection, "Approved")
            closed.append((since, until))
            done += 1
        seen = machine.do("hammered")
    box.tell("swaps", done, times)
    lost = [began for began, _, reached in seen[steady] if not reached]
    tried = [
        reached for began, ended, reached in seen[address] if any(since <= began and ended <= until for since, until in closed)
    ]
    forbidden = sum(tried)
    opened = sum(reached for *_, reached in seen[address])
    print(
        f"{done} swaps; {len(seen[steady])} connections beside them, {len(lost)} lost; "
        f"{opened} through what was swapped, {len(tried)} tries while it was rejected, {forbidden} passed"
    )
    assert done and opened and tried and len(seen[steady]) > done
    assert not lost, f"{len(lost)} of {len(seen[steady])} connections of the endpoint that stayed approved were lost"
    assert not forbidden, f"{forbidden} connections passed while the endpoint was rejected"


def test_swapping_an_endpoint_under_load(cloud):
    swap(cloud, 60, Box("", 20.0))


@pytest.mark.deep(share=5)
@pytest.mark.timeout(0)
def test_swapping_an_endpoint_under_load_deep(cloud, box):
    swap(cloud, int(os.environ.get("CLOISTER_SWAPS", "1000")), box)
