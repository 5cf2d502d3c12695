"""What a measurement is."""

from __future__ import annotations

from dataclasses import dataclass

RUNS = 7


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
