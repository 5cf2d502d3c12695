"""The fabric as a process behind its socket: killed, started again by the keeper, and nothing that flows ends."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import msgspec
import pytest
from fabric_world import Edge, RunningKeeper, World, base, endpoint, eventually, machine, needs_network_rights, vnet

from cloister.ipc.frames import CallFailed, call_blocking
from cloister.net.desired import FabricObject, Put

FABRIC = [("fabric", (sys.executable, "-m", "cloister.app", "fabric"), False)]


class Client(World):
    """A world whose fabric is the process."""

    def __init__(self, root: Path):
        super().__init__(root)
        self.on_thread(self.fabric.close)

    def start_keeper(self, root: Path) -> RunningKeeper:
        """With the fabric as its child."""
        return RunningKeeper(root, FABRIC)

    def call(self, method: str, params: object = None) -> object:
        """Call the fabric, which may be on its way up."""

        def answer() -> list | None:
            try:
                return [call_blocking(self.running.home.socket("fabric"), method, params)]
            except ConnectionError:
                return None

        return eventually(answer, 10.0)[0]

    def on_socket(self, *items: FabricObject) -> list[str]:
        """Apply Puts through the socket."""
        for item in items:
            self.desired[item.key] = item
        return self.call("apply", msgspec.to_builtins([Put(item) for item in items]))  # type: ignore[return-value]

    def observed(self) -> dict[str, FabricObject]:
        """What the process says it holds."""
        found = msgspec.convert(self.call("observe"), list[FabricObject])
        return {item.key: msgspec.structs.replace(item, owner="") for item in found}

    def end(self) -> None:
        """As World.end, less the fabric of its own."""
        self.fabric.close = lambda: None  # type: ignore[method-assign]
        super().end()


def test_kill_9_of_the_fabric_ends_nothing(tmp_path: Path) -> None:
    needs_network_rights()
    client = Client(tmp_path / "home")
    try:
        items = [*base(), *vnet(1), *machine(1, "vnet-1", "10.0.0.4"), *endpoint(7, 1, "10.0.0.5")]
        assert client.on_socket(*items) == [""] * len(items)
        assert client.observed() == client.wanted()
        edge: Edge = client.edge()
        opened = client.connect("machine-1", "10.0.0.5")
        for _ in range(2):
            pid = client.call("ping")["pid"]  # type: ignore[index]
            os.kill(pid, signal.SIGKILL)
            opened.sendall(b"still here\n")
            assert opened.recv(100)
            assert eventually(lambda pid=pid: client.call("ping")["pid"] != pid, 10.0)  # type: ignore[index, misc]
            assert client.observed() == client.wanted()
        assert client.on_socket(*items) == [""] * len(items)
        assert edge.peers() == ["100.64.0.7"]
        with pytest.raises(CallFailed, match="cannot nonsense"):
            call_blocking(client.running.home.socket("fabric"), "nonsense")
        with pytest.raises(CallFailed):
            call_blocking(client.running.home.socket("fabric"), "apply", [{"kind": "Nonsense"}])
    finally:
        client.end()
