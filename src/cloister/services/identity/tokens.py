"""Access tokens: RS256 JWTs with Entra's claims, minted by control and verified wherever a request comes in.

The private key is made at the first start and kept 0600 under ``secrets``; its public half is written to ``jwks.json``, from
which the edge verifies while control is down. Every check is made each time: signature, algorithm, issuer, audience,
expiry. A token that passed is remembered by its hash until it expires.

Source of the claims: learn.microsoft.com/entra/identity-platform/access-token-claims-reference (v1.0 tokens); of the
key's name: RFC 7638.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from cloister.arm.errors import ArmError
from cloister.home import Home
from cloister.limits import TOKEN_BYTES_MAX, TOKEN_SECONDS, TOKENS_REMEMBERED_MAX
from cloister.private_file import write_private
from cloister.services.identity.directory import Principal

Clock = Callable[[], float]

ARM_AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")
ML_AUDIENCES = (*ARM_AUDIENCES, "https://ml.azure.com")
"""What a token for the data plane of a workspace may be for. Compared without trailing slashes."""

_BACKDATED = 300  # nbf lies five minutes back, as Entra's does, for clients whose clock is behind
_CLOCK_SKEW = 5
_SIGNATURE: Any = {
    "verify_iss": False,  # one issuer for each tenant: compared with the token's own tenant, below
    "verify_exp": False,  # times and audience are checked on every call, also of a token that is remembered
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "require": ["exp", "iss", "aud"],
}


def jwks_file(home: Home) -> Path:
    """``jwks.json``: the public keys and the issuer, readable by all processes of the cloud."""
    return home.root / "jwks.json"


ISSUER = "https://sts.windows.net/{tenantid}/"
"""The issuer of access tokens (v1.0 form, which ARM's tokens have), as Entra's keys for all tenants name it."""


def issuer_of(tenant_id: str) -> str:
    """The issuer of access tokens of a tenant."""
    return ISSUER.replace("{tenantid}", tenant_id)


def _number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


class Mint:
    """The signing key and what it signs."""

    def __init__(self, private_pem: bytes, tenant_id: str, clock: Clock = time.time):
        key = serialization.load_pem_private_key(private_pem, None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("cannot read the token key: it is not an RSA key; restore it, or remove it to get a new one")
        self._key = key
        self.tenant_id = tenant_id
        self._clock = clock
        numbers = key.public_key().public_numbers()
        public = {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
        thumbprint = hashlib.sha256(json.dumps(public, separators=(",", ":")).encode()).digest()
        self.kid = base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode()
        self.jwk = {**public, "use": "sig", "alg": "RS256", "kid": self.kid, "issuer": ISSUER}

    @classmethod
    def open(cls, home: Home, tenant_id: str) -> Mint:
        """The key of ``home``, made at the first start; (re)writes ``jwks.json``."""
        path = home.secrets / "token-key.pem"
        if not path.exists():
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
            write_private(path, key.private_bytes(encoding, form, serialization.NoEncryption()))
        mint = cls(path.read_bytes(), tenant_id)
        keys = json.dumps(mint.jwks()).encode()
        if not jwks_file(home).exists() or jwks_file(home).read_bytes() != keys:  # a full disk stops no start
            write_private(jwks_file(home), keys, mode=0o644)
        return mint

    def jwks(self) -> dict[str, Any]:
        """The public keys as Entra's ``/discovery/v2.0/keys`` shows them."""
        return {"keys": [self.jwk]}

    def token(self, principal: Principal, audience: str, lifetime: int = TOKEN_SECONDS, **more: Any) -> str:
        """A token for ``principal`` and ``audience``, valid for ``lifetime`` seconds from now."""
        now = int(self._clock())
        tenant = principal.tenant or self.tenant_id
        claims = {
            "aud": audience,
            "iss": issuer_of(tenant),
            "iat": now - _BACKDATED,
            "nbf": now - _BACKDATED,
            "exp": now + lifetime,
            "appid": principal.client_id,
            "appidacr": "1" if principal.kind == "ServicePrincipal" else "2",
            "app_displayname": principal.name,
            "idp": issuer_of(tenant),
            "idtyp": "app",
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": tenant,
            "uti": secrets.token_urlsafe(16),
            "ver": "1.0",
            "xms_idrel": "7 2",
            "xms_tcdt": now,
            **more,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.kid, "x5t": self.kid})


class Keys(Protocol):
    """Where a verifier finds public keys."""

    def get(self, kid: str) -> tuple[Any, str] | None:
        """The public key of that name and its issuer, with ``{tenantid}`` for any tenant."""
        ...


class OwnKeys:
    """The keys of a Mint in the same process."""

    def __init__(self, mint: Mint):
        self._found = {mint.kid: (jwt.PyJWK(mint.jwk).key, ISSUER)}

    def get(self, kid: str) -> tuple[Any, str] | None:
        """As ``Keys.get``."""
        return self._found.get(kid)


class KeysFile:
    """The keys in ``jwks.json``, read again when the file changed and a key is unknown."""

    def __init__(self, path: Path):
        self._path = path
        self._mark: tuple[int, int] | None = None
        self._found: dict[str, tuple[Any, str]] = {}

    def get(self, kid: str) -> tuple[Any, str] | None:
        """As ``Keys.get``."""
        if kid not in self._found:
            self._read()
        return self._found.get(kid)

    def _read(self) -> None:
        try:
            stat = self._path.stat()
            if self._mark == (stat.st_mtime_ns, stat.st_ino):
                return
            kept = json.loads(self._path.read_bytes())
            self._found = {entry["kid"]: (jwt.PyJWK(entry).key, entry["issuer"]) for entry in kept["keys"]}
            self._mark = (stat.st_mtime_ns, stat.st_ino)
        except (OSError, ValueError, KeyError, jwt.PyJWTError):
            self._found = {}


class Verifier:
    """Checks tokens; raises ArmError 401 with Azure's codes and a ``WWW-Authenticate`` header."""

    def __init__(self, keys: Keys, clock: Clock = time.time):
        self._keys = keys
        self._clock = clock
        self._passed: OrderedDict[bytes, dict[str, Any]] = OrderedDict()

    def verify(self, token: str, audiences: Collection[str] = ARM_AUDIENCES) -> dict[str, Any]:
        """The claims of a good token. ``audiences`` are compared without trailing slashes."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        claims = self._passed.get(digest)
        if claims is None:
            claims = self._check(token)
            self._passed[digest] = claims
            if len(self._passed) > TOKENS_REMEMBERED_MAX:
                self._passed.popitem(last=False)
        now = self._clock()
        if claims["exp"] <= now:
            self._passed.pop(digest, None)
            text = f"The access token expiry UTC time '{_utc(claims['exp'])}' is earlier than current UTC time '{_utc(now)}'."
            raise unauthorized("ExpiredAuthenticationToken", text, claims["tid"])
        if claims["nbf"] > now + _CLOCK_SKEW:
            raise unauthorized("InvalidAuthenticationToken", "The access token is not valid yet.", claims["tid"])
        wanted = [audience.rstrip("/") for audience in audiences]
        if claims["aud"].rstrip("/") not in wanted:
            allowed = ",".join(f"'{audience}/','{audience}'" for audience in wanted)
            text = (
                f"The access token has been obtained for wrong audience or resource '{claims['aud']}'. "
                f"It should exactly match with one of the allowed audiences {allowed}."
            )
            raise unauthorized("InvalidAuthenticationTokenAudience", text, claims["tid"])
        return claims

    def _check(self, token: str) -> dict[str, Any]:
        if len(token) > TOKEN_BYTES_MAX:
            raise unauthorized("InvalidAuthenticationToken", f"The access token is longer than {TOKEN_BYTES_MAX} bytes.")
        try:
            header = jwt.get_unverified_header(token)
            found = self._keys.get(str(header.get("kid", "")))
            if found is None:
                text = "The access token is invalid: its key is not this cloud's. Ask this cloud's login for a token."
                raise unauthorized("InvalidAuthenticationToken", text)
            key, issuer = found
            claims = jwt.decode(token, key, algorithms=["RS256"], options=_SIGNATURE)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise unauthorized("InvalidAuthenticationToken", f"The access token is invalid: {error}.") from error
        if claims["iss"] != issuer.replace("{tenantid}", str(claims.get("tid"))):
            raise unauthorized("InvalidAuthenticationToken", "The access token is invalid: Invalid issuer.")
        claims.setdefault("nbf", 0)
        for name, kind in (("exp", (int, float)), ("nbf", (int, float)), ("aud", str), ("tid", str), ("oid", str)):
            if not isinstance(claims.get(name), kind):  # type: ignore[arg-type]
                raise unauthorized("InvalidAuthenticationToken", f"The access token is invalid: the claim '{name}' is missing.")
        return claims


def bearer(header: str, tenant_id: str = "") -> str:
    """The token in an ``Authorization`` header. Raises ArmError 401 for none or another scheme."""
    if not header:
        raise unauthorized("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.", tenant_id)
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        text = "Authentication failed. The 'Authorization' header is provided in an invalid format."
        raise unauthorized("AuthenticationFailedInvalidHeader", text, tenant_id)
    return token.strip()


def unauthorized(code: str, text: str, tenant_id: str = "") -> ArmError:
    """401 as ARM gives it; the header tells a client where to get a token."""
    where = f"https://login.windows.net/{tenant_id}" if tenant_id else "https://login.windows.net/common"
    plain = text.replace('"', "'").encode("ascii", "replace").decode().replace("\r", " ").replace("\n", " ")
    challenge = f'Bearer authorization_uri="{where}", error="invalid_token", error_description="{plain}"'
    return ArmError(401, code, text, headers={"www-authenticate": challenge})


def _utc(seconds: float) -> str:
    return time.strftime("%m/%d/%Y %H:%M:%S", time.gmtime(seconds))


def new_id() -> str:
    """A guid for an answer's trace."""
    return str(uuid.uuid4())
