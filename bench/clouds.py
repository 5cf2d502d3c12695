"""A cloud of its own for a measurement, and the command line on it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from cloister.arm.ids import key
from cloister.arm.resource import Row
from cloister.cli.cloud import Cloud
from cloister.home import Home

HERE = Path(__file__).parent
LOCATION = "eastus2"
CLI = [sys.executable, "-m", "cloister.cli.main"]


def cloister(*arguments: str) -> str:
    """A command of the command line that must succeed; its output."""
    done = subprocess.run([*CLI, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout[-1000:]}{done.stderr[-1000:]}"
    return done.stdout


@contextmanager
def fresh_home() -> Iterator[Home]:
    """A CLOISTER_HOME of its own; what runs on it ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="clb-", dir="/tmp"))  # short: unix(7)
    os.environ["CLOISTER_HOME"] = str(folder / "h")
    try:
        yield Home.default()
    finally:
        subprocess.run([*CLI, "down", "--purge", "--yes"], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


class Bench:
    """A cloud that is up, and a group in it."""

    def __init__(self, home: Home):
        self.home = home
        self.cloud = Cloud(home)
        self.group = f"/subscriptions/{self.cloud.subscription}/resourceGroups/bench"
        self.cloud.arm("PUT", self.group, {"location": LOCATION})

    def id(self, type: str, name: str) -> str:
        """A resource id in the group."""
        return f"{self.group}/providers/{type}/{name}"

    def put(self, type: str, name: str, body: dict[str, Any]) -> Any:
        """A resource in the group, waited for."""
        return self.cloud.arm("PUT", self.id(type, name), body)

    def network(self, name: str, number: int = 0) -> str:
        """A network with a subnet ``default``, 10.<number>.0.0/16; its id."""
        subnet = {"name": "default", "properties": {"addressPrefix": f"10.{number}.0.0/24"}}
        space = {"addressPrefixes": [f"10.{number}.0.0/16"]}
        self.put("Microsoft.Network/virtualNetworks", name, _at({"addressSpace": space, "subnets": [subnet]}))
        return self.id("Microsoft.Network/virtualNetworks", name)

    def workspace(self, name: str, **properties: Any) -> tuple[str, str]:
        """A workspace: its id, and the name of its service."""
        body = {**_at(properties), "identity": {"type": "SystemAssigned"}}
        guid = self.put("Microsoft.MachineLearningServices/workspaces", name, body)["properties"]["workspaceId"]
        id = self.id("Microsoft.MachineLearningServices/workspaces", name)
        return id, f"{guid}.workspace.{LOCATION}.api.azureml.ms"

    def zone(self, name: str, networks: Sequence[str]) -> str:
        """A private zone with links to networks; its id."""
        zone = self.id("Microsoft.Network/privateDnsZones", name)
        self.cloud.arm("PUT", zone, {"location": "global"})
        for network in networks:
            link = {"location": "global", "properties": {"virtualNetwork": {"id": network}, "registrationEnabled": False}}
            self.cloud.arm("PUT", f"{zone}/virtualNetworkLinks/{network.rsplit('/')[-1]}", link)
        return zone

    def endpoint_body(self, network: str, target: str) -> dict[str, Any]:
        """An endpoint of a workspace in a network's subnet."""
        link = {"name": "link", "properties": {"privateLinkServiceId": target, "groupIds": ["amlworkspace"]}}
        return _at({"subnet": {"id": f"{network}/subnets/default"}, "privateLinkServiceConnections": [link]})

    def child(self, name: str) -> int:
        """The pid of a process of the cloud."""
        from cloister.keeper.client import Keeper

        keeper = Keeper(self.home.socket("keeper"))
        try:
            return next(child["pid"] for child in keeper.children() if child["name"] == name)
        finally:
            keeper.close()


@contextmanager
def bench_cloud() -> Iterator[Bench]:
    """A cloud for the length of a block."""
    with fresh_home() as home:
        cloister("up", "--detach")
        yield Bench(home)


def multiply(bench: Bench, patterns: Sequence[str], count: int) -> None:
    """Stop the cloud, write ``count`` more rows like those of these ids into its store, and start it again."""
    from cloister.control.ports import Commit
    from cloister.store.database import open_store

    cloister("down")
    store = open_store(bench.home.database)
    revision, rows, counters = store.load()
    held = {key(row.id): row for row in rows}
    made: list[Row] = []
    for n in range(count):
        row = held[key(patterns[n % len(patterns)])]
        made.append(msgspec.structs.replace(row, id=f"{row.id}-{n:06}"))
    for start in range(0, count, 5_000):
        store.commit(Commit(revision=revision, put=tuple(made[start : start + 5_000]), counters=counters))
    store.close()
    cloister("up", "--detach")


class Machine:
    """``on_machine.py`` in a place of the cloud."""

    def __init__(self, place: str):
        command = [*CLI, "exec", "--from", place, "--", sys.executable, str(HERE / "on_machine.py")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout

    def begin(self, **what: Any) -> None:
        """Say what to wait for; returns when the machine tries it."""
        self._in.write(json.dumps(what) + "\n")
        self._in.flush()
        assert self._out.readline() == "trying\n", "cannot measure: the machine did not begin"

    def seen(self) -> float:
        """When it came about: CLOCK_MONOTONIC, seconds."""
        return float(self._out.readline())

    def end(self) -> None:
        """End the machine."""
        with contextlib.suppress(OSError):
            self._in.close()
        self._process.wait(20)


@contextmanager
def machine(place: str) -> Iterator[Machine]:
    """A machine for the length of a block."""
    made = Machine(place)
    try:
        yield made
    finally:
        made.end()


def _at(properties: dict[str, Any]) -> dict[str, Any]:
    return {"location": LOCATION, "properties": properties}
