"""The edge behind a real fabric: packets from machines in networks, endpoints as the kernel forwards them."""

from __future__ import annotations

import http.client
import json
import os
import select
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from edge_cloud import ARM, GROUP, NAME_A, NAME_B, SUBSCRIPTION, TENANT, A, B, Cloud, say, until
from fabric_world import World, needs_network_rights

from cloister.compilers.diff import difference
from cloister.compilers.order import arrange
from cloister.compilers.units import compile_all
from cloister.net import plan
from cloister.net.intent import Endpoint, Grant, Intent, Interface, LinkedName, Network, Service, Subnet, Tenancy

PUBLIC = plan.service_address("machinelearning", "eastus2")
INSIDE = "10.0.0.5"
NETWORKS = f"{GROUP}/providers/Microsoft.Network"


def name_of(fqdn: str) -> LinkedName:
    """A workspace's own name."""
    return LinkedName("default", fqdn, f"privatelink.{fqdn}", PUBLIC)


def endpoint(number: int, target: str, fqdn: str, state: str = "Approved") -> Endpoint:
    """The private endpoint of network ``number``."""
    return Endpoint(
        owner=f"{NETWORKS}/privateEndpoints/pe{number}",
        network=f"{NETWORKS}/virtualNetworks/v{number}",
        subnet=f"{NETWORKS}/virtualNetworks/v{number}/subnets/default",
        number=number,
        target=target,
        group="amlworkspace",
        state=state,
        addresses=(("default", INSIDE),),
        names=(name_of(fqdn),),
        because=f"{target}/privateEndpointConnections/c{number}",
    )


def intents(public: bool = False, state: str = "Approved") -> list[Intent]:
    """Two networks of the same range, a machine in each and one on the internet; an endpoint of A in 1, of B in 2."""
    found: list[Intent] = [Tenancy(owner=SUBSCRIPTION, tenant=TENANT)]
    for number in (1, 2):
        vnet = f"{NETWORKS}/virtualNetworks/v{number}"
        found.append(Network(owner=vnet, number=number, prefixes=("10.0.0.0/16",), region="eastus2"))
        found.append(Subnet(owner=f"{vnet}/subnets/default", network=vnet, prefix="10.0.0.0/24"))
        found.append(
            Interface(owner=f"m{number}", network=vnet, subnet=f"{vnet}/subnets/default", number=number, address="10.0.0.10")
        )
    found.append(Interface(owner="m3", network="internet", subnet="internet", number=3, address="198.18.0.4"))
    for id, fqdn in ((A, NAME_A), (B, NAME_B)):
        because = f"publicNetworkAccess: {public}"
        names = (name_of(fqdn),)
        found.append(
            Service(owner=id, service="machinelearning", region="eastus2", names=names, public_access=public, because=because)
        )
    found += [endpoint(1, A, NAME_A, state), endpoint(2, B, NAME_B)]
    return found


class Packets:
    """A fabric, an edge in its services network, and machines."""

    def __init__(self, root: Path):
        self.world = World(root / "k")
        self.world.put(*[one for one in compile_all([]).values() if one.key in ("namespace services", "namespace internet")])  # type: ignore[misc]
        listening = self.world.keeper.socket("edge-443", "services", "tcp", "0.0.0.0", 443)
        self.cloud = Cloud(root / "h", listening, lambda: self.world.keeper)
        self.settle(intents())

    def settle(self, wanted: Sequence[Intent]) -> None:
        """As the loop does: compile, compare with what holds, apply in order."""
        grant = Grant(owner="/ra", principal=self.cloud.owner.object_id, scope=GROUP, actions=("*",))
        desired = compile_all([*wanted, grant])
        held = {one.key: one for one in [*self.world.on_thread(self.world.fabric.observe), *self.cloud.edge.state.observe()]}
        for phase, edits in arrange(difference(desired, held)):
            if phase.driver == "fabric":
                answers = self.world.on_thread(lambda edits=edits: self.world.fabric.apply(edits))  # type: ignore[misc]
            elif phase.driver == "edge":
                answers = self.cloud.tell("apply", edits)
            else:
                continue
            assert answers == [""] * len(edits), (phase.name, answers)

    def tls(self, machine: str, address: str, name: str) -> ssl.SSLSocket:
        """TLS from a machine."""
        return self.cloud.context().wrap_socket(self.world.connect(machine, address), server_hostname=name)

    def connect(self, machine: str, address: str, name: str) -> http.client.HTTPConnection:
        """A kept-alive connection from a machine."""
        connection = http.client.HTTPConnection(name, timeout=5)
        connection.sock = self.tls(machine, address, name)
        return connection

    def ask(self, machine: str, address: str, name: str, path: str) -> tuple[int, Any, dict[str, str]]:
        """One request from a machine."""
        return say(self.connect(machine, address, name), path, headers=self.cloud.bearer())

    def end(self) -> None:
        """Stop the edge, then the fabric."""
        self.cloud.stop()
        self.world.end()


@pytest.fixture(scope="module")
def packets() -> Iterator[Packets]:
    needs_network_rights()
    with tempfile.TemporaryDirectory(prefix="cl-", dir="/tmp") as root:
        made = Packets(Path(root))
        yield made
        made.end()


RUNS_A, RUNS_B = f"/history/v1.0{A}/x", f"/history/v1.0{B}/x"


def test_each_network_reaches_its_own_workspace_by_the_same_address(packets: Packets) -> None:
    packets.settle(intents())
    for machine, name, path, number in (("machine-1", NAME_A, RUNS_A, 1), ("machine-2", NAME_B, RUNS_B, 2)):
        status, said, _ = packets.ask(machine, INSIDE, name, path)
        assert (status, said["via"]) == (200, "endpoint")
        asked = packets.cloud.tracking.asked[-1]
        assert asked.origin.address == plan.identity_address(number)
        assert asked.origin.connection.endswith(f"/c{number}")


def test_another_workspace_through_an_endpoint_by_sni_host_and_path(packets: Packets) -> None:
    packets.settle(intents())
    for name in (NAME_B, ARM):
        with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
            packets.tls("machine-1", INSIDE, name)
    kept = packets.connect("machine-1", INSIDE, NAME_A)
    bearer = packets.cloud.bearer()
    assert say(kept, RUNS_A, headers=bearer)[0] == 200
    status, said, _ = say(kept, RUNS_B, headers=bearer)
    assert (status, f"leads to '{A}'" in json.dumps(said)) == (403, True)
    assert say(kept, RUNS_A, headers=bearer)[0] == 200
    assert say(kept, RUNS_B, headers={**bearer, "host": NAME_B})[0] == 421


def test_public_ways_follow_the_policy_and_arm_is_everywhere(packets: Packets) -> None:
    for public in (False, True, False):
        packets.settle(intents(public))
        for machine, source in (("machine-3", "198.18.0.4"), ("machine-1", plan.outbound_address(1))):
            status, said, _ = packets.ask(machine, PUBLIC, NAME_A, RUNS_A)
            assert status == (200 if public else 403)
            assert public or source in said["error"]["details"][0]["message"]
            status, said, _ = packets.ask(machine, str(plan.RESOURCE_MANAGER), ARM, "/subscriptions")
            assert (status, said["via"]) == (200, "internet")
        assert packets.ask("machine-1", INSIDE, NAME_A, RUNS_A)[0] == 200


def ends(sock: socket.socket) -> Callable[[], tuple[str, float]]:
    """Watches a socket from now on; calling the result waits for its end and says how and when (monotonic time)."""
    found: list[tuple[str, float]] = []

    def watch() -> None:
        select.select([sock], [], [], 5)
        try:
            found.append(("end of file" if not os.read(sock.fileno(), 100) else "bytes", time.monotonic()))
        except OSError as error:
            found.append((type(error).__name__, time.monotonic()))

    thread = threading.Thread(target=watch)
    thread.start()

    def result() -> tuple[str, float]:
        thread.join()
        return found[0]

    return result


@pytest.mark.parametrize("state", ["Rejected", "Disconnected", "Pending"])
def test_a_withdrawn_connection_ends_on_both_sides(packets: Packets, state: str) -> None:
    packets.settle(intents())
    idle = packets.connect("machine-1", INSIDE, NAME_A)
    assert say(idle, RUNS_A, headers=packets.cloud.bearer())[0] == 200
    busy = packets.connect("machine-1", INSIDE, NAME_A)
    busy.request("GET", "/history/slow", headers=packets.cloud.bearer())
    other = packets.connect("machine-2", INSIDE, NAME_B)
    until(lambda: any(one.path == "/history/slow" for one in packets.cloud.tracking.asked))
    lines = packets.cloud.edge.lines.count
    watching = [ends(idle.sock), ends(busy.sock)]
    start = time.monotonic()
    packets.settle(intents(state=state))
    for result in watching:
        said, when = result()
        assert said == "ConnectionResetError"
        assert when - start < 0.5  # compiling, comparing and all phases included; the reset itself is the first of them
    assert packets.cloud.edge.lines.count == lines - 2
    assert packets.world.reach("machine-1", INSIDE) == "silence"
    assert say(other, RUNS_B, headers=packets.cloud.bearer())[0] == 200
    packets.settle(intents())
    assert packets.ask("machine-1", INSIDE, NAME_A, RUNS_A)[0] == 200


def test_an_edge_that_was_killed_is_back_with_the_same_socket(packets: Packets) -> None:
    packets.settle(intents())
    packets.cloud.stop_edge()
    start = time.monotonic()
    packets.cloud.start()
    assert packets.ask("machine-1", INSIDE, NAME_A, RUNS_A)[0] == 200
    assert time.monotonic() - start < 1
