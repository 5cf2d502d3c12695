"""What packets do: through approved endpoints, to public addresses, and nowhere else."""

from __future__ import annotations

import pytest
from fabric_world import BLOB, World, base, endpoint, machine, vnet


@pytest.fixture
def two(world: World) -> World:
    """Two networks of one range, a machine in each, one on the internet; an endpoint of the first network."""
    world.put(
        *base(),
        *vnet(1),
        *vnet(2, outbound=False),
        *machine(1, "vnet-1", "10.0.0.4"),
        *machine(2, "vnet-2", "10.0.0.4"),
        *machine(3, "internet", "198.18.0.4", 16, "198.18.0.1"),
        *machine(4, "vnet-1", "10.0.0.6"),
        *endpoint(7, 1, "10.0.0.5"),
    )
    world.edge()
    return world


def test_an_approved_endpoint_leads_to_its_service_with_its_identity(two: World) -> None:
    assert two.greeting("machine-1", "10.0.0.5") == "you are 100.64.0.7"
    assert two.greeting("machine-4", "10.0.0.5") == "you are 100.64.0.7"


def test_public_addresses_are_reached_from_behind_the_networks_own(two: World) -> None:
    assert two.greeting("machine-1", BLOB) == "you are 198.18.128.1"
    assert two.greeting("machine-3", BLOB) == "you are 198.18.0.4"
    assert two.reach("machine-2", BLOB) == "silence"
