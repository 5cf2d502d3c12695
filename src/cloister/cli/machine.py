"""A machine of ``exec``: a row in the cloud, a namespace held by the keeper, gone when its command ends."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cloister.cli import places
from cloister.cli.cloud import Cloud
from cloister.cli.errors import CliError
from cloister.keeper.client import Keeper, KeeperRefused

API_VERSION = "2026-01-01"


@dataclass(frozen=True)
class Machine:
    """A machine that is there: its namespace (a descriptor of ours), its address, its name servers."""

    name: str
    namespace: int
    address: str
    dns_servers: tuple[str, ...]


def start_time(pid: int) -> str:
    """When a process started, in clock ticks after boot: field 22 of its stat (proc(5)). With the pid it names a process."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


@contextmanager
def machine(cloud: Cloud, place: str, address: str = "", host_name: str = "") -> Iterator[Machine]:
    """Make a machine in ``place`` for as long as the block runs. Should this process die, control removes it."""
    subnet = places.resolve(cloud, place)
    name = f"exec-{os.getpid()}-{secrets.token_hex(3)}"
    path = f"/providers/Cloister.Fabric/machines/{name}"
    holder = {"pid": os.getpid(), "start": start_time(os.getpid())}
    wishes = {name: value for name, value in (("address", address), ("hostName", host_name)) if value}
    body = {"properties": {"place": subnet, "holder": holder, **wishes}}
    try:
        row = cloud.arm("PUT", path, body, api_version=API_VERSION)
        properties = row["properties"]
        namespace = _namespace(cloud, properties["namespace"])
        try:
            yield Machine(name, namespace, properties["address"], tuple(properties["dnsServers"]))
        finally:
            os.close(namespace)
    finally:
        with suppress(CliError):  # a cloud that went down took its machines with it
            cloud.http("DELETE", path, api_version=API_VERSION)


def _namespace(cloud: Cloud, name: str) -> int:
    keeper = Keeper(cloud.home.socket("keeper"))
    try:
        return keeper.namespace(name, create=False)
    except (OSError, KeeperRefused) as error:
        raise CliError(f"cannot enter the machine's network: {error}; 'cloister status' tells what runs") from error
    finally:
        keeper.close()
