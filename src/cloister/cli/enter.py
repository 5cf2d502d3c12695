"""Becoming a machine: what a freshly forked child does between ``fork`` and ``exec``.

It enters the machine's network namespace, takes a mount namespace of its own in which a few files and sockets of the host
are covered, and gives up the rights over networks. Files, Python, user and terminal stay the host's: this isolates packets,
not a hostile root. Sources: setns(2), mount_namespaces(7), capabilities(7), nsswitch.conf(5), resolv.conf(5).
"""

from __future__ import annotations

import ctypes
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from cloister.keeper import rights
from cloister.keeper.kernel import enter_network, unshare_mounts
from cloister.net import plan
from cloister.net.names import INTERNAL

MS_BIND, MS_REC, MS_PRIVATE, MS_NOSUID, MS_NODEV = 4096, 16384, 1 << 18, 2, 4  # linux/mount.h

DROPPED = {
    "CAP_NET_ADMIN": 12,  # addresses, routes, rules
    "CAP_SYS_MODULE": 16,
    "CAP_SYS_RAWIO": 17,
    "CAP_SYS_PTRACE": 19,  # opening a host process's namespaces by /proc/<pid>/ns
    "CAP_SYS_ADMIN": 21,  # setns and mount: the ways back
    "CAP_SYS_BOOT": 22,
    "CAP_MAC_ADMIN": 33,
    "CAP_BPF": 39,
}
"""Rights that change networks or lead out of this one. CAP_NET_RAW stays, for ping and tcpdump: the router checks sources."""

KEPT = (rights.NET_BIND_SERVICE, rights.NET_RAW)
"""What an ordinary user's command may on its machine beyond its own rights: listen below 1024, ping and tcpdump."""

COVERED = ("/run/nscd", "/var/run/nscd", "/run/systemd/resolve", "/run/docker.sock", "/var/run/docker.sock", "/run/avahi-daemon")
"""Host sockets that resolve names or open connections from the host's own network."""

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Surroundings:
    """What a machine's command finds in place of the host's: resolv.conf's text, and folders laid over others.

    ``work`` is an empty folder; generated files stand in it, but only as this machine sees it.
    """

    resolv_conf: str
    work: Path
    folders: tuple[tuple[Path, Path], ...] = ()  # (ours, covered)


def enter(namespace: int, around: Surroundings, user: int = -1) -> None:
    """Move this process, which must have one thread, onto the machine. Raises OSError, its text beginning with "cannot".

    ``user``: the user namespace that owns the machine's, as a descriptor; -1: this process is root where that is.
    """
    if user >= 0:
        rights.enter_user(user)
    enter_network(namespace)
    unshare_mounts()
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    _mount("none", str(around.work), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=256k")
    for path in COVERED:
        _cover(path)
    for ours, covered in around.folders:
        covered.mkdir(mode=0o700, parents=True, exist_ok=True)
        _mount(str(ours), os.path.realpath(covered), None, MS_BIND)
    _lay("/etc/resolv.conf", around.resolv_conf, around.work / "resolv.conf")
    plain = plain_nsswitch("/etc/nsswitch.conf")
    if plain:
        _lay("/etc/nsswitch.conf", plain, around.work / "nsswitch.conf")
    drop_rights(own_user=user >= 0)


def resolv_conf(servers: tuple[str, ...]) -> str:
    """The file that the C library reads: at most three servers count (resolv.conf(5)).

    Machines that ask the network's own resolver find each other by host name alone.
    """
    search = f"search {INTERNAL}\n" if servers == (str(plan.AZURE_DNS),) else ""
    return "".join(f"nameserver {server}\n" for server in servers[:3]) + search + "options timeout:2 attempts:2\n"


def plain_nsswitch(path: str) -> str:
    """The file with only ``files`` and ``dns`` for hosts; ``""`` where it says so already or is not there.

    Other sources (resolve, mdns4_minimal, myhostname, ...) would answer past the network's own resolver.
    """
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return ""
    plain = ["hosts: files dns" if line.split(":")[0].strip() == "hosts" else line for line in lines]
    sources = [line.split(":", 1)[1].split() for line in lines if line.split(":")[0].strip() == "hosts"]
    return "" if sources in ([], [["files", "dns"]]) else "\n".join(plain) + "\n"


def drop_rights(own_user: bool = False) -> None:
    """Take DROPPED out of every capability set, so that no program started later has them either.

    In a user namespace of the cloud (``own_user``) the command is no root: of what is left it keeps KEPT.
    """
    rights.clear_ambient()
    rights.drop_bounding(DROPPED.values())
    dropped = sum(1 << number for number in DROPPED.values())
    kept = sum(1 << number for number in KEPT) if own_user else 0
    held = rights.held(field="CapPrm") & ~dropped
    rights.set_capabilities(held, held, rights.held(field="CapInh") & ~dropped | held & kept)
    if own_user:
        rights.raise_ambient(KEPT)


def _cover(path: str) -> None:
    """Lay an empty folder over a folder, /dev/null over anything else; what is not there needs no cover."""
    try:
        kind = os.stat(path).st_mode
    except OSError:
        return
    if stat.S_ISDIR(kind):
        _mount("none", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64k")
    else:
        _mount("/dev/null", os.path.realpath(path), None, MS_BIND)


def _lay(path: str, text: str, ours: Path) -> None:
    """Lay a file of our own over a file of the host, which may be a link into a folder that was just covered."""
    ours.write_text(text)
    ours.chmod(0o644)
    target = os.path.realpath(path)
    if not os.path.exists(target):
        if not any(target.startswith(f"{os.path.realpath(covered)}/") for covered in COVERED):
            raise OSError(f"cannot give the machine name servers: {path} does not exist on the host; make it, it may be empty")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    _mount(str(ours), target, None, MS_BIND)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str = "") -> None:
    encoded = [text.encode() if text is not None else None for text in (source, target, kind)]
    _check(_libc.mount(*encoded, ctypes.c_ulong(flags), options.encode() or None), f"mount over {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot {what}: {os.strerror(number)}")
