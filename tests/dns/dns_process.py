"""A resolver process of its own for tests, and waiting until something holds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from cloister.home import Home
from cloister.ipc.frames import Unreachable, call_blocking
from cloister.net.desired import Drop, Edit, Put

PROGRAM = """
import asyncio
from pathlib import Path
from cloister.home import Home
from cloister.services.resolver.main import run
asyncio.run(run(Home.default()))
"""


class Process:
    """The resolver of one home as a process, and calls to it."""

    def __init__(self, home: Home):
        self.home = home
        self._process: subprocess.Popen | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.home.socket("resolver").unlink(missing_ok=True)
        environment = {**os.environ, "CLOISTER_HOME": str(self.home.root)}
        log = self.home.log_file.open("ab")
        self._process = subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, stderr=log)
        log.close()
        eventually(lambda: self.call("ping"), "the resolver answers")

    def kill(self) -> None:
        """End it at once, as by kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def call(self, method: str, params: Any = None) -> Any:
        return call_blocking(self.home.socket("resolver"), method, params)

    def apply(self, *edits: Edit) -> list[str]:
        return self.call("apply", list(edits))

    def put(self, *things: Any) -> None:
        assert set(self.apply(*map(Put, things))) <= {""}

    def drop(self, *things: Any) -> None:
        assert set(self.apply(*map(Drop, things))) <= {""}


def eventually(work: Callable[[], Any], what: str, seconds: float = 10.0) -> Any:
    """Try until ``work`` answers something true and does not fail; its answer. Fails with ``what`` after ``seconds``."""
    until = time.monotonic() + seconds
    while True:
        try:
            if found := work():
                return found
            last: Exception | None = None
        except (OSError, Unreachable, AssertionError) as error:
            last = error
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what}") from last
        time.sleep(0.005)
