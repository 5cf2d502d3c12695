"""A log that cannot be flooded: whoever is refused often enough would otherwise fill the disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

LINES_PER_SECOND_MAX = 20


class Measured:
    """Writes at most so many lines a second, then says how many it left out."""

    def __init__(self, log: logging.Logger, most: int = LINES_PER_SECOND_MAX, clock: Callable[[], float] = time.monotonic):
        self._log = log
        self._most = most
        self._clock = clock
        self._second = 0
        self._count = 0

    def line(self, text: str, *values: Any) -> None:
        """One line, as ``Logger.info`` takes it."""
        second = int(self._clock())
        if second != self._second:
            if self._count > self._most:
                self._log.info("and %d refusals more", self._count - self._most)
            self._second, self._count = second, 0
        self._count += 1
        if self._count <= self._most:
            self._log.info(text, *values)


egress_log = Measured(logging.getLogger("cloister.edge"))
refusals_log = Measured(logging.getLogger("cloister.edge"))
