"""Names as machines see them: registered ones, and those that a DoH client gets past its network's resolver."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.mainjob.world import ML, World, eventually


@pytest.fixture
def world(cloud) -> Iterator[World]:
    """A group of its own, taken away at the end."""
    made = World(cloud)
    try:
        yield made
    finally:
        made.end()


def zone(world: World, name: str, **links: str) -> str:
    """A private zone linked to networks, by link name; those whose name begins with ``r`` register."""
    id = world.id("Microsoft.Network/privateDnsZones", name)
    world.cloud.arm("PUT", id, {"location": "global"}, api_version="2020-06-01")
    for link, network in links.items():
        properties = {"virtualNetwork": {"id": network}, "registrationEnabled": link.startswith("r")}
        body = {"location": "global", "properties": properties}
        world.cloud.arm("PUT", f"{id}/virtualNetworkLinks/{link}", body, api_version="2020-06-01")
    return id


def test_a_machine_is_found_by_the_name_it_registered(world):
    mine, other = world.network("mine"), world.network("other", "10.1.0.0/16", "10.1.0.0/24")
    zone(world, "corp.internal", r1=mine, s1=other)
    with world.machine_at("mine", "10.0.0.20", "--host-name", "db"), world.machine("mine") as near, world.machine("other") as far:
        assert near.resolve("db.corp.internal") == "10.0.0.20"
        assert far.resolve("db.corp.internal") == "10.0.0.20"
    with world.machine("mine") as near:
        eventually(lambda: near.resolve("db.corp.internal") == "")


def test_a_doh_client_gets_the_public_address_and_is_refused(world):
    mine = world.network("mine")
    workspace = world.workspace("first")["id"]
    world.names(mine, world.endpoint("pe", mine, workspace)["id"])
    name = world.cloud.arm("GET", workspace, api_version=ML)["properties"]["discoveryUrl"].split("/")[2]
    path = f"/history/v1.0{workspace}/experiments/none"
    with world.machine("mine") as inside, world.machine("internet") as outside:
        assert inside.resolve(name).startswith("10.0.0.")
        assert inside.get(name, path, token=world.token)[0] == 404
        for machine in (inside, outside):
            for method in ("GET", "POST"):
                said = machine.do("doh", server="dns.cloister", name=name, method=method)
                assert said["status"] == 200 and said["type"] == "application/dns-message"
                assert said["address"].startswith("198.19."), said
        assert inside.get(name, path, token=world.token, address=said["address"])[0] == 403


def test_curl_with_doh_is_refused_where_curl_without_is_let_in(world):
    mine = world.network("mine")
    workspace = world.workspace("first")["id"]
    world.names(mine, world.endpoint("pe", mine, workspace)["id"])
    url = world.cloud.arm("GET", workspace, api_version=ML)["properties"]["discoveryUrl"]
    plain = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", url]
    for status, command in (("200", plain), ("403", [*plain, "--doh-url", "https://dns.cloister/dns-query"])):
        done = world.cloud.popen(f"{world.group}/mine/default", command, stdout=subprocess.PIPE)
        assert done.communicate(timeout=30)[0] == status
