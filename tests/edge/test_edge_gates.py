"""What a request passes: each gate, on every request of a kept-alive connection, with Azure's answers for those refused."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from edge_cloud import (
    ARM,
    BY_A,
    BY_B,
    CERT_A,
    CONNECTION_A,
    GROUP,
    INTERNET,
    LOGIN,
    NAME_A,
    NAME_B,
    NOTEBOOK_A,
    TENANT,
    WORKSPACES,
    A,
    B,
    Cloud,
    policy,
    say,
)

from cloister.services.edge.gates import CONTROL_GATES, GATES
from cloister.services.identity.tokens import issuer_of

RUNS = f"/history/v1.0{A}/experiments/e/runs/r"


def error_of(body: Any) -> dict[str, Any]:
    """The error, whose text must be all there is (no traces)."""
    assert "Traceback" not in json.dumps(body)
    return body["error"]


def test_the_order_is_a_tuple_to_read() -> None:
    assert [gate.__name__ for gate in GATES] == ["way", "name", "boundary", "network", "token", "permission"]
    assert GATES[:2] == CONTROL_GATES


def test_an_approved_endpoint_leads_to_the_data_plane(shared_edge: Cloud) -> None:
    status, body, _ = shared_edge.ask(NAME_A, RUNS, BY_A, headers=shared_edge.bearer())
    assert status == 200
    assert body["path"] == RUNS
    assert body["via"] == "endpoint"
    assert body["oid"] == shared_edge.owner.object_id
    assert body["facts"] == {
        "region": "eastus2",
        "workspace_id": "a",
        "service": "machinelearning",
        "resource": A,
        "member": "default",
    }
    asked = shared_edge.tracking.asked[-1]
    assert asked.origin.connection == CONNECTION_A
    assert asked.authority == NAME_A


def test_the_internet_gets_azures_403_and_our_reason(shared_edge: Cloud) -> None:
    status, body, headers = shared_edge.ask(NAME_A, RUNS, INTERNET, headers=shared_edge.bearer())
    assert status == 403
    error = error_of(body)
    assert error["code"] == "UserError"
    assert error["message"] == "Access to workspace was denied based on workspace private link configuration."
    extra = {entry["type"]: entry["info"]["value"] for entry in error["additionalInfo"]}
    assert extra["ComponentName"] == "managementfrontend"
    assert extra["Location"] == "eastus2"
    detail = error["details"][0]
    assert detail["target"] == A
    for part in (A, "publicNetworkAccess: Disabled", "127.0.0.1", "publicNetworkAccess = Enabled"):
        assert part in detail["message"]
    assert headers["x-ms-request-id"]
    assert headers["x-ms-correlation-request-id"]
    assert headers["date"]


def test_the_host_counts_as_internet(shared_edge: Cloud) -> None:
    status, _, _ = shared_edge.ask(NAME_A, RUNS, port=shared_edge.host_port, headers=shared_edge.bearer())
    assert status == 403


def test_public_access_is_asked_on_every_request(edge_cloud: Cloud) -> None:
    public, private = edge_cloud.connect(NAME_A), edge_cloud.connect(NAME_A, BY_A)
    for enabled in (False, True, False):
        edge_cloud.apply(policy(A, enabled, CONNECTION_A))
        assert say(public, RUNS, headers=edge_cloud.bearer())[0] == (200 if enabled else 403)
        assert say(private, RUNS, headers=edge_cloud.bearer())[0] == 200


def test_another_host_on_a_kept_alive_connection(shared_edge: Cloud) -> None:
    for host in (NAME_B, ARM, CERT_A, "localhost", f"user@{NAME_B}", "[::1]", "."):
        connection = shared_edge.connect(NAME_A, BY_A)
        assert say(connection, RUNS, headers=shared_edge.bearer())[0] == 200
        status, body, headers = say(connection, RUNS, headers={**shared_edge.bearer(), "host": host})
        assert status == 421
        assert A in error_of(body)["message"]
        assert headers["connection"] == "close"


def test_an_absolute_target_counts_instead_of_the_host(shared_edge: Cloud) -> None:
    connection = shared_edge.connect(NAME_A, BY_A)
    assert say(connection, f"https://{NAME_A}{RUNS}", headers=shared_edge.bearer())[0] == 200
    assert say(connection, f"https://{NAME_B}{RUNS}", headers=shared_edge.bearer())[0] == 421


@pytest.mark.parametrize(
    "other",
    [
        B,
        B.upper(),
        B.replace("/workspaces/", "%2Fworkspaces/"),
        B.replace("providers", "%70roviders"),
        f"{A}/..{B}",
        f"{GROUP}2/providers/Microsoft.MachineLearningServices/workspaces/a",
        f"{WORKSPACES}/a2",
    ],
)
@pytest.mark.parametrize("source", [BY_A, INTERNET])
def test_another_workspace_in_the_path(shared_edge: Cloud, other: str, source: str) -> None:
    connection = shared_edge.connect(NAME_A, source)
    say(connection, RUNS, headers=shared_edge.bearer())
    status, body, _ = say(connection, f"/history/v1.0{other}/experiments/e", headers=shared_edge.bearer())
    assert status == 403
    detail = error_of(body)["details"][0]["message"]
    assert (CONNECTION_A if source == BY_A else NAME_A) in detail
    assert f"leads to '{A}'" in detail
    assert not [one for one in shared_edge.tracking.asked if "experiments/e" in one.path and one.path != RUNS]


def test_paths_compare_without_case_and_collapse_leading_slashes(shared_edge: Cloud) -> None:
    for path in (
        f"/history/v1.0{A.upper()}/x",
        f"///history/v1.0{A}/x",
        f"/history/v1.0{A.replace('resourceGroups', 'resourcegroups')}/x",
    ):
        assert shared_edge.ask(NAME_A, path, BY_A, headers=shared_edge.bearer())[0] == 200
    assert shared_edge.tracking.asked[-2].path.startswith("/history")


def test_discovery_needs_no_token_but_the_network(shared_edge: Cloud) -> None:
    for form in ("public", "private"):
        status, document, _ = shared_edge.ask(NAME_A, f"/discovery/{form}", BY_A)
        assert status == 200
        needed = {"api", "experimentation", "history", "hyperdrive", "modelmanagement", "studio"}
        assert needed <= document.keys()
        assert {document[key] for key in needed} == {f"https://{NAME_A}"}
        assert shared_edge.ask(NAME_A, f"/discovery/{form}", INTERNET)[0] == 403


def test_the_notebook_name_says_what_comes_there(shared_edge: Cloud) -> None:
    status, page, headers = shared_edge.ask(NOTEBOOK_A, "/", BY_A)
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    assert "notebook" in page
    assert shared_edge.ask(NOTEBOOK_A, "/", INTERNET)[0] == 403


def test_inference_says_that_nothing_listens(shared_edge: Cloud) -> None:
    status, body, _ = shared_edge.ask("x.guid-b.inference.eastus2.api.azureml.ms", "/score", BY_B, headers=shared_edge.bearer())
    assert status == 501
    assert error_of(body)["message"].startswith("cannot ")


def test_tokens(shared_edge: Cloud) -> None:
    mint, owner = shared_edge.control.mint, shared_edge.owner
    now = int(time.time())
    strange = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = {
        "aud": "https://management.azure.com",
        "iss": issuer_of(TENANT),
        "exp": now + 99,
        "tid": TENANT,
        "oid": owner.object_id,
    }
    elsewhere = msgspec.structs.replace(owner, tenant="99999999-1111-1111-1111-111111111111")
    good = mint.token(owner, "https://management.azure.com")
    head, payload, signature = good.split(".")
    bad = {
        "none": "",
        "scheme": "Basic abc",
        "empty": "Bearer ",
        "rubbish": "Bearer a.b.c",
        "long": "Bearer " + "a" * 20000,
        "forged": "Bearer " + jwt.encode(claims, strange, "RS256", {"kid": mint.kid}),
        "unknown key": "Bearer " + jwt.encode(claims, strange, "RS256", {"kid": "x"}),
        "unsigned": "Bearer " + jwt.encode(claims, "", "none", {"kid": mint.kid}),
        "symmetric": "Bearer " + jwt.encode(claims, mint.jwk["n"], "HS256", {"kid": mint.kid}),
        "changed": f"Bearer {head}.{payload[:-4]}AAAA.{signature}",
        "cut": "Bearer " + good[:-10],
        "expired": "Bearer " + mint.token(owner, "https://management.azure.com", lifetime=-1),
        "early": "Bearer " + mint.token(owner, "https://management.azure.com", nbf=now + 600),
        "other audience": "Bearer " + mint.token(owner, "https://vault.azure.net"),
        "other issuer": "Bearer " + mint.token(owner, "https://management.azure.com", iss="https://sts.windows.net/x/"),
        "other tenant": "Bearer " + mint.token(elsewhere, "https://management.azure.com"),
        "no oid": "Bearer " + mint.token(owner, "https://management.azure.com", oid=None),
    }
    for case, header in bad.items():
        status, body, headers = shared_edge.ask(NAME_A, RUNS, BY_A, headers={"authorization": header} if header else {})
        assert status == 401, case
        assert headers["www-authenticate"].startswith("Bearer authorization_uri="), case
        assert error_of(body)["message"], case
    for audience in (
        "https://management.azure.com",
        "https://management.core.windows.net/",
        "https://management.core.windows.net//",
    ):
        headers = {"authorization": f"bearer {mint.token(owner, audience)}"}
        assert shared_edge.ask(NAME_A, RUNS, BY_A, headers=headers)[0] == 200
    assert shared_edge.ask(NAME_A, RUNS, BY_A, headers=shared_edge.bearer(audience="https://ml.azure.com"))[0] == 200


def test_a_remembered_token_expires(shared_edge: Cloud) -> None:
    headers = {"authorization": f"Bearer {shared_edge.control.mint.token(shared_edge.owner, 'https://ml.azure.com', lifetime=1)}"}
    connection = shared_edge.connect(NAME_A, BY_A)
    seen = set()
    end = time.monotonic() + 3
    while 401 not in seen and time.monotonic() < end:
        seen.add(say(connection, RUNS, headers=headers)[0])
    assert 401 in seen


def test_a_principal_without_a_role(edge_cloud: Cloud) -> None:
    from cloister.net.desired import Permission

    client_id, _, object_id = edge_cloud.control.directory.create_principal("reader")
    principal = edge_cloud.control.directory.find(client_id)
    assert principal is not None
    headers = {"authorization": f"Bearer {edge_cloud.control.mint.token(principal, 'https://management.azure.com')}"}
    connection = edge_cloud.connect(NAME_A, BY_A)
    status, body, _ = say(connection, RUNS, headers=headers)
    assert status == 403
    error = error_of(body)
    for part in (object_id, client_id, "Microsoft.MachineLearningServices/workspaces/experiments/runs/read", A):
        assert part in error["message"]
    edge_cloud.apply(Permission(owner="/ra", principal=object_id, scope=A, actions=("*/read",)))
    assert say(connection, RUNS, headers=headers)[0] == 200
    assert say(connection, RUNS, "PATCH", headers=headers, body="{}")[0] == 403
    assert say(connection, f"/metric/v2.0{A}/runs/r/list", "POST", headers=headers, body="{}")[0] == 200


def test_arm_is_handed_over_from_the_internet(shared_edge: Cloud) -> None:
    status, body, headers = shared_edge.ask(
        ARM, "//subscriptions/x?api-version=2022-12-01&$filter=a%20eq+'b'", method="PUT", body="{}"
    )
    assert status == 200
    assert body == {
        "path": "/subscriptions/x",
        "query": {"api-version": "2022-12-01", "$filter": "a eq 'b'"},
        "method": "PUT",
        "size": 2,
        "via": "internet",
        "connection": "",
        "authority": ARM,
    }
    assert "b" not in headers
    assert "x-test" not in headers
    assert shared_edge.control.asked[-1].facts == {"service": "arm"}


def test_login_by_its_name_and_by_the_host(shared_edge: Cloud) -> None:
    path = f"/{TENANT}/v2.0/.well-known/openid-configuration"
    status, document, _ = shared_edge.ask(LOGIN, path)
    assert status == 200
    assert document["token_endpoint"] == f"https://{LOGIN}/{TENANT}/oauth2/v2.0/token"
    connection = shared_edge.connect("localhost", port=shared_edge.host_port)
    status, document, _ = say(connection, path, headers={"host": f"localhost:{shared_edge.host_port}"})
    assert document["token_endpoint"] == f"https://localhost:{shared_edge.host_port}/{TENANT}/oauth2/v2.0/token"
    status, said, _ = say(connection, "/subscriptions?api-version=1", headers={"host": f"127.0.0.1:{shared_edge.host_port}"})
    assert (status, said["via"]) == (200, "host")


def test_a_failure_behind_the_edge_tells_nothing(shared_edge: Cloud) -> None:
    status, body, _ = shared_edge.ask(ARM, "/boom")
    assert status == 500
    assert "secret" not in json.dumps(body)
