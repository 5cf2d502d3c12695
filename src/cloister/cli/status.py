"""``cloister status``: the processes, the revision, what the cloud holds, and what drifted."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from cloister.cli import keeping, show
from cloister.cli.cloud import Cloud
from cloister.cli.errors import CliError


def status(*, as_json: bool) -> None:
    """Print the state of the cloud; exit code 1 where it is not whole."""
    told = gather(Cloud())
    if as_json:
        show.print_json(told)
    else:
        _print(told)
    if not told["running"]:
        raise CliError(f"cannot reach the cloud in {told['home']}: it is down; start it with 'cloister up'")
    silent = [process["name"] for process in told["processes"] if process["pid"] and not process["answers"]]
    if silent:
        raise CliError(f"cannot reach {', '.join(silent)}: see {told['log']}")


def gather(cloud: Cloud) -> dict[str, Any]:
    """Everything that ``status`` says, as plain JSON values."""
    home = cloud.home
    pid = keeping.keeper_pid(home)
    told: dict[str, Any] = {
        "home": str(home.root),
        "log": str(home.log_file),
        "egress": json.loads(home.cloud_file.read_text()).get("egress", []) if home.cloud_file.exists() else [],
        "running": pid != 0,
        "processes": [],
        "control": {},
    }
    if not pid:
        return told
    now = time.time()
    told["processes"].append({"name": "keeper", "pid": pid, "restarts": 0, "uptime_seconds": _age(pid), "answers": True})
    for child in keeping.children(home):
        running = child["pid"] != 0
        told["processes"].append(
            {
                "name": child["name"],
                "pid": child["pid"],
                "restarts": child["restarts"],
                "uptime_seconds": round(now - child["since"], 1) if running else 0.0,
                "answers": running and keeping.answers(home, child["name"]),
            }
        )
    try:
        told["control"] = cloud.call("status", timeout=5.0)
    except CliError as error:
        told["control"] = {"error": str(error)}
    return told


def _age(pid: int) -> float:
    """Seconds since a process started: field 22 of its stat, in clock ticks after boot (proc(5))."""
    try:
        started = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 0.0
    return round(time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK"), 1)


def _print(told: dict[str, Any]) -> None:
    from rich.table import Table

    out = show.console()
    out.print(f"home  {told['home']}")
    if not told["running"]:
        return
    table = Table(box=None, pad_edge=False)
    for title in ("process", "pid", "up", "restarts", ""):
        table.add_column(title, justify="right" if title in ("pid", "up", "restarts") else "left")
    for process in told["processes"]:
        if process["pid"]:
            said = "" if process["answers"] else "[red]does not answer[/]"
            table.add_row(
                process["name"], str(process["pid"]), show.ago(process["uptime_seconds"]), str(process["restarts"]), said
            )
        else:
            table.add_row(process["name"], "-", "-", str(process["restarts"]), "[dim]not started[/]")
    out.print(table)
    if told["egress"]:
        out.print(f"egress  {', '.join(told['egress'])}", markup=False)
    for line in _lines(told["control"]):
        out.print(line, markup=False)


def _lines(value: Any, depth: int = 0) -> list[str]:
    """Nested values as indented ``name  value`` lines; empty ones are left out."""
    lines = []
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        pad, title = "  " * depth, str(name).replace("_", " ") if isinstance(value, dict) else "-"
        if isinstance(inner, (dict, list)):
            if inner:
                lines += [f"{pad}{title}", *_lines(inner, depth + 1)]
        else:
            lines.append(f"{pad}{title}  {inner}")
    return lines
