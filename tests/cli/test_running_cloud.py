"""The command line against a whole cloud: its five processes, real networks, TLS from inside them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

LOCATION = "eastus2"
RANGE, SUBNET_RANGE = "10.61.0.0/16", "10.61.1.0/24"
FETCH = """
import json, socket, sys, urllib.request
host, path = sys.argv[1:3]
addresses = sorted({entry[4][0] for entry in socket.getaddrinfo(host, 443, socket.AF_INET)})
with urllib.request.urlopen(f"https://{host}{path}", timeout=10) as answer:
    print(json.dumps({"addresses": addresses, "status": answer.status, "body": json.load(answer)}))
"""
METADATA = "/metadata/endpoints?api-version=2019-05-01"


@pytest.fixture(scope="module")
def group(cloud: Any) -> Iterator[str]:
    """A group with one network, gone at the end."""
    path = f"/subscriptions/{cloud.subscription}/resourceGroups/command-line"
    cloud.arm("PUT", path, {"location": LOCATION})
    subnet = {"name": "default", "properties": {"addressPrefix": SUBNET_RANGE}}
    body = {"location": LOCATION, "properties": {"addressSpace": {"addressPrefixes": [RANGE]}, "subnets": [subnet]}}
    cloud.arm("PUT", f"{path}/providers/Microsoft.Network/virtualNetworks/cmdvnet", body)
    yield path
    cloud.arm("DELETE", path)


def test_every_process_answers(cloud: Any) -> None:
    told = json.loads(cloud.cloister("status", "--json").stdout)
    running = {process["name"] for process in told["processes"] if process["pid"] and process["answers"]}
    assert {"keeper", "control", "fabric", "edge", "resolver"} <= running
    assert told["control"]["applied"] >= told["control"]["revision"]


def test_the_description_of_what_it_answers(cloud: Any, tmp_path: Path) -> None:
    shown = json.loads(cloud.cloister("openapi").stdout)
    assert shown["openapi"] == "3.1.0" and "/subscriptions/{subscriptionId}/resourceGroups" in shown["paths"]
    cloud.cloister("openapi", "--output", str(tmp_path / "openapi.json"))
    assert json.loads((tmp_path / "openapi.json").read_text()) == shown
    refused = cloud.cloister("openapi", "-o", str(tmp_path / "nowhere" / "openapi.json"), check=False)
    assert refused.returncode == 1 and refused.stderr.startswith("cannot write")


def test_up_again_is_up_already(cloud: Any) -> None:
    assert "is up already" in cloud.cloister("up", "--detach").stdout


def test_secrets_are_the_owners_alone(cloud: Any) -> None:
    assert cloud.root.stat().st_mode & 0o777 == 0o700
    secrets = [path for path in cloud.home.secrets.rglob("*") if path.is_file()]
    assert secrets and all(path.stat().st_mode & 0o077 == 0 for path in secrets)


def test_the_host_reaches_arm_by_its_port(cloud: Any) -> None:
    environment = json.loads(cloud.cloister("env", "--json").stdout)
    script = "import os, urllib.request; print(urllib.request.urlopen(os.environ['ARM_CLOUD_METADATA_URL'], timeout=10).status)"
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.stdout == "200\n", done.stderr


@pytest.mark.parametrize("place", ["internet", "cmdvnet/default"])
def test_azures_names_lead_to_the_cloud_from_everywhere(cloud: Any, group: str, place: str) -> None:
    done = cloud.exec(place, [sys.executable, "-c", FETCH, "management.azure.com", METADATA])
    assert done.returncode == 0, done.stderr
    met = json.loads(done.stdout)
    assert met["addresses"] == ["198.19.0.4"]
    assert met["status"] == 200 and met["body"]


def test_a_machine_has_the_address_it_wishes(cloud: Any, group: str) -> None:
    wished = "10.61.1.77"
    done = cloud.cloister(
        "exec", "--from", "cmdvnet/default", "--address", wished, "--", "ip", "-4", "-o", "addr", "show", "eth0"
    )
    assert f" {wished}/24 " in done.stdout
    refused = cloud.cloister("exec", "--from", "cmdvnet/default", "--address", "10.9.9.9", "--", "true", check=False)
    assert refused.returncode == 1 and refused.stderr.startswith("cannot ")


def test_an_unknown_place_lists_the_known(cloud: Any, group: str) -> None:
    done = cloud.cloister("exec", "--from", "cmdvnet/nowhere", "--", "true", check=False)
    assert done.returncode == 1 and "command-line/cmdvnet/default" in done.stderr


def _machines(cloud: Any) -> list[str]:
    told = json.loads(cloud.cloister("status", "--json").stdout)
    return [name for name, count in told["control"]["rows"].items() if name.lower() == "cloister.fabric/machines" and count]


def test_no_machine_outlives_its_command(cloud: Any) -> None:
    assert cloud.exec("internet", ["true"]).returncode == 0
    assert _machines(cloud) == []


def test_a_machine_whose_holder_was_killed_goes_too(cloud: Any) -> None:
    process = cloud.popen("internet", ["sh", "-c", "echo ready; sleep 60"], stdout=subprocess.PIPE)
    assert process.stdout.readline() == "ready\n"
    assert _machines(cloud)
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 10
    while _machines(cloud):
        assert time.monotonic() < deadline, "the machine stayed after its holder was killed"
        time.sleep(0.05)


def test_a_template_is_deployed_and_told(cloud: Any, group: str, tmp_path: Any) -> None:
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"name": {"type": "string"}},
        "resources": [
            {
                "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2023-11-01", "name": "[parameters('name')]",
                "location": LOCATION,
                "properties": {"addressSpace": {"addressPrefixes": ["10.62.0.0/16"]}},
            }
        ],
        "outputs": {"id": {"type": "string", "value": "[resourceId('Microsoft.Network/virtualNetworks', parameters('name'))]"}},
    }  # fmt: skip
    (tmp_path / "net.json").write_text(json.dumps(template))
    done = cloud.cloister("deploy", str(tmp_path / "net.json"), "-g", "command-line", "-p", "name=deployed")
    assert f"id = {group}/providers/Microsoft.Network/virtualNetworks/deployed" in done.stdout
    broken = {**template, "resources": [{**template["resources"][0], "name": "[nosuch()]"}]}
    (tmp_path / "net.json").write_text(json.dumps(broken))
    failed = cloud.cloister("deploy", str(tmp_path / "net.json"), "-g", "command-line", "-p", "name=x", check=False)
    assert failed.returncode == 1 and "nosuch" in failed.stderr


def test_explain_names_the_row_that_decides(cloud: Any, group: str) -> None:
    told = json.loads(cloud.cloister("explain", "--from", "cmdvnet/default", "--to", "management.azure.com", "--json").stdout)
    assert told["disposition"] == "Delivered" and told["address"] == "198.19.0.4"


def test_another_principal_may_only_what_it_was_given(cloud: Any, group: str) -> None:
    made = json.loads(cloud.cloister("principal", "create", "visitor").stdout)
    assert json.loads(cloud.cloister("principal", "show", "visitor").stdout) == made
    refused = cloud.cloister("rest", "GET", group, "--as", "visitor", check=False)
    assert refused.returncode == 1 and "AuthorizationFailed" in refused.stderr


def test_a_later_start_finds_everything(own_cloud: Any) -> None:
    own_cloud.arm("PUT", f"/subscriptions/{own_cloud.subscription}/resourceGroups/kept", {"location": LOCATION})
    facts = own_cloud.home.cloud_file.read_text()
    own_cloud.cloister("down")
    assert own_cloud.cloister("status", check=False).returncode == 1
    with socket.create_server(("127.0.0.1", json.loads(facts)["host_port"])):
        refused = own_cloud.cloister("up", "--detach", check=False)
        assert refused.returncode == 1 and "cannot have 127.0.0.1" in refused.stderr and "host_port" in refused.stderr
    own_cloud.cloister("up", "--detach")
    assert own_cloud.home.cloud_file.read_text() == facts
    assert own_cloud.rest("GET", "resourceGroups/kept").status == 200


def test_in_the_foreground_ctrl_c_is_an_orderly_end(own_cloud: Any) -> None:
    own_cloud.cloister("down")
    command = [sys.executable, "-m", "cloister.cli.main", "up"]
    process = subprocess.Popen(command, env=own_cloud.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "is up after" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "stopping" in out
    assert own_cloud.cloister("status", check=False).returncode == 1
