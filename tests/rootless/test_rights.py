"""Each process of a cloud holds the rights that its table names, from its start and after a restart; root's processes too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cloister.cli import rootless
from cloister.keeper import rights
from cloister.keeper.client import Keeper
from tests.mainjob.world import eventually

FABRIC = 1 << rights.NET_ADMIN | 1 << rights.SYS_ADMIN
SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def children(cloud) -> dict[str, int]:
    """The pids of a cloud's processes that run."""
    keeper = Keeper(cloud.home.socket("keeper"))
    try:
        return {child["name"]: child["pid"] for child in keeper.children() if child["pid"]}
    finally:
        keeper.close()


def limited(pid: int, bits: int) -> bool:
    """Whether a process holds no other rights than these and cannot get any."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = {line.split(":")[0]: line.split(":")[1].strip() for line in status}
    return fields["NoNewPrivs"] == "1" and all(int(fields[name], 16) & ~bits == 0 for name in SETS)


def test_only_the_fabric_has_rights(cloud) -> None:
    keeper = Keeper(cloud.home.socket("keeper"))
    keeper.start("tracking")
    found = children(cloud)
    assert {"fabric", "control", "edge", "resolver", "tracking"} == found.keys()
    for name, pid in found.items():
        assert limited(pid, FABRIC if name == "fabric" else 0), name
    assert rights.held(found["fabric"]) == FABRIC


def test_a_restarted_process_has_no_more(cloud) -> None:
    for name in ("fabric", "edge"):
        before = children(cloud)[name]
        os.kill(before, signal.SIGKILL)
        eventually(lambda name=name, before=before: children(cloud).get(name, before) != before, 10)
        assert limited(children(cloud)[name], FABRIC if name == "fabric" else 0), name
    assert eventually(lambda: cloud.exec("internet", ["true"]).returncode == 0, 20)


def test_a_command_on_a_machine_cannot_look_into_the_clouds_processes(cloud) -> None:
    for name, pid in children(cloud).items():
        done = cloud.exec("internet", ["sh", "-c", f"exec 3</proc/{pid}/mem"])
        assert done.returncode != 0, name


def test_the_fabric_does_not_stand_in_the_hosts_network(cloud) -> None:
    """Its working thread is in a namespace of the cloud or in an empty one."""
    pid = children(cloud)["fabric"]
    tasks = [task.name for task in Path(f"/proc/{pid}/task").iterdir()]
    try:
        networks = {os.readlink(f"/proc/{pid}/task/{task}/ns/net") for task in tasks}
    except PermissionError:
        pytest.skip("an ordinary user may not look into the cloud's processes either")
    assert networks - {os.readlink("/proc/self/ns/net")}


def in_child(code: str, **options) -> str:
    """What a program prints that begins with the rights of this test."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_limit_lasts_across_exec() -> None:
    code = """
import os, sys
from cloister.keeper import rights
if not rights.may_make_networks():
    rights.own_user_namespace()
rights.limit((rights.NET_RAW,))
then = "from cloister.keeper import rights; print(rights.held(), rights.held(field='CapBnd'))"
os.execv(sys.executable, [sys.executable, "-c", then])
"""
    lack = rootless.lack()
    if lack is not None:
        pytest.skip(lack.text)
    assert in_child(code) == f"{1 << rights.NET_RAW} {1 << rights.NET_RAW}"


def test_root_keeps_the_right_to_read_where_its_files_lie_behind_a_closed_folder(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can override permissions")
    closed = tmp_path / "person"
    inner = closed / "h"
    inner.mkdir(parents=True)
    assert rights.needed_for_files([], [inner]) == ()
    os.chown(closed, 61234, 61234)
    closed.chmod(0o700)
    assert rights.needed_for_files([], [inner]) == (rights.DAC_OVERRIDE, rights.DAC_READ_SEARCH)
    assert rights.held() >> rights.DAC_OVERRIDE & 1, "the asking thread alone gave it up"


@pytest.mark.parametrize(
    ("name", "value", "way_out"),
    [
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "user.max_user_namespaces="),
        ("user/max_net_namespaces", "0", "user.max_net_namespaces="),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
    ],
)
def test_what_a_machine_lacks_is_named(tmp_path: Path, name: str, value: str, way_out: str) -> None:
    file = tmp_path / name
    file.parent.mkdir()
    file.write_text(f"{value}\n")
    found = rootless.explain("cannot make a user namespace: Operation not permitted", tmp_path)
    assert found.text.startswith("cannot make a user namespace")
    assert way_out in found.advice


def test_the_trial_itself_meets_a_limit_of_the_kernel() -> None:
    """A user namespace in which no further one may be made: the sysctl counts for each."""
    code = """
from pathlib import Path
from cloister.cli import rootless
from cloister.keeper import rights
rights.own_user_namespace()
Path("/proc/sys/user/max_user_namespaces").write_text("0")
rights.set_capabilities(0, 0, 0)
print(rootless.lack().advice)
"""
    lack = rootless.lack()
    if lack is not None:
        pytest.skip(lack.text)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if "PermissionError" in done.stderr:
        pytest.skip("this kernel lets only its own root write user.max_user_namespaces")
    assert "sysctl -w user.max_user_namespaces=" in done.stdout, done.stderr
