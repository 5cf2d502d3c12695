"""Checks of what runs, and of what should not any more: processes, machines' commands, locks and mounts of dead clouds.

A namespace of a dead cloud is held by nobody but a process in it: so the processes are what is looked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from cloister.cli import keeping
from cloister.cli.checks import BAD, GOOD, WARNING, Finding
from cloister.home import Home

PROC = Path("/proc")


def processes(home: Home) -> Iterator[Finding]:
    """The running cloud answers."""
    if not keeping.keeper_pid(home):
        yield Finding("processes", GOOD, "the cloud is down")
        return
    silent = [name for name in keeping.PINGED if not keeping.answers(home, name)]
    if silent:
        advice = f"read {home.log_file}; they are started again"
        yield Finding("processes", BAD, f"no answer from {', '.join(silent)}", advice)
    else:
        yield Finding("processes", GOOD, "all answer")


def lock(home: Home) -> Iterator[Finding]:
    """Who holds the home's lock; it goes with its process, the file itself means nothing."""
    path = home.run / "keeper.lock"
    if not path.exists() or keeping.keeper_pid(home):
        return
    holder = lock_holder(path)
    if holder:
        text = f"process {holder} holds {path} and answers nobody"
        yield Finding("lock", BAD, text, f"kill {holder}, then 'cloister up'; kill -9 if it stays")
    else:
        yield Finding("lock", GOOD, "free")


def lock_holder(path: Path) -> int:
    """The pid that holds a flock(2) on ``path``; 0 for none (proc(5), /proc/locks)."""
    found = path.stat()
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    for line in (PROC / "locks").read_text().splitlines():
        fields = line.split()
        if fields[1] == "FLOCK" and fields[5] == place:
            return int(fields[4])
    return 0


def leftovers(home: Home) -> Iterator[Finding]:
    """Processes of clouds whose keeper is no more, and commands on machines of such clouds: these keep namespaces alive."""
    down: dict[str, list[int]] = {}
    known: dict[str, bool] = {}
    for pid, root in sorted(cloud_processes()):
        if root not in known:
            known[root] = keeping.keeper_pid(Home(Path(root))) != 0
        if not known[root]:
            down.setdefault(root, []).append(pid)
    for root, pids in down.items():
        numbers = " ".join(str(pid) for pid in pids)
        yield Finding("leftovers", WARNING, f"no keeper answers in {root}, but these run: {numbers}", f"kill {numbers}")
    mounts = left_mounts(home)
    if mounts:
        text = f"mounts of the cloud outside of its machines: {', '.join(mounts)}"
        yield Finding("leftovers", WARNING, text, "as root: umount " + " ".join(mounts))
    if not down and not mounts:
        yield Finding("leftovers", GOOD, "no process, namespace or mount of a dead cloud")


def cloud_processes() -> Iterator[tuple[int, str]]:
    """``(pid, CLOISTER_HOME)`` of each process that is a cloud's, or a command on a machine, as far as this user may look."""
    own = _network("self")
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
            pairs = (entry / "environ").read_bytes().split(b"\0")
            network = _network(entry.name)
        except OSError:
            continue
        environment = dict(pair.split(b"=", 1) for pair in pairs if b"=" in pair)
        root = environment.get(b"CLOISTER_HOME", b"")
        bundle = Path(os.fsdecode(environment.get(b"SSL_CERT_FILE", b"")))
        if root and (b"cloister.app" in command or b"cloister.keeper" in command):
            yield int(entry.name), os.fsdecode(root)
        elif bundle.name == Home(bundle.parent).bundle_file.name and network != own:
            yield int(entry.name), str(bundle.parent)


def _network(pid: str) -> str:
    return os.readlink(PROC / pid / "ns" / "net")


def left_mounts(home: Home) -> list[str]:
    """Mount points in this mount namespace that lie in the home or show a part of it (proc(5), mountinfo)."""
    inside, clients = f"{home.run / 'machine'}", f"{home.root.name}/clients/"
    found = []
    for line in (PROC / "self" / "mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[4] == inside or f"/{clients}" in fields[3]:
            found.append(fields[4])
    return found


CHECKS = (processes, lock, leftovers)
