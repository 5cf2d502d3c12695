"""A machine of ``exec``: a row in the cloud, a namespace held by the keeper, gone when its command ends."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloister.cli import places
from cloister.cli.cloud import Cloud
from cloister.cli.errors import CliError
from cloister.keeper import rights
from cloister.keeper.client import Keeper, KeeperRefused

API_VERSION = "2026-01-01"


@dataclass(frozen=True)
class Machine:
    """A machine that is there: its namespace (a descriptor of ours), its address, its name servers.

    ``user``: a descriptor of the user namespace that owns it, where an ordinary user runs the cloud; else -1.
    """

    name: str
    namespace: int
    address: str
    dns_servers: tuple[str, ...]
    user: int = -1


def start_time(pid: int) -> str:
    """When a process started, in clock ticks after boot: field 22 of its stat (proc(5)). With the pid it names a process."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


@contextmanager
def machine(
    cloud: Cloud, place: str, address: str = "", host_name: str = "", forwarding: bool = False, nic: str = "", principal: str = ""
) -> Iterator[Machine]:
    """Make a machine in ``place`` for as long as the block runs. Should this process die, control removes it.

    With ``nic`` (a network interface's name or id) it has that one's place, address and groups. Names are looked up with the
    owner's eyes, those of another tenant with its ``principal``'s.
    """
    eyes = principal if cloud.is_elsewhere(principal) else ""
    card, subnet = places.interface(cloud, nic, eyes) if nic else ("", places.resolve(cloud, place, eyes))
    name = f"exec-{os.getpid()}-{secrets.token_hex(3)}"
    path = f"/providers/Cloister.Fabric/machines/{name}"
    holder = {"pid": os.getpid(), "start": start_time(os.getpid())}
    wishes = {name: value for name, value in _wishes(address, host_name, forwarding, card) if value}
    body = {"properties": {"place": subnet, "holder": holder, **wishes}}
    try:
        row = cloud.arm("PUT", path, body, api_version=API_VERSION)
        properties = row["properties"]
        namespace, user = _namespaces(cloud, properties["namespace"])
        try:
            yield Machine(name, namespace, properties["address"], tuple(properties["dnsServers"]), user)
        finally:
            os.close(namespace)
            if user >= 0:
                os.close(user)
    finally:
        with suppress(CliError):  # a cloud that went down took its machines with it
            cloud.http("DELETE", path, api_version=API_VERSION)


def _wishes(address: str, host_name: str, forwarding: bool, card: str) -> tuple[tuple[str, Any], ...]:
    wishes = (("address", address), ("hostName", host_name), ("enableIPForwarding", forwarding))
    return (*wishes, ("networkInterface", card))


def _namespaces(cloud: Cloud, name: str) -> tuple[int, int]:
    """Descriptors of the machine's network namespace and of the user namespace that owns it, -1 where that is the host's."""
    keeper = Keeper(cloud.home.socket("keeper"))
    try:
        user = keeper.user()
        if user < 0 and not rights.may_make_networks():
            raise CliError("cannot enter a network: root started this cloud; use sudo, or a root shell")
        return keeper.namespace(name, create=False), user
    except (OSError, KeeperRefused) as error:
        raise CliError(f"cannot enter the machine's network: {error}; 'cloister status' tells what runs") from error
    finally:
        keeper.close()
