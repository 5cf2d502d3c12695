"""Which processes the keeper runs: the cloud's, by name."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from cloister.keeper import rights


@dataclass(frozen=True)
class Program:
    """A process that the keeper knows: its argv, whether it starts only when asked for (``on_demand``), and its rights.

    ``keep`` names the capabilities that it has from its first instruction on, and can never add to; None: all of the keeper's.
    """

    name: str
    argv: tuple[str, ...]
    on_demand: bool = False
    keep: tuple[int, ...] | None = None


def _app(name: str, on_demand: bool = False, keep: tuple[int, ...] = ()) -> Program:
    return Program(name, (sys.executable, "-m", "cloister.app", name), on_demand, keep)


PROGRAMS = (
    _app("control"),
    _app("fabric", keep=(rights.NET_ADMIN, rights.SYS_ADMIN)),  # netlink; setns(2) and unshare(2)
    _app("edge"),
    _app("resolver"),
    _app("tracking", on_demand=True),
)
