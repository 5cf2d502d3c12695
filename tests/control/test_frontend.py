"""The routes that are Resource Manager's own: metadata, subscriptions, providers, listings, the activity log."""

from __future__ import annotations

import doctest
import json
import re

import pytest

from cloister.arm.errors import ArmError
from cloister.arm.filters import read_filter
from cloister.arm.resource import Row
from cloister.control.ports import Caller
from cloister.frontends.arm_http import regions
from cloister.ipc.messages import Request
from cloister.net.plan import REGIONS
from tests.control.fake_cloud import GROUP, OWNER, SUB, SUBSCRIPTION, TENANT


async def metadata(cloud, authority, version):
    request = Request(method="GET", path="/metadata/endpoints", query={"Api-Version": version}, authority=authority)
    answer = await cloud.engine.handle(request)
    assert answer.status == 200
    return json.loads(answer.body)


def test_metadata_for_azures_names(in_cloud):
    async def work(cloud):
        (old,) = await metadata(cloud, "management.azure.com", "2019-05-01")
        new = await metadata(cloud, "management.azure.com", "2022-09-01")
        assert old == new and new["name"] == "AzureCloud" and new["resourceManager"] == "https://management.azure.com/"
        assert new["authentication"]["loginEndpoint"] == "https://login.microsoftonline.com"
        assert new["authentication"]["audiences"][0] == "https://management.core.windows.net/"
        assert {"storage", "keyVaultDns", "acrLoginServer", "sqlServerHostname"} <= new["suffixes"].keys()
        assert {"portal", "graphAudience", "microsoftGraphResourceId"} <= new.keys()

    in_cloud(work)


def test_metadata_for_the_listener_on_the_host(in_cloud):
    async def work(cloud):
        new = await metadata(cloud, "localhost:8443", "2022-09-01")
        assert new["name"] == "Cloister" and new["resourceManager"] == "https://localhost:8443/"
        assert new["authentication"]["loginEndpoint"] == "https://localhost:8443/adfs"

    in_cloud(work)


def test_providers_are_registered_until_somebody_unregisters_them(in_cloud):
    async def work(cloud):
        provider = f"{SUB}/providers/Test.Net"
        assert (await cloud.ok("GET", provider))["registrationState"] == "Registered"
        await cloud.group()
        net = (await cloud.net())["id"]
        status, body, _ = await cloud.call("POST", f"{provider}/unregister")
        assert status == 409 and "still has resources" in body["error"]["message"]
        await cloud.ok("DELETE", net)
        assert (await cloud.ok("POST", f"{provider}/unregister"))["registrationState"] == "NotRegistered"
        listed = (await cloud.ok("GET", f"{SUB}/providers"))["value"]
        assert {one["namespace"]: one["registrationState"] for one in listed}["Test.Net"] == "NotRegistered"
        assert (await cloud.ok("GET", "/providers/Test.Net"))["registrationState"] == "Registered"  # of no subscription
        status, body, _ = await cloud.call("PUT", net, {"location": "eastus2"})
        assert (status, body["error"]["code"]) == (409, "MissingSubscriptionRegistration")
        assert re.match(r".*'(.*)'", body["error"]["message"])[1] == "Test.Net"  # as Microsoft's clients find it
        assert (await cloud.ok("POST", f"{provider}/register"))["registrationState"] == "Registered"
        await cloud.net()
        status, body, _ = await cloud.call("POST", f"{SUB}/providers/Microsoft.Resources/unregister")
        assert status == 409 and body["error"]["message"].startswith("cannot unregister")

    in_cloud(work)


def test_a_deployment_registers_what_it_needs(in_cloud):
    async def work(cloud):
        await cloud.group()
        await cloud.ok("POST", f"{SUB}/providers/Test.Net/unregister")
        path, body = f"{GROUP}/providers/Test.Net/nets/n", {"location": "eastus2", "properties": {"prefixes": ["10.0.0.0/16"]}}
        caller = Caller(principal=OWNER)
        made = await cloud.engine.perform("PUT", path, caller=caller, api_version="2024-01-01", body=body)
        assert made.status == 201, made.body
        assert (await cloud.ok("GET", f"{SUB}/providers/Test.Net"))["registrationState"] == "Registered"

    in_cloud(work)


def test_tenants_and_subscriptions(in_cloud):
    async def work(cloud):
        (tenant,) = (await cloud.ok("GET", "/tenants"))["value"]
        assert tenant["tenantId"] == TENANT
        (listed,) = (await cloud.ok("GET", "/subscriptions/"))["value"]
        assert listed == await cloud.ok("GET", SUB)
        assert (listed["subscriptionId"], listed["tenantId"], listed["state"]) == (SUBSCRIPTION, TENANT, "Enabled")
        assert listed["displayName"] and listed["id"] == SUB
        places = (await cloud.ok("GET", f"{SUB}/locations"))["value"]
        assert {place["name"]: place["displayName"] for place in places}["eastus2"] == "East US 2"

    in_cloud(work)


def test_every_region_has_a_name_for_people():
    assert doctest.testmod(regions).failed == 0
    assert all(regions.display_name(name).replace(" ", "").lower() == name for name in REGIONS)
    assert all(regions.display_name(name)[0].isupper() for name in REGIONS)


def test_providers_list_their_types(in_cloud):
    async def work(cloud):
        found = await cloud.ok("GET", f"{SUB}/providers/TEST.net")
        assert found["namespace"] == "Test.Net" and found["registrationState"] == "Registered"
        nets = {kind["resourceType"]: kind for kind in found["resourceTypes"]}
        assert "nets/parts" in nets and "2024-01-01" in nets["nets"]["apiVersions"]
        assert "eastus2" in [place.replace(" ", "").lower() for place in nets["nets"]["locations"]]
        assert await cloud.ok("POST", f"{SUB}/providers/Test.Net/register") == found
        listed = (await cloud.ok("GET", f"{SUB}/providers"))["value"]
        assert found in listed
        assert (await cloud.call("GET", f"{SUB}/providers/No.Such"))[1]["error"]["code"] == "InvalidResourceNamespace"

    in_cloud(work)


def test_resources_are_listed_and_filtered(in_cloud):
    async def work(cloud):
        await cloud.group("g2")
        for name, group in (("one", GROUP), ("two", GROUP), ("three", f"{SUB}/resourceGroups/g2")):
            await cloud.net(name, group=group)
        await cloud.ok("PUT", f"{GROUP}/providers/Test.App/servers/s1", {"location": "westus", "tags": {"env": "Prod"}})

        async def names(scope=SUB, **query):
            query = {f"${name}": value for name, value in query.items()}
            return [row["name"] for row in (await cloud.ok("GET", f"{scope}/resources", query=query))["value"]]

        assert sorted(await names()) == ["one", "s1", "three", "two"]
        assert sorted(await names(GROUP)) == ["one", "s1", "two"]
        assert await names(filter="resourceType eq 'test.app/SERVERS'") == ["s1"]
        assert sorted(await names(filter="substringof('o',name)")) == ["one", "two"]
        assert sorted(await names(filter="name eq 'one' or location eq 'West US'")) == ["one", "s1"]
        assert await names(filter="resourceType eq 'Test.Net/nets' and (name eq 'one' or name eq 's1')") == ["one"]
        assert await names(filter="tagName eq 'env' and tagValue eq 'prod'") == ["s1"]
        assert await names(filter="resourceGroup eq 'G2'") == ["three"]
        assert len(await names(top="1")) == 1
        assert (await cloud.call("GET", f"{SUB}/resources", query={"$filter": "name is 'x'"}))[1]["error"][
            "code"
        ] == "InvalidFilterInQueryString"
        assert (await cloud.call("GET", f"{SUB}/resourceGroups/none/resources"))[0] == 404
        await cloud.ok("PATCH", GROUP, {"tags": {"team": "a"}})
        query = {"$filter": "tagName eq 'team' and tagValue eq 'A'"}
        (group,) = (await cloud.ok("GET", f"{SUB}/resourcegroups", query=query))["value"]
        assert group["name"] == "g1"

    in_cloud(work)


ROW = Row(id=f"{GROUP}/providers/Test.Net/nets/It's", type="Test.Net/nets", body={"location": "eastus2", "tags": {"a": "1"}})


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("name eq 'It''s'", True),
        ("name ne 'it''s'", False),
        ("not (name eq 'x')", True),
        ("substringof('NET', resourceType) eq true", True),
        ("startswith(name,'it')", True),
        ("location eq 'East US 2' and resourceGroup eq 'g1'", True),
        ("name eq 'x' or name eq 'y' or tagName eq 'A'", True),
        ("tagName eq 'a' and tagValue eq '2'", False),
    ],
)
def test_filters(text, passes):
    assert read_filter(text)(ROW) is passes


SAYING_NOTHING = [
    "name", "name eq", "name eq x", "eq 'x'", "name gt 'x'", "odd eq 'x'", "(name eq 'x'", "name eq 'x' name eq 'y'",
    "name eq 'x", "substringof('x' name)", "(" * 50, "\u0000", "name eq 'x' and", "x" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("text", SAYING_NOTHING)
def test_filters_that_say_nothing(text):
    with pytest.raises(ArmError) as caught:
        read_filter(text)
    assert (caught.value.status, caught.value.code) == (400, "InvalidFilterInQueryString")


def test_the_activity_log_tells_who_did_what(in_cloud):
    async def work(cloud):
        await cloud.net(parts=())
        await cloud.ok("DELETE", f"{GROUP}/providers/Test.Net/nets/n1")
        path = f"{SUB}/providers/Microsoft.Insights/eventtypes/management/values"
        found = (await cloud.ok("GET", path))["value"]
        assert [entry["operationName"]["value"] for entry in found[:2]] == ["Test.Net/nets/delete", "Test.Net/nets/write"]
        assert found[0]["caller"] and found[0]["status"]["value"] == "Succeeded"
        some = await cloud.ok(
            "GET", path, query={"$filter": f"eventTimestamp ge '2026-01-01T00:00:00Z' and resourceUri eq '{GROUP.upper()}'"}
        )
        assert [entry["resourceId"] for entry in some["value"]] == [GROUP]
        assert (await cloud.call("GET", path, query={"$filter": "odd"}))[0] == 400

    in_cloud(work)
