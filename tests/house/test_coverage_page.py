"""docs/coverage.md says of every resource type how far it goes, and is made from the types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cloister.providers import TYPES

ROOT = Path(__file__).parents[2]
LEVELS = {"stored", "enforced", "listening"}


def test_every_type_says_how_far_it_goes() -> None:
    assert not [kind.name for kind in TYPES if kind.coverage.level not in LEVELS]
    silent = [kind.name for kind in TYPES if kind.coverage.level == "stored" and not kind.coverage.lacks]
    assert not silent, f"stored, and not said what is not there: {silent}"


def test_the_page_is_what_the_types_say() -> None:
    done = subprocess.run([sys.executable, "tools/coverage", "--check"], cwd=ROOT)
    assert done.returncode == 0, "docs/coverage.md is not what the types say: run 'make coverage'"
