"""Microsoft.KeyVault/vaults/{secrets,keys} through Resource Manager. Stored; the vault's own data plane is later work.

Source: azure-rest-api-specs secrets.json, keys.json 2022-07-01: a secret's value goes in and never comes out.
"""

from __future__ import annotations

from typing import Any

from cloister.arm.ids import parse
from cloister.arm.resource import Change, ResourceType, Row, View, stored
from cloister.arm.schema import anything, array, integer, obj, string
from cloister.providers.keyvault.vaults import NAME as VAULTS
from cloister.providers.keyvault.vaults import host
from cloister.providers.keyvault.versions import API_VERSIONS


def settle(change: Change, view: View) -> Row:
    """Every change is a new version."""
    if change.written is None or (change.old and change.old.properties == change.row.properties):
        return change.row
    return change.row.with_facts(version=view.new_id(f"{change.row.id} version {view.now}").replace("-", ""))


def _address(row: Row, view: View, kind: str) -> str:
    parent = parse(row.id).parent
    vault = view.get(parent.text) if parent else None
    return f"https://{host(vault)}/{kind}/{row.name}" if vault else ""


def show_secret(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Its address in the vault, with and without the version."""
    address = _address(row, view, "secrets")
    return {"secretUri": address, "secretUriWithVersion": f"{address}/{row.facts.get('version', '')}"}


def show_key(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Its address in the vault, with and without the version."""
    address = _address(row, view, "keys")
    return {"keyUri": address, "keyUriWithVersion": f"{address}/{row.facts.get('version', '')}"}


SECRETS = ResourceType(
    name=f"{VAULTS}/secrets",
    api_versions=API_VERSIONS,
    coverage=stored("nothing answers at the vault's address yet"),
    properties=obj(
        value=string(secret=True),
        contentType=string(),
        attributes=anything(),
        secretUri=string(read_only=True),
        secretUriWithVersion=string(read_only=True),
    ),
    location="none",
    settle=settle,
    show=show_secret,
    name_pattern=r"[a-zA-Z0-9-]{1,127}",
)
KEYS = ResourceType(
    name=f"{VAULTS}/keys",
    api_versions=API_VERSIONS,
    coverage=stored("no key material is made; nothing answers at the vault's address yet"),
    properties=obj(
        kty=string("EC", "EC-HSM", "RSA", "RSA-HSM", create_only=True),
        keySize=integer(create_only=True),
        curveName=string("P-256", "P-384", "P-521", "P-256K", create_only=True),
        keyOps=array(string()),
        attributes=anything(),
        rotationPolicy=anything(),
        release_policy=anything(),
        keyUri=string(read_only=True),
        keyUriWithVersion=string(read_only=True),
    ),
    location="none",
    settle=settle,
    show=show_key,
    put_status=(200, 200),
    name_pattern=r"[a-zA-Z0-9-]{1,127}",
)
