"""Fixtures of the edge's tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "kernel"))  # fabric_world: namespaces, packets

from edge_cloud import Cloud


@pytest.fixture
def edge_cloud(tmp_path: Path) -> Iterator[Cloud]:
    """A cloud of this test's own."""
    cloud = Cloud(tmp_path / "home")
    yield cloud
    cloud.stop()


@pytest.fixture(scope="module")
def shared_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud that tests share which change nothing in it."""
    cloud = Cloud(tmp_path_factory.mktemp("edge") / "home")
    yield cloud
    cloud.stop()
