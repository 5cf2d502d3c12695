"""The resolver against unbound: answers a second, slow answers, memory; and how soon a new record is seen."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "dns"))

from dns_process import Process
from fake_keeper import FakeKeeper

from bench.figures import Figure, compared, interleaved, quantile, require
from bench.lab import until
from cloister.home import Home
from cloister.net.desired import View, ZoneRecords

ZONE = "privatelink.api.azureml.ms"
RECORDS, VIEWS = 100, 1_000
ADDRESS = "168.63.129.16"
PACED = 500  # single questions of which the slowest hundredth is looked at
UNBOUND = """server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: "{folder}/unbound.pid"
  do-daemonize: no
  use-syslog: no
  logfile: "{folder}/unbound.log"
  num-threads: 1
  interface: 127.0.0.1@{port}
  do-ip6: no
  module-config: "iterator"
  access-control: 127.0.0.0/8 allow
{more}
"""


def measure() -> Iterator[Figure]:
    """All figures of names that need no cloud. Raises RuntimeError naming what is not installed."""
    require("unbound", "dnsperf", packages="unbound dnsperf")
    with tempfile.TemporaryDirectory(prefix="clb-", dir="/tmp") as folder:
        yield from _speed(Path(folder))
    with tempfile.TemporaryDirectory(prefix="clb-", dir="/tmp") as folder:
        yield from _memory(Path(folder))


def _speed(folder: Path) -> Iterator[Figure]:
    questions = folder / "questions"
    questions.write_text("".join(f"r{n}.{ZONE} A\n" for n in range(RECORDS)))
    with _resolver(folder, 1) as (_, mine), _unbound(folder, _static(ZONE, "  ")) as (_, theirs):
        ports = {"resolver": mine, "unbound": theirs}
        rates = interleaved({name: lambda port=port: _answers(port, questions) for name, port in ports.items()})  # type: ignore[misc]
        slow = interleaved({name: lambda port=port: _slowest(port) for name, port in ports.items()})  # type: ignore[misc]
    yield compared("dns_vs_unbound", "1/s", rates["resolver"], "unbound", rates["unbound"])
    yield compared("dns_p99_vs_unbound", "ms", slow["resolver"], "unbound", slow["unbound"])


def _memory(folder: Path) -> Iterator[Figure]:
    views = "".join(f"  access-control-view: 127.{1 + n // 250}.{n % 250}.1/32 v{n}\n" for n in range(VIEWS))
    views += "".join(f'view:\n  name: "v{n}"\n{_static(ZONE, "  ")}' for n in range(VIEWS))
    with _resolver(folder, VIEWS) as (pid, _):
        mine = resident(pid)
    with _unbound(folder, views) as (pid, _):
        theirs = resident(pid)
    yield compared("dns_memory_vs_unbound", "MiB", [mine], "unbound", [theirs])


def _static(zone: str, indent: str) -> str:
    lines = [f"{indent}local-zone: {zone}. static\n"]
    lines += [f'{indent}local-data: "r{n}.{zone}. 10 IN A 10.0.{n // 250}.{n % 250}"\n' for n in range(RECORDS)]
    return "".join(lines)


@contextlib.contextmanager
def _resolver(folder: Path, views: int) -> Iterator[tuple[int, int]]:
    """A resolver of ``views`` networks with a zone each, on the loopback: its pid and the first network's port."""
    home = Home(folder / "h")
    home.make()
    keeper = FakeKeeper(home.socket("keeper"))
    process = Process(home)
    try:
        process.start()
        for n in range(views):
            records = tuple((f"r{m}", "A", 10, (f"10.0.{m // 250}.{m % 250}",)) for m in range(RECORDS))
            zone = ZoneRecords(owner=f"/bench/zone{n}", name=ZONE, records=records)
            view = View(owner="", namespace=f"vnet-{n}", address=ADDRESS, links=((zone.key, False),), because=("/bench/link",))
            process.put(zone, view)
        yield process.pid, keeper.ports["vnet-0"]
    finally:
        process.kill()
        keeper.close()


@contextlib.contextmanager
def _unbound(folder: Path, more: str) -> Iterator[tuple[int, int]]:
    """An unbound of one thread: its pid and port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "unbound.conf"
    config.write_text(UNBOUND.format(folder=folder, port=port, more=more))
    program = subprocess.Popen(["/usr/sbin/unbound", "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        until(lambda: _asked(port, 0) is not None)
        yield program.pid, port
    finally:
        program.terminate()
        program.wait(10)


def _question(number: int) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in f"r{number}.{ZONE}".split("."))
    return b"\x00\x07\x01\x00\x00\x01" + bytes(6) + labels + b"\x00\x00\x01\x00\x01"


def _asked(port: int, number: int) -> bytes | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.2)
        asking.connect(("127.0.0.1", port))
        try:
            asking.send(_question(number))
            return asking.recv(4096)
        except OSError:
            return None


def _answers(port: int, questions: Path) -> float:
    """Answers a second to a client that keeps a hundred questions under way."""
    argv = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(questions), "-l", "1", "-c", "4", "-q", "100"]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    lost = re.search(r"Queries lost:\s+(\d+)", told)
    assert lost is not None and int(lost[1]) == 0, told
    return float(re.search(r"Queries per second:\s+([\d.]+)", told)[1])  # type: ignore[index]


def _slowest(port: int) -> float:
    """Milliseconds that 99 of 100 single questions do not exceed."""
    taken = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1.0)
        asking.connect(("127.0.0.1", port))
        for n in range(PACED):
            began = time.perf_counter()
            asking.send(_question(n % RECORDS))
            asking.recv(4096)
            taken.append(time.perf_counter() - began)
            time.sleep(0.0005)
    return 1000 * quantile(taken, 0.99)


def resident(pid: int) -> float:
    """MiB of memory that a process keeps to itself or shares, as the kernel counts it."""
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024
