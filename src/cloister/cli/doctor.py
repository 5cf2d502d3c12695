"""``cloister doctor``: named checks of this machine and this home; each finding says what to do.

A check is a function that yields findings; it tries the thing itself rather than asking for its version where it can.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from cloister.cli import keeping, show
from cloister.cli.errors import CliError
from cloister.cli.up import UNIX_PATH_MAX
from cloister.home import Home
from cloister.keeper.kernel import unshare_network

GOOD, WARNING, BAD = "ok", "warning", "bad"
DESCRIPTORS_MIN, DESCRIPTORS_PER_NETWORK = 4096, 4  # measured: four for a network with its resolver
DISK_BYTES_MIN = 512 * 1024 * 1024
NO_SUCH_COMMAND = 127
KERNEL_ADVICE = "use a kernel with network namespaces, veth, nf_tables with NAT and conntrack (Debian 12's has them)"
TRANSLATION = """\
table ip trial {
  map forwards { type ipv4_addr . inet_service : ipv4_addr . inet_service; }
  chain in { type nat hook prerouting priority dstnat; dnat ip to ip daddr . tcp dport map @forwards; }
  chain out { type nat hook postrouting priority srcnat; masquerade; }
  chain guard { type filter hook input priority 0; ct state invalid meta l4proto tcp reject with tcp reset; }
}
"""
TRIALS = (
    ("veth pairs", "ip link add v0 type veth peer name v1 && ip link set v0 up", ""),
    ("local routes", "ip link set lo up && ip route add local 198.19.0.0/16 dev lo", ""),
    ("address translation by maps", "nft -f -", TRANSLATION),
    ("strict connection tracking", "nft -f - && echo 0 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose", TRANSLATION),
)
"""Kernel features, each tried in a network namespace of its own that ends with the trial."""


@dataclass(frozen=True)
class Finding:
    """What a check found; ``advice`` says what to do where it is not good."""

    check: str
    state: str
    text: str
    advice: str = ""


def doctor(*, as_json: bool) -> None:
    """Run all checks, print them; exit code 1 where one is bad."""
    home = Home.default()
    findings = [finding for check in CHECKS for finding in check(home)]
    if as_json:
        show.print_json([asdict(finding) for finding in findings])
    else:
        _print(findings)
    bad = [finding.check for finding in findings if finding.state == BAD]
    if bad:
        raise CliError(f"cannot call this machine ready: {', '.join(bad)}")


def rights(_: Home) -> Iterator[Finding]:
    """Root, with the rights that a container may have taken away."""
    if os.geteuid() != 0:
        yield Finding("rights", BAD, "this is no root shell", "use sudo, or a root shell: making networks needs it")
        return
    held = int(
        next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff")), 16
    )
    missing = [name for name, number in (("NET_ADMIN", 12), ("SYS_ADMIN", 21), ("NET_RAW", 13)) if not held >> number & 1]
    if missing:
        text = f"root here lacks {', '.join(missing)}"
        yield Finding("rights", BAD, text, "start the container with --cap-add " + " --cap-add ".join(missing))
    else:
        yield Finding("rights", GOOD, "root, with rights over networks and mounts")


def kernel(_: Home) -> Iterator[Finding]:
    """The features the fabric stands on, tried."""
    if os.geteuid() != 0:
        return
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
    for name, script, given in TRIALS:
        command = ["/bin/sh", "-ec", script]
        try:
            done = subprocess.run(
                command, preexec_fn=unshare_network, input=given, capture_output=True, text=True, env=environment
            )
        except (OSError, subprocess.SubprocessError) as error:
            yield Finding(f"kernel: {name}", BAD, str(error), KERNEL_ADVICE)
            continue
        said = (done.stderr.strip() or "failed").splitlines()[-1]
        if done.returncode == NO_SUCH_COMMAND:
            yield Finding(f"kernel: {name}", WARNING, f"cannot be tried: {said}", "install the tools named below")
        elif done.returncode:
            yield Finding(f"kernel: {name}", BAD, said, KERNEL_ADVICE)
        else:
            yield Finding(f"kernel: {name}", GOOD, "works")


def tools(_: Home) -> Iterator[Finding]:
    """Commands that the tests and people use; the cloud itself speaks netlink."""
    for command, package, asked in (("nft", "nftables", "-v"), ("ip", "iproute2", "-V"), ("dig", "dnsutils", "-v")):
        path = shutil.which(command) or shutil.which(command, path="/usr/sbin:/sbin")
        if path is None:
            yield Finding(f"tool: {command}", WARNING, "not installed", f"apt-get install {package}")
            continue
        done = subprocess.run([path, asked], capture_output=True, text=True)
        yield Finding(f"tool: {command}", GOOD, (done.stdout + done.stderr).strip().splitlines()[0])


def python(_: Home) -> Iterator[Finding]:
    """The Python that runs this."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    good = sys.version_info >= (3, 11)
    yield Finding("python", GOOD if good else BAD, version, "" if good else "use Python 3.11 or later")


def descriptors(_: Home) -> Iterator[Finding]:
    """The hard limit bounds how many networks fit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    text = f"{hard} at most: room for about {hard // DESCRIPTORS_PER_NETWORK} networks"
    few = hard != resource.RLIM_INFINITY and hard < DESCRIPTORS_MIN
    yield Finding("descriptors", WARNING if few else GOOD, text, "raise it: ulimit -Hn 65536 before 'cloister up'" if few else "")


def home_folder(home: Home) -> Iterator[Finding]:
    """CLOISTER_HOME: short enough for socket paths, ours alone, with room."""
    length = len(os.fsencode(home.socket("resolver")))
    if length > UNIX_PATH_MAX:
        text = f"{home.root}: socket paths would have {length} bytes, the kernel allows {UNIX_PATH_MAX}"
        yield Finding("home", BAD, text, "set CLOISTER_HOME to a shorter folder")
        return
    existing = home.root
    while not existing.exists():
        existing = existing.parent
    if not os.access(existing, os.W_OK):
        yield Finding("home", BAD, f"{existing} cannot be written", "set CLOISTER_HOME to a folder of your own")
        return
    if home.root.exists() and home.root.stat().st_mode & 0o077:
        yield Finding("home", WARNING, f"{home.root} is open to others", f"chmod 700 {home.root}")
    free = shutil.disk_usage(existing).free
    few = free < DISK_BYTES_MIN
    text = f"{home.root}: {free // (1024 * 1024)} MiB free"
    yield Finding("home", WARNING if few else GOOD, text, "make room: rows and runs are kept there" if few else "")


def host_port(home: Home) -> Iterator[Finding]:
    """The loopback port for clients of the host."""
    if not home.cloud_file.exists() or keeping.keeper_pid(home):
        return
    port = json.loads(home.cloud_file.read_bytes()).get("host_port", 0)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError as error:
            text = f"127.0.0.1:{port} cannot be had: {error.strerror}"
            yield Finding("host port", BAD, text, f"end what listens there, or set another host_port in {home.cloud_file}")
        else:
            yield Finding("host port", GOOD, f"127.0.0.1:{port} is free")


def processes(home: Home) -> Iterator[Finding]:
    """The running cloud answers; a cloud that is down left nothing behind."""
    if keeping.keeper_pid(home):
        silent = [name for name in keeping.PINGED if not keeping.answers(home, name)]
        if silent:
            yield Finding(
                "processes", BAD, f"no answer from {', '.join(silent)}", f"read {home.log_file}; they are started again"
            )
        else:
            yield Finding("processes", GOOD, "all answer")
        return
    left = _leftovers(home)
    if left:
        text = f"no keeper runs, but these do: {', '.join(str(pid) for pid in left)}"
        yield Finding("leftovers", WARNING, text, f"kill {' '.join(str(pid) for pid in left)}")
    else:
        yield Finding("leftovers", GOOD, "the cloud is down, nothing is left of it")


def _leftovers(home: Home) -> list[int]:
    """Processes of this home's cloud, by their command line and environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        ours = b"cloister.app" in command or b"cloister.keeper" in command
        if ours and b"CLOISTER_HOME=" + os.fsencode(home.root) in environment:
            found.append(int(entry.name))
    return sorted(found)


CHECKS: tuple[Callable[[Home], Iterator[Finding]], ...] = (
    rights, kernel, tools, python, descriptors, home_folder, host_port, processes,
)  # fmt: skip
"""In the order in which they are printed."""


def _print(findings: list[Finding]) -> None:
    from rich.markup import escape

    out = show.console()
    colours = {GOOD: "green", WARNING: "yellow", BAD: "red"}
    for finding in findings:
        mark = f"[{colours[finding.state]}]{finding.state:8}[/]"
        out.print(f"{mark}{finding.check:38} {escape(finding.text)}")
        if finding.advice:
            out.print(f"{'':8}{'':38} → {finding.advice}", markup=False)
