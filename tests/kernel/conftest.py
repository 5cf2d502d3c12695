"""The fabric's world, new for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fabric_world import World, needs_network_rights


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A keeper and a fabric, nothing in them."""
    needs_network_rights()
    made = World(tmp_path / "home")
    try:
        yield made
    finally:
        made.end()
