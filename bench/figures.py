"""What a measurement is, and how measures are run side by side."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

RUNS = 7
PLACES = "/usr/bin:/usr/sbin:/bin:/sbin:/usr/local/bin:/usr/local/sbin"
Measure = Callable[[], float]


@dataclass(frozen=True)
class Figure:
    """One measured value. ``against`` names what it is compared with, ``other`` that value, ``ratio`` value to other."""

    name: str
    value: float
    unit: str
    against: str = ""
    other: float | None = None
    ratio: float | None = None
    spread: tuple[float, float] | None = None


def interleaved(runs: dict[str, Measure], times: int = RUNS) -> dict[str, list[float]]:
    """Every measure in turn, ``times`` times, so that what else the machine does falls on all alike."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(times):
        for name, run in runs.items():
            found[name].append(run())
    return found


def compared(name: str, unit: str, mine: Sequence[float], against: str, other: Sequence[float]) -> Figure:
    """The median of the runs against the median of another thing's runs."""
    value, beside = median(mine), median(other)
    spread = (round(min(mine), 3), round(max(mine), 3))
    return Figure(name, round(value, 3), unit, against, round(beside, 3), round(value / beside, 3), spread)


def plain(name: str, unit: str, runs: Sequence[float], against: str = "", other: float | None = None) -> Figure:
    """The median of the runs, beside a promise where there is one."""
    value = median(runs)
    ratio = round(value / other, 3) if other else None
    return Figure(name, round(value, 3), unit, against, other, ratio, (round(min(runs), 3), round(max(runs), 3)))


def quantile(runs: Sequence[float], part: float) -> float:
    """The value that ``part`` of the runs do not exceed."""
    ordered = sorted(runs)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def require(*programs: str, packages: str) -> None:
    """Raises RuntimeError naming what is not installed, and the Debian packages that bring it."""
    missing = [name for name in programs if not shutil.which(name, path=PLACES)]
    if missing:
        raise RuntimeError(f"cannot measure without {', '.join(missing)}; on Debian: apt-get install {packages}")
