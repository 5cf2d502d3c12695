"""From inside a machine, with rights that no command of ``exec`` has: nothing answers that the rows do not allow.

Each test has its control: the same probe reaches what is allowed, so that silence means something.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cloister.ipc.frames import call_blocking
from tests.inside import inside
from tests.mainjob.world import Machine, World

PROBE = str(Path(__file__).with_name("probe.py"))
PORT = 8080
SECONDS = 0.7
PORTS = (*range(1, 443), *range(444, 1025), 2049, 3128, 5000, 5432, 6379, 8000, 8080, 8443, 9000, 50051)
UPLINKS = ("169.254.0.1", "169.254.0.2", "169.254.0.3")


def namespace(world: World, machine: Machine) -> str:
    """The network namespace of a machine: its row is named after the process that holds it."""
    listed = world.cloud.arm("GET", "/providers/Cloister.Fabric/machines", api_version="2026-01-01")["value"]
    return next(row["properties"]["namespace"] for row in listed if row["name"].startswith(f"exec-{machine.process.pid}-"))


class Ground:
    """Networks ``mine`` and ``other`` of one range and ``far``, machines in each, an endpoint in ``mine`` and one in ``far``."""

    def __init__(self, world: World, stack: ExitStack):
        self.world = world
        networks = {name: world.network(name) for name in ("mine", "other")}
        networks["far"] = world.network("far", prefix="10.9.0.0/16", subnet="10.9.0.0/24")
        workspace = world.workspace("first")["id"]
        for name in ("mine", "far"):
            world.endpoint(f"pe-{name}", networks[name], workspace)
        self.places = {
            "mine": ("mine", "10.0.0.10"), "beside": ("mine", "10.0.0.11"), "other": ("other", "10.0.0.12"),
            "far": ("far", "10.9.0.10"),
        }  # fmt: skip
        self.machines = {
            name: stack.enter_context(world.machine_at(place, address)) for name, (place, address) in self.places.items()
        }
        self.machines["internet"] = stack.enter_context(world.machine("internet"))
        for machine in self.machines.values():
            machine.do("serve", port=PORT)
        self.namespaces = {name: namespace(world, machine) for name, machine in self.machines.items()}
        held = call_blocking(world.cloud.home.socket("fabric"), "observe")
        routes = [thing for thing in held if thing["kind"] == "IdentityRoute"]
        self.identities = sorted({thing["identity"].split("/")[0] for thing in routes})
        self.endpoints = {thing["namespace"]: thing["address"] for thing in held if thing["kind"] == "EndpointAddress"}

    def begin(self, place: str, **asked: Any) -> subprocess.Popen[str]:
        """The probe, under way in a machine's namespace or in one of that name."""
        where = self.namespaces.get(place, place)
        command = inside(self.world.cloud.home, where, sys.executable, PROBE, json.dumps({"seconds": SECONDS, **asked}))
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def ask(self, place: str, **asked: Any) -> dict[str, Any]:
        """What the probe found."""
        return finish(self.begin(place, **asked))


def finish(probe: subprocess.Popen[str]) -> dict[str, Any]:
    """A probe's findings."""
    out, err = probe.communicate(timeout=20)
    assert probe.returncode == 0, err
    return json.loads(out.splitlines()[-1]) if out else {}


@pytest.fixture(scope="module")
def ground(cloud) -> Iterator[Ground]:
    """One ground for all tests of this file; they only look."""
    world = World(cloud)
    with ExitStack() as stack:
        stack.callback(world.end)
        yield Ground(world, stack)


@pytest.fixture
def host() -> Iterator[list[str]]:
    """What a careless host serves: on loopback, on all addresses, and the cloud's own port is there as well."""
    with socket.create_server(("127.0.0.1", 0)) as loopback, socket.create_server(("0.0.0.0", 0)) as everywhere:
        addresses = host_addresses()
        ports = [server.getsockname()[1] for server in (loopback, everywhere)]
        yield [f"{address}:{port}" for address in addresses for port in ports]


def host_addresses() -> list[str]:
    """This host's IPv4 addresses."""
    if not shutil.which("ip"):
        return ["127.0.0.1"]
    told = json.loads(subprocess.run(["ip", "-4", "-j", "addr"], capture_output=True, text=True, check=True).stdout)
    return [info["local"] for link in told for info in link["addr_info"]]


def test_the_host_does_not_answer(ground, host):
    cloud_port = ground.world.cloud.api.facts["host_port"]
    wanted = [*host, *(f"{address}:{port}" for address in {"127.0.0.1", *host_addresses()} for port in (22, cloud_port))]
    for place in ("mine", "internet"):
        open_here = [f"127.0.0.1:{PORT}"]  # the machine's own: the control
        answered = ground.ask(place, scan=[*wanted, *open_here])["scan"]
        # a reset from 127.0.0.1 is the machine's own kernel: nobody listens there
        assert [at for at in answered if not at.startswith("127.")] == []
        for at in wanted:
            if at.startswith("127."):
                address, port = at.split(":")
                assert not ground.machines[place].do("tcp", address=address, port=int(port), seconds=0.3)["reached"], at
        assert open_here[0] in answered


def test_of_the_service_network_only_the_edge_and_the_resolver_answer(ground):
    scans = {}
    for place in ("mine", "internet"):
        wanted = [
            f"{address}:{port}"
            for address in ("198.19.0.4", "198.19.0.53")
            for port in PORTS
            if (address, port) != ("198.19.0.53", 53)
        ]
        others = [*UPLINKS, *ground.identities]
        wanted += [f"{address}:{port}" for address in others for port in (22, 53, 443, PORT)]
        scans[place] = ground.begin(place, scan=[*wanted, "198.19.0.4:443"])
    for place, probe in scans.items():
        assert finish(probe)["scan"] == ["198.19.0.4:443"], place


def test_other_networks_and_their_endpoints_do_not_answer(ground):
    there = {name: address for name, (_, address) in ground.places.items()}
    far_endpoints = [address for address in ground.endpoints.values() if address.startswith("10.9.")]
    near_endpoints = [address for address in ground.endpoints.values() if address.startswith("10.0.")]
    assert far_endpoints and near_endpoints
    wanted = {
        "mine": [there["far"], there["other"], *far_endpoints],
        "other": [there["mine"], there["far"], *far_endpoints, *near_endpoints],
        "internet": [*there.values(), *far_endpoints, *near_endpoints],
    }
    probes = {
        place: ground.begin(
            place,
            scan=[f"{address}:{port}" for address in addresses for port in (443, PORT, 22)] + [f"{there['beside']}:{PORT}"],
            echo=[*addresses, "10.0.0.1", "198.19.0.4", *UPLINKS, *ground.identities, there["beside"]],
        )
        for place, addresses in wanted.items()
    }
    for place, probe in probes.items():
        found, control = finish(probe), place == "mine"
        assert found["scan"] == ([f"{there['beside']}:{PORT}"] if control else []), place
        assert found["echo"] == ([there["beside"]] if control else []), place


def test_a_forged_source_goes_nowhere(ground):
    address = ground.places["beside"][1]
    endpoint = next(address for address in ground.endpoints.values() if address.startswith("10.0."))
    sources = [address, "10.9.0.10", "198.18.0.4", "198.19.0.4", "168.63.129.16", *UPLINKS, *ground.identities]
    targets = [(endpoint, 443), ("198.19.0.4", 443), ("168.63.129.16", 53)]
    watching = {name: ground.begin(name, watch=[*sources, "192.0.2.7"]) for name in ("services", "beside")}
    for probe in watching.values():
        assert probe.stdout.readline() == "ready\n"
    found = ground.ask("mine", forge=[[source, *target] for source in sources for target in targets if source != target[0]])
    assert found["forge"] == 0
    for name, probe in watching.items():
        seen = finish(probe)["watch"]
        assert seen == [], f"{name} saw packets from {seen}"
    watched = ground.begin("beside", watch=[ground.places["mine"][1]])
    assert watched.stdout.readline() == "ready\n"
    ground.ask("mine", forge=[[ground.places["mine"][1], address, PORT]], seconds=0.1)
    seen = json.loads(watched.stdout.readline())["watch"]
    assert seen == [ground.places["mine"][1]], "the control: its own address passes"
    finish(watched)


def test_there_is_no_ipv6_not_even_on_the_link(ground):
    probes = [ground.begin(place, six=True) for place in ("mine", "internet")]
    for probe in probes:
        assert finish(probe)["six"] == [[], 0]


def test_abstract_sockets_of_the_host_and_of_other_machines_are_out_of_reach(ground):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"\0cloister-test-{os.getpid()}")
        listening.listen()
        names = [f"cloister-test-{os.getpid()}"]
        assert ground.ask("mine", unix=names)["unix"] == []
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(f"\0{names[0]}")


def test_the_processes_of_other_machines_are_seen_and_not_entered(ground):
    """Files and processes are the host's, as documented; the networks are not."""
    cloud, group = ground.world.cloud, ground.world.group
    children = Path(f"/proc/{ground.machines['far'].process.pid}/task/{ground.machines['far'].process.pid}/children")
    pid = children.read_text().split()[0]
    script = f"test -d /proc/{pid} && ! nsenter --net=/proc/{pid}/ns/net true && ! nsenter --net=/proc/1/ns/net true"
    done = cloud.exec(f"{group}/mine/default", ["sh", "-c", script])
    assert done.returncode == 0, done.stderr
