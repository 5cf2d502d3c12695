"""The four system calls that Python 3.11 lacks, by ctypes, and a thread that works inside a namespace."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Callable
from typing import Any, TypeVar

CLONE_NEWNET, CLONE_NEWNS = 0x40000000, 0x00020000  # linux/sched.h
PR_SET_PDEATHSIG = 1  # linux/prctl.h

_libc = ctypes.CDLL(None, use_errno=True)
Result = TypeVar("Result")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot {what}: {os.strerror(number)}")


def unshare_network() -> None:
    """Move the calling thread into a new network namespace. Raises OSError."""
    _check(_libc.unshare(CLONE_NEWNET), "make a network namespace")


def unshare_mounts() -> None:
    """Move this process into a mount namespace of its own. Raises OSError."""
    _check(_libc.unshare(CLONE_NEWNS), "make a mount namespace")


def enter_network(descriptor: int) -> None:
    """Move the calling thread into the network namespace behind ``descriptor``. Raises OSError."""
    _check(_libc.setns(descriptor, CLONE_NEWNET), "enter a network namespace")


def die_with_parent(parent: int) -> None:
    """In a child just forked from ``parent``: ask the kernel for SIGKILL when that parent's thread ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def in_thread(work: Callable[[], Result]) -> Result:
    """Run ``work`` in a thread of its own and wait: what it does to its namespace ends with it. Raises what it raises."""
    out: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            out.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return out[0]


def new_network() -> int:
    """A descriptor of a new anonymous network namespace; it lives as long as somebody holds it. Raises OSError."""

    def make() -> int:
        unshare_network()
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    return in_thread(make)
