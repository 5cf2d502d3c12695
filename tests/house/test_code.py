"""Rules of the code: sizes, docstrings, names, nothing unfinished, no test that hides."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

LINES_MAX = 500
FORBIDDEN_IN_NAMES = {"utils", "util", "helper", "helpers", "common", "misc", "base", "manager", "handler", "data", "info"}
WORDS_OF_THE_FIELD = (
    "data_plane", "data_action", "metadata", "database", "dataset", "datastore",
    "system_data", "data_uri", "base64", "to_base", "from_base",  # Azure's systemData and its template functions
    "data_received",  # asyncio's
    "compile_base",  # what holds before any row: the base that the rest stands on
)  # fmt: skip
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|NotImplemented" + r"Error)\b")
HIDING = re.compile(r"pytest\.skip\(\s*\)|mark\.skip\s*$|mark\.skip\(\s*\)|mark\.x" + r"fail", re.MULTILINE)


def test_no_file_is_too_long(tracked: dict[Path, str]) -> None:
    code = {path: text for path, text in tracked.items() if path.suffix in (".py", ".sh") or path.parent.name in ("tools", ".ci")}
    long = {str(path): text.count("\n") for path, text in code.items() if text.count("\n") > LINES_MAX}
    assert not long, f"over {LINES_MAX} lines: {long}"


def test_every_module_says_what_it_is(sources: dict[Path, str]) -> None:
    silent = [str(path) for path, text in sources.items() if not ast.get_docstring(ast.parse(text))]
    markers = [name for name in silent if name.startswith("tests/") and name.endswith("__init__.py")]  # for pytest alone
    assert not set(silent) - set(markers)


def test_every_package_has_its_docstring(sources: dict[Path, str]) -> None:
    folders = {path.parent for path in sources if path.parts[0] == "src"}
    missing = [str(folder) for folder in folders if folder.parts[1:] and folder / "__init__.py" not in sources]
    assert not [folder for folder in missing if folder != "src"]


def test_public_things_say_what_they_are(sources: dict[Path, str]) -> None:
    """Classes and functions of a module's face; an override or a hook named in a table may be plain."""
    silent = []
    for path, text in sources.items():
        if path.parts[0] != "src":
            continue
        faces = [node for node in ast.parse(text).body if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))]
        faces = [node for node in faces if not node.name.startswith("_")]
        silent += [f"{path}:{node.lineno} {node.name}" for node in faces if not ast.get_docstring(node)]
    assert not silent, "\n".join(silent)


def _words(name: str) -> set[str]:
    for allowed in WORDS_OF_THE_FIELD:
        name = name.replace(allowed, "")
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def test_no_name_that_says_nothing(sources: dict[Path, str]) -> None:
    found = []
    for path, text in sources.items():
        if path.parts[0] != "src":
            continue
        names = [(0, part) for part in (*path.parts[1:-1], path.stem)]
        kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        names += [(node.lineno, node.name.strip("_")) for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]
        names = [(line, name) for line, name in names if name != "base"]  # the base ruleset, likewise
        found += [f"{path}:{line} {name}" for line, name in names if _words(name) & FORBIDDEN_IN_NAMES]
    assert not found, "\n".join(found)


def test_nothing_is_unfinished(sources: dict[Path, str]) -> None:
    assert not [f"{path}: {hit.group()}" for path, text in sources.items() for hit in UNFINISHED.finditer(text)]


def test_no_test_hides(sources: dict[Path, str]) -> None:
    """A skip gives its reason; nothing is expected to fail."""
    assert not [str(path) for path, text in sources.items() if path.parts[0] == "tests" and HIDING.search(text)]


def test_names_of_test_files_are_their_own(sources: dict[Path, str]) -> None:
    """pytest imports them side by side."""
    count = Counter(path.name for path in sources if path.parts[0] == "tests" and path.name not in ("conftest.py", "__init__.py"))
    assert not [name for name, number in count.items() if number > 1]


@pytest.mark.parametrize("word", ["sleep"])
def test_core_has_no_clock(sources: dict[Path, str], word: str) -> None:
    core = {"arm", "net", "dns", "compilers", "explain", "providers"}
    found = [str(path) for path, text in sources.items() if path.parts[:2] == ("src", "cloister") and path.parts[2] in core
             and re.search(rf"\b{word}\(", text)]  # fmt: skip
    assert not found
