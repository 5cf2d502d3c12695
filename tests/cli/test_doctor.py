"""What doctor's checks find where something is wrong, made wrong for it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cloister.cli.checks import BAD, GOOD, WARNING, Finding, home, leftovers, machine
from cloister.cli.up import UNIX_PATH_MAX
from cloister.home import Home


def only(findings) -> Finding:
    """The one thing found; what is not well says what to do."""
    found = list(findings)
    assert len(found) == 1, found
    assert found[0].state == GOOD or found[0].advice
    return found[0]


@pytest.fixture
def place(tmp_path: Path) -> Home:
    """A home with its folders and nothing in them."""
    made = Home(tmp_path / "h")
    made.make()
    return made


def test_a_path_too_long_for_sockets(tmp_path: Path) -> None:
    found = only(home.folder(Home(tmp_path / ("x" * UNIX_PATH_MAX))))
    assert (found.state, found.advice) == (BAD, "set CLOISTER_HOME to a shorter folder")


def test_a_home_that_is_open_to_others(place: Home) -> None:
    assert only(home.folder(place)).state == GOOD
    place.root.chmod(0o755)
    assert only(home.folder(place)).advice == f"chmod 700 {place.root}"


def test_a_full_disk(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(home.disk(place)).state == GOOD
    monkeypatch.setattr(home, "DISK_BYTES_MIN", 1 << 62)
    assert only(home.disk(place)).state == WARNING


def test_a_port_that_another_has(place: Home) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        place.cloud_file.write_text(json.dumps({"host_port": port}))
        found = only(home.host_port(place))
    assert (found.check, found.state) == ("host port", BAD)
    assert only(home.host_port(place)).state == GOOD


def test_a_certificate_that_cannot_be_read(place: Home) -> None:
    assert list(home.certificate(place)) == []
    place.ca_file.write_text("no certificate")
    assert only(home.certificate(place)).state == BAD


def test_a_certificate_that_ended(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from cloister.services.identity.ca import Authority

    Authority.open(place)
    assert only(home.certificate(place)).state == GOOD
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 100 * 365 * 86400)
    assert only(home.certificate(place)).state == BAD
    monkeypatch.setattr(time, "time", lambda: now - 100 * 365 * 86400)
    assert "not valid yet" in only(home.certificate(place)).text


def test_a_clock_that_went_back(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    place.cloud_file.write_text("{}")
    assert only(machine.clock(place)).state == GOOD
    os.utime(place.cloud_file, (time.time() + 3600,) * 2)
    assert "went back" in only(machine.clock(place)).text
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert only(machine.clock(place)).state == BAD


def test_a_lock_that_a_silent_process_holds(place: Home) -> None:
    path = place.run / "keeper.lock"
    assert list(leftovers.lock(place)) == []
    with open(path, "w") as held:
        assert only(leftovers.lock(place)).state == GOOD
        fcntl.flock(held, fcntl.LOCK_EX)
        assert leftovers.lock_holder(path) == os.getpid()
        found = only(leftovers.lock(place))
    assert found.state == BAD
    assert f"kill {os.getpid()}" in found.advice


def test_a_process_of_a_cloud_without_keeper(place: Home) -> None:
    command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()", "cloister.app", "edge"]
    left = subprocess.Popen(
        command,
        env={"CLOISTER_HOME": str(place.root)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert left.stdout is not None
        left.stdout.readline()
        found = [finding for finding in leftovers.leftovers(place) if str(place.root) in finding.text]
        assert [finding.advice for finding in found] == [f"kill {left.pid}"]
    finally:
        left.communicate()


def test_packages_that_differ_from_the_lock(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = {finding.check: finding for finding in machine.python(place)}
    assert findings["python"].state == GOOD
    monkeypatch.setattr(machine, "_installed", lambda name: "0")
    changed = {finding.check: finding for finding in machine.python(place)}
    assert (changed["packages"].state, changed["packages"].advice) == (WARNING, "make setup")


@pytest.mark.parametrize(
    ("said", "numbers"),
    [("nftables v1.0.6 (Lester Gooch #5)", (1, 0, 6)), ("ip utility, iproute2-6.1.0, libbpf 1.1.2", (6, 1, 0)), ("none", ())],
)
def test_versions_are_read_from_a_programs_words(said: str, numbers: tuple[int, ...]) -> None:
    assert machine.version(said) == numbers


def test_few_descriptors(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.resource, "getrlimit", lambda _: (256, 256))
    assert only(machine.descriptors(place)).state == WARNING


def test_a_user_without_rights_is_told_what_the_machine_lacks(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    lack = machine.rootless.Lack("cannot make a user namespace: kernel.unprivileged_userns_clone is 0", "as root: sysctl")
    monkeypatch.setattr(machine.rootless, "lack", lambda: lack)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = only(machine.rights(place))
    assert found.state == BAD
    assert "unprivileged_userns_clone is 0" in found.text
    assert list(machine.kernel(place)) == []


def test_a_check_that_cannot_be_made_is_a_finding(place: Home) -> None:
    from cloister.cli.doctor import _found

    def broken(_: Home):
        raise PermissionError(13, "Permission denied")
        yield

    assert only(_found(broken, place)).state == WARNING
