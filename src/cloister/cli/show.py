"""Printing: JSON, consoles that respect pipes and NO_COLOR, times in words."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def print_json(value: Any) -> None:
    """JSON on stdout: coloured for a person at a terminal, plain for a pipe."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if not sys.stdout.isatty():
        print(text)
        return
    from rich.json import JSON

    console().print(JSON(text))


def plain_json(value: Any) -> str:
    """JSON on one line."""
    return json.dumps(value, ensure_ascii=False)


def console(stderr: bool = False) -> Console:
    """A rich console; it drops colour and motion by itself where there is no terminal, and colour where NO_COLOR is set."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def ago(seconds: float) -> str:
    """A length of time for people: 12 s, 3 min, 4.5 h, 2.1 d."""
    for size, unit in ((86400.0, "d"), (3600.0, "h")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
