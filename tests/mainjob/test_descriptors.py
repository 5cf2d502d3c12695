"""Processes without a descriptor left while work goes on: what is open is served, nothing ends, and room is all they need."""

from __future__ import annotations

import os
import resource
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cloister.cli.errors import CliError
from tests.mainjob.measures import processes
from tests.mainjob.rows import held, wanted
from tests.mainjob.test_kills import SEED, Client, nothing_is_lost
from tests.mainjob.world import ML, NETWORK, World, eventually

PROCESSES = ("control", "fabric", "edge", "resolver")
EXHAUSTED_SECONDS = 1.0
HELD = 200


@contextmanager
def exhausted(pid: int) -> Iterator[None]:
    """The process may have no more descriptors than it has now."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    number = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (number, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


class Watched:
    """A cloud with an endpoint, a machine that holds a connection through it, and a client of ARM at work."""

    def __init__(self, cloud: Any):
        self.cloud = cloud
        self.world = World(cloud)
        self.network = self.world.network("mine", subnet="10.0.0.0/18")
        workspace = self.world.workspace("first")["id"]
        self.world.names(self.network, self.world.endpoint("steady", self.network, workspace)["id"])
        second = self.world.endpoint("second", self.network, workspace)
        self.second = second["properties"]["customDnsConfigs"][0]["ipAddresses"][0]
        found = cloud.arm("GET", workspace, api_version=ML)["properties"]["privateEndpointConnections"]
        self.connection = next(one["id"] for one in found if one["properties"]["privateEndpoint"]["id"] == second["id"])
        self.name = cloud.arm("GET", workspace, api_version=ML)["properties"]["discoveryUrl"].split("/")[2]
        self.path = f"/history/v1.0{workspace}/experiments/none"
        self.client = Client(self.world, self.network, workspace, SEED)
        self.number = 0

    def serves_what_is_open(self, machine: Any) -> None:
        """The connection that was there, and the names."""
        answer = machine.do("ask", **{"as": "kept", "host": self.name, "path": self.path})
        assert answer.get("status") == 401, answer
        assert machine.resolve(self.name)

    def withdraws(self, machine: Any) -> None:
        """An endpoint that is rejected ends, whatever else cannot be done."""
        assert machine.do("tcp", address=self.second, port=443, seconds=3)["reached"]
        self.world.decide(self.connection, "Rejected")
        eventually(lambda: not machine.do("tcp", address=self.second, port=443, seconds=0.2)["reached"], 5)

    def is_called(self) -> bool:
        """Whether control takes a new caller: one that came while it had no room is turned away, perhaps a moment after."""
        try:
            return self.cloud.rest("GET", "resourceGroups").ok
        except CliError:
            return False

    def comes_and_goes(self) -> None:
        """A network with a machine is asked for, and the one before it taken away; what cannot be done now is said so."""
        number, self.number = self.number, self.number + 1
        network = self.world.id("Microsoft.Network/virtualNetworks", f"n{number}")
        subnet = {"name": "default", "properties": {"addressPrefix": "10.1.0.0/24"}}
        space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": [subnet]}
        machine = self.world.id("Cloister.Fabric/machines", f"m{number}")
        asked = [
            ("PUT", network, {"location": "eastus2", "properties": space}, NETWORK),
            ("PUT", machine, {"properties": {"place": f"{network}/subnets/default"}}, "2026-01-01"),
            ("DELETE", self.world.id("Cloister.Fabric/machines", f"m{number - 1}"), None, "2026-01-01"),
        ]
        for method, id, body, version in asked:
            try:
                answer = self.cloud.rest(method, id, body, api_version=version)
            except CliError:  # a control without descriptors takes no new caller
                continue
            assert answer.status < 500 or answer.status == 503, (method, id, answer.status, answer.json)

    def is_as_the_rows_say(self) -> bool:
        """What is held is what the rows ask for."""
        return held(self.cloud.home) == wanted(self.cloud.home, self.cloud.api.facts["tenant_id"])


def test_processes_without_descriptors(own_cloud):
    watched = Watched(own_cloud)
    running = processes(own_cloud)
    with watched.world.machine("mine") as machine:
        eventually(lambda: machine.do("open", **{"as": "kept", "name": watched.name})["opened"], 10)
        watched.client.start()
        try:
            for name in PROCESSES:
                acknowledged = len(watched.client.acknowledged)
                with exhausted(running[name]):
                    if name == "fabric":
                        watched.withdraws(machine)
                    ends = time.monotonic() + EXHAUSTED_SECONDS
                    while time.monotonic() < ends:
                        watched.serves_what_is_open(machine)
                        watched.comes_and_goes()
                eventually(watched.is_called, 10)
                eventually(lambda acknowledged=acknowledged: len(watched.client.acknowledged) > acknowledged, 30)
                assert processes(own_cloud)[name] == running[name], f"{name} ended"
                print(f"{name}: {len(watched.client.acknowledged) - acknowledged} writes while and after")
            _a_keeper_that_cannot_start(own_cloud, running)
            _an_edge_full_of_connections(watched, machine, running["edge"])
        finally:
            watched.client.done.set()
            watched.client.join(60)
    told = Path(own_cloud.home.log_file).read_text(errors="replace")
    assert "Traceback" not in told, told[told.index("Traceback") - 500 :][:4000]
    nothing_is_lost(own_cloud, watched.client)
    eventually(watched.is_as_the_rows_say, 30)


def _a_keeper_that_cannot_start(cloud: Any, running: dict[str, int]) -> None:
    """What ended meanwhile is started once there is room, and only once."""
    with exhausted(running["keeper"]):
        os.kill(running["fabric"], signal.SIGKILL)
        log = Path(cloud.home.log_file)
        eventually(lambda: "keeper: cannot start fabric" in log.read_text(errors="replace"), 10)
    eventually(lambda: processes(cloud).get("fabric", running["fabric"]) != running["fabric"], 10)


def _an_edge_full_of_connections(watched: Watched, machine: Any, edge: int) -> None:
    """Clients that connect and say nothing take all descriptors; when they go, new ones are served at once."""
    port = watched.cloud.api.facts["host_port"]
    before = resource.prlimit(edge, resource.RLIMIT_NOFILE)
    idle: list[socket.socket] = []
    resource.prlimit(edge, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{edge}/fd")) + HELD // 2, before[1]))
    try:
        for _ in range(HELD):
            idle.append(socket.create_connection(("127.0.0.1", port), timeout=5))
        watched.serves_what_is_open(machine)
    finally:
        for one in idle:
            one.close()
    eventually(lambda: machine.do("open", **{"as": "new", "name": watched.name})["opened"], 10)
    resource.prlimit(edge, resource.RLIMIT_NOFILE, before)
