"""The keeper's protocol: descriptors, sockets inside namespaces, children, and its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fabric_world import KEEPER, RunningKeeper, eventually, needs_network_rights, running_keeper

from cloister.drivers.linux import rtnetlink as rt
from cloister.drivers.linux.netlink import ROUTE, Channel
from cloister.keeper.client import Keeper, KeeperRefused, enter_network
from cloister.keeper.kernel import in_thread

SLEEP = ("sleep", "1000")


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[RunningKeeper]:
    """A keeper without programs."""
    needs_network_rights()
    with running_keeper(tmp_path / "home") as running:
        yield running


def identity(descriptor: int) -> tuple[int, int]:
    """What tells namespaces apart."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def alive(pid: int) -> bool:
    """Whether a process runs (and is no zombie)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_namespace_is_made_once_and_handed_out(keeper: RunningKeeper) -> None:
    first, created = keeper.client.make("vnet-1")
    again, created_again = keeper.client.make("vnet-1")
    other = keeper.client.namespace("vnet-2")
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    keepers = os.open(f"/proc/{keeper.process.pid}/ns/net", os.O_RDONLY)
    try:
        assert (created, created_again) == (True, False)
        assert identity(first) == identity(again)
        assert len({identity(first), identity(other), identity(own)}) == 3
        assert identity(keepers) == identity(own), "it stays where it was"
        assert keeper.client.namespaces() == ["vnet-1", "vnet-2"]
    finally:
        for descriptor in (first, again, other, own, keepers):
            os.close(descriptor)


def test_it_lives_as_long_as_the_keeper_holds_it(keeper: RunningKeeper) -> None:
    def listen_inside() -> tuple[int, int]:
        descriptor = keeper.client.namespace("vnet-1")
        try:
            return identity(descriptor)
        finally:
            os.close(descriptor)

    before = listen_inside()
    keeper.client.close()
    assert listen_inside() == before
    assert keeper.client.drop("vnet-1") is True
    assert keeper.client.drop("vnet-1") is False
    assert keeper.client.namespaces() == []


def test_a_missing_namespace_is_refused_without_create(keeper: RunningKeeper) -> None:
    with pytest.raises(KeeperRefused, match="cannot find the namespace 'vnet-9'"):
        keeper.client.namespace("vnet-9", create=False)
    with pytest.raises(KeeperRefused, match="cannot find the namespace 'vnet-9'"):
        keeper.client.socket("s", "vnet-9", "tcp", "0.0.0.0", 80)
    with pytest.raises(KeeperRefused, match="cannot name a namespace"):
        keeper.client.namespace("")


def test_many_names_come_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_network_rights()
    code = KEEPER.replace("Server(", "import cloister.keeper.holdings as h; h.NAMES_PER_PAGE = h.SOCKETS_PER_PAGE = 7; Server(")
    monkeypatch.setattr("fabric_world.KEEPER", code)
    with running_keeper(tmp_path / "home") as running:
        names = sorted(f"machine-{number}" for number in range(21))
        for name in names:
            os.close(running.client.namespace(name))
        assert running.client.namespaces() == names
        for name in names:
            running.client.socket(name, name, "udp", "127.0.0.1", 53).close()
        assert [held["name"] for held in running.client.sockets()] == names


def test_a_socket_stands_in_its_namespace_and_survives_its_users(keeper: RunningKeeper) -> None:
    os.close(keeper.client.namespace("services"))
    one = keeper.client.socket("edge", "services", "tcp", "198.19.0.4", 443)  # an address no interface has
    two = keeper.client.socket("edge", "services", "tcp", "198.19.0.4", 443)
    assert one.getsockname() == two.getsockname() == ("198.19.0.4", 443)
    assert one.gettimeout() == 0
    with pytest.raises(BlockingIOError):
        one.accept()
    one.close()
    two.close()
    told = keeper.client.sockets()
    assert told == [{"name": "edge", "namespace": "services", "type": "tcp", "address": "198.19.0.4", "port": 443}]
    with pytest.raises(KeeperRefused, match="drop it first"):
        keeper.client.socket("edge", "services", "tcp", "198.19.0.5", 443)
    assert keeper.client.drop("services") is True
    assert keeper.client.sockets() == []


def test_a_socket_of_the_host_is_reached_and_kept(keeper: RunningKeeper) -> None:
    if not rt.link(Channel(ROUTE), rt.LOOPBACK).up:  # type: ignore[union-attr]
        pytest.skip("the loopback interface is down here (a new network namespace): nothing can be reached over it")
    made = keeper.client.socket("edge-host", None, "tcp", "127.0.0.1", 0)
    port = made.getsockname()[1]
    made.close()
    with socket.create_connection(("127.0.0.1", port)):  # it listens although nobody accepts
        pass
    assert keeper.client.drop_socket("edge-host") is True
    assert keeper.client.drop_socket("edge-host") is False
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_udp_socket_receives_in_its_namespace(keeper: RunningKeeper) -> None:
    descriptor = keeper.client.namespace("vnet-1")
    made = keeper.client.socket("dns", "vnet-1", "udp", "0.0.0.0", 53)

    def state() -> str:
        enter_network(descriptor)
        return Path("/proc/thread-self/net/udp").read_text()

    assert ":0035 " in in_thread(state)
    made.close()
    os.close(descriptor)


NONSENSE = [
    b"not json",
    b"[]",
    b"{}",
    b"[" * 50000,
    b'{"op": "nonsense"}',
    b'{"op": {"a": 1}}',
    b'{"op": "namespace"}',
    b'{"op": "namespace", "name": 5}',
    b'{"op": "start", "name": "nothing"}',
    b'{"op": "socket", "name": "s", "namespace": null, "type": "sctp", "address": "127.0.0.1", "port": 1}',
    b'{"op": "socket", "name": "s", "namespace": null, "type": "tcp", "address": "nonsense", "port": 1}',
    b'{"op": "socket", "name": "s", "namespace": null, "type": "tcp", "address": "127.0.0.1", "port": 99999}',
]


@pytest.mark.parametrize("message", NONSENSE)
def test_what_it_does_not_understand_is_refused_and_it_goes_on(keeper: RunningKeeper, message: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.connect(str(keeper.home.socket("keeper")))
        sock.send(message)
        answer = json.loads(sock.recv(10000))
    assert answer["ok"] is False
    assert answer["error"].startswith("cannot ")
    assert keeper.client.ping() == keeper.process.pid


def test_its_socket_is_the_owners_alone(keeper: RunningKeeper) -> None:
    assert keeper.home.socket("keeper").stat().st_mode & 0o777 == 0o600
    assert keeper.home.log_file.stat().st_mode & 0o777 == 0o600


def test_two_keepers_cannot_run_on_one_home(keeper: RunningKeeper) -> None:
    environment = {**os.environ, "CLOISTER_HOME": str(keeper.home.root)}
    second = subprocess.run(
        [sys.executable, "-m", "cloister.keeper"], env=environment, capture_output=True, text=True, timeout=20
    )
    assert second.returncode == 1
    assert second.stderr.startswith("cannot start on ")
    assert keeper.client.ping() == keeper.process.pid


def test_a_home_with_too_long_a_path_is_refused(tmp_path: Path) -> None:
    environment = {**os.environ, "CLOISTER_HOME": str(tmp_path / ("x" * 90))}
    tried = subprocess.run([sys.executable, "-m", "cloister.keeper"], env=environment, capture_output=True, text=True, timeout=20)
    assert tried.returncode == 1
    assert "too long for sockets; set CLOISTER_HOME to a shorter one" in tried.stderr


def test_children_are_started_and_started_again(tmp_path: Path) -> None:
    programs = [("a", SLEEP, False), ("bad", ("sh", "-c", "echo from bad; exit 3"), False), ("late", SLEEP, True)]
    with running_keeper(tmp_path / "home", programs) as running:

        def child(name: str) -> dict:
            return next(child for child in running.client.children() if child["name"] == name)

        first = eventually(lambda: child("a")["pid"])
        os.kill(first, signal.SIGKILL)
        second = eventually(lambda: child("a")["pid"] != first and child("a")["pid"])
        assert child("a")["restarts"] == 1
        assert alive(second)
        assert child("a")["since"] > 1e9
        assert child("late") == {"name": "late", "pid": 0, "restarts": 0, "since": 0.0}
        late = running.client.start("late")
        assert running.client.start("late") == late
        eventually(lambda: child("bad")["restarts"] >= 2)
        assert child("bad")["restarts"] <= 4, "it waits longer each time"
        eventually(lambda: "from bad" in running.log())
        running.client.stop()
        assert running.process.wait(5) == 0
        eventually(lambda: not alive(second) and not alive(late))
        assert not running.home.socket("keeper").exists()


def test_a_program_that_cannot_start_is_tried_again(tmp_path: Path) -> None:
    with running_keeper(tmp_path / "home", [("gone", ("/nonexistent/program",), False)]) as running:
        eventually(lambda: running.client.children()[0]["restarts"] >= 2)
        assert "cannot start gone" in running.log()


def test_children_that_ignore_the_signal_are_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stubborn = ("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done")
    code = KEEPER.replace("Server(", "import cloister.keeper.server as s; s.END_SECONDS = 0.3; Server(")
    monkeypatch.setattr("fabric_world.KEEPER", code)
    with running_keeper(tmp_path / "home", [("stubborn", stubborn, False)]) as running:
        eventually(lambda: "ready" in running.log())
        pid = running.client.children()[0]["pid"]
        running.client.stop()
        assert running.process.wait(5) == 0
        eventually(lambda: not alive(pid))


def test_children_die_with_the_keeper_and_a_new_one_can_start(tmp_path: Path) -> None:
    with running_keeper(tmp_path / "home", [("a", SLEEP, False)]) as running:
        pid = eventually(lambda: running.client.children()[0]["pid"])
        running.process.kill()
        running.process.wait()
        eventually(lambda: not alive(pid))
        with pytest.raises(ConnectionError, match="cannot reach the keeper"):
            running.client.ping()
    with running_keeper(tmp_path / "home", [("a", SLEEP, False)]) as running:
        eventually(lambda: running.client.children()[0]["pid"])


def test_sigterm_ends_it_in_order(tmp_path: Path) -> None:
    with running_keeper(tmp_path / "home", [("a", SLEEP, False)]) as running:
        pid = eventually(lambda: running.client.children()[0]["pid"])
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(5) == 0
        assert not alive(pid)


def test_a_client_says_when_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match="cannot reach the keeper"):
        Keeper(tmp_path / "none.sock").ping()
