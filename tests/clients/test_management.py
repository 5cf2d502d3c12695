"""azure-mgmt-*, azure-identity and azure-ai-ml, unmodified, against a whole cloud: on a machine of it, and from the host.

On a machine nothing tells the clients of this cloud: they go by Azure's own names. On the host they have what ``cloister
env`` prints and nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PYTHON = HERE.parent.parent / ".venv-azure" / "bin" / "python"
WAYS = ("machine", "host")

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not PYTHON.exists(), reason="azure-mgmt-* are not installed: run `make setup-client`"),
]


def run(cloud: Any, way: str, script: str, group: str, *parts: str) -> dict[str, Any]:
    """Parts of a script, on a machine on the internet or on the host; what each of them got."""
    argv = [str(PYTHON), str(HERE / script), *parts]
    if way == "machine":
        done = cloud.exec("internet", ["env", f"CLIENTS_GROUP={group}", *argv], timeout=200)
    else:
        plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        told = json.loads(cloud.cloister("env", "--json").stdout)
        environment = {**plain, **told, "CLIENTS_GROUP": group}
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=200)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"step"')]
    failed = [f"{line['step']}: {line['got']}" for line in lines if not line["ok"]]
    assert done.returncode == 0 and not failed, "\n".join([*failed, done.stdout[-3000:], done.stderr[-3000:]])
    return {line["step"]: line["got"] for line in lines}


@pytest.mark.parametrize("way", WAYS)
def test_the_management_libraries(cloud: Any, way: str) -> None:
    got = run(cloud, way, "management.py", f"management-{way}")
    assert got["groups"] == ["eastus2", "Succeeded", {"made-by": "another"}]
    assert got["networks"] == ["Succeeded", ["10.0.0.0/16"], True]
    assert got["zones"] == ["Succeeded", "Completed", ["@", "own"]]
    assert got["stores"][1:] == [f"https://kvmanagement{way}.vault.azure.net/", f"crmanagement{way}.azurecr.io"]
    assert got["workspaces"] == ["Succeeded", True, {"a": "b"}, True]
    assert got["endpoints"] == {"first": "Approved", "second": ["Pending", "Rejected", "Approved", "Disconnected"], "left": 1}
    assert got["clusters"] == ["Succeeded", True, {"a": "b"}, True]
    assert got["foresee"] == ["Create"] and got["features"] == [
        {"a": "b", "c": "d"},
        ["net"],
        ["Registered"],
        ["moving"],
        "Succeeded",
    ]
    assert got["roles"] == ["ServicePrincipal", f"Looker of management-{way}"]
    assert got["locks"] == [409, "ScopeLocked"]
    state, id, _ = got["deploy"]
    assert state == "Succeeded" and id.endswith("/virtualNetworks/deployed")
    assert got["delete"] == [["Microsoft.Insights/components", "Microsoft.Network/virtualNetworks"], False]


@pytest.mark.parametrize("way", WAYS)
def test_sdk_v2(cloud: Any, way: str) -> None:
    group = f"sdk-v2-{way}"
    path = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}"
    cloud.arm("PUT", path, {"location": "eastus2"})
    try:
        got = run(cloud, way, "sdk_v2.py", group)
    finally:
        cloud.rest("DELETE", path)
    assert got["create"] == ["mlw-basic", "eastus2", "demo", "Enabled"]
    assert got["listing"] == ["Basic workspace-example", True, True]
    assert got["update"] == ["Another name", "Disabled", "Disabled"]
    assert got["computes"] == [4, "Succeeded", "computeinstance", ["ci-of-mlw", "cpu-cluster"], []]
    assert got["delete"] == 404
