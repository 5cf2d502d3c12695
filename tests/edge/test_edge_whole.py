"""The edge in a whole cloud: resources made over ARM, packets from machines, answers as Azure's."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloister.ipc.frames import Unreachable, call_blocking
from cloister.keeper.client import Keeper

PROBE = Path(__file__).parent / "edge_probe.py"
GROUP = "resourceGroups/edgewhole"
VERSION = "2024-04-01"


class Place:
    """A group with a network, two workspaces, and an endpoint of the first."""

    def __init__(self, cloud: Any):
        self.cloud = cloud
        self.arm(GROUP, {"location": "eastus2"})
        subnet = {"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}
        network = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
        vnet = self.arm(f"{GROUP}/providers/Microsoft.Network/virtualNetworks/edgenet", network)
        self.a, self.b = (
            self.arm(f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/{name}", {})
            for name in ("edge-a", "edge-b")
        )
        link = {"name": "c", "properties": {"privateLinkServiceId": self.a["id"], "groupIds": ["amlworkspace"]}}
        made = self.arm(
            f"{GROUP}/providers/Microsoft.Network/privateEndpoints/edgepe",
            {"subnet": {"id": f"{vnet['id']}/subnets/default"}, "privateLinkServiceConnections": [link]},
        )
        self.endpoint = made["id"]
        self.addresses = {fqdn["fqdn"]: fqdn["ipAddresses"][0] for fqdn in made["properties"]["customDnsConfigs"]}
        self.name_a, self.name_b = (one["properties"]["discoveryUrl"].split("/")[2] for one in (self.a, self.b))
        self.inside = self.addresses[self.name_a]
        said = call_blocking(cloud.home.socket("control"), "token", {"audience": "https://management.azure.com"})
        self.token = said["access_token"]

    def arm(self, path: str, properties: Any) -> Any:
        body = properties if path == GROUP else {"location": "eastus2", "properties": properties}
        return self.cloud.arm("PUT", path, body, api_version=VERSION)

    def probe(self, place: str, *steps: dict[str, Any]) -> list[list[dict[str, Any]]]:
        """Run the probe on a machine in ``place``."""
        done = self.cloud.exec(place, [sys.executable, str(PROBE), json.dumps(steps)])
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def runs(self, workspace: Any) -> dict[str, Any]:
        """A request for the experiments of a workspace."""
        return {"path": f"/history/v1.0{workspace['id']}/experiments/none", "token": self.token}


def tracking_is_ready(cloud: Any) -> None:
    """Its first start takes as long as the machine is busy; the edge says 503 to whoever has waited ten seconds."""
    keeper = Keeper(cloud.home.socket("keeper"))
    try:
        keeper.start("tracking")
    finally:
        keeper.close()
    end = time.monotonic() + 90
    while True:
        try:
            if call_blocking(cloud.home.socket("tracking"), "ping")["ready"]:
                return
        except Unreachable:
            pass
        assert time.monotonic() < end, "the tracking process is not ready within 90 s"
        time.sleep(0.02)


NETWORK = "edgenet/default"


@pytest.fixture(scope="module")
def place(cloud: Any) -> Iterator[Place]:
    tracking_is_ready(cloud)
    yield Place(cloud)
    cloud.arm("DELETE", GROUP, api_version=VERSION)


def test_through_the_endpoint_only_its_own_workspace(place: Place) -> None:
    own, other = place.runs(place.a), place.runs(place.b)
    kept, by_sni, arm_by_sni = place.probe(
        NETWORK,
        {"sni": place.name_a, "to": place.inside, "requests": [own, other, own, {**other, "host": place.name_b}]},
        {"sni": place.name_b, "to": place.inside, "requests": [other]},
        {"sni": "management.azure.com", "to": place.inside, "requests": [{"path": "/subscriptions"}]},
    )
    assert [one["status"] for one in kept] == [404, 403, 404, 421]  # 404: let in, and there is no such experiment
    assert place.a["id"].lower() in kept[1]["body"].lower()
    for refused in (by_sni, arm_by_sni):
        assert "unrecognized name" in refused[0]["failed"].lower().replace("_", " ")


def test_the_internet_is_refused_with_a_reason_until_access_is_enabled(place: Place) -> None:
    public = {"sni": place.name_a, "requests": [place.runs(place.a)]}
    refused = place.probe("internet", public)[0][0]
    error = json.loads(refused["body"])["error"]
    assert refused["status"] == 403
    assert error["message"] == "Access to workspace was denied based on workspace private link configuration."
    assert "publicNetworkAccess" in error["details"][0]["message"]
    for state, status in (("Enabled", 404), ("Disabled", 403)):
        body = {"properties": {"publicNetworkAccess": state}}
        place.cloud.arm("PATCH", place.a["id"], body, api_version=VERSION)
        assert place.probe("internet", public)[0][0]["status"] == status
        private = {"sni": place.name_a, "to": place.inside, "requests": [place.runs(place.a)]}
        assert place.probe(NETWORK, private)[0][0]["status"] == 404


def test_arm_and_login_answer_everywhere(place: Place) -> None:
    tenant = place.cloud.api.facts["tenant_id"]
    steps = [
        {"sni": "management.azure.com", "requests": [{"path": "/subscriptions?api-version=2022-12-01", "token": place.token}]},
        {"sni": "login.microsoftonline.com", "requests": [{"path": f"/{tenant}/v2.0/.well-known/openid-configuration"}]},
    ]
    for where in ("internet", NETWORK):
        assert [step[0]["status"] for step in place.probe(where, *steps)] == [200, 200]


def test_tokens_are_checked_at_the_data_plane(place: Place) -> None:
    path = place.runs(place.a)["path"]
    step = {
        "sni": place.name_a,
        "to": place.inside,
        "requests": [{"path": path}, {"path": path, "token": place.token[:-4] + "AAAA"}],
    }
    assert [one["status"] for one in place.probe(NETWORK, step)[0]] == [401, 401]
    discovery = {"sni": place.name_a, "to": place.inside, "requests": [{"path": "/discovery/private"}]}
    assert place.probe(NETWORK, discovery)[0][0]["status"] == 200
