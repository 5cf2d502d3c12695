"""The files that the house rules speak of: what git tracks, or, where there is no git, what lies here."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPPED = {"build", "dist", "__pycache__"}  # and whatever begins with a dot, but .ci


def files() -> list[Path]:
    """All text files of the project, relative to its root."""
    try:
        tracked = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True).stdout
        found = [Path(name) for name in tracked.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()]
    hidden = {path for path in found if any(part.startswith(".") and part != ".ci" for part in path.parts[:-1])}
    return [path for path in found if path not in hidden and not SKIPPED & set(path.parts) and (ROOT / path).is_file()]


@pytest.fixture(scope="session")
def tracked() -> dict[Path, str]:
    """Path -> text of every file."""
    texts = {}
    for path in files():
        try:
            texts[path] = (ROOT / path).read_text()
        except UnicodeDecodeError:
            continue
    return texts


@pytest.fixture(scope="session")
def sources(tracked: dict[Path, str]) -> dict[Path, str]:
    """Path -> text of every Python file."""
    return {path: text for path, text in tracked.items() if path.suffix == ".py"}
