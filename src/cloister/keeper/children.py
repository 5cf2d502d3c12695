"""The keeper's children: started, watched by pidfd, started again when they die, ended in order.

A child dies with the keeper (PR_SET_PDEATHSIG), leads a session of its own, writes to the cloud's one log, and has only the
rights that the table names.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cloister.keeper import rights
from cloister.keeper.kernel import die_with_parent
from cloister.keeper.table import Program

BACKOFF_SECONDS_MIN = 0.1
BACKOFF_SECONDS_MAX = 5.0
STEADY_SECONDS = 1.0  # a child that lived this long was no crash at start: it begins again with the shortest back-off


class Child:
    """One program of the table and its process, if it runs. Times are ``time.monotonic()``, ``since`` Unix time."""

    def __init__(self, program: Program):
        self.program = program
        self.process: subprocess.Popen | None = None
        self.pidfd = -1
        self.restarts = 0
        self.since = 0.0
        self.started = 0.0
        self.backoff = BACKOFF_SECONDS_MIN
        self.due: float | None = None  # when to start it (again)

    def told(self) -> dict[str, Any]:
        """What ``children`` answers about it."""
        pid = self.process.pid if self.process else 0
        return {"name": self.program.name, "pid": pid, "restarts": self.restarts, "since": self.since}


class Children:
    """All children of one keeper. Not for use by several threads: the keeper's loop calls everything."""

    def __init__(
        self,
        programs: Sequence[Program],
        environment: Mapping[str, str],
        log_file: Path,
        selector: selectors.BaseSelector,
        note: Callable[[str], None],
        also_keep: Sequence[int] = (),
    ):
        self._children = {program.name: Child(program) for program in programs}
        self._environment = dict(environment)
        self._log_file = log_file
        self._selector = selector
        self._note = note
        self._also_keep = tuple(also_keep)  # capabilities that every child needs here, see rights.needed_for_files
        self.ending = False

    def start_all(self) -> None:
        """Start every program that is not on demand."""
        for child in self._children.values():
            if not child.program.on_demand:
                self._start(child)

    def start(self, name: str) -> int:
        """Start the program ``name`` unless it runs, and return its pid. Raises KeyError, OSError."""
        child = self._children[name]
        if child.process is None:
            self._start(child)
        return child.process.pid if child.process else 0

    def told(self) -> list[dict[str, Any]]:
        """What ``children`` answers."""
        return [child.told() for child in self._children.values()]

    def _start(self, child: Child) -> None:
        parent, keep = os.getpid(), child.program.keep

        def prepare() -> None:  # the keeper has one thread while it forks
            if keep is not None:
                rights.limit((*keep, *self._also_keep))
            die_with_parent(parent)  # last: the kernel forgets it where rights change

        child.due = None
        child.started = time.monotonic()
        try:
            log = os.open(self._log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                child.process = subprocess.Popen(
                    child.program.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self._environment,
                    start_new_session=True,
                    preexec_fn=prepare,
                )
            finally:
                os.close(log)
            child.pidfd = os.pidfd_open(child.process.pid)
        except (OSError, subprocess.SubprocessError) as error:
            self._note(f"cannot start {child.program.name}: {error}")
            if child.process is not None:  # it runs and cannot be watched
                child.process.kill()
                child.process.wait()
                child.process = None
            self._later(child)
            return
        child.since = time.time()
        self._selector.register(child.pidfd, selectors.EVENT_READ, lambda: self._ended(child))
        self._note(f"started {child.program.name}, pid {child.process.pid}")

    def _ended(self, child: Child) -> None:
        assert child.process is not None
        status = child.process.wait()
        self._selector.unregister(child.pidfd)
        os.close(child.pidfd)
        pid, child.process, child.pidfd = child.process.pid, None, -1
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # what it left of its own session
        how = f"signal {-status}" if status < 0 else f"status {status}"
        self._note(f"{child.program.name}, pid {pid}, ended with {how}")
        if not self.ending and not (child.program.on_demand and status == 0):
            self._later(child)

    def _later(self, child: Child) -> None:
        now = time.monotonic()
        if now - child.started >= STEADY_SECONDS:
            child.backoff = BACKOFF_SECONDS_MIN
        child.due = now + child.backoff
        child.backoff = min(child.backoff * 2, BACKOFF_SECONDS_MAX)

    def tick(self) -> float | None:
        """Start again what is due; the seconds until the next one is, or None."""
        if self.ending:
            return None
        for child in self._children.values():
            if child.due is not None and child.due <= time.monotonic():
                child.restarts += 1
                self._start(child)
        waits = [child.due - time.monotonic() for child in self._children.values() if child.due is not None]
        return max(0.0, min(waits)) if waits else None

    @property
    def running(self) -> bool:
        """Whether any child still runs."""
        return any(child.process for child in self._children.values())

    def end(self, number: signal.Signals) -> None:
        """Send all running children the signal; none is started again."""
        self.ending = True
        for child in self._children.values():
            if child.process:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(child.pidfd, number)
