"""Files of runs: ``/artifact/v2.0{workspace}/artifacts``. None are stored yet, so every list is empty, and says so truly.

Clients list before they show a run's details; uploads are refused by ``service.NOT_YET``.
"""

from __future__ import annotations

from typing import Any

from cloister.services.workspace.call import Call, Table, absent


def list_files(call: Call) -> Any:
    """The files below a path: none."""
    """The files of a run: none yet."""
    return {"value": [], "continuationToken": None}


def get_file(call: Call) -> Any:
    """One file. Raises ArmError 404."""
    """One file of a run: 404, none is stored yet."""
    raise absent("file", call.names["path"], call.workspace)


ROUTES: Table = {
    ("GET", "artifacts/prefix/contentinfo/{origin}/{container}/{path*}"): list_files,
    ("GET", "artifacts/contentinfo/{origin}/{container}/{path*}"): get_file,
    ("GET", "artifacts/content/{origin}/{container}/{path*}"): get_file,
    ("GET", "artifacts/metadata/{origin}/{container}/{path*}"): get_file,
    ("GET", "artifacts/{origin}/{container}"): list_files,
    ("GET", "artifacts/{origin}/{container}/{path*}"): list_files,
}
