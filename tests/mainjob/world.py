"""A group with two networks of one range, workspaces and endpoints, made over ARM; machines that obey a test."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.conftest import RunningCloud
from tests.inside import inside

ON_MACHINE = str(Path(__file__).with_name("on_machine.py"))
NETWORK = "2024-05-01"
ML = "2024-04-01"
ZONES = ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net")


def eventually(what: Callable[[], Any], seconds: float = 5.0) -> Any:
    """The first true value of ``what``; AssertionError after ``seconds``."""
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.01)


class Machine:
    """A machine in a place, for as long as the ``with`` block runs."""

    def __init__(self, cloud: RunningCloud, place: str, options: Sequence[str] = ()):
        argv = [sys.executable, ON_MACHINE]
        self.process = cloud.popen(place, argv, options=options, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def do(self, what: str, **more: Any) -> dict[str, Any]:
        """One command, see ``on_machine.py``."""
        self.tell(what, **more)
        return self.hear()

    def tell(self, what: str, **more: Any) -> None:
        """Begin a command; ``hear`` waits for its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """The answer to the command under way."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the machine ended with {self.process.wait(10)}"
        return json.loads(line)

    def resolve(self, name: str) -> str:
        """The address of a name as this machine sees it."""
        return self.do("resolve", name=name)["address"]

    def get(self, name: str, path: str, *, token: str = "", host: str = "", address: str = "") -> tuple[int, str]:
        """``(status, body)`` of one GET on a fresh connection; status 0 and the reason where none came about."""
        opened = self.do("open", **{"as": "once", "name": name, "address": address})
        if not opened["opened"]:
            return 0, opened["why"]
        answer = self.do("ask", **{"as": "once", "host": host or name, "path": path, "token": token})
        return answer.get("status", 0), answer.get("body", answer.get("ended", ""))

    def end(self) -> None:
        """End the machine's command, and with it the machine."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)


class World:
    """One group in a cloud. ``with world.machine(place) as m`` gives a machine."""

    def __init__(self, cloud: RunningCloud):
        self.cloud = cloud
        self.group = f"g{uuid4().hex[:8]}"
        self.path = f"/subscriptions/{cloud.subscription}/resourceGroups/{self.group}"
        self.token = cloud.api.token()
        cloud.arm("PUT", self.path, {"location": "eastus2"})

    def id(self, type: str, name: str) -> str:
        """A resource id in the group."""
        return f"{self.path}/providers/{type}/{name}"

    def network(self, name: str, prefix: str = "10.0.0.0/16", subnet: str = "10.0.0.0/24", **properties: Any) -> str:
        """A virtual network with one subnet ``default``; its id."""
        inner = {"name": "default", "properties": {"addressPrefix": subnet, **properties}}
        body = {"location": "eastus2", "properties": {"addressSpace": {"addressPrefixes": [prefix]}, "subnets": [inner]}}
        id = self.id("Microsoft.Network/virtualNetworks", name)
        self.cloud.arm("PUT", id, body, api_version=NETWORK)
        return id

    def workspace(self, name: str, **properties: Any) -> dict[str, Any]:
        """A workspace; its GET."""
        id = self.id("Microsoft.MachineLearningServices/workspaces", name)
        body = {"location": "eastus2", "identity": {"type": "SystemAssigned"}, "properties": properties}
        return self.cloud.arm("PUT", id, body, api_version=ML)

    def endpoint_body(self, network: str, workspace: str, manual: bool = False) -> dict[str, Any]:
        """The body of an endpoint from ``network``'s default subnet to ``workspace`` (ids)."""
        link = {"name": "link", "properties": {"privateLinkServiceId": workspace, "groupIds": ["amlworkspace"]}}
        kind = "manualPrivateLinkServiceConnections" if manual else "privateLinkServiceConnections"
        return {"location": "eastus2", "properties": {"subnet": {"id": f"{network}/subnets/default"}, kind: [link]}}

    def endpoint(self, name: str, network: str, workspace: str, manual: bool = False) -> dict[str, Any]:
        """A private endpoint; its GET."""
        id = self.id("Microsoft.Network/privateEndpoints", name)
        return self.cloud.arm("PUT", id, self.endpoint_body(network, workspace, manual), api_version=NETWORK)

    def names(self, network: str, endpoint: str) -> None:
        """Both zones, their links to ``network``, and the endpoint's zone group."""
        configurations = []
        for zone in ZONES:
            zone_id = self.id("Microsoft.Network/privateDnsZones", zone)
            self.cloud.arm("PUT", zone_id, {"location": "global"}, api_version="2020-06-01")
            link = {"location": "global", "properties": {"virtualNetwork": {"id": network}, "registrationEnabled": False}}
            self.cloud.arm("PUT", f"{zone_id}/virtualNetworkLinks/{network.rsplit('/')[-1]}", link, api_version="2020-06-01")
            configurations.append({"name": zone.replace(".", "-"), "properties": {"privateDnsZoneId": zone_id}})
        body = {"properties": {"privateDnsZoneConfigs": configurations}}
        self.cloud.arm("PUT", f"{endpoint}/privateDnsZoneGroups/default", body, api_version=NETWORK)

    def connection(self, workspace: str, place: int = 0) -> dict[str, Any]:
        """One of a workspace's connections, as its GET shows it."""
        return self.cloud.arm("GET", workspace, api_version=ML)["properties"]["privateEndpointConnections"][place]

    def decide(self, connection: str, status: str) -> None:
        """Approve or reject a connection."""
        body = {"properties": {"privateLinkServiceConnectionState": {"status": status, "description": "by the test"}}}
        self.cloud.arm("PUT", connection, body, api_version=ML)

    @contextmanager
    def machine(self, place: str) -> Iterator[Machine]:
        """A machine; ``place`` is ``internet`` or a network's name in this group."""
        made = Machine(self.cloud, place if place == "internet" else f"{self.group}/{place}/default")
        try:
            yield made
        finally:
            made.end()

    @contextmanager
    def machine_at(self, place: str, address: str, *options: str, subnet: str = "default") -> Iterator[Machine]:
        """A machine with a certain address; ``options`` are further ones of ``cloister exec``."""
        made = Machine(self.cloud, f"{self.group}/{place}/{subnet}", ["--address", address, *options])
        try:
            yield made
        finally:
            made.end()

    @contextmanager
    def machine_on(self, card: str) -> Iterator[Machine]:
        """A machine that runs on a network interface (its id)."""
        made = Machine(self.cloud, card, ["--nic", card])
        try:
            yield made
        finally:
            made.end()

    def service_sockets(self) -> list[str]:
        """The peers (addresses) of all established connections to the edge, seen in the service network."""
        command = inside(self.cloud.home, "services", "cat", "/proc/self/net/tcp")
        found = []
        for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[1:]:
            _, _, peer, state = line.split()[:4]
            if state == "01":
                raw = bytes.fromhex(peer.split(":")[0])[::-1]
                found.append(".".join(str(byte) for byte in raw))
        return found

    def end(self) -> None:
        """Delete the group and all in it."""
        self.cloud.arm("DELETE", self.path)
