"""A machine asks about itself at 169.254.169.254: who it is, and tokens of its identities, with Microsoft's own client."""

from __future__ import annotations

import base64
import json
import os
import signal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from cloister.keeper.client import Keeper
from tests.conftest import ROOT, RunningCloud
from tests.mainjob.world import NETWORK, World, eventually

CLIENT = ROOT / ".venv-azure" / "bin" / "python"
ARM = "https://management.azure.com/"
TOKEN = "/metadata/identity/oauth2/token"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
pytestmark = pytest.mark.timeout(120)


class Ground:
    """A network with a virtual machine on an interface; it has an identity of its own and two of others'."""

    def __init__(self, cloud: RunningCloud):
        self.world = World(cloud)
        self.cloud = cloud
        self.network = self.world.network("v")
        self.card = self.interface("card")
        self.users = [self.user("first"), self.user("second")]
        self.machine = self.virtual_machine("vm", self.card, "SystemAssigned, UserAssigned", self.users)

    def interface(self, name: str) -> str:
        """A network interface; its id."""
        id = self.world.id("Microsoft.Network/networkInterfaces", name)
        place = {"name": "one", "properties": {"subnet": {"id": f"{self.network}/subnets/default"}}}
        self.cloud.arm("PUT", id, {"location": "eastus2", "properties": {"ipConfigurations": [place]}}, api_version=NETWORK)
        return id

    def user(self, name: str) -> dict[str, Any]:
        """A user assigned identity; its GET."""
        id = self.world.id("Microsoft.ManagedIdentity/userAssignedIdentities", name)
        return self.cloud.arm("PUT", id, {"location": "eastus2"}, api_version="2023-01-31")

    def virtual_machine(self, name: str, card: str, kind: str, users: list[dict[str, Any]]) -> dict[str, Any]:
        """A virtual machine on an interface; its GET."""
        identity = {"type": kind, **({"userAssignedIdentities": {one["id"]: {} for one in users}} if users else {})}
        properties = {"hardwareProfile": {"vmSize": "Standard_D2s_v3"}, "networkProfile": {"networkInterfaces": [{"id": card}]}}
        body = {"location": "eastus2", "tags": {"a": "b"}, "identity": identity, "properties": properties}
        id = self.world.id("Microsoft.Compute/virtualMachines", name)
        return self.cloud.arm("PUT", id, body, api_version="2024-07-01")

    def curl(self, path: str, *options: str, card: str = "", header: str = "Metadata: true") -> tuple[int, Any]:
        """``(status, body)`` of a GET, asked on the interface ``card``, else on a machine of no virtual machine."""
        argv = ["curl", "-sS", "-m", "5", "-w", "\n%{http_code}", *(["-H", header] if header else []), *options]
        place = ["--nic", card] if card else ["--from", f"{self.world.group}/v/default"]
        done = self.cloud.cloister("exec", *place, "--", *argv, f"http://169.254.169.254{path}", check=False)
        assert done.returncode == 0, done.stderr
        body, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(body) if body.startswith("{") else body


@pytest.fixture(scope="module")
def ground(cloud: RunningCloud) -> Ground:
    return Ground(cloud)


def claims(token: str) -> dict[str, Any]:
    """What a token says."""
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def token_path(**more: str) -> str:
    """The path that asks for a token for ARM."""
    asked = {"api-version": "2018-02-01", "resource": ARM, **more}
    return f"{TOKEN}?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items() if value)


def test_what_a_virtual_machine_is_told_about_itself(ground: Ground) -> None:
    status, found = ground.curl("/metadata/instance?api-version=2021-02-01", card=ground.card)
    assert status == 200
    compute, network = found["compute"], found["network"]["interface"]
    assert (compute["name"], compute["resourceId"], compute["vmSize"]) == ("vm", ground.machine["id"], "Standard_D2s_v3")
    assert compute["vmId"] == ground.machine["properties"]["vmId"] and compute["tagsList"] == [{"name": "a", "value": "b"}]
    assert network[0]["ipv4"]["subnet"] == [{"address": "10.0.0.0", "prefix": "24"}]
    part = "/metadata/instance/network/interface/0/ipv4/ipAddress/0/privateIpAddress?api-version=2021-02-01"
    assert ground.curl(part + "&format=text", card=ground.card) == (200, network[0]["ipv4"]["ipAddress"][0]["privateIpAddress"])
    assert ground.curl(part, card=ground.card)[0] == 400  # a leaf is text
    assert ground.curl("/metadata/instance/compute/nothing?api-version=2021-02-01", card=ground.card)[0] == 404
    assert "2021-02-01" in ground.curl("/metadata/versions", card=ground.card)[1]["apiVersions"]


def test_what_is_refused(ground: Ground) -> None:
    path = "/metadata/instance?api-version=2021-02-01"
    status, found = ground.curl(path, header="")
    assert status == 400 and found == {"error": "Bad request. Required metadata header not specified"}
    assert ground.curl(token_path(), header="")[1]["error"] == "bad_request_102"
    status, found = ground.curl(path, "-H", "X-Forwarded-For: 10.0.0.9", card=ground.card)
    assert status == 400 and "X-Forwarded-For" in found["error"]
    status, found = ground.curl("/metadata/instance", card=ground.card)
    assert status == 400 and found["newest-versions"][0] == "2021-12-13"
    assert ground.curl(path, "-X", "PUT", card=ground.card)[0] == 405
    assert ground.curl("/metadata/attested?api-version=2021-02-01", card=ground.card)[0] == 404
    for more, error in (({"resource": ""}, "invalid_request"), ({"resource": "https://example.com"}, "invalid_resource")):
        status, found = ground.curl(token_path(**more), card=ground.card)
        assert (status, found["error"]) == (400, error)
    status, found = ground.curl(token_path(client_id="0", object_id="1"), card=ground.card)
    assert status == 400 and "Only one identity" in found["error_description"]


def test_which_identity_a_token_is_for(ground: Ground) -> None:
    first = ground.users[0]
    wanted = {
        "": ground.machine["identity"]["principalId"],
        "client_id": first["properties"]["principalId"],
        "object_id": first["properties"]["principalId"],
        "msi_res_id": first["properties"]["principalId"],
    }
    values = {"client_id": first["properties"]["clientId"], "object_id": wanted["object_id"], "msi_res_id": first["id"]}
    for name, principal in wanted.items():
        status, found = ground.curl(token_path(**({name: values[name]} if name else {})), card=ground.card)
        assert status == 200 and found["token_type"] == "Bearer" and int(found["expires_in"]) > 0
        said = claims(found["access_token"])
        assert (said["oid"], said["appid"], said["idtyp"]) == (principal, found["client_id"], "app")
    status, found = ground.curl(token_path(client_id="11111111-2222-3333-4444-555555555555"), card=ground.card)
    assert status == 400 and found["error_description"].startswith("Identity not found")
    # Without one of its own, two of others' are ambiguous; what stands on no virtual machine has none.
    card = ground.interface("other-card")
    ground.virtual_machine("other", card, "UserAssigned", ground.users)
    assert "please specify the clientId" in ground.curl(token_path(), card=card)[1]["error_description"]
    ground.virtual_machine("other", card, "UserAssigned", ground.users[1:])
    status, found = ground.curl(token_path(), card=card)
    assert status == 200 and found["client_id"] == ground.users[1]["properties"]["clientId"]
    status, found = ground.curl(token_path())
    assert status == 400 and "is no virtual machine" in found["error_description"]


def test_the_token_has_the_roles_of_its_identity(ground: Ground) -> None:
    """azure-identity's ManagedIdentityCredential, unmodified: refused before the assignment, answered after it."""
    if not CLIENT.exists():
        pytest.skip(f"{CLIENT} is not there: 'make setup-client' makes it")
    code = Path(__file__).with_name("ask_as_itself.py")
    argv = ["exec", "--nic", ground.card, "--", str(CLIENT), str(code), ground.world.path]
    told = json.loads(ground.cloud.cloister(*argv).stdout)
    assert told["oid"] == ground.machine["identity"]["principalId"] and told["status"] == 403
    role = f"/providers/Microsoft.Authorization/roleDefinitions/{READER}"
    assignment = f"{ground.world.path}/providers/Microsoft.Authorization/roleAssignments/{told['oid']}"
    body = {"properties": {"roleDefinitionId": role, "principalId": told["oid"], "principalType": "ServicePrincipal"}}
    ground.cloud.arm("PUT", assignment, body, api_version="2022-04-01")
    told = json.loads(ground.cloud.cloister(*argv).stdout)
    assert told["status"] == 200 and told["name"] == ground.world.group


def test_only_rules_by_its_own_tag_reach_it(ground: Ground) -> None:
    group = ground.world.id("Microsoft.Network/networkSecurityGroups", "nsg")
    card = ground.interface("filtered")

    def rule(name: str, priority: int, target: str) -> dict[str, Any]:
        inner = {"priority": priority, "direction": "Outbound", "access": "Deny", "protocol": "*", "sourceAddressPrefix": "*"}
        inner |= {"sourcePortRange": "*", "destinationAddressPrefix": target, "destinationPortRange": "*"}
        return {"name": name, "properties": inner}

    def assign(*rules: dict[str, Any]) -> None:
        body = {"location": "eastus2", "properties": {"securityRules": list(rules)}}
        ground.cloud.arm("PUT", group, body, api_version=NETWORK)

    assign(rule("all", 100, "*"))
    place = {"name": "one", "properties": {"subnet": {"id": f"{ground.network}/subnets/default"}}}
    properties = {"ipConfigurations": [place], "networkSecurityGroup": {"id": group}}
    ground.cloud.arm("PUT", card, {"location": "eastus2", "properties": properties}, api_version=NETWORK)
    with ground.world.machine_on(card) as machine:
        reaches = {"address": "169.254.169.254", "port": 80}
        assert machine.do("tcp", **reaches, seconds=2)["reached"]
        assign(rule("all", 100, "*"), rule("platform", 101, "AzurePlatformIMDS"))
        eventually(lambda: not machine.do("tcp", **reaches, seconds=0.3)["reached"])


def test_it_answers_again_after_the_edge_was_killed(ground: Ground) -> None:
    keeper = Keeper(ground.cloud.home.socket("keeper"))
    try:
        before = next(one["pid"] for one in keeper.children() if one["name"] == "edge")
        os.kill(before, signal.SIGKILL)
        eventually(lambda: all(one["pid"] not in (0, before) for one in keeper.children() if one["name"] == "edge"))
    finally:
        keeper.close()
    assert ground.curl(token_path(), card=ground.card)[0] == 200
