"""``make templates``: deploy every published template on a cloud of its own and print what became of each.

    python -m tests.templates.run [--folder FOLDER] [--only WORD] [--minutes N] [--json FILE]

Ends with 1 where something in scope did not deploy, changed when deployed again, or left something behind.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cloister.cli.cloud import Cloud
from cloister.home import Home
from tests.templates.deploying import Result, Session, templates

SHARED = Path(__file__).parents[3] / "shared" / "templates"
ADDRESS = "https://templates.example/"
PUBLISHED = (
    "https://raw.githubusercontent.com/Azure/azure-quickstart-templates/master/",
    "https://raw.githubusercontent.com/azure/azure-quickstart-templates/master/",
)
"""Where the published templates look for what they link to."""


@contextmanager
def session(root: Path) -> Iterator[Session]:
    """A fresh cloud whose linked templates are read from ``root``."""
    with tempfile.TemporaryDirectory(prefix="ct-", dir="/tmp") as folder:
        home = Home(Path(folder) / "h")
        home.make()
        home.cloud_file.write_text(json.dumps({"template_folders": folders(root)}))
        environment = {"CLOISTER_HOME": str(home.root), "NO_COLOR": "1"}
        command = [sys.executable, "-m", "cloister.cli.main"]
        whole = {**os.environ, **environment}
        subprocess.run([*command, "up", "--detach"], env=whole, check=True, stdout=subprocess.DEVNULL)
        try:
            yield Session(Cloud(home), root, ADDRESS)
        finally:
            subprocess.run([*command, "down", "--purge", "--yes"], env=whole, check=False, stdout=subprocess.DEVNULL)


def folders(root: Path) -> dict[str, str]:
    """The set's own address, and the addresses under which the templates link to each other."""
    return {ADDRESS: str(root), **{prefix: str(root) for prefix in PUBLISHED}}


def dates(folder: Path) -> list[Path]:
    """The sets in a folder: one for each time at which the templates were published."""
    return sorted(path for path in folder.iterdir() if path.is_dir())


def show(results: Iterable[Result], said: object = sys.stdout) -> None:
    """The table, and the errors by count."""
    found = list(results)
    for one in found:
        state = "deployed" if one.is_deployed else "out" if one.out_of_scope else "failed"
        words = [one.error, one.again, one.remark, f"left behind: {one.left}" if one.left else ""]
        counts = f"{one.resources:3d} made, {one.made_first:2d} before, {one.seconds:5.1f} s"
        print(f"{state:8}  {counts}  {one.name}  {' '.join(word for word in words if word)[:900]}", file=said, flush=True)  # type: ignore[arg-type]


def summary(results: list[Result]) -> str:
    """One line of numbers."""
    count = Counter("deployed" if one.is_deployed else "out" if one.out_of_scope else "failed" for one in results)
    again = sum(1 for one in results if one.again)
    left = sum(1 for one in results if one.left)
    return (
        f"{len(results)} templates: {count['deployed']} deployed, {count['failed']} failed, {count['out']} out of scope, "
        f"{again} changed when deployed again, {left} left something behind"
    )


def bad(one: Result) -> bool:
    """Whether a template in scope did not deploy, changed when deployed again, or left something behind."""
    return bool((one.error and not one.out_of_scope) or one.again or one.left)


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=SHARED)
    parser.add_argument("--only", default="")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    if not chosen.folder.is_dir():
        print(f"no published templates here: {chosen.folder.name} is not part of this repository")
        return 0
    end = time.monotonic() + 60 * chosen.minutes
    results: list[Result] = []
    for date in dates(chosen.folder):
        found = [path for path in templates(date) if chosen.only in str(path)]
        if not found:
            continue
        with session(date) as running:
            for path in found:
                if time.monotonic() < end:
                    results.append(running.run(path))
                    show(results[-1:])
    print(summary(results))
    for reason, number in Counter(one.out_of_scope for one in results if one.out_of_scope).most_common():
        print(f"out of scope: {number} x {reason}")
    if chosen.json:
        chosen.json.write_text(json.dumps([{**vars(one), "providers": sorted(one.providers)} for one in results], indent=2))
    return 1 if any(bad(one) for one in results) else 0


if __name__ == "__main__":
    sys.exit(main())
