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

from cloister.compilers.linux import compile_network
from cloister.keeper.client import enter_network
from cloister.net import plan
from cloister.net.desired import Put
from cloister.net.intent import Endpoint, Filter, Interface, LinkedName, Network, Rule, Subnet

NETWORK, SUBNET, GROUP = "/bench/vnet", "/bench/vnet/subnets/default", "/bench/nsg"
STREAM, SHORT = str(plan.service_address("machinelearning", "eastus")), str(plan.service_address("storage", "eastus"))
STREAM_ENDPOINT, SHORT_ENDPOINT, MACHINE = "10.0.0.4", "10.0.0.5", "10.0.0.6"


def network(load: int, rules: int) -> list[Any]:
    """A network with a machine, two endpoints, ``load`` endpoints more and a security group of ``rules`` rules."""
    found: list[Any] = [
        Network(owner=NETWORK, number=1, prefixes=("10.0.0.0/16",)),
        Subnet(owner=SUBNET, network=NETWORK, prefix="10.0.0.0/16", filter=GROUP if rules else ""),
        Interface(owner="/bench/machine", network=NETWORK, subnet=SUBNET, number=1, address=MACHINE),
        endpoint(1, STREAM_ENDPOINT, STREAM),
        endpoint(2, SHORT_ENDPOINT, SHORT),
    ]
    found += [endpoint(n + 10, f"10.0.{8 + n // 200}.{1 + n % 200}", STREAM) for n in range(load)]
    if rules:
        found.append(Filter(owner=GROUP, networks=(NETWORK,), rules=tuple(_rules(rules))))
    return found


def _rules(count: int) -> Iterator[Rule]:
    """Rules that match nothing here, then those that let everything pass: each packet is asked of all."""
    for inbound in (True, False):
        for n in range(count // 2):
            yield Rule(
                because=f"{GROUP}/{n}",
                priority=100 + n,
                inbound=inbound,
                allow=False,
                protocol="tcp",
                sources=(f"192.168.{n}.0/24",),
                destinations=("*",),
                destination_ports=((1000 + n, 1000 + n),),
            )
        yield Rule(because=f"{GROUP}/all", priority=4000, inbound=inbound, allow=True, sources=("*",), destinations=("*",))


def endpoint(number: int, address: str, to: str) -> Endpoint:
    """An approved endpoint of one member."""
    return Endpoint(
        owner=f"/bench/pe{number}",
        network=NETWORK,
        subnet=SUBNET,
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
        """Make what the intents of one network ask for."""
        answers = self.world.apply(*(Put(thing) for thing in compile_network(intents)))
        assert not any(answers), next(filter(None, answers))

    def routed(self) -> None:
        """The same path with plain routing: client, router and server namespaces, no address translation, no rules."""
        keeper = self.world.keeper
        held = {name: keeper.namespace(f"plain-{name}") for name in ("client", "router", "server")}
        for name, here, there in (("client", "10.9.1.2", "10.9.1.1"), ("server", "10.9.2.2", "10.9.2.1")):
            far = f"/proc/{os.getpid()}/fd/{held[name]}"
            self.run("plain-router", "ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", far)
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


def connections(made: Lab, namespace: str, address: str, port: int, seconds: int = 1) -> float:
    """New HTTP connections a second, one request each."""
    argv = ("wrk", "-t1", "-c16", f"-d{seconds}s", "-H", "Connection: close", f"http://{address}:{port}/")
    line = next(line for line in made.run(namespace, *argv).splitlines() if line.startswith("Requests/sec"))
    return float(line.split()[1])
