"""A fabric without control: networks made from intent, a plainly routed path beside them, programs run inside."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "kernel"))

from fabric_world import World, base

from cloister.compilers.filters import compile_filters
from cloister.compilers.linux import compile_network
from cloister.keeper.client import enter_network
from cloister.net import plan
from cloister.net.desired import Put
from cloister.net.intent import Endpoint, Filter, Interface, LinkedName, Network, Rule, Subnet

STREAM, SHORT = str(plan.service_address("machinelearning", "eastus")), str(plan.service_address("storage", "eastus"))
ONE_QUEUE = ("numtxqueues", "1", "numrxqueues", "1")  # as the fabric makes its links
IDENTITIES_PER_NETWORK = 20_000
STREAM_ENDPOINT, SHORT_ENDPOINT, MACHINE = "10.0.0.4", "10.0.0.5", "10.0.0.6"


def network(load: int, rules: int, number: int = 1) -> list[Any]:
    """A network with a machine, two endpoints, ``load`` endpoints more and a security group of ``rules`` rules."""
    owner = f"/bench/vnet{number}"
    subnet, group, first = f"{owner}/subnets/default", f"{owner}/nsg", number * IDENTITIES_PER_NETWORK
    found: list[Any] = [
        Network(owner=owner, number=number, prefixes=("10.0.0.0/16",)),
        Subnet(owner=subnet, network=owner, prefix="10.0.0.0/16", filter=group if rules else ""),
        Interface(owner=f"{owner}/machine", network=owner, subnet=subnet, number=number, address=MACHINE),
        _endpoint(owner, first, STREAM_ENDPOINT, STREAM),
        _endpoint(owner, first + 1, SHORT_ENDPOINT, SHORT),
    ]
    found += [_endpoint(owner, first + 2 + n, f"10.0.{8 + n // 200}.{1 + n % 200}", STREAM) for n in range(load)]
    if rules:
        found.append(Filter(owner=group, networks=(owner,), rules=tuple(_rules(group, rules))))
    return found


def _rules(group: str, count: int) -> Iterator[Rule]:
    """Rules that match nothing here, then those that let everything pass: the first packet of each flow is asked of all."""
    for inbound in (True, False):
        for n in range(count // 2):
            yield Rule(
                because=f"{group}/{n}",
                priority=100 + n,
                inbound=inbound,
                allow=False,
                protocol="tcp",
                sources=(f"192.168.{n}.0/24",),
                destinations=("*",),
                destination_ports=((1000 + n, 1000 + n),),
            )
        yield Rule(because=f"{group}/all", priority=4000, inbound=inbound, allow=True, sources=("*",), destinations=("*",))


def _endpoint(network: str, number: int, address: str, to: str) -> Endpoint:
    """An approved endpoint of one member."""
    return Endpoint(
        owner=f"{network}/pe{number}",
        network=network,
        subnet=f"{network}/subnets/default",
        number=number,
        target="/bench/target",
        group="g",
        state="Approved",
        addresses=(("default", address),),
        names=(LinkedName("default", f"n{number}", f"p{number}", to),),
    )


class Lab:
    """The world under measurement. ``client``, ``server``: namespaces by path name ("endpoint", "routed")."""

    def __init__(self, root: Path):
        self.world = World(root)
        self._programs: list[subprocess.Popen] = []
        self.world.put(*base())

    def put(self, intents: Iterable[Any]) -> None:
        """Make what the intents of one network ask for, its security rules included."""
        found = list(intents)
        answers = self.world.apply(*map(Put, (*compile_network(found), *compile_filters(found))))
        assert not any(answers), next(filter(None, answers))

    def routed(self) -> None:
        """The same path with plain routing: client, router and server namespaces, no address translation, no rules."""
        keeper = self.world.keeper
        held = {name: keeper.namespace(f"plain-{name}") for name in ("client", "router", "server")}
        for name, here, there in (("client", "10.9.1.2", "10.9.1.1"), ("server", "10.9.2.2", "10.9.2.1")):
            far = f"/proc/{os.getpid()}/fd/{held[name]}"
            veth = ("type", "veth", "peer", "name", "eth0", *ONE_QUEUE, "netns", far)
            self.run("plain-router", "ip", "link", "add", name, *ONE_QUEUE, *veth)
            self.run("plain-router", "ip", "addr", "add", f"{there}/24", "dev", name)
            self.run("plain-router", "ip", "link", "set", name, "up")
            for command in (
                ("addr", "add", f"{here}/24", "dev", "eth0"),
                ("link", "set", "eth0", "up"),
                ("link", "set", "lo", "up"),
            ):
                self.run(f"plain-{name}", "ip", *command)
            self.run(f"plain-{name}", "ip", "route", "add", "default", "via", there)
        self.run("plain-router", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward; ip link set lo up")
        for descriptor in held.values():
            os.close(descriptor)

    def run(self, namespace: str, *argv: str) -> str:
        """A program in a namespace, to its end."""
        return self.world.run(namespace, *argv)

    def start(self, namespace: str, *argv: str) -> int:
        """A program in a namespace, for as long as the lab lasts; its pid."""
        descriptor = self.world.keeper.namespace(namespace, create=False)
        self._programs.append(
            subprocess.Popen(
                argv, preexec_fn=lambda: enter_network(descriptor), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )
        os.close(descriptor)
        return self._programs[-1].pid

    def end(self) -> None:
        """End everything, by pid."""
        for program in self._programs:
            program.terminate()
        for program in self._programs:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(5)
            program.kill()
        self.world.end()


@contextlib.contextmanager
def lab() -> Iterator[Lab]:
    """A lab for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="clb-", dir="/tmp") as root:
        made = Lab(Path(root) / "h")
        try:
            yield made
        finally:
            made.end()


def until(what: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that must come true."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"cannot measure: not within {seconds} s: {what}"
        time.sleep(0.02)


def gigabits(made: Lab, namespace: str, address: str, port: int, seconds: int = 1) -> float:
    """TCP throughput of one stream, client to server."""
    found = json.loads(made.run(namespace, "iperf3", "-J", "-c", address, "-p", str(port), "-t", str(seconds)))
    return found["end"]["sum_received"]["bits_per_second"] / 1e9


def connections(made: Lab, namespace: str, address: str, port: int, seconds: int = 2) -> float:
    """New HTTP connections a second, one request each; by two threads, for one leaves a quarter of two cores idle."""
    argv = ("wrk", "-t2", "-c64", f"-d{seconds}s", "-H", "Connection: close", f"http://{address}:{port}/")
    line = next(line for line in made.run(namespace, *argv).splitlines() if line.startswith("Requests/sec"))
    return float(line.split()[1])
