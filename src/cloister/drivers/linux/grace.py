"""Waiting until no packet is under way in what was just taken out of the kernel's tables.

The kernel passes packets as readers of its read-copy-update; MEMBARRIER_CMD_GLOBAL returns after a grace period of that
(``synchronize_rcu`` in kernel/sched/membarrier.c): all who had begun before have ended. It takes about 10 ms and no rights. A
kernel booted with ``nohz_full`` refuses it: then a time passes that no packet needs. Source: membarrier(2).
"""

from __future__ import annotations

import ctypes
import os
import time

_NUMBERS = {"x86_64": 324, "aarch64": 283, "riscv64": 283, "loongarch64": 283}  # of the system call
_GLOBAL = 1  # MEMBARRIER_CMD_GLOBAL
_LONGEST_SECONDS = 0.1

_libc = ctypes.CDLL(None, use_errno=True)


def wait() -> None:
    """Return when every packet that was under way has left the tables, or left what it was in."""
    number = _NUMBERS.get(os.uname().machine)
    if number is None or _libc.syscall(ctypes.c_long(number), _GLOBAL, 0, 0) < 0:
        time.sleep(_LONGEST_SECONDS)
