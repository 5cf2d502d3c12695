"""What ``cloister doctor`` looks at: ``machine`` (kernel, rights, limits, tools, Python), ``home`` (CLOISTER_HOME, its port, its
keys) and ``leftovers`` (processes, locks and mounts of clouds that are no more).

A check is a function of the home that yields findings; it tries the thing itself rather than asking for its version where it can.
"""

from __future__ import annotations

from dataclasses import dataclass

GOOD, WARNING, BAD = "ok", "warn", "bad"


@dataclass(frozen=True)
class Finding:
    """What a check found, one of ok, warn and bad; ``advice`` says what to do where it is not ok."""

    check: str
    state: str
    text: str
    advice: str = ""
