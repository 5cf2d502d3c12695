"""What bad input gets from a whole cloud over HTTPS: Azure's error body, the user's thing, the way out, nothing changed."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from tests.mainjob.world import ML, NETWORK, World, eventually

ENDPOINTS = "Microsoft.Network/privateEndpoints"
NETWORKS = "Microsoft.Network/virtualNetworks"


@pytest.fixture(scope="module")
def world(cloud) -> Iterator[World]:
    """A network with one workspace; a subnet whose endpoint policies are Enabled; a subnet that is nearly full."""
    made = World(cloud)
    try:
        made.mine = made.network("mine")
        made.first = made.workspace("first")["id"]
        strict = {"addressPrefix": "10.0.1.0/24", "privateEndpointNetworkPolicies": "Enabled"}
        made.cloud.arm("PUT", f"{made.mine}/subnets/strict", {"properties": strict}, api_version=NETWORK)
        made.cloud.arm("PUT", f"{made.mine}/subnets/tiny", {"properties": {"addressPrefix": "10.0.2.0/29"}}, api_version=NETWORK)
        yield made
    finally:
        made.end()


def ask(world: World, method: str, path: str, body: Any = None, *, token: str | None = None, version: str = NETWORK) -> Any:
    """``(status, error)`` of one HTTPS request; ``body`` is bytes, or is written as JSON."""
    facts = world.cloud.api.facts
    context = ssl.create_default_context(cafile=str(world.cloud.home.ca_file))
    connection = http.client.HTTPSConnection("localhost", facts["host_port"], context=context, timeout=30)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {world.token if token is None else token}"}
    try:
        connection.request(method, f"{path}?api-version={version}", raw, headers)
        answer = connection.getresponse()
        found = json.loads(answer.read() or b"null")
        return answer.status, (found or {}).get("error", found)
    finally:
        connection.close()


def revision(world: World) -> int:
    """The store's revision: what did not change it changed nothing."""
    return world.cloud.api.call("status")["revision"]


def endpoint(world: World, **changes: Any) -> dict[str, Any]:
    """An endpoint's body with the subnet, target or groupIds replaced."""
    body = world.endpoint_body(world.mine, changes.get("target", world.first))
    if "subnet" in changes:
        body["properties"]["subnet"]["id"] = changes["subnet"]
    if "groups" in changes:
        body["properties"]["privateLinkServiceConnections"][0]["properties"]["groupIds"] = changes["groups"]
    return body


def test_an_endpoint_that_cannot_be(world):
    path = world.id(ENDPOINTS, "bad")
    absent = f"{world.id(NETWORKS, 'nowhere')}/subnets/default"
    cases = (
        (endpoint(world, subnet=absent), 400, "InvalidResourceReference", "nowhere"),
        (endpoint(world, subnet=f"{world.mine}/subnets/none"), 400, "InvalidResourceReference", "none"),
        (endpoint(world, target=world.first + "x"), 400, "InvalidResourceReference", "firstx"),
        (endpoint(world, groups=["blob"]), 400, "InvalidGroupId", "amlworkspace"),
        ({"location": "eastus2", "properties": {}}, 400, "", "subnet"),
    )
    before = revision(world)
    for body, status, code, words in cases:
        answered, error = ask(world, "PUT", path, body)
        assert answered == status, error
        assert not code or error["code"] == code
        assert words in json.dumps(error)
    assert revision(world) == before
    assert ask(world, "GET", path)[0] == 404


def test_policies_of_the_subnet_refuse_older_versions_only(world):
    path = world.id(ENDPOINTS, "strict")
    body = endpoint(world, subnet=f"{world.mine}/subnets/strict")
    for version in ("2019-04-01", "2021-08-01"):
        status, error = ask(world, "PUT", path, body, version=version)
        assert status == 400
        assert error["code"] == "PrivateEndpointCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled"
    assert ask(world, "PUT", path, body, version="2022-05-01")[0] in (200, 201)


def test_a_full_subnet(world):
    body = endpoint(world, subnet=f"{world.mine}/subnets/tiny")  # a /29 has three addresses left: one workspace endpoint
    assert ask(world, "PUT", world.id(ENDPOINTS, "fits"), body)[0] == 201
    status, error = ask(world, "PUT", world.id(ENDPOINTS, "full"), body)
    assert (status, error["code"]) == (400, "SubnetIsFull")
    assert "tiny" in error["message"]


def test_a_name_taken_with_other_properties(world):
    path = world.id(ENDPOINTS, "taken")
    assert ask(world, "PUT", path, endpoint(world))[0] == 201
    assert ask(world, "PUT", path, endpoint(world))[0] == 200
    status, error = ask(world, "PUT", path, endpoint(world, subnet=f"{world.mine}/subnets/tiny"))
    assert (status, error["code"]) == (409, "PropertyChangeNotAllowed"), error
    assert "taken" in json.dumps(error)


def test_an_endpoint_whose_connection_was_removed(world):
    path = world.id(ENDPOINTS, "removed")
    assert ask(world, "PUT", path, endpoint(world))[0] == 201
    found = world.cloud.arm("GET", world.first, api_version=ML)["properties"]["privateEndpointConnections"]
    connection = next(one["id"] for one in found if one["properties"]["privateEndpoint"]["id"] == path)
    assert ask(world, "DELETE", connection, version=ML)[0] in (200, 202, 204)
    status, error = ask(world, "PUT", path, endpoint(world))
    assert status == 409
    assert "private-endpoint delete" in error["message"]
    assert ask(world, "DELETE", path)[0] in (200, 202, 204)
    eventually(lambda: ask(world, "GET", path)[0] == 404)
    assert ask(world, "PUT", path, endpoint(world))[0] == 201


def test_bodies_that_are_none(world):
    path = world.id(NETWORKS, "broken")
    for raw in (b"{", b"\xff\xfe", b"[]", b'"x"', b"{" * 3000, b'{"location": NaN}', b""):
        status, error = ask(world, "PUT", path, raw)
        assert status == 400, (raw[:20], error)
        assert error["code"] and error["message"]
    status, error = ask(world, "PUT", path, b'{"location": "' + b"x" * (4 * 1024 * 1024) + b'"}')
    assert status == 413
    assert ask(world, "GET", path)[0] == 404


def test_a_template_with_an_unknown_function(world):
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [{"type": NETWORKS, "apiVersion": NETWORK, "name": "[conjure('v')]", "location": "eastus2"}],
    }
    path = world.id("Microsoft.Resources/deployments", "unknown")
    status, error = ask(world, "PUT", path, {"properties": {"mode": "Incremental", "template": template}}, version="2021-04-01")
    assert (status, error["code"]) == (400, "InvalidTemplate")
    assert "conjure" in error["message"]


def test_a_template_that_fails_half_way_can_simply_be_run_again(world):
    good = {
        "type": NETWORKS,
        "apiVersion": NETWORK,
        "name": "fromtemplate",
        "location": "eastus2",
        "properties": {"addressSpace": {"addressPrefixes": ["10.7.0.0/16"]}},
    }
    bad = {"type": ENDPOINTS, "apiVersion": NETWORK, "name": "half", "dependsOn": ["fromtemplate"]}
    path = world.id("Microsoft.Resources/deployments", "half")

    def deploy(second: dict[str, Any]) -> dict[str, Any]:
        schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
        template = {"$schema": schema, "contentVersion": "1.0.0.0", "resources": [good, {**bad, **second}]}
        body = {"properties": {"mode": "Incremental", "template": template}}
        assert ask(world, "PUT", path, body, version="2021-04-01")[0] in (200, 201)

        def ended() -> Any:
            found = world.cloud.rest("GET", path).json
            return found if found["properties"]["provisioningState"] in ("Succeeded", "Failed") else None

        return eventually(ended, 20)["properties"]

    failed = deploy(endpoint(world, groups=["nothing"]))
    assert failed["provisioningState"] == "Failed"
    assert failed["error"]["code"] == "DeploymentFailed"
    assert "InvalidGroupId" in json.dumps(failed["error"])
    assert deploy(endpoint(world))["provisioningState"] == "Succeeded"


def test_tokens(world):
    group = world.path
    genuine = world.token
    head, body, mark = genuine.split(".")
    forged = ".".join((head, body, mark[:-8] + ("A" * 8 if mark[-8:] != "A" * 8 else "B" * 8)))
    other = world.cloud.api.token(audience="https://vault.azure.net")
    for token, code in (("", "AuthenticationFailed"), ("x.y.z", "InvalidAuthenticationToken"), (forged, "")):
        status, error = ask(world, "GET", group, token=token, version="2021-04-01")
        assert status == 401, error
        assert not code or error["code"] == code
    status, error = ask(world, "GET", group, token=other, version="2021-04-01")
    assert (status, error["code"]) == (401, "InvalidAuthenticationTokenAudience")

    world.cloud.cloister("principal", "create", "stranger")
    stranger = world.cloud.api.token("stranger")
    for method, path, sent in (
        ("GET", group, None),
        ("PUT", world.id(ENDPOINTS, "no"), endpoint(world)),
        ("DELETE", group, None),
    ):
        status, error = ask(world, method, path, sent, token=stranger, version="2021-04-01")
        assert (status, error["code"]) == (403, "AuthorizationFailed")
    assert ask(world, "GET", group, version="2021-04-01")[0] == 200


def test_any_version_and_any_case(world):
    for path in (world.first.upper().replace("/SUBSCRIPTIONS", "//subscriptions"), world.first.lower()):
        status, found = ask(world, "GET", path, version="2031-01-01-preview")
        assert status == 200
        assert found["id"] == world.first
    assert ask(world, "GET", world.first, version="yesterday")[0] == 400
