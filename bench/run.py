"""Measure on a cloud of its own, print a table, write ``bench/latest.json``.

Each figure is the median of several runs, with the smallest and the largest beside it; each measure says how long it took, and
one that fails costs no other. Figures are
``{"name", "value", "unit", "against", "other", "ratio", "spread"}``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from statistics import median

from bench import arm, edge, fabric, names, path, ready
from bench.clouds import CLI, HERE, LOCATION, cloister, fresh_home
from bench.figures import RUNS, Figure
from cloister.cli.cloud import Cloud
from cloister.cli.errors import CliError
from cloister.home import Home


def timed(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def figure(name: str, unit: str, runs: list[float], against: str = "", other: float | None = None) -> Figure:
    """The median of the runs (seconds), in its unit, and against a promise or another measurement."""
    scale = {"s": 1.0, "ms": 1000.0}[unit]
    value = median(runs) * scale
    ratio = round(value / other, 3) if other else None
    spread = (round(min(runs) * scale, 3), round(max(runs) * scale, 3))
    return Figure(name, round(value, 3), unit, against, other, ratio, spread)


def starts(home: Home) -> Iterator[Figure]:
    """The first start, and later ones up to ARM's first answer."""
    yield figure("first_start_s", "s", [timed(lambda: cloister("up", "--detach"))])
    later = []
    for _ in range(3):
        cloister("down")
        began = time.perf_counter()
        starting = subprocess.Popen([*CLI, "up", "--detach"], stdout=subprocess.DEVNULL)
        while not _answers(home):
            time.sleep(0.005)
        later.append(time.perf_counter() - began)
        starting.wait()
    yield figure("later_start_arm_s", "s", later, "promise", 2.0)


def _answers(home: Home) -> bool:
    try:
        return Cloud(home).http("GET", "/subscriptions").ok
    except CliError:
        return False


def requests(home: Home) -> Iterator[Figure]:
    """Resource Manager over the local socket."""
    cloud = Cloud(home)
    group = f"/subscriptions/{cloud.subscription}/resourceGroups/bench"
    cloud.arm("PUT", group, {"location": LOCATION})
    yield figure("arm_get_ms", "ms", [timed(lambda: cloud.arm("GET", group)) for _ in range(50)])
    bodies = [(f"{group}/providers/Microsoft.Network/virtualNetworks/v{n}", network(n)) for n in range(RUNS)]
    yield figure("arm_put_vnet_ms", "ms", [timed(lambda at=at: cloud.arm("PUT", *at)) for at in bodies])  # type: ignore[misc]


def network(number: int) -> dict:
    """A virtual network with one subnet."""
    subnet = {"name": "default", "properties": {"addressPrefix": f"10.{number}.0.0/24"}}
    return {
        "location": LOCATION,
        "properties": {"addressSpace": {"addressPrefixes": [f"10.{number}.0.0/16"]}, "subnets": [subnet]},
    }


def machines(home: Home) -> Iterator[Figure]:
    """``exec``: a machine made, used and removed; beside it the bare interpreter and the command's own start."""
    bare = [timed(lambda: subprocess.run([*CLI, "exec", "--help"], capture_output=True, check=True)) for _ in range(RUNS)]
    runs = [timed(lambda: cloister("exec", "--from", "internet", "--", "true")) for _ in range(RUNS)]
    yield figure("exec_s", "s", runs, "the command's own start", round(median(bare), 3))


def tracking(home: Home) -> Iterator[Figure]:
    """The first answer of run history, which starts the tracking store."""
    cloud = Cloud(home)
    group = f"/subscriptions/{cloud.subscription}/resourceGroups/bench"
    workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/bench"
    cloud.arm("PUT", workspace, {"location": LOCATION, "identity": {"type": "SystemAssigned"}, "properties": {}})
    guid = cloud.arm("GET", workspace)["properties"]["workspaceId"]
    name = f"{guid}.workspace.{LOCATION}.api.azureml.ms"
    first = [timed(lambda: _ask(cloud, "internet", name, "198.19.16.2", workspace))]
    yield figure("tracking_first_answer_s", "s", first, "promise", 10.0)


def _ask(cloud: Cloud, place: str, name: str, address: str, workspace: str) -> None:
    given = f"{cloud.token()}\n/history/v1.0{workspace}/experiments:query\n"
    command = [*CLI, "exec", "--from", place, "--", sys.executable, str(HERE / "wait_for.py"), name, address]
    subprocess.run(command, input=given, text=True, check=True, capture_output=True)


MEASURES: tuple[Callable[[Home], Iterator[Figure]], ...] = (starts, requests, machines, tracking)
LABS: tuple[Callable[[], Iterator[Figure]], ...] = (
    names.measure,
    fabric.measure,
    ready.measure,
    edge.measure,
    arm.measure,
    path.measure,
)


def main() -> int:
    """Measure everything once; what fails is printed and the rest goes on. Answers 1 when a measure failed, else 0."""
    figures: list[Figure] = []
    failed: list[str] = []
    with fresh_home() as home:
        for measure in MEASURES:
            _part(measure.__name__, lambda measure=measure: measure(home), figures, failed)  # type: ignore[misc]
    for part in LABS:
        _part(part.__module__, part, figures, failed)
    if failed:
        print(f"failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


def _part(name: str, measure: Callable[[], Iterator[Figure]], figures: list[Figure], failed: list[str]) -> None:
    """One measure to its end, whatever that is; what was measured before a failure is kept."""
    began = time.perf_counter()
    try:
        for found in measure():
            _show(found, figures)
    except RuntimeError as error:  # something that it compares with is not installed
        print(error, flush=True)
    except Exception:
        failed.append(name)
        traceback.print_exc(file=sys.stdout)
    (HERE / "latest.json").write_text(json.dumps([asdict(found) for found in figures], indent=2) + "\n")
    print(f"{name} took {time.perf_counter() - began:.1f} s", flush=True)


def _show(found: Figure, figures: list[Figure]) -> None:
    figures.append(found)
    print(f"{found.name:38} {found.value:10.3f} {found.unit:7} {_beside(found)}", flush=True)


def _beside(found: Figure) -> str:
    spread = f"[{found.spread[0]:g} to {found.spread[1]:g}]" if found.spread else ""
    return f"{spread:24} {f'{found.ratio:g} of {found.against} ({found.other:g})' if found.against else ''}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
