"""Which processes the keeper runs: the cloud's, by name."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """A process that the keeper knows: its argv, and whether it starts only when asked for (``on_demand``)."""

    name: str
    argv: tuple[str, ...]
    on_demand: bool = False


def _app(name: str, on_demand: bool = False) -> Program:
    return Program(name, (sys.executable, "-m", "cloister.app", name), on_demand)


PROGRAMS = (
    _app("control"),
    _app("fabric"),
    _app("edge"),
    _app("resolver"),
    _app("tracking", on_demand=True),
)
