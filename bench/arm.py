"""Resource Manager: against a bare application, against the disk, under load, with a whole template, and its memory."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.clouds import HERE, LOCATION, Bench, bench_cloud, multiply
from bench.figures import RUNS, Figure, compared, interleaved, plain, quantile, require
from bench.lab import until
from bench.names import resident

VERSION = "api-version=2024-05-01"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
LISTED = 100  # networks in the listing that is compared
BEFORE, WRITES_A_SECOND, LOAD_SECONDS, P99_MS = 10_000, 100, 5, 50.0
MANY, MANY_MIB = 100_000, 500.0
WRITERS = 128
PUTS = """local number = 0
function request()
  number = number + 1
  return wrk.format("PUT", string.format("{path}", number), {headers}, '{body}')
end
"""
TEMPLATES = HERE.parent.parent / "shared" / "templates"
PARTS = (
    "Microsoft.MachineLearningServices/workspaces", "Microsoft.Network/privateEndpoints", "Microsoft.Network/bastionHosts",
    "Microsoft.Network/privateDnsZones", "Microsoft.ContainerRegistry/registries", "Microsoft.KeyVault/vaults",
)  # fmt: skip
TEMPLATE_S = 5.0


def measure() -> Iterator[Figure]:
    """All figures of Resource Manager. Raises RuntimeError naming what is not installed."""
    with bench_cloud() as bench:
        yield from _template(bench)
        yield _puts(bench)
        yield from _beside_bare(bench)
        bench.put(IDENTITIES, "pattern", {"location": LOCATION})
        multiply(bench, [bench.id(IDENTITIES, "pattern")], BEFORE)
        yield _under_load(bench)
    with bench_cloud() as bench:
        yield _memory(bench)


# --- against a bare application


def _beside_bare(bench: Bench) -> Iterator[Figure]:
    require("wrk", packages="wrk")
    if missing := [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]:
        raise RuntimeError(f"cannot compare with a bare application without {' and '.join(missing)}: pip install them in .venv")
    ones = {"location": LOCATION, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
    networks = bench.id("Microsoft.Network/virtualNetworks", "")[:-1]
    for n in range(LISTED):
        bench.cloud.arm_once("PUT", f"{networks}/n{n}", ones)
    asked = {"get": f"{networks}/n0", "list": networks}
    port = bench.cloud.facts["host_port"]
    header = f"Authorization: Bearer {bench.cloud.token()}"
    with tempfile.TemporaryDirectory() as folder:
        for name, path in asked.items():
            (Path(folder) / name).write_bytes(bench.cloud.http("GET", path).body)
        certificate = bench.home.certificates / "localhost.pem"
        with _bare(str(certificate), folder) as other:
            for name, path in asked.items():
                runs = {
                    "arm": lambda path=path: _rate(f"https://localhost:{port}{path}?{VERSION}", "-H", header),
                    "bare": lambda name=name: _rate(f"https://localhost:{other}/{name}", "-H", header),
                }
                found = interleaved(runs)  # type: ignore[arg-type]
                yield compared(f"arm_{name}_vs_bare", "1/s", found["arm"], "bare Starlette", found["bare"])


@contextmanager
def _bare(certificate: str, folder: str) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = subprocess.Popen([sys.executable, str(HERE / "bare.py"), str(port), certificate, folder])
    try:
        until(lambda: _open(port))
        yield port
    finally:
        program.terminate()
        program.wait(10)


def _open(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


def _rate(url: str, *options: str, connections: int = 8, seconds: int = 1) -> float:
    """Requests a second on kept-alive connections over TLS, by wrk with these options; every answer must be 200 or 201."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *options, url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in told and "Socket errors" not in told, told
    return float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1])  # type: ignore[index]


# --- writes


def _puts(bench: Bench) -> Figure:
    """PUTs a second of small resources by many writers, beside the disk's own appends and fsyncs a second."""
    require("wrk", packages="wrk")
    port, runs = bench.cloud.facts["host_port"], itertools.count()
    script = bench.home.root / "bench-put.lua"
    body = json.dumps({"location": LOCATION})

    def puts() -> float:
        path = f"{bench.id(IDENTITIES, f'put-{next(runs)}-')}%d?{VERSION}"
        headers = f'{{["Content-Type"]="application/json", ["Authorization"]="Bearer {bench.cloud.token()}"}}'
        script.touch(0o600)  # it holds a token
        script.write_text(PUTS.format(path=path, headers=headers, body=body))
        try:
            return _rate(f"https://localhost:{port}/", "-s", str(script), connections=WRITERS, seconds=3)
        finally:
            script.unlink()

    found = interleaved({"put": puts, "fsync": lambda: _fsyncs(bench.home.root / "bench-append")})
    return compared("arm_put_vs_fsync", "1/s", found["put"], "append and fsync", found["fsync"])


def _fsyncs(file: Path) -> float:
    """Appends of 2 KiB, each on disk before the next, a second."""
    done, began = 0, time.perf_counter()
    with file.open("ab", buffering=0) as appended:
        while time.perf_counter() - began < 0.5:
            appended.write(b"x" * 2048)
            os.fsync(appended.fileno())
            done += 1
    file.unlink()
    return done / 0.5


# --- under load


def _under_load(bench: Bench) -> Figure:
    """The slowest hundredth of GETs while others list everything and write a hundred a second."""
    group, networks = bench.group, bench.id("Microsoft.Network/virtualNetworks", "n0")
    common = {"port": bench.cloud.facts["host_port"], "token": bench.cloud.token(), "seconds": LOAD_SECONDS, "body": None}
    runs = []
    for run in range(RUNS):
        asks: list[dict[str, Any]] = [
            {**common, "method": "GET", "paths": [f"{networks}?{VERSION}"], "pause": 0.01},
            {**common, "method": "GET", "paths": [f"{group}/resources?{VERSION}&$top=1000"], "pause": 0},
            {
                **common, "method": "PUT", "paths": [f"{bench.id(IDENTITIES, f'load{run}-')}{{n}}?{VERSION}"],
                "body": {"location": LOCATION}, "pause": 1 / WRITES_A_SECOND,
            },
        ]  # fmt: skip
        with ThreadPoolExecutor(len(asks)) as threads:
            gets, lists, puts = threads.map(_ask, asks)
        assert max(gets["statuses"] + lists["statuses"] + puts["statuses"]) < 300, (gets["statuses"], puts["statuses"])
        runs.append(quantile(gets["taken"], 0.99))
    return plain("arm_get_p99_loaded_ms", "ms", runs, "promise", P99_MS)


def _ask(what: dict[str, Any]) -> dict[str, Any]:
    environment = {**os.environ, "SSL_CERT_FILE": str(Path(os.environ["CLOISTER_HOME"]) / "ca.pem")}
    command = [sys.executable, str(HERE / "asking.py")]
    done = subprocess.run(command, input=json.dumps(what), env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


# --- a whole template, and memory


def _template(bench: Bench) -> Iterator[Figure]:
    """The published template that makes most of a private workspace, found by what stands in it; each run in a new group."""
    found = _most_of_a_workspace()
    if found is None:
        print(f"cannot measure secure_template_s: no template with {', '.join(PARTS)} below {TEMPLATES}", flush=True)
        return
    sys.path.insert(0, str(HERE.parent / "tests" / "template"))
    from generated_values import values

    text = found.read_text(encoding="utf-8-sig")
    template = json.loads(text)
    given = {name: {"value": value} for name, value in values(template, text).items()}
    taken = []
    for run in range(3):
        group = f"/subscriptions/{bench.cloud.subscription}/resourceGroups/secure{run}"
        bench.cloud.arm("PUT", group, {"location": LOCATION})
        sent = {"properties": {"mode": "Incremental", "template": template, "parameters": given}}
        began = time.perf_counter()
        _deployed(bench, f"{group}/providers/Microsoft.Resources/deployments/secure", sent)
        taken.append(time.perf_counter() - began)
        bench.cloud.arm("DELETE", group)
    yield plain("secure_template_s", "s", taken, "promise", TEMPLATE_S)


def _deployed(bench: Bench, path: str, sent: dict[str, Any]) -> None:
    answer = bench.cloud.http("PUT", path, sent)
    assert answer.ok, answer.body
    while True:
        state = bench.cloud.http("GET", path).json["properties"]
        if state["provisioningState"] == "Succeeded":
            return
        assert state["provisioningState"] != "Failed", json.dumps(state["error"])[:2000]
        time.sleep(0.02)


def _most_of_a_workspace() -> Path | None:
    """The largest published template that has all the parts."""
    fitting = []
    for file in TEMPLATES.glob("**/azuredeploy.json"):
        text = file.read_text(encoding="utf-8-sig")
        if all(part in text for part in PARTS):
            fitting.append((len(text), file))
    return max(fitting)[1] if fitting else None


def _memory(bench: Bench) -> Figure:
    """Control's memory with a hundred thousand resources of four small types."""
    patterns: list[tuple[str, dict]] = [
        (IDENTITIES, {}), ("Microsoft.Network/routeTables", {}), ("Microsoft.Network/networkSecurityGroups", {}),
        ("Microsoft.Network/applicationSecurityGroups", {}),
    ]  # fmt: skip
    tags = {"team": "research", "cost": "4711"}
    for type, properties in patterns:
        bench.put(type, "pattern", {"location": LOCATION, "properties": properties, "tags": tags})
    multiply(bench, [bench.id(type, "pattern") for type, _ in patterns], MANY)
    bench.cloud.http("GET", f"{bench.group}/resources")
    until(lambda: bench.cloud.call("status")["applied"] > 0, 60)
    return plain("arm_100000_resources_mib", "MiB", [resident(bench.child("control"))], "promise", MANY_MIB)
