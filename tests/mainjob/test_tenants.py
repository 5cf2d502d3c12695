"""A second tenant: subscriptions, owners and tokens of its own; nobody's token counts in the other's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloister.cli.cloud import Answer
from tests.conftest import RunningCloud
from tests.mainjob.world import ML, NETWORK, World, eventually

pytestmark = pytest.mark.timeout(120)


class Contoso:
    """The second tenant, seen by its owner; and a world in the first."""

    name = "contoso"

    def __init__(self, cloud: RunningCloud):
        self.cloud = cloud
        self.facts: dict[str, str] = json.loads(cloud.cloister("tenant", "add", self.name).stdout)
        self.scope = f"/subscriptions/{self.facts['subscription_id']}"
        self.group = f"{self.scope}/resourceGroups/theirs"
        self.ours = World(cloud)
        self.ask("PUT", self.group, {"location": "eastus2"}, version="2022-09-01")

    def ask(self, method: str, path: str, body: Any = None, *, version: str = "2024-04-01", who: str = "") -> Answer:
        """A request of the tenant's owner, or of ``who``."""
        return self.cloud.rest(method, path, body, api_version=version, principal=who or self.name)

    def workspace(self, name: str) -> str:
        """A workspace of theirs; its id."""
        id = f"{self.group}/providers/Microsoft.MachineLearningServices/workspaces/{name}"
        body = {"location": "eastus2", "identity": {"type": "SystemAssigned"}, "properties": {}}
        answer = self.ask("PUT", id, body, version=ML)
        assert answer.ok, answer.body
        return id


@pytest.fixture(scope="module")
def contoso(cloud: RunningCloud) -> Contoso:
    return Contoso(cloud)


def test_each_sees_its_own_tenant_and_subscriptions(contoso: Contoso) -> None:
    cloud, facts = contoso.cloud, contoso.facts
    again = json.loads(cloud.cloister("tenant", "add", contoso.name).stdout)
    assert again == facts
    theirs = contoso.ask("GET", "/tenants", version="2022-12-01").json["value"]
    assert [one["tenantId"] for one in theirs] == [facts["tenant_id"]] and theirs[0]["displayName"] == contoso.name
    ours = cloud.rest("GET", "/tenants", api_version="2022-12-01").json["value"]
    assert [one["tenantId"] for one in ours] == [cloud.api.facts["tenant_id"]]
    listed = contoso.ask("GET", "/subscriptions", version="2022-12-01").json["value"]
    assert [(one["subscriptionId"], one["tenantId"]) for one in listed] == [(facts["subscription_id"], facts["tenant_id"])]
    mine = cloud.rest("GET", "/subscriptions", api_version="2022-12-01").json["value"]
    assert facts["subscription_id"] not in [one["subscriptionId"] for one in mine]
    more = json.loads(cloud.cloister("tenant", "add-subscription", contoso.name).stdout)
    assert more["tenant_id"] == facts["tenant_id"] and more["subscription_id"] != facts["subscription_id"]
    listed = contoso.ask("GET", "/subscriptions", version="2022-12-01").json["value"]
    assert {one["subscriptionId"] for one in listed} == {more["subscription_id"], facts["subscription_id"]}
    assert contoso.ask("PUT", f"/subscriptions/{more['subscription_id']}/resourceGroups/g", {"location": "eastus2"}).ok
    all_of_them = json.loads(cloud.cloister("tenant", "list", "--json").stdout)
    assert {one["tenant_id"] for one in all_of_them} >= {facts["tenant_id"], cloud.api.facts["tenant_id"]}
    refused = cloud.cloister("tenant", "show", "nobody", check=False)
    assert refused.returncode == 1 and refused.stderr.startswith("cannot find the tenant 'nobody'")


def test_tokens_of_one_tenant_are_refused_in_the_other(contoso: Contoso) -> None:
    theirs, ours = contoso.facts["tenant_id"], contoso.cloud.api.facts["tenant_id"]
    for path, who, wanted in (
        (contoso.group, "", theirs),
        (contoso.scope, "", theirs),
        (f"{contoso.scope}/providers", "", theirs),
        (f"{contoso.group}/resources", "", theirs),
        (contoso.ours.path, contoso.name, ours),
        (f"{contoso.ours.path}/providers/Microsoft.Network/virtualNetworks", contoso.name, ours),
    ):
        answer = contoso.cloud.rest("GET", path, api_version="2022-09-01", principal=who)
        assert answer.status == 401, path
        assert answer.json["error"]["code"] == "InvalidAuthenticationTokenTenant"
        assert f"https://sts.windows.net/{wanted}/" in answer.json["error"]["message"]
        assert f'authorization_uri="https://login.windows.net/{wanted}"' in answer.headers["www-authenticate"]
    # Also where a role is assigned to the other tenant's principal: its token is of the wrong tenant all the same.
    role = f"{contoso.ours.path}/providers/Microsoft.Authorization/roleAssignments/{contoso.facts['tenant_id']}"
    reader = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    body = {"properties": {"roleDefinitionId": reader, "principalId": contoso.facts["object_id"]}}
    contoso.cloud.arm("PUT", role, body, api_version="2022-04-01")
    assert contoso.ask("GET", contoso.ours.path).status == 401


def test_identities_belong_to_the_tenant_of_their_subscription(contoso: Contoso) -> None:
    id = contoso.workspace("identified")
    shown = contoso.ask("GET", id, version=ML).json
    assert shown["identity"]["tenantId"] == contoso.facts["tenant_id"] == shown["properties"]["tenantId"]


def test_login_knows_every_tenant(contoso: Contoso) -> None:
    def token(tenant: str, facts: dict[str, str]) -> dict[str, Any]:
        form = f"grant_type=client_credentials&client_id={facts['client_id']}&client_secret={facts['client_secret']}"
        url = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
        argv = ["curl", "-sS", "-d", f"{form}&scope=https://management.azure.com/.default", url]
        return json.loads(contoso.cloud.exec("internet", argv).stdout)

    assert "access_token" in token(contoso.facts["tenant_id"], contoso.facts)
    owner = contoso.cloud.api.owner
    assert "AADSTS700016" in token(contoso.facts["tenant_id"], owner)["error_description"]
    assert "AADSTS700016" in token(owner["tenant_id"], contoso.facts)["error_description"]
    assert "AADSTS90002" in token("99999999-9999-9999-9999-999999999999", owner)["error_description"]


def test_an_endpoint_into_another_tenant_waits_for_its_owner(contoso: Contoso) -> None:
    target = contoso.workspace("wanted")
    network = contoso.ours.network("across")
    for manual in (False, True):
        made = contoso.ours.endpoint(f"pe-{manual}", network, target, manual=manual)
        link = "manualPrivateLinkServiceConnections" if manual else "privateLinkServiceConnections"
        state = made["properties"][link][0]["properties"]["privateLinkServiceConnectionState"]["status"]
        assert state == "Pending"
    found = contoso.ask("GET", target, version=ML).json["properties"]["privateEndpointConnections"]
    assert [one["properties"]["privateLinkServiceConnectionState"]["status"] for one in found] == ["Pending", "Pending"]
    body = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved", "description": "come in"}}}
    ours = contoso.cloud.rest("PUT", found[0]["id"], body, api_version=ML)
    assert ours.status == 401
    assert contoso.ask("PUT", found[0]["id"], body, version=ML).ok

    ids = [contoso.ours.id("Microsoft.Network/privateEndpoints", f"pe-{manual}") for manual in (False, True)]
    eventually(lambda: json.dumps([contoso.cloud.arm("GET", id, api_version=NETWORK) for id in ids]).count('"Approved"') == 1)


def test_the_data_plane_takes_tokens_of_the_workspaces_tenant_only(contoso: Contoso) -> None:
    id = contoso.workspace("open")
    shown = contoso.ask("GET", id, version=ML).json["properties"]
    host = shown["discoveryUrl"].split("/")[2]
    path = f"/history/v1.0{id}/experiments/none"
    with contoso.ours.machine("internet") as machine:
        theirs, ours = contoso.cloud.api.token(contoso.name), contoso.cloud.api.token()
        status, body = machine.get(host, path, token=ours)
        assert status == 401 and "InvalidAuthenticationTokenTenant" in body
        assert machine.get(host, path, token=theirs)[0] == 404  # asked for, and not there
