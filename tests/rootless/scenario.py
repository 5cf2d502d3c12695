"""What an ordinary user gets, as tests; ``test_ordinary_user.py`` has them run by one."""

from __future__ import annotations

import os
import signal
import socket
import ssl
from pathlib import Path

import pytest

from cloister.keeper import rights
from cloister.keeper.client import Keeper
from tests.mainjob.world import eventually

pytestmark = pytest.mark.skipif(os.geteuid() == 0, reason="root has no need of a user namespace")


def test_its_keeper_maps_one_uid_to_itself(cloud) -> None:
    keeper = Keeper(cloud.home.socket("keeper"))
    pid, user = keeper.ping(), keeper.user()
    assert user >= 0
    os.close(user)
    assert os.readlink(f"/proc/{pid}/ns/user") != os.readlink("/proc/self/ns/user")
    assert os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net")  # the host's sockets are made there
    assert Path(f"/proc/{pid}/uid_map").read_text().split() == [str(os.getuid()), str(os.getuid()), "1"]


def test_a_command_is_the_user_and_its_files_are_the_users(cloud, tmp_path: Path) -> None:
    done = cloud.exec(
        "internet", ["sh", "-c", "id -u; id -g; echo x > made; stat -c %u made; grep CapEff /proc/self/status"], cwd=tmp_path
    )
    uid, gid, owner, _, capabilities = done.stdout.split()
    assert (int(uid), int(gid), int(owner)) == (os.getuid(), os.getgid(), os.getuid())
    assert (tmp_path / "made").stat().st_uid == os.getuid()
    assert int(capabilities, 16) == 1 << rights.NET_RAW | 1 << rights.NET_BIND_SERVICE


@pytest.mark.parametrize(
    "attempt",
    [
        "ip link add v0 type veth peer name v1",
        "ip route add 192.0.2.0/24 via 198.18.0.1",
        "mount -t tmpfs none /mnt",
        "umount /etc/resolv.conf",
        "unshare --user --map-root-user ip addr add 192.0.2.1/32 dev eth0",
        "nsenter --net=/proc/$PPID/ns/net true",
    ],
)
def test_a_command_has_no_right_over_the_network(cloud, attempt: str) -> None:
    assert cloud.exec("internet", ["sh", "-c", attempt]).returncode != 0, f"{attempt} worked"


def test_a_command_may_listen_on_low_ports_and_send_raw_packets(cloud) -> None:
    code = "import socket as s; s.create_server(('', 80)); s.socket(s.AF_INET, s.SOCK_RAW, s.IPPROTO_ICMP)"
    done = cloud.exec("internet", ["python3", "-c", code])
    assert done.returncode == 0, done.stderr


def test_the_host_reaches_the_cloud_at_its_port(cloud) -> None:
    context = ssl.create_default_context(cafile=str(cloud.home.ca_file))
    with socket.create_connection(("127.0.0.1", cloud.api.facts["host_port"]), timeout=5) as plain:
        context.wrap_socket(plain, server_hostname="localhost").close()


@pytest.mark.parametrize("name", ["fabric", "edge"])
def test_a_killed_process_comes_back_with_its_rights(cloud, name: str) -> None:
    keeper = Keeper(cloud.home.socket("keeper"))

    def pid() -> int:
        return next(child["pid"] for child in keeper.children() if child["name"] == name)

    before = pid()
    os.kill(before, signal.SIGKILL)
    eventually(lambda: pid() not in (0, before), 10)
    assert eventually(lambda: cloud.exec("internet", ["true"]).returncode == 0, 20)
    assert rights.held(pid()) == (1 << rights.NET_ADMIN | 1 << rights.SYS_ADMIN if name == "fabric" else 0)


def test_doctor_is_content(cloud) -> None:
    assert "a user namespace of its own" in cloud.cloister("doctor").stdout
