"""Rules of what is written around the code: dependencies, architecture, locks, words that have no place here."""

from __future__ import annotations

import codecs
import importlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Words about how it was written and by what, kept out of plain sight of the rule itself (rot13).
PRIVATE_WORDS = [codecs.decode(word, "rot13") for word in (
    "pynhqr", "naguebcvp", "pungtcg", "pbcvybg", "tcg-[0-9]", "yyz", "ynathntr zbqry", "nv nffvfgnag", "fhontrag",
    "pbqvat ntrag", "fgrrevat ercb", "qrirybcref?.? frffvba", "nv-trarengrq", "cebzcg ratvarre",
)]  # fmt: skip
MACHINE_PATHS = re.compile(r"(?<![\w.$}])/(?:work|farm|home|root)/[a-z.]")
INDEX = re.compile(r"--(?:extra-)?index" + r"-url|--find" + r"-links|https?://\S*py" + r"pi\.\S+|file:" + r"///\S*simple")
ROOMS = sorted(path.name for path in (ROOT / "src" / "cloister").iterdir() if (path / "__init__.py").exists())


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\s<>=!~;\[]", entry)[0].lower().replace("_", "-") for entry in requirements}


def _declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return _names([*project["dependencies"], *(entry for extra in project["optional-dependencies"].values() for entry in extra)])


def test_every_dependency_has_its_line() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    told = {name.lower() for name in re.findall(r"^\| `([\w.-]+)` \|", page, re.MULTILINE)}
    assert told == _declared()


def test_the_lock_holds_every_dependency_with_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = re.findall(r"^([\w.-]+)==\S+ \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", lock, re.MULTILINE)
    assert _declared() <= _names([name for name, _ in pinned])
    assert len(pinned) == len(re.findall(r"^\S", lock, re.MULTILINE)), "a line of the lock that is no pin with hashes"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-client.lock"])
def test_locks_carry_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text and "\n-" not in text and " @ " not in text


def test_no_index_addresses(tracked: dict[Path, str]) -> None:
    allowed = {Path("tools/lock")}  # it names the options that it leaves out
    assert not [str(path) for path, text in tracked.items() if path not in allowed and INDEX.search(text)]


def test_no_paths_of_a_machine(tracked: dict[Path, str]) -> None:
    found = [f"{path}: {hit.group()}" for path, text in tracked.items() for hit in MACHINE_PATHS.finditer(text)]
    assert not found


def test_no_word_about_how_it_was_written(tracked: dict[Path, str]) -> None:
    pattern = re.compile(r"\b(?:" + "|".join(PRIVATE_WORDS) + r")\b", re.IGNORECASE)
    texts = {path: text for path, text in tracked.items() if path.suffix != ".lock"}
    assert not [f"{path}: {hit.group()}" for path, text in texts.items() for hit in pattern.finditer(text)]


def test_the_architecture_names_every_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert not [room for room in ROOMS if f"`{room}/`" not in page]


@pytest.mark.parametrize(
    ("module", "name"),
    [("cloister.control.gates", "GATES"), ("cloister.net.stages", "STAGES"), ("cloister.compilers.order", "ORDER")],
)
def test_the_three_tuples_are_there_and_written_down(module: str, name: str) -> None:
    entries = getattr(importlib.import_module(module), name)
    assert isinstance(entries, tuple) and entries
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert f"`{name}`" in page
    told = [getattr(entry, "name", None) or getattr(entry, "__name__", None) or entry for entry in entries]
    missing = [entry for entry in told if entry.replace("_", " ") not in page]
    assert not missing, f"docs/architecture.md does not name {missing} of {name}"


def test_every_decision_has_its_parts() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert decisions
    for path in decisions:
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name), path.name
        assert path.read_text().startswith("# "), path.name
    numbers = [path.name[:4] for path in decisions]
    assert len(numbers) == len(set(numbers)), "two decisions have one number"


def test_every_task_of_the_makefile_says_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text()
    tasks = re.findall(r"^([a-z][a-z-]*):(.*)$", makefile, re.MULTILINE)
    assert not [name for name, rest in tasks if "##" not in rest]
    assert {"setup", "demo", "test", "check", "deep", "bench"} <= {name for name, _ in tasks}


def test_every_vocabulary_word_is_used(tracked: dict[Path, str]) -> None:
    page = (ROOT / "docs" / "vocabulary.md").read_text()
    words = re.findall(r"^\| \*\*([^*|]+)\*\* \|", page, re.MULTILINE)
    assert words
    code = "\n".join(text for path, text in tracked.items() if path.parts[0] == "src").lower()
    assert not [word for word in words if word.lower() not in code]
