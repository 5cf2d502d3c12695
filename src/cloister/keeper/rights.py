"""Rights of a process: capabilities kept or given up for good, and a user namespace for those who have none.

Sources: capabilities(7), user_namespaces(7), prctl(2); numbers from linux/capability.h, linux/prctl.h, linux/sched.h.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from cloister.keeper.kernel import in_thread

DAC_OVERRIDE, DAC_READ_SEARCH, SETPCAP = 1, 2, 8
NET_BIND_SERVICE, NET_ADMIN, NET_RAW = 10, 12, 13
SYS_PTRACE, SYS_ADMIN = 19, 21

CLONE_NEWUSER = 0x10000000
_VERSION_3 = 0x20080522
_DUMPABLE, _NO_NEW_PRIVS, _BOUNDING_DROP = 4, 38, 24
_AMBIENT, _AMBIENT_RAISE, _AMBIENT_CLEAR = 47, 2, 4

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot {what}: {os.strerror(number)}")


def last() -> int:
    """The highest capability that this kernel knows."""
    return int(Path("/proc/sys/kernel/cap_last_cap").read_text())


def held(pid: int | str = "self", field: str = "CapEff") -> int:
    """A set of capabilities of a process, one bit each: CapEff, CapPrm, CapInh, CapBnd or CapAmb (proc(5)). Raises OSError."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(f"{field}:")), 16)


def may_make_networks() -> bool:
    """Whether this process holds what making and changing network namespaces takes."""
    return all(held() >> number & 1 for number in (NET_ADMIN, SYS_ADMIN))


def set_capabilities(effective: int, permitted: int, inheritable: int) -> None:
    """Replace this thread's three sets (bits). Raises OSError."""
    header = ctypes.create_string_buffer(struct.pack("<Ii", _VERSION_3, 0))
    low, high = 0xFFFFFFFF, 32
    sets = (effective, permitted, inheritable)
    words = [bits & low for bits in sets] + [bits >> high for bits in sets]
    _check(_libc.capset(header, ctypes.create_string_buffer(struct.pack("<6I", *words))), "change rights")


def drop_bounding(numbers: Iterable[int]) -> None:
    """Take capabilities out of what any later program of this process may get. Needs CAP_SETPCAP. Raises OSError."""
    end = last()
    for number in numbers:
        if number <= end:
            _check(_libc.prctl(_BOUNDING_DROP, number, 0, 0, 0), f"drop capability {number}")


def raise_ambient(numbers: Iterable[int]) -> None:
    """Let programs that are started later keep these, which must be permitted and inheritable. Raises OSError."""
    for number in numbers:
        _check(_libc.prctl(_AMBIENT, _AMBIENT_RAISE, number, 0, 0), f"keep capability {number}")


def clear_ambient() -> None:
    """Programs started later keep nothing by this way."""
    _libc.prctl(_AMBIENT, _AMBIENT_CLEAR, 0, 0, 0)


def no_new_rights() -> None:
    """No program started later gets more than this process has, whatever its file says (PR_SET_NO_NEW_PRIVS)."""
    _check(_libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0), "forbid new rights")


def limit(keep: Iterable[int]) -> None:
    """Keep only these, across ``exec`` too, for root and others alike; for good. What is not held is not got.

    A process without any capability needs none of this but the flag. Raises OSError.
    """
    permitted = held(field="CapPrm")
    if permitted:
        wanted = {number for number in keep if permitted >> number & 1}
        bits = sum(1 << number for number in wanted)
        clear_ambient()
        if permitted >> SETPCAP & 1:
            drop_bounding(number for number in range(last() + 1) if number not in wanted)
        set_capabilities(bits, bits, bits)
        raise_ambient(wanted)
    no_new_rights()


def needed_for_files(read: Iterable[str | os.PathLike], write: Iterable[str | os.PathLike]) -> tuple[int, ...]:
    """What root's programs must keep where its files lie in folders that are closed to it, as with sudo in a person's home.

    Nothing, for all others.
    """
    if os.geteuid() != 0 or not held() >> DAC_OVERRIDE & 1:
        return ()

    def reached() -> bool:  # in a thread of its own: capabilities are a thread's
        kept = held("thread-self", "CapPrm") & ~(1 << DAC_OVERRIDE | 1 << DAC_READ_SEARCH)
        set_capabilities(kept, kept, 0)
        return all(os.access(path, os.R_OK, effective_ids=True) for path in read) and all(
            os.access(path, os.R_OK | os.W_OK | os.X_OK, effective_ids=True) for path in write
        )

    return () if in_thread(reached) else (DAC_OVERRIDE, DAC_READ_SEARCH)


def hide() -> None:
    """No process without CAP_SYS_PTRACE may look into this one, also not one of the same user. ``exec`` undoes it."""
    _check(_libc.prctl(_DUMPABLE, 0, 0, 0, 0), "hide this process's memory")


def own_user_namespace() -> None:
    """Move this process, which must have one thread, into a user namespace of its own, where it holds all capabilities.

    Its uid and gid stay what they are and are the only ones there: files and sockets look the same on both sides, and no
    help of newuidmap is needed. ``exec`` takes the capabilities away unless they are ambient. Raises OSError.
    """
    uid, gid = os.geteuid(), os.getegid()
    _check(_libc.unshare(CLONE_NEWUSER), "make a user namespace")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        try:
            Path(f"/proc/self/{name}").write_text(text)
        except OSError as error:
            raise OSError(error.errno, f"cannot write the user namespace's {name}: {error.strerror}") from error


def enter_user(descriptor: int) -> None:
    """Move this process, which must have one thread, into the user namespace behind ``descriptor``.

    Whoever made it (the same uid, outside) holds all capabilities there. Raises OSError.
    """
    _check(_libc.setns(descriptor, CLONE_NEWUSER), "enter the cloud's user namespace")


def user_namespace() -> int:
    """A descriptor of this process's user namespace. Raises OSError."""
    return os.open("/proc/self/ns/user", os.O_RDONLY | os.O_CLOEXEC)


def keep_all() -> None:
    """Let the program started next keep all capabilities that this process holds. Raises OSError."""
    permitted = held(field="CapPrm")
    set_capabilities(permitted, permitted, permitted)
    raise_ambient(number for number in range(last() + 1) if permitted >> number & 1)
