"""The login names' answers: OIDC metadata, keys, instance discovery and the token endpoint, in Entra's shapes.

| path | what |
|---|---|
| ``/common/discovery/instance`` | MSAL's question whether an authority is known |
| ``/{tenant}[/v2.0]/.well-known/openid-configuration``, ``/adfs/.well-known/...`` | metadata |
| ``/{tenant}/discovery[/v2.0]/keys``, ``/common/discovery[/v2.0]/keys`` | public keys |
| ``/{tenant}/oauth2/v2.0/token`` | client credentials with ``scope=<audience>/.default`` |
| ``/{tenant}/oauth2/token``, ``/adfs/oauth2/token`` | the same with ``resource=<audience>`` (or ``scope``) |

``/adfs/{tenant}/...`` is the same as ``/adfs/...``: so asks azure-identity where AZURE_AUTHORITY_HOST ends in ``/adfs``.

Sources: learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow, .../reference-error-codes; RFC 6749;
what MSAL reads of it: MSAL for Python, ``authority.py`` and ``oauth2cli``.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus

import msgspec

from cloister.ipc.messages import Request, Response
from cloister.limits import TOKEN_SECONDS
from cloister.services.identity.directory import Directory, Principal
from cloister.services.identity.tokens import Clock, Mint, new_id

LOGIN_HOST = "login.microsoftonline.com"
ALIASES = (LOGIN_HOST, "login.windows.net", "login.microsoft.com", "sts.windows.net")
ANY_TENANT = ("common", "organizations")

AUDIENCES = (
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://ml.azure.com",
    "https://storage.azure.com",
    "https://vault.azure.net",
    "https://containerregistry.azure.net",
    "https://graph.microsoft.com",
    "https://graph.windows.net",
    "https://dev.azuresynapse.net",
    "https://datafactory.azure.com",
    "https://api.loganalytics.io",
    "https://monitor.azure.com",
)
"""The resources that a token can be for; hosts below a storage account, a vault and so on are added by suffix."""

AUDIENCE_SUFFIXES = (
    ".blob.core.windows.net",
    ".dfs.core.windows.net",
    ".file.core.windows.net",
    ".vault.azure.net",
    ".azurecr.io",
)

_FIRST_SEGMENTS = ("adfs", "common", "organizations")


class LoginError(Exception):
    """An answer in the shape of RFC 6749 5.2 with Entra's numbers."""

    def __init__(self, status: int, error: str, number: int, text: str):
        super().__init__(text)
        self.status, self.error, self.number, self.text = status, error, number, text


def is_login_path(path: str) -> bool:
    """Whether a path belongs to the login service: how the host's one listener tells it from ARM's paths."""
    parts = [part for part in path.lower().split("/") if part]
    if not parts or parts[0] in ("subscriptions", "providers", "metadata"):
        return False
    return parts[0] in _FIRST_SEGMENTS or (len(parts) > 1 and parts[1] in ("oauth2", "v2.0", ".well-known", "discovery"))


class Login:
    """The login service of all tenants. Pure but for the clock: it never waits, so it may run in control's loop."""

    def __init__(self, directory: Directory, mint: Mint, clock: Clock = time.time):
        self._directory = directory
        self._mint = mint
        self._clock = clock

    def answer(self, request: Request) -> Response:
        """Answer any request to a login name; bad ones get Entra's error bodies."""
        try:
            return self._route(request)
        except LoginError as error:
            return self._error(error)

    def _route(self, request: Request) -> Response:
        parts = [part for part in request.path.split("/") if part]
        words = [part.lower() for part in parts]
        if words[:1] == ["adfs"] and words[1:2] and words[1] in self._directory.tenants:
            parts, words = [parts[0], *parts[2:]], [words[0], *words[2:]]
        if words == ["common", "discovery", "instance"]:
            return self._instance(request)
        if not words:
            raise LoginError(404, "not_found", 90014, self._nothing(request))
        tenant, rest = self._tenant(parts[0], words[1:]), words[1:]
        if rest and rest[-1] == "token" and "oauth2" in rest[:2]:
            return self._token(request, tenant, rest)
        routes: dict[tuple[str, ...], Callable[[], dict[str, Any]]] = {
            (".well-known", "openid-configuration"): lambda: self._metadata(request, tenant, ""),
            ("v2.0", ".well-known", "openid-configuration"): lambda: self._metadata(request, tenant, "/v2.0"),
            ("discovery", "keys"): self._mint.jwks,
            ("discovery", "v2.0", "keys"): self._mint.jwks,
        }
        found = routes.get(tuple(rest))
        if found is None:
            raise LoginError(404, "not_found", 90014, self._nothing(request))
        if request.method not in ("GET", "HEAD"):
            raise LoginError(405, "invalid_request", 900561, "The endpoint only accepts GET requests.")
        return _json(200, found())

    def _nothing(self, request: Request) -> str:
        return (
            f"Cannot find '{request.path[:200]}' at the login service. It answers OIDC metadata, keys and the token endpoint "
            "for service principals; users cannot sign in here: use a client id and secret."
        )

    def _tenant(self, word: str, rest: list[str]) -> str:
        """The tenant segment as it shall appear in URLs. ``adfs`` is the AD FS form: there a client's own tenant counts."""
        plain = word.lower()
        if plain == "adfs" or plain in self._directory.tenants:
            return plain
        if plain in ANY_TENANT and rest[-1:] != ["token"]:
            return plain
        text = (
            f"Tenant '{word[:100]}' not found. Check to make sure you have the correct tenant ID and are signing into the "
            f"correct cloud. Its own tenant is '{self._mint.tenant_id}'; 'cloister tenant list' names the others."
        )
        raise LoginError(400, "invalid_request" if rest[-1:] == ["token"] else "invalid_tenant", 90002, text)

    def _metadata(self, request: Request, tenant: str, version: str) -> dict[str, Any]:
        root = f"https://{request.authority or LOGIN_HOST}/{tenant}"
        if tenant == "adfs":
            authorize, token, keys, issuer = f"{root}/oauth2/authorize", f"{root}/oauth2/token", f"{root}/discovery/keys", root
        else:
            authorize, token = f"{root}/oauth2{version}/authorize", f"{root}/oauth2{version}/token"
            named = "{tenantid}" if tenant in ANY_TENANT else tenant
            host = request.authority or LOGIN_HOST
            issuer = f"https://{host}/{named}/v2.0" if version else f"https://sts.windows.net/{named}/"
            keys = f"{root}/discovery{version}/keys"
        return {
            "token_endpoint": token,
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "jwks_uri": keys,
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "token"],
            "grant_types_supported": ["client_credentials"],
            "scopes_supported": ["openid"],
            "issuer": issuer,
            "request_uri_parameter_supported": False,
            "authorization_endpoint": authorize,
            "http_logout_supported": False,
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid", "oid", "appid", "ver"],
            "tenant_region_scope": None,
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
        }

    def _instance(self, request: Request) -> Response:
        host = request.authority or LOGIN_HOST
        aliases = list(ALIASES) if host in ALIASES else [host]
        found = {
            "tenant_discovery_endpoint": f"https://{host}/common/v2.0/.well-known/openid-configuration",
            "api-version": request.query.get("api-version", "1.1"),
            "metadata": [
                {"preferred_network": aliases[0], "preferred_cache": aliases[min(1, len(aliases) - 1)], "aliases": aliases}
            ],
        }
        return _json(200, found)

    def _token(self, request: Request, tenant: str, rest: list[str]) -> Response:
        if request.method != "POST":
            raise LoginError(405, "invalid_request", 900561, "The endpoint only accepts POST requests. Received a GET request.")
        form = _form(request)
        grant = _needed(form, "grant_type")
        if grant != "client_credentials":
            text = (
                f"The app requested an unsupported grant type '{grant[:100]}'. This cloud gives tokens to service principals: "
                "use 'client_credentials'."
            )
            raise LoginError(400, "unsupported_grant_type", 70003, text)
        principal = self._client(request, form, tenant)
        audience = self._audience(form, wants_scope="v2.0" in rest)
        more: dict[str, Any] = {"xms_cc": ["CP1"]} if '"CP1"' in form.get("claims", "") else {}
        token = self._mint.token(principal, audience, **more)
        lifetime = TOKEN_SECONDS - 1
        found: dict[str, Any] = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime}
        if "v2.0" not in rest and tenant != "adfs":
            now = int(self._clock())
            times = {"expires_on": str(now + lifetime), "not_before": str(now - 300), "resource": audience}
            found = {"token_type": "Bearer", "expires_in": str(lifetime), "ext_expires_in": str(lifetime), **times}
        return _json(200, {**found, "access_token": token})

    def _client(self, request: Request, form: dict[str, str], tenant: str) -> Principal:
        client_id, secret = _basic(request.headers.get("authorization", ""))
        client_id = client_id or form.get("client_id", "")
        secret = secret or form.get("client_secret", "")
        if not client_id:
            raise LoginError(
                400, "invalid_request", 900144, "The request body must contain the following parameter: 'client_id'."
            )
        principal = self._directory.find(client_id) if _is_guid(client_id) else None
        elsewhere = principal is not None and tenant not in ("adfs", self._directory.tenant_of(principal))
        if principal is None or principal.client_id != client_id.lower() or elsewhere:
            text = (
                f"Application with identifier '{client_id[:100]}' was not found in the directory '{tenant}'. This "
                "can happen if the application has not been installed by the administrator of the tenant. "
                "'cloister env' prints the owner's client id."
            )
            raise LoginError(400, "unauthorized_client", 700016, text)
        if not secret:
            text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            raise LoginError(401, "invalid_client", 7000216, text)
        if not self._directory.proves(principal, secret):
            text = (
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
                f"the client secret ID, for a secret added to app '{principal.client_id}'."
            )
            raise LoginError(401, "invalid_client", 7000215, text)
        return principal

    def _audience(self, form: dict[str, str], wants_scope: bool) -> str:
        scope = form.get("scope", "")
        asked = next((part for part in scope.split() if part.endswith("/.default")), "")
        if asked:
            audience = asked.removesuffix("/.default")
        elif form.get("resource") and not wants_scope:
            audience = form["resource"]
        elif scope:
            text = (
                f"The provided value for scope {scope[:200]} is not valid. Client credential flows must have a scope value with "
                "/.default suffixed to the resource identifier (application ID URI)."
            )
            raise LoginError(400, "invalid_scope", 1002012, text)
        else:
            missing = "scope" if wants_scope else "resource"
            raise LoginError(
                400, "invalid_request", 900144, f"The request body must contain the following parameter: '{missing}'."
            )
        known = known_audience(audience)
        if not known:
            text = (
                f"The resource principal named {audience[:200]} was not found in the tenant named '{self._mint.tenant_id}'. This "
                f"cloud gives tokens for {', '.join(AUDIENCES)}."
            )
            raise LoginError(400, "invalid_resource", 500011, text)
        return known

    def _error(self, error: LoginError) -> Response:
        trace, correlation = new_id(), new_id()
        stamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(self._clock()))
        text = f"AADSTS{error.number}: {error.text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        body = {
            "error": error.error,
            "error_description": text,
            "error_codes": [error.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://{LOGIN_HOST}/error?code={error.number}",
        }
        answer = _json(error.status, body)
        challenge = {"www-authenticate": 'Basic realm="token endpoint"'} if error.status == 401 else {}
        return msgspec.structs.replace(answer, headers={**answer.headers, **challenge})


def known_audience(asked: str) -> str:
    """The ``aud`` of a token for what a client asked, ``""`` for an unknown resource.

    One trailing slash is kept as asked (Entra does); a doubled one is the same with one. ``https://localhost:<port>`` is
    the host's own way to ARM and means ARM.
    """
    plain = asked.rstrip("/")
    lower = plain.lower()
    if lower in AUDIENCES:
        return lower + "/" if asked.endswith("/") else lower
    host = lower.removeprefix("https://")
    if host == lower or "/" in host:
        return ""
    if host.partition(":")[0] in ("localhost", "127.0.0.1"):
        return AUDIENCES[0]
    return lower if host.endswith(AUDIENCE_SUFFIXES) else ""


def _form(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind != "application/x-www-form-urlencoded":
        text = f"The content type '{kind[:100]}' is not supported: send the parameters as 'application/x-www-form-urlencoded'."
        raise LoginError(400, "invalid_request", 900144, text)
    try:
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=64)
    except ValueError as error:
        raise LoginError(400, "invalid_request", 900144, "The request body is malformed: send a form in UTF-8.") from error
    return dict(pairs)


def _needed(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise _missing(name)
    return form[name]


def _missing(name: str) -> LoginError:
    return LoginError(400, "invalid_request", 900144, f"The request body must contain the following parameter: '{name}'.")


def _basic(header: str) -> tuple[str, str]:
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        client_id, colon, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return (unquote(client_id), unquote_plus(secret)) if colon else ("", "")


def _is_guid(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4


def _json(status: int, found: dict[str, Any]) -> Response:
    headers = {"content-type": "application/json; charset=utf-8", "cache-control": "no-store, no-cache", "pragma": "no-cache"}
    return Response(status=status, headers=headers, body=json.dumps(found).encode())
