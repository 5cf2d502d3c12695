"""What a network costs: with subnet, interface and endpoint, at a thousand there, against its bare netlink messages replayed."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fabric_world import endpoint, machine, vnet

from bench.figures import RUNS, Figure, compared, plain
from bench.lab import Lab, lab
from cloister.drivers.linux.namespaces import Space
from cloister.drivers.linux.netlink import NETFILTER, ROUTE, Channel, Message
from cloister.drivers.linux.settings import Settings
from cloister.keeper.client import enter_network
from cloister.keeper.kernel import new_network
from cloister.net.desired import Drop, FabricObject, Put

THERE = 1_000
PROCESSES_RATIO, SET_MIB = 0.1, 1.0
COUNTED = ("SUnreclaim", "Percpu", "KernelStack", "VmallocUsed")
Step = tuple[str, str, Any]  # namespace, "route" | "filter" | "sysctls", what was sent


def measure() -> Iterator[Figure]:
    """Time and memory of one set."""
    with lab() as made:
        before = _kernel_mib()
        for number in range(1, THERE + 1):
            made.world.put(*_set(number))
        memory = (_kernel_mib() - before) / THERE
        runs: dict[str, list[float]] = {"fabric": [], "raw": [], "processes": []}
        for number in range(THERE + 1, THERE + 1 + RUNS):
            taken, steps, descriptors = made.world.on_thread(lambda number=number: _recorded(made, number))  # type: ignore[misc]
            runs["fabric"].append(taken)
            runs["raw"].append(made.world.on_thread(lambda s=steps, d=descriptors: _replayed(made, s, d)))  # type: ignore[misc]
            count = sum(len(sent) if kind == "route" else 1 for _, kind, sent in steps)
            runs["processes"].append(count * _process())
        for values in runs.values():
            values[:] = [1000 * value for value in values]
    yield compared("vnet_set_vs_raw", "ms", runs["fabric"], "its netlink messages alone", runs["raw"])
    yield compared("vnet_set_vs_processes", "ms", runs["fabric"], "an ip process for each message", runs["processes"])
    yield plain("vnet_set_mib", "MiB", [memory], "promise", SET_MIB)


def _set(number: int) -> list[FabricObject]:
    return [
        *vnet(number), *machine(number, f"vnet-{number}", "10.0.0.10"), *endpoint(number, number, "10.0.0.4"),
    ]  # fmt: skip


def _recorded(made: Lab, number: int) -> tuple[float, list[Step], dict[str, int]]:
    """Make a set by the fabric and take it away again: seconds, what was sent where, the namespaces' descriptors."""
    fabric, items = made.world.fabric, _set(number)
    steps: list[Step] = []
    with _recording(steps):
        began = time.perf_counter()
        answers = fabric.apply([Put(item) for item in items])
        taken = time.perf_counter() - began
    assert not any(answers), answers
    descriptors = {name: fabric._spaces.get(name).descriptor for name, _, _ in steps if name != "services"}
    answers = fabric.apply([Drop(item) for item in reversed(items)])
    assert not any(answers), answers
    return taken, steps, descriptors


@contextmanager
def _recording(steps: list[Step]) -> Iterator[None]:
    """Meanwhile everything that is sent to the kernel is noted too."""
    spaces: dict[int, tuple[str, str]] = {}
    send, transact, write = Channel.send, Channel.transact, Space.write_sysctls
    route, filter = Space.route, Space.filter

    def known(kind: str, real: property) -> property:
        def get(space: Space) -> Channel:
            channel = real.__get__(space)
            spaces[id(channel)] = (space.name, kind)
            return channel

        return property(get)

    def sent(channel: Channel, messages: list[Message]) -> Any:
        steps.append((*spaces[id(channel)], list(messages)))
        return (send if spaces[id(channel)][1] == "route" else transact)(channel, messages)

    def written(space: Space, settings: Any) -> None:
        steps.append((space.name, "sysctls", list(settings)))
        write(space, steps[-1][2])

    Channel.send = Channel.transact = sent  # type: ignore[assignment, method-assign]
    Space.route, Space.filter = known("route", route), known("filter", filter)  # type: ignore[assignment, method-assign]
    Space.write_sysctls = written  # type: ignore[method-assign]
    try:
        yield
    finally:
        Channel.send, Channel.transact, Space.write_sysctls = send, transact, write  # type: ignore[method-assign]
        Space.route, Space.filter = route, filter  # type: ignore[method-assign]


def _replayed(made: Lab, steps: list[Step], descriptors: dict[str, int]) -> float:
    """The same by a loop that only sends what was sent, into namespaces of its own: seconds.

    Messages name namespaces by descriptor, so each gets the number that it had.
    """
    null = os.open(os.devnull, os.O_RDONLY)
    for number in descriptors.values():
        os.dup2(null, number)  # nothing else shall get these numbers
    home, opened, settings = new_network(), list[str](), Settings()
    channels = {("services", "route"): made.world.route("services")}
    began = time.perf_counter()
    for name, kind, sent in steps:
        if name != "services" and name not in opened:
            fresh = new_network()
            os.dup2(fresh, descriptors[name])
            os.close(fresh)
            opened.append(name)
        if kind == "sysctls":
            enter_network(descriptors[name])
            settings.write(sent)
            enter_network(home)
            continue
        if (name, kind) not in channels:
            enter_network(descriptors[name])
            channels[name, kind] = Channel(ROUTE if kind == "route" else NETFILTER)
            enter_network(home)
        channel = channels[name, kind]
        errors = channel.send(sent) if kind == "route" else channel.transact(sent)
        assert not errors, (name, errors)
    taken = time.perf_counter() - began
    settings.close()
    for channel in channels.values():
        channel.close()
    for number in descriptors.values():
        os.close(number)
    os.close(home)
    if null not in descriptors.values():
        os.close(null)
    return taken


def _process() -> float:
    """Seconds that one ``ip`` process takes."""
    began = time.perf_counter()
    subprocess.run(["ip", "link", "show", "lo"], check=True, capture_output=True)
    return time.perf_counter() - began


def _kernel_mib() -> float:
    """MiB that the kernel keeps for itself, proc(5)."""
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    return sum(int(size) for name, size, *_ in lines if name.rstrip(":") in COUNTED) / 1024
