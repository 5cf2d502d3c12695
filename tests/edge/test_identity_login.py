"""The login service: what MSAL and others ask in the order they ask it, and Entra's errors."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from cloister.arm.errors import ArmError
from cloister.home import Home
from cloister.ipc.messages import Request
from cloister.services.identity.directory import Directory
from cloister.services.identity.http import Login, is_login_path, known_audience
from cloister.services.identity.secrets import hash_secret, make_secret, matches
from cloister.services.identity.tokens import KeysFile, Mint, OwnKeys, Verifier, bearer, jwks_file

TENANT = "11111111-1111-1111-1111-111111111111"
HOST = "login.microsoftonline.com"


class Tenant:
    """A login service with its owner."""

    def __init__(self, root: Path):
        self.home = Home(root)
        self.home.make()
        self.mint = Mint.open(self.home, TENANT)
        self.directory = Directory.open(self.home, TENANT)
        self.login = Login(self.directory, self.mint)
        self.owner = json.loads(self.home.owner_file.read_bytes())
        self.verifier = Verifier(OwnKeys(self.mint))

    def get(self, path: str, authority: str = HOST, **query: str) -> tuple[int, Any]:
        answer = self.login.answer(Request(method="GET", path=path, query=query, authority=authority))
        return answer.status, json.loads(answer.body)

    def post(self, path: str, form: dict[str, str], **headers: str) -> tuple[int, Any]:
        headers = {"content-type": "application/x-www-form-urlencoded", **headers}
        request = Request(method="POST", path=path, headers=headers, body=urlencode(form).encode(), authority=HOST)
        answer = self.login.answer(request)
        return answer.status, json.loads(answer.body)

    def form(self, **more: str) -> dict[str, str]:
        owner = {"client_id": self.owner["client_id"], "client_secret": self.owner["client_secret"], "client_info": "1"}
        return {
            "grant_type": "client_credentials",
            "client_info": "1",
            "scope": "https://management.azure.com/.default",
            **owner,
            **more,
        }


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Tenant:
    return Tenant(tmp_path_factory.mktemp("tenant") / "home")


V2 = f"/{TENANT}/oauth2/v2.0/token"


@pytest.mark.parametrize("version", ["", "/v2.0"])
@pytest.mark.parametrize("tenant_word", [TENANT, "common", "organizations", "adfs"])
def test_metadata(tenant: Tenant, version: str, tenant_word: str) -> None:
    if tenant_word == "adfs" and version:
        return
    status, document = tenant.get(f"/{tenant_word}{version}/.well-known/openid-configuration", "localhost:8443")
    assert status == 200
    root = f"https://localhost:8443/{tenant_word}"
    assert document["token_endpoint"] == f"{root}/oauth2{version}/token"
    assert document["authorization_endpoint"] == f"{root}/oauth2{version}/authorize"
    keys = document["jwks_uri"].removeprefix("https://localhost:8443")
    assert tenant.get(keys)[1]["keys"][0]["kid"] == tenant.mint.kid


def test_the_adfs_form_with_the_tenant_below_it(tenant: Tenant) -> None:
    """azure-identity puts the tenant below AZURE_AUTHORITY_HOST, also where that ends in /adfs."""
    plain, below = (
        tenant.get(f"{path}/.well-known/openid-configuration", "localhost:8443") for path in ("/adfs", f"/adfs/{TENANT}")
    )
    assert plain == below and plain[0] == 200
    assert tenant.get(f"/adfs/{TENANT[:-1]}0/.well-known/openid-configuration", "localhost:8443")[0] == 404


def test_instance_discovery(tenant: Tenant) -> None:
    endpoint = f"https://{HOST}/{TENANT}/oauth2/v2.0/authorize"
    query = {"api-version": "1.1", "authorization_endpoint": endpoint}
    status, document = tenant.get("/common/discovery/instance", **query)
    assert status == 200
    assert HOST in document["metadata"][0]["aliases"]
    assert document["tenant_discovery_endpoint"].startswith(f"https://{HOST}/")


@pytest.mark.parametrize(
    ("scope", "audience"),
    [
        ("https://management.azure.com/.default", "https://management.azure.com"),
        ("https://management.azure.com//.default", "https://management.azure.com/"),
        ("https://management.core.windows.net//.default", "https://management.core.windows.net/"),
        ("https://ml.azure.com/.default openid", "https://ml.azure.com"),
        ("https://vault.azure.net/.default", "https://vault.azure.net"),
        ("https://acct.blob.core.windows.net/.default", "https://acct.blob.core.windows.net"),
        ("https://localhost:8443/.default", "https://management.azure.com"),
    ],
)
def test_a_token_for_a_scope(tenant: Tenant, scope: str, audience: str) -> None:
    status, found = tenant.post(V2, tenant.form(scope=scope))
    assert status == 200
    assert (found["token_type"], type(found["expires_in"])) == ("Bearer", int)
    claims = tenant.verifier.verify(found["access_token"], [audience])
    assert claims["aud"] == audience
    assert claims["tid"] == TENANT
    assert claims["appid"] == tenant.owner["client_id"]
    assert claims["iss"] == f"https://sts.windows.net/{TENANT}/"
    assert claims["exp"] - claims["iat"] >= 3600


def test_the_older_and_the_adfs_form(tenant: Tenant) -> None:
    form = tenant.form(resource="https://management.core.windows.net/")
    form.pop("scope")
    status, found = tenant.post(f"/{TENANT}/oauth2/token", form)
    assert status == 200
    assert found["resource"] == "https://management.core.windows.net/"
    assert int(found["expires_on"]) > int(found["not_before"])
    for more in ({"resource": "https://management.azure.com/"}, {"scope": "https://management.azure.com//.default"}):
        status, found = tenant.post("/adfs/oauth2/token", {**form, "resource": "", **more})
        assert (status, type(found["expires_in"])) == (200, int)
        tenant.verifier.verify(found["access_token"])


def test_secrets_in_the_header_and_capabilities(tenant: Tenant) -> None:
    client, secret = tenant.owner["client_id"], tenant.owner["client_secret"]
    basic = base64.b64encode(f"{quote(client)}:{quote(secret)}".encode()).decode()
    form = {"grant_type": "client_credentials", "scope": "https://management.azure.com/.default"}
    form["claims"] = '{"access_token": {"xms_cc": {"values": ["CP1"]}}}'
    status, found = tenant.post(V2, form, authorization=f"Basic {basic}")
    assert status == 200
    assert tenant.verifier.verify(found["access_token"])["xms_cc"] == ["CP1"]


@pytest.mark.parametrize(
    ("change", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": ""}, 401, "invalid_client", 7000216),
        ({"client_id": TENANT}, 400, "unauthorized_client", 700016),
        ({"client_id": "owner"}, 400, "unauthorized_client", 700016),
        ({"client_id": ""}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"grant_type": ""}, 400, "invalid_request", 900144),
        ({"scope": "https://example.com/.default"}, 400, "invalid_resource", 500011),
        ({"scope": "https://management.azure.com/user_impersonation"}, 400, "invalid_scope", 1002012),
        ({"scope": ""}, 400, "invalid_request", 900144),
    ],
)
def test_entras_errors(tenant: Tenant, change: dict[str, str], status: int, error: str, number: int) -> None:
    found_status, found = tenant.post(V2, {name: value for name, value in tenant.form(**change).items() if value})
    assert (found_status, found["error"], found["error_codes"]) == (status, error, [number])
    assert found["error_description"].startswith(f"AADSTS{number}: ")
    for part in ("Trace ID: ", "Correlation ID: ", "Timestamp: "):
        assert part in found["error_description"]
    assert found.keys() >= {"timestamp", "trace_id", "correlation_id", "error_uri"}


def test_unknown_places(tenant: Tenant) -> None:
    assert tenant.post("/other/oauth2/v2.0/token", tenant.form())[1]["error_codes"] == [90002]
    assert tenant.get("/other/v2.0/.well-known/openid-configuration")[1]["error"] == "invalid_tenant"
    assert tenant.post("/common/oauth2/v2.0/token", tenant.form())[0] == 400
    assert tenant.get(V2)[0] == 405
    for path in ("/", f"/{TENANT}/oauth2/v2.0/authorize", f"/{TENANT}/reset", "/common", f"/{TENANT}"):
        assert tenant.get(path)[0] == 404
    request = Request(method="POST", path=V2, headers={"content-type": "application/json"}, body=b"{}")
    assert tenant.login.answer(request).status == 400
    assert tenant.login.answer(Request(method="POST", path=V2, body=b"\xff=\xff")).status == 400


@pytest.mark.parametrize(
    ("path", "login"),
    [
        (V2, True),
        ("/adfs/oauth2/token", True),
        ("/common/discovery/instance", True),
        (f"/{TENANT}/v2.0/.well-known/openid-configuration", True),
        ("/subscriptions/oauth2/x", False),
        ("/subscriptions", False),
        ("/metadata/endpoints", False),
        ("/providers/discovery", False),
        ("/tenants", False),
        ("/", False),
    ],
)
def test_login_paths_are_told_from_arms(path: str, login: bool) -> None:
    assert is_login_path(path) is login


def test_audiences() -> None:
    assert known_audience("https://MANAGEMENT.azure.com///") == "https://management.azure.com/"
    for strange in (
        "",
        "management.azure.com",
        "https://management.azure.com.example.com",
        "https://x/y.vault.azure.net",
        "api://x",
    ):
        assert known_audience(strange) == ""


def test_principals_last_and_their_secrets_are_not_kept(tenant: Tenant) -> None:
    client_id, secret, object_id = tenant.directory.create_principal("someone")
    again = Directory(tenant.directory.path, TENANT)
    found = again.find(client_id)
    assert found is not None
    assert found.object_id == object_id
    assert again.proves(found, secret)
    assert again.proves(found, secret)
    assert not again.proves(found, secret + "x")
    assert again.find("someone") == again.find(object_id) == found
    content = tenant.directory.path.read_text()
    assert secret not in content
    for path in (tenant.directory.path, tenant.home.owner_file, tenant.home.secrets / "token-key.pem"):
        assert path.stat().st_mode & 0o777 == 0o600
    again.drop(client_id)
    assert Directory(tenant.directory.path, TENANT).find(client_id) is None


def test_secret_hashes() -> None:
    secret = make_secret()
    assert len(secret) == 43
    assert all(each.isascii() and each.isalnum() for each in (make_secret() for _ in range(1_000)))
    assert hash_secret(secret) != hash_secret(secret)
    assert matches(secret, hash_secret(secret))
    assert not matches(secret[:-1], hash_secret(secret))


def test_the_second_start_keeps_key_and_owner(tenant: Tenant) -> None:
    again = Tenant(tenant.home.root)
    assert again.mint.kid == tenant.mint.kid
    assert again.owner == tenant.owner
    token = tenant.post(V2, tenant.form())[1]["access_token"]
    assert again.verifier.verify(token)["appid"] == tenant.owner["client_id"]


def test_the_edge_verifies_from_the_file_and_sees_a_new_key(tmp_path: Path) -> None:
    first = Tenant(tmp_path / "a")
    other = Tenant(tmp_path / "b")
    verifier = Verifier(KeysFile(jwks_file(first.home)))
    owner, stranger = first.directory.owner(first.home), other.directory.owner(other.home)
    assert verifier.verify(first.mint.token(owner, "https://management.azure.com"))
    strange = other.mint.token(stranger, "https://management.azure.com")
    with pytest.raises(ArmError, match="key is not this cloud's"):
        verifier.verify(strange)
    jwks_file(first.home).write_text(json.dumps({"keys": [first.mint.jwk, other.mint.jwk]}))
    assert verifier.verify(strange)["oid"] == stranger.object_id
    jwks_file(first.home).write_text("{")
    with pytest.raises(ArmError):
        verifier.verify(Tenant(tmp_path / "c").mint.token(owner, "https://management.azure.com"))


def test_arm_words(tenant: Tenant) -> None:
    owner = tenant.directory.owner(tenant.home)
    cases = {
        "ExpiredAuthenticationToken": tenant.mint.token(owner, "https://management.azure.com", lifetime=-1),
        "InvalidAuthenticationTokenAudience": tenant.mint.token(owner, "https://vault.azure.net"),
        "InvalidAuthenticationToken": "a.b.c",
    }
    for code, token in cases.items():
        with pytest.raises(ArmError) as caught:
            tenant.verifier.verify(token)
        assert (caught.value.status, caught.value.code) == (401, code)
        assert 'error="invalid_token"' in caught.value.headers["www-authenticate"]
    for header, code in (("", "AuthenticationFailed"), ("Basic x", "AuthenticationFailedInvalidHeader")):
        with pytest.raises(ArmError) as caught:
            bearer(header)
        assert caught.value.code == code
