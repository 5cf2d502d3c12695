"""What a cloud uses of the machine, counted from outside: descriptors, memory, namespaces, links, kernel objects, files."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from cloister.keeper.client import Keeper, enter_network
from cloister.keeper.kernel import in_thread
from tests.conftest import RunningCloud
from tests.mainjob.rows import held

T = TypeVar("T")
PAGE = os.sysconf("SC_PAGE_SIZE")


def processes(cloud: RunningCloud) -> dict[str, int]:
    """Name -> pid of all that run, the keeper included."""
    keeper = Keeper(cloud.home.socket("keeper"))
    try:
        return {"keeper": keeper.ping()} | {child["name"]: child["pid"] for child in keeper.children() if child["pid"]}
    finally:
        keeper.close()


def inside(cloud: RunningCloud, namespace: str, work: Callable[[], T]) -> T:
    """Run ``work`` in a thread inside a namespace of the cloud."""
    keeper = Keeper(cloud.home.socket("keeper"))
    descriptor = keeper.namespace(namespace, create=False)
    try:

        def entered() -> T:
            enter_network(descriptor)
            return work()

        return in_thread(entered)
    finally:
        os.close(descriptor)
        keeper.close()


def _descriptors(pid: int) -> int:
    """The least of a few readings: what asks, this test too, comes and goes."""
    least = len(os.listdir(f"/proc/{pid}/fd"))
    for _ in range(4):
        time.sleep(0.02)
        least = min(least, len(os.listdir(f"/proc/{pid}/fd")))
    return least


def counts(cloud: RunningCloud) -> dict[str, Any]:
    """What must be after create and delete as it was before."""
    keeper = Keeper(cloud.home.socket("keeper"))
    try:
        names, sockets = keeper.namespaces(), keeper.sockets()
    finally:
        keeper.close()
    networks = {os.readlink(path) for pid in processes(cloud).values() for path in _network_files(pid)}
    return {
        "namespaces": names,
        "network namespaces held by any process": len(networks),
        "sockets": sorted(one["name"] for one in sockets),
        "links of services": inside(cloud, "services", lambda: sorted(name for _, name in socket.if_nameindex())),
        "descriptors": {name: _descriptors(pid) for name, pid in processes(cloud).items()},
        "objects": {name: sorted(objects) for name, objects in held(cloud.home).items()},
        "files": sorted(str(path.relative_to(cloud.root)) for path in cloud.root.rglob("*") if path.is_file()),
    }


def _network_files(pid: int) -> list[Path]:
    found = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if os.readlink(path).startswith("net:"):
                found.append(path)
        except OSError:  # closed meanwhile
            continue
    return found


def memory(cloud: RunningCloud) -> dict[str, float]:
    """Resident memory of each process in MiB."""
    return {name: int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20 for name, pid in processes(cloud).items()}


def journals(cloud: RunningCloud) -> int:
    """Bytes of the journals and the store."""
    return sum(path.stat().st_size for path in cloud.root.rglob("*") if path.is_file() and path.suffix != ".log")
