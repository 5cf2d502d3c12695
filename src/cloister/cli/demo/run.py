"""The demo, from the empty group to the last table: what is done, tried and compared with what the article promises."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cloister.cli import show
from cloister.cli.cloud import Cloud
from cloister.cli.demo.paper import Paper
from cloister.cli.demo.steps import GROUP, LOCATION, NETWORKS, PREFIX, SUBNET_PREFIX, WORKSPACE, Step, Trial, steps
from cloister.cli.errors import CliError, error_of

HERE = Path(__file__).parent
MARK = "\x1e"
TAG = {"made-by": "cloister demo"}
PROVIDER = "Microsoft.MachineLearningServices"
PRIVATE = "10."  # what PREFIX begins with; every public address of the cloud lies in 198.18.0.0/15


def demo(*, as_json: bool) -> None:
    """Run all steps. Raises CliError where a step fails or reality is not as promised."""
    began = time.monotonic()
    cloud = Cloud()
    python = client_python()
    paper = Paper(quiet=as_json)
    group = f"/subscriptions/{cloud.subscription}/resourceGroups/{GROUP}"
    _clear(cloud, group, paper)
    _networks(cloud, group, paper)
    story = _Story(cloud, group, python, paper)
    told = []
    try:
        for number, step in enumerate(steps(cloud.subscription), 1):
            told.append(story.tell(number, step))
            if not told[-1]["ok"]:
                break
    finally:
        story.close()
    whole = len(told) == len(steps("")) and all(step["ok"] for step in told)
    result = {"ok": whole, "seconds": round(time.monotonic() - began, 1), "group": group, "steps": told}
    if as_json:
        show.print_json(result)
    if not whole:
        raise CliError(f"cannot call the demo a success: step {len(told)} did not go as the article promises (see above)")
    paper.end(result)


def client_python() -> Path:
    """The Python of ``.venv-client``, beside this installation's own environment. Raises CliError where it is missing."""
    python = Path(sys.prefix).parent / ".venv-client" / "bin" / "python"
    if not python.exists():
        raise CliError(
            f"cannot run the demo: Microsoft's SDK is not installed in {python.parents[1]}; 'make setup-client' does it"
        )
    return python


def _clear(cloud: Cloud, group: str, paper: Paper) -> None:
    """Remove what an earlier demo made; refuse where somebody else's group has the name."""
    found = cloud.http("GET", group)
    if found.status == 404:
        return
    if (found.json or {}).get("tags") != TAG:
        raise CliError(
            f"cannot run the demo: the group '{GROUP}' is not the demo's; delete it first, or use another CLOISTER_HOME"
        )
    paper.say(f"removing the group '{GROUP}' of the last demo")
    cloud.arm("DELETE", group)


def _networks(cloud: Cloud, group: str, paper: Paper) -> None:
    """The group, and two networks of the same range: what the article takes for granted."""
    paper.command(f"cloister rest PUT resourceGroups/{GROUP} -b", {"location": LOCATION})
    cloud.arm("PUT", group, {"location": LOCATION, "tags": TAG})
    subnet = {"name": "default", "properties": {"addressPrefix": SUBNET_PREFIX, "privateEndpointNetworkPolicies": "Disabled"}}
    body = {"location": LOCATION, "properties": {"addressSpace": {"addressPrefixes": [PREFIX]}, "subnets": [subnet]}}
    for name in NETWORKS:
        below = f"resourceGroups/{GROUP}/providers/Microsoft.Network/virtualNetworks/{name}"
        paper.command(f"cloister rest PUT {below} -b", body)
        cloud.arm("PUT", f"/subscriptions/{cloud.subscription}/{below}", body)


class _Story:
    """The steps under way: an interpreter for each place that runs code, and the trials after each step."""

    def __init__(self, cloud: Cloud, group: str, python: Path, paper: Paper):
        self._cloud, self._group, self._python, self._paper = cloud, group, python, paper
        self._folder = cloud.home.root / "demo"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._drivers: dict[str, subprocess.Popen[str]] = {}
        self._address = ""  # the endpoint's, once it was seen

    def tell(self, number: int, step: Step) -> dict[str, Any]:
        """One step: show the code, run it, try the workspace, compare. The record for ``--json``."""
        self._paper.step(number, step)
        began = time.monotonic()
        output, error = self._run(step)
        seconds = round(time.monotonic() - began, 1)
        told: dict[str, Any] = {"title": step.title, "code": step.code, "place": step.place, "seconds": seconds, "output": output}
        if error:
            self._paper.failed(error)
            return {**told, "error": error, "places": [], "ok": False}
        places = self._try(step)
        self._paper.table(places, seconds)
        return {**told, "error": "", "places": places, "ok": all(place["as_promised"] for place in places)}

    def close(self) -> None:
        """End the interpreters; their machines go with them."""
        for driver in self._drivers.values():
            assert driver.stdin is not None
            driver.stdin.close()
            try:
                driver.wait(10)
            except subprocess.TimeoutExpired:
                driver.kill()
                driver.wait()

    def _driver(self, place: str) -> subprocess.Popen[str]:
        if place not in self._drivers:
            self._drivers[place] = subprocess.Popen(
                _exec(place, str(self._python), "-u", str(HERE / "driver.py")),
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        return self._drivers[place]

    def _run(self, step: Step) -> tuple[str, str]:
        """The step's output and error, ``""`` for none."""
        driver = self._driver(step.place)
        assert driver.stdin is not None and driver.stdout is not None
        lines: list[str] = []
        try:
            driver.stdin.write(json.dumps(step.code) + "\n")
            driver.stdin.flush()
        except BrokenPipeError:
            pass  # what it said before it ended follows
        for line in driver.stdout:
            if line.startswith(MARK):
                return "".join(lines).rstrip("\n") + "\n", json.loads(line[1:])["error"]
            lines.append(line)
            self._paper.output(line)
        return "".join(lines), f"the interpreter in {step.place} ended with status {driver.wait()}"

    def _try(self, step: Step) -> list[dict[str, Any]]:
        """The workspace, tried in all the step's ways at once."""
        workspace = f"{self._group}/providers/{PROVIDER}/workspaces/{WORKSPACE}"
        guid = self._cloud.arm("GET", workspace)["properties"]["workspaceId"]
        name = f"{guid}.workspace.{LOCATION}.api.azureml.ms"
        path = f"/history/v1.0{workspace}/experiments:query"
        token = self._cloud.token()

        def one(trial: Trial) -> dict[str, Any]:
            address = self._address if trial.by_address else ""
            met = probe(trial.place, name, path, token, address)
            explained = self._cloud.call("explain", {"from": trial.place, "to": address or name})
            return judged(trial, {"from": trial.place, "name": name, "by_address": address, **met, "explained": explained})

        with ThreadPoolExecutor(len(step.trials)) as pool:
            met = list(pool.map(one, step.trials))
        self._address = next((found["addresses"][0] for found in met if is_private(found)), self._address)
        return met


def judged(trial: Trial, met: dict[str, Any]) -> dict[str, Any]:
    """What a trial met, beside what was promised and what ``explain`` says."""
    reached = met["status"] == trial.status and (trial.status != 0 or not met["connected"])
    agrees = (met["explained"]["disposition"] == "Delivered") == (met["status"] == 200)
    as_promised = reached and agrees and is_private(met) == (trial.private or trial.by_address)
    judged = {**met, "promised": trial.promise, "agrees": agrees, "as_promised": as_promised}
    return {**judged, "why": why(judged)}


def is_private(met: dict[str, Any]) -> bool:
    """Whether the name led to private addresses only."""
    return bool(met["addresses"]) and all(address.startswith(PRIVATE) for address in met["addresses"])


def probe(place: str, name: str, path: str, token: str, address: str = "") -> dict[str, Any]:
    """What ``probe.py`` meets from a place."""
    command = _exec(place, sys.executable, str(HERE / "probe.py"), name, path, address)
    done = subprocess.run(command, input=f"{token}\n", capture_output=True, text=True)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise CliError(f"cannot try the workspace from {place}: {done.stderr.strip() or done.stdout.strip()}") from None


def why(place: dict[str, Any]) -> str:
    """What the caller was told, and which resource decides."""
    trace = place["explained"]
    refusal = ""
    if place["status"] >= 400:
        try:
            refusal = str(error_of(json.loads(place["body"])).get("message", ""))
        except ValueError:
            refusal = place["body"][:200]
    said = "; ".join(text for text in (refusal.rstrip("."), place["error"], trace["why"]) if text)
    return said if place["agrees"] else f"{said} (explain says {trace['disposition']}: the two judges disagree)"


def _exec(place: str, *command: str) -> list[str]:
    return [sys.executable, "-m", "cloister.cli.main", "exec", "--from", place, "--", *command]
