"""What an ordinary user needs to run a cloud: a user namespace with rights over networks and mounts. Tried, then explained.

Sources: user_namespaces(7), namespaces(7), unshare(2); Ubuntu's restriction: its release notes of 23.10, "unprivileged user
namespace restrictions".
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cloister.keeper import rights
from cloister.keeper.kernel import new_network, unshare_mounts, unshare_network

SYSCTLS = Path("/proc/sys")
SECCOMP_FILTERED = "2"  # proc(5): Seccomp


@dataclass(frozen=True)
class Lack:
    """Why there can be no cloud of this user, and what to do about it."""

    text: str
    advice: str


def lack() -> Lack | None:
    """None where this process may make networks, by itself or in a user namespace of its own; tried in a child."""
    if rights.may_make_networks():
        return None
    failed = _tried(_trial)
    return explain(failed) if failed else None


def _trial() -> None:
    rights.own_user_namespace()
    os.close(new_network())
    unshare_mounts()


def _tried(work: Callable[[], None]) -> str:
    """ "" where ``work`` succeeds in a child process, else the text of its OSError."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work()
        except OSError as error:
            os.write(writing, (error.strerror or str(error)).encode()[:1000])
        except BaseException as error:
            os.write(writing, repr(error).encode()[:1000])
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


def explain(failed: str, sysctls: Path = SYSCTLS) -> Lack:
    """What of this machine is known to make such a failure, from the most to the least certain."""

    def setting(name: str) -> str:
        try:
            return (sysctls / name).read_text().strip()
        except OSError:
            return ""

    for name, forbidding, way_out in (
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
        ("user/max_net_namespaces", "0", "user.max_net_namespaces=10000"),
        ("user/max_mnt_namespaces", "0", "user.max_mnt_namespaces=10000"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
    ):
        if setting(name) == forbidding:
            return Lack(f"{failed}: {name.replace('/', '.')} is {forbidding}", f"as root: sysctl -w {way_out}; or use sudo")
    if not Path("/proc/self/ns/user").exists():
        return Lack(f"{failed}: this kernel has no user namespaces", "use sudo, or a kernel with CONFIG_USER_NS")
    if _status("Seccomp") == SECCOMP_FILTERED:
        return Lack(
            f"{failed}: a seccomp filter is on this process, as containers have one",
            "start the container with --security-opt seccomp=unconfined, or as root with --cap-add NET_ADMIN --cap-add SYS_ADMIN",
        )
    return Lack(failed, "use sudo, or a root shell; a changed root folder (chroot) or an unmapped uid forbid it too")


def _status(field: str) -> str:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next((line.split()[1] for line in lines if line.startswith(f"{field}:")), "")


def into_trial_network() -> None:
    """For a child between fork and exec: a network namespace of its own, with all rights over it. Raises OSError."""
    if not rights.may_make_networks():
        rights.own_user_namespace()
        rights.keep_all()
    unshare_network()
