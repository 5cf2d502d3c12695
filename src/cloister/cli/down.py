"""``cloister down``: stop the cloud in order, and remove its home when asked to."""

from __future__ import annotations

import shutil
import sys

import typer

from cloister.cli import keeping
from cloister.cli.errors import CliError
from cloister.home import Home


def down(*, purge: bool, yes: bool) -> None:
    """Stop, and with ``purge`` remove ``CLOISTER_HOME`` after a question. Raises CliError."""
    home = Home.default()
    if purge:
        _may_remove(home, yes)
    ran = keeping.stop(home)
    print(f"the cloud in {home.root} is down" if ran else f"no cloud ran in {home.root}")
    if purge and home.root.exists():
        shutil.rmtree(home.root)
        print(f"removed {home.root}")


def _may_remove(home: Home, yes: bool) -> None:
    """Only a folder that is a cloud's home, and only after a yes."""
    if not home.root.exists():
        return
    known = (home.cloud_file, home.run, home.database)
    if home.root.is_symlink() or not home.root.is_dir() or (any(home.root.iterdir()) and not any(p.exists() for p in known)):
        raise CliError(f"cannot remove {home.root}: it does not look like a cloud's home; remove it yourself if you mean it")
    if yes:
        return
    if not sys.stdin.isatty():
        raise CliError(f"cannot ask whether to remove {home.root}: there is no terminal; say --yes")
    if not typer.confirm(f"Remove {home.root} with all resources, keys and runs?"):
        raise CliError("cannot go on: you said no; nothing was stopped or removed")
