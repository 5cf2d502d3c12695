"""Settings below /proc/sys/net of the namespace that the calling thread is in.

The kernel keeps an entry for each namespace under one and the same name and compares through all of them at every look-up
(``proc_sys_compare``), so with 2,000 namespaces opening one file takes milliseconds. A procfs of one's own, mounted nowhere, has
only the entries that were looked up in it: it is taken anew after some namespaces. Sources: proc(5), fsopen(2), fsmount(2).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

Setting = tuple[str, str]
"""A path below /proc/sys/net, and a value."""

_NAMESPACES_PER_PROC = 50  # letting go of one takes the kernel some milliseconds
_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432  # the same numbers on all architectures
_CREATE, _CLOEXEC = 6, 1  # FSCONFIG_CMD_CREATE; FSOPEN_CLOEXEC and FSMOUNT_CLOEXEC

_libc = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: int | bytes | None) -> int:
    result = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def own_proc() -> int:
    """A descriptor of a procfs that nobody else sees. Raises OSError where that is not allowed: in a user namespace."""
    made = _call(_FSOPEN, b"proc", _CLOEXEC)
    try:
        _call(_FSCONFIG, made, _CREATE, None, None, 0)
        return _call(_FSMOUNT, made, _CLOEXEC, 0)
    finally:
        os.close(made)


class Settings:
    """Reads and writes settings. For one thread."""

    def __init__(self) -> None:
        self._proc = -1
        self._left = 0

    @contextmanager
    def _opened(self, path: str, flags: int) -> Iterator[int]:
        descriptor = os.open(f"sys/net/{path}", flags | os.O_CLOEXEC, dir_fd=self._proc)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _next(self) -> None:
        """Count one more namespace."""
        if not self._left:
            self.close()
            try:
                self._proc = own_proc()
            except OSError:
                self._proc = os.open("/proc", os.O_PATH | os.O_CLOEXEC)
            self._left = _NAMESPACES_PER_PROC
        self._left -= 1

    def write(self, settings: Iterable[Setting]) -> None:
        """Set all. One that the kernel lacks is passed over. Raises OSError."""
        self._next()
        for path, value in settings:
            with suppress(FileNotFoundError), self._opened(path, os.O_WRONLY) as descriptor:
                os.write(descriptor, value.encode())  # a kernel without IPv6 has none of its settings

    def hold(self, settings: Iterable[Setting]) -> bool:
        """Whether all have these values, those aside that the kernel lacks. Raises OSError."""
        self._next()
        for path, value in settings:
            with suppress(FileNotFoundError), self._opened(path, os.O_RDONLY) as descriptor:
                if os.read(descriptor, 64).decode().strip() != value:
                    return False
        return True

    def close(self) -> None:
        """Let go of the procfs; the next use takes another."""
        if self._proc >= 0:
            os.close(self._proc)
        self._proc, self._left = -1, 0
