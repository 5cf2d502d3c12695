"""What a long test says of itself."""

from __future__ import annotations

from collections import Counter

import pytest


def told(capsys: pytest.CaptureFixture[str], title: str, count: Counter[str]) -> None:
    """Print the counts."""
    with capsys.disabled():
        print(f"\n{title}:")
        for what, number in count.items():
            print(f"  {number:5} {what}")
