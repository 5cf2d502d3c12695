"""Checks of this machine: rights, kernel, limits, tools, clock, Python."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from cloister.cli import rootless
from cloister.cli.checks import BAD, GOOD, WARNING, Finding
from cloister.home import Home
from cloister.keeper import rights as capabilities

DESCRIPTORS_MIN, DESCRIPTORS_PER_NETWORK = 4096, 4  # measured: four for a network with its resolver
NETWORKS_MIN = 100
FLOWS_MIN = 65536
NFT_OLDEST = (0, 9, 8)  # concatenated maps of address and port to address and port, with the kernel's own text for them
NO_SUCH_COMMAND = 127
OLDEST_TIME = 1_735_689_600  # 2025-01-01: before it no certificate of this cloud can have been made
KERNEL_ADVICE = "use a kernel with network namespaces, veth, macvlan, nf_tables with NAT and conntrack (Debian 12's has them)"
TRANSLATION = """\
table ip trial {
  map forwards { type ipv4_addr . inet_service : ipv4_addr . inet_service; }
  chain in { type nat hook prerouting priority dstnat; dnat ip to ip daddr . tcp dport map @forwards; }
  map pools { type ipv4_addr . mark : ipv4_addr; }
  ct timeout quarter { protocol tcp; l3proto ip; policy = { established : 900 }; }
  chain idle { type filter hook forward priority -5; meta l4proto tcp ct timeout set "quarter"; }
  chain out { type nat hook postrouting priority srcnat; snat to numgen inc mod 2 map { 0 : 198.18.0.1, 1 : 198.18.0.2 }; }
  chain guard { type filter hook input priority 0; ct state invalid meta l4proto tcp reject with tcp reset; }
}
"""
TRIALS = (
    ("veth pairs", "ip link add v0 type veth peer name v1 && ip link set v0 up", ""),
    ("macvlan links", "ip link add v0 type veth peer name v1 && ip link add link v0 name m0 type macvlan mode private", ""),
    ("local routes", "ip link set lo up && ip route add local 198.19.0.0/16 dev lo", ""),
    ("address translation by maps", "nft -f -", TRANSLATION),
    ("strict connection tracking", "nft -f - && echo 0 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose", TRANSLATION),
    ("forwarding", "echo 1 > /proc/sys/net/ipv4/ip_forward && echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter", ""),
)
"""Kernel features, each tried in a network namespace of its own that ends with the trial."""


def rights(_: Home) -> Iterator[Finding]:
    """Rights over networks and mounts: root's own, or an ordinary user's in a user namespace."""
    if os.geteuid() == 0:
        held = capabilities.held()
        missing = [name for name, number in (("NET_ADMIN", 12), ("SYS_ADMIN", 21), ("NET_RAW", 13)) if not held >> number & 1]
        if not missing:
            yield Finding("rights", GOOD, "root, with rights over networks and mounts")
            return
        text, way_out = (
            f"root here lacks {', '.join(missing)}",
            "start the container with --cap-add " + " --cap-add ".join(missing),
        )
    else:
        text, way_out = "an ordinary user", ""
    lack = rootless.lack()
    if lack is None:
        yield Finding("rights", GOOD, f"{text}; the cloud gets a user namespace of its own")
    else:
        yield Finding("rights", BAD, f"{text}: {lack.text}", f"{way_out}; or {lack.advice}" if way_out else lack.advice)


def kernel(_: Home) -> Iterator[Finding]:
    """The features the fabric stands on, tried."""
    if rootless.lack() is not None:
        return
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
    for name, script, given in TRIALS:
        command = ["/bin/sh", "-ec", script]
        try:
            done = subprocess.run(
                command, preexec_fn=rootless.into_trial_network, input=given, capture_output=True, text=True, env=environment
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


def networks(_: Home) -> Iterator[Finding]:
    """How many network namespaces this user may make (namespaces(7)), and how many connections the host tracks in all."""
    most = _number(Path("/proc/sys/user/max_net_namespaces"))
    if most is not None:
        few = most < NETWORKS_MIN
        advice = "as root: sysctl -w user.max_net_namespaces=10000" if few else ""
        yield Finding("networks", WARNING if few else GOOD, f"{most} network namespaces at most", advice)
    flows = _number(Path("/proc/sys/net/netfilter/nf_conntrack_max"))
    if flows is not None:
        few = flows < FLOWS_MIN
        advice = f"as root: sysctl -w net.netfilter.nf_conntrack_max={4 * FLOWS_MIN}" if few else ""
        yield Finding("connections", WARNING if few else GOOD, f"{flows} tracked connections at most", advice)


def descriptors(_: Home) -> Iterator[Finding]:
    """The hard limit bounds how many networks fit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    text = f"{hard} at most: room for about {hard // DESCRIPTORS_PER_NETWORK} networks"
    few = hard != resource.RLIM_INFINITY and hard < DESCRIPTORS_MIN
    yield Finding("descriptors", WARNING if few else GOOD, text, "raise it: ulimit -Hn 65536 before 'cloister up'" if few else "")


def tools(_: Home) -> Iterator[Finding]:
    """Commands that the tests and people use; the cloud itself speaks netlink."""
    for command, package, asked in (("nft", "nftables", "-v"), ("ip", "iproute2", "-V"), ("dig", "dnsutils", "-v")):
        path = shutil.which(command) or shutil.which(command, path="/usr/sbin:/sbin")
        if path is None:
            yield Finding(f"tool: {command}", WARNING, "not installed", f"apt-get install {package}")
            continue
        done = subprocess.run([path, asked], capture_output=True, text=True)
        said = (done.stdout + done.stderr).strip().splitlines() or [path]
        old = command == "nft" and version(said[0]) < NFT_OLDEST
        oldest = ".".join(str(part) for part in NFT_OLDEST)
        advice = f"install nftables {oldest} or later: doctor and the tests look at the kernel with it" if old else ""
        yield Finding(f"tool: {command}", WARNING if old else GOOD, said[0], advice)


def version(text: str) -> tuple[int, ...]:
    """The first dotted number in a program's words: ``nftables v1.0.6 (Lester Gooch #5)`` gives (1, 0, 6)."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def clock(home: Home) -> Iterator[Finding]:
    """The clock counts: certificates and tokens are valid for a time, and what was written lies in the past."""
    now = time.time()
    if now < OLDEST_TIME:
        stamp = time.strftime("%Y-%m-%d", time.gmtime(now))
        yield Finding("clock", BAD, f"it says {stamp}", "set it, as root: date -s, or an NTP client")
        return
    ahead = [path for path in (home.cloud_file, home.database, home.ca_file) if path.exists() and path.stat().st_mtime > now + 60]
    if ahead:
        text = f"{ahead[0].name} was written after now: the clock went back"
        yield Finding("clock", WARNING, text, "set it, as root: date -s, or an NTP client")
    else:
        yield Finding("clock", GOOD, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)))


def python(_: Home) -> Iterator[Finding]:
    """The Python that runs this, and its packages beside the lock file of this checkout."""
    said = f"{'.'.join(str(part) for part in sys.version_info[:3])} at {sys.executable}"
    yield Finding("python", GOOD, said)
    lock = Path(__file__).parents[4] / "requirements.lock"
    if not lock.exists():
        return  # installed from elsewhere: its installer saw to the packages
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", lock.read_text(), re.MULTILINE)
    wrong = [f"{name} {_installed(name) or 'missing'}" for name, wanted in pinned if _installed(name) != wanted]
    if wrong:
        text = f"{len(wrong)} of {len(pinned)} packages differ from {lock.name}: {', '.join(wrong[:5])}"
        yield Finding("packages", WARNING, text, "make setup")
    else:
        yield Finding("packages", GOOD, f"{len(pinned)} as in {lock.name}")


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


CHECKS = (rights, kernel, networks, descriptors, tools, clock, python)
