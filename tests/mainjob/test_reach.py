"""An endpoint's life, seen by packets: who reaches the workspace, who does not, and what ends when."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.mainjob.world import ML, NETWORK, World, eventually


@pytest.fixture
def world(cloud) -> Iterator[World]:
    """A group of its own, taken away at the end."""
    made = World(cloud)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def private(world) -> World:
    """Two networks of one range; workspace ``first`` with an approved endpoint ``pe`` and names in ``mine``."""
    world.mine, world.other = world.network("mine"), world.network("other")
    world.first = world.workspace("first")["id"]
    world.pe = world.endpoint("pe", world.mine, world.first)["id"]
    world.names(world.mine, world.pe)
    found = world.cloud.arm("GET", world.first, api_version=ML)["properties"]
    world.name = found["discoveryUrl"].split("/")[2]
    world.history = f"/history/v1.0{world.first}/experiments/none"
    return world


def test_reach_through_an_approved_endpoint_and_from_nowhere_else(private):
    with private.machine("mine") as inside, private.machine("other") as beside, private.machine("internet") as outside:
        address = inside.resolve(private.name)
        assert address.startswith("10.0.0.")
        status, body = inside.get(private.name, private.history, token=private.token)
        assert status == 404, body  # the experiment is not there; the workspace is
        assert inside.get(private.name, private.history)[0] == 401

        # a second network of the same range: the name is public there, and the address leads nowhere
        public = beside.resolve(private.name)
        assert public.startswith("198.19.")
        assert beside.get(private.name, private.history, token=private.token)[0] == 403
        assert not beside.do("tcp", address=address, port=443, seconds=0.5)["reached"]

        assert outside.resolve(private.name) == public
        status, body = outside.get(private.name, private.history, token=private.token)
        error = json.loads(body)["error"]
        assert status == 403
        assert error["message"] == "Access to workspace was denied based on workspace private link configuration."
        assert "publicNetworkAccess" in error["details"][0]["message"]
        assert not outside.do("tcp", address=address, port=443, seconds=0.5)["reached"]


def test_public_access_lets_both_ways_in_and_shuts_again(private):
    with private.machine("mine") as inside, private.machine("internet") as outside:
        for wanted, status in (("Enabled", 404), ("Disabled", 403)):
            body = {"properties": {"publicNetworkAccess": wanted}}
            private.cloud.arm("PATCH", private.first, body, api_version=ML)
            assert outside.get(private.name, private.history, token=private.token)[0] == status
            assert inside.get(private.name, private.history, token=private.token)[0] == 404


def test_arm_answers_everywhere_while_public_access_is_off(private):
    for place in ("mine", "other", "internet"):
        with private.machine(place) as machine:
            path = f"{private.first}?api-version={ML}"
            status, body = machine.get("management.azure.com", path, token=private.token)
            assert status == 200
            assert json.loads(body)["properties"]["publicNetworkAccess"] == "Disabled"


@pytest.mark.parametrize("state", ["Pending", "Rejected"])
def test_nothing_passes_while_a_connection_is_not_approved(private, state):
    second = private.endpoint("manual", private.other, private.first, manual=True)["id"]
    private.names(private.other, second)
    found = private.cloud.arm("GET", private.first, api_version=ML)["properties"]["privateEndpointConnections"]
    connection = next(one for one in found if one["properties"]["privateEndpoint"]["id"] == second)
    assert connection["properties"]["privateLinkServiceConnectionState"]["status"] == "Pending"
    address = private.cloud.arm("GET", second, api_version=NETWORK)["properties"]["customDnsConfigs"][0]["ipAddresses"][0]
    if state == "Rejected":
        private.decide(connection["id"], "Rejected")
    with private.machine("other") as beside:
        assert not beside.do("tcp", address=address, port=443, seconds=0.5)["reached"]
        private.decide(connection["id"], "Approved")
        eventually(lambda: beside.do("tcp", address=address, port=443, seconds=0.5)["reached"])
        assert beside.get(private.name, private.history, token=private.token, address=address)[0] == 404


@pytest.mark.parametrize("sending", [False, True], ids=["idle", "sending"])
@pytest.mark.parametrize("how", ["reject", "disconnect", "delete"])
def test_an_open_connection_ends_at_both_ends(private, how, sending):
    connection = private.connection(private.first)["id"]
    with private.machine("mine") as inside:
        assert inside.do("open", **{"as": "held", "name": private.name})["opened"]
        assert inside.do("ask", **{"as": "held", "host": private.name, "path": private.history})["status"] == 401
        identities = [peer for peer in private.service_sockets() if peer.startswith("100.")]
        assert len(identities) == 1
        inside.tell("end", **{"as": "held", "seconds": 10, "sending": sending})
        if how == "reject":
            private.decide(connection, "Rejected")
        else:
            target = connection if how == "disconnect" else private.pe
            private.cloud.arm("DELETE", target, api_version=ML if how == "disconnect" else NETWORK)
        answered = time.time()
        heard = inside.hear()
        assert heard["ended"]
        assert heard["at"] - answered < 0.1, f"{heard['at'] - answered:.3f} s after ARM's answer"
        eventually(lambda: identities[0] not in private.service_sockets(), 1.0)
        assert not inside.do("tcp", address="10.0.0.4", port=443, seconds=0.5)["reached"]
    if how == "disconnect":
        shown = private.cloud.arm("GET", private.pe, api_version=NETWORK)["properties"]["privateLinkServiceConnections"][0]
        assert shown["properties"]["privateLinkServiceConnectionState"]["status"] == "Disconnected"


def test_an_endpoint_leads_to_one_resource_only(private):
    """Workspace B through workspace A's endpoint: by SNI, by Host and by path on a kept-alive connection."""
    second = private.workspace("second", publicNetworkAccess="Enabled")
    other = second["properties"]["discoveryUrl"].split("/")[2]
    with private.machine("mine") as inside:
        address = inside.resolve(private.name)
        assert not inside.do("open", **{"as": "sni", "name": other, "address": address})["opened"]
        assert not inside.do("open", **{"as": "arm", "name": "management.azure.com", "address": address})["opened"]

        assert inside.do("open", **{"as": "kept", "name": private.name})["opened"]
        kept = {"as": "kept", "token": private.token}
        assert inside.do("ask", **kept, host=private.name, path=private.history)["status"] == 404
        by_path = inside.do("ask", **kept, host=private.name, path=f"/history/v1.0{second['id']}/experiments/none")
        assert by_path["status"] == 403
        assert "first" in by_path["body"]

        assert inside.do("open", **{"as": "kept", "name": private.name})["opened"]
        assert inside.do("ask", **kept, host=private.name, path=private.history)["status"] == 404
        by_host = inside.do("ask", **kept, host=other, path=f"/history/v1.0{second['id']}/experiments/none")
        assert by_host.get("status") in (403, 421), by_host


def test_a_machine_reaches_only_what_it_was_given(private):
    with private.machine("mine") as inside, private.machine("other") as beside, private.machine("internet") as outside:
        for place in (inside, beside, outside):
            assert not place.do("tcp", address="198.19.0.4", port=22, seconds=0.3)["reached"]
            assert not place.do("tcp", address="198.19.0.4", port=8443, seconds=0.3)["reached"]
            assert not place.do("tcp", address="100.64.0.1", port=443, seconds=0.3)["reached"]
            assert not place.do("tcp", address="169.254.0.1", port=443, seconds=0.3)["reached"]
        assert not outside.do("tcp", address="168.63.129.16", port=53, seconds=0.3)["reached"]
        assert inside.do("tcp", address="168.63.129.16", port=53, seconds=1)["reached"]
        assert not inside.do("tcp", address="10.0.0.4", port=22, seconds=0.3)["reached"]


def test_explain_agrees_with_the_packets(private):
    with private.machine("mine") as inside, private.machine("other") as beside, private.machine("internet") as outside:
        places = {f"{private.group}/mine/default": inside, f"{private.group}/other/default": beside, "internet": outside}
        connection = private.connection(private.first)["id"]
        for change in (None, "Rejected", "Approved"):
            if change:
                private.decide(connection, change)
            for place, machine in places.items():
                verdict = private.cloud.api.call("explain", {"from": place, "to": private.name})
                assert verdict["address"] == machine.resolve(private.name)
                status, _ = machine.get(private.name, private.history, token=private.token)
                seen = {404: "Delivered", 403: "DeniedByPolicy", 0: "ConnectionNotApproved"}[status]
                assert verdict["disposition"] == seen, (change, place, verdict["why"])
