"""Machines live as long as their command: the row of one whose holder process has ended is deleted.

A machine row names its holder by pid and start time (``/proc/<pid>/stat`` field 22), so that a reused pid is no holder.
Each holder is watched by a pidfd; rows found at start are checked once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from cloister.arm.resource import Row

log = logging.getLogger("cloister.machines")

MACHINES = "Cloister.Fabric/machines"


def start_time(pid: int) -> int:
    """When a process started, in clock ticks after boot; 0 if there is none. Raises OSError where that cannot be told."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(stat.rpartition(")")[2].split()[19])


AGAIN_SECONDS = 1.0


class MachineWatch:
    """Watches holders; ``remove(id)`` is awaited for each machine whose holder has ended, again until it answers true."""

    def __init__(self, remove: Callable[[str], Awaitable[bool]]):
        self._remove = remove
        self._watched: dict[str, int] = {}  # machine id -> pidfd
        self._later: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task] = set()

    def changed(self, id: str, row: Row | None) -> None:
        """A machine row came (or was found at start) or went."""
        key = id.lower()
        if row is None:
            self._forget(key)
        elif key not in self._watched and key not in self._later:
            holder = row.properties.get("holder") or {}
            pid, started = holder.get("pid"), holder.get("start")
            if isinstance(pid, int):
                self._watch(key, id, pid, started)

    def _watch(self, key: str, id: str, pid: int, started: object) -> None:
        self._later.pop(key, None)
        descriptor = -1
        try:
            descriptor = os.pidfd_open(pid)
            has_ended = str(start_time(pid)) != str(started)  # stored as text
        except ProcessLookupError:
            has_ended = True
        except OSError as error:  # no descriptor left: who cannot be seen has not ended
            log.warning("machine.not_watched yet id=%s reason=%s", id, error)
            self._later[key] = asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._watch, key, id, pid, started)
            has_ended = False
        if has_ended or key in self._later:
            if descriptor >= 0:
                os.close(descriptor)
            if has_ended:
                self._ended(key, id)
            return
        self._watched[key] = descriptor
        asyncio.get_running_loop().add_reader(descriptor, self._ended, key, id)

    def _forget(self, key: str) -> None:
        if (waiting := self._later.pop(key, None)) is not None:
            waiting.cancel()
        descriptor = self._watched.pop(key, None)
        if descriptor is not None:
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)

    def _ended(self, key: str, id: str) -> None:
        self._forget(key)
        task = asyncio.get_running_loop().create_task(self._delete(id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _delete(self, id: str) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            try:
                while not await self._remove(id):  # the store takes nothing now
                    await asyncio.sleep(AGAIN_SECONDS)
            except Exception:
                log.exception("machine.remove id=%s", id)
