"""Microsoft.KeyVault/vaults: a vault with its access policies and network rules. What listens is later work.

Source: azure-rest-api-specs keyvault.json 2022-07-01; bicep types up to 2026-02-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from cloister.arm.errors import Problem
from cloister.arm.resource import Change, PrivateLinkGroup, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, boolean, id_of, integer, obj, string
from cloister.net.intent import LinkedName, Service
from cloister.net.plan import service_address
from cloister.providers import network_rules, private_link
from cloister.providers.keyvault import deleted, policies
from cloister.providers.keyvault.versions import API_VERSIONS
from cloister.providers.required import name_check

NAME = "Microsoft.KeyVault/vaults"
ZONE = "privatelink.vaultcore.azure.net"
SUBNETS = "Microsoft.Network/virtualNetworks/subnets"

PROPERTIES = obj(
    tenantId=string(required=True),
    sku=obj(family=string("A", default="A"), name=string("standard", "premium", required=True), required=True),
    accessPolicies=array(policies.ENTRY, overridable=True),
    enabledForDeployment=boolean(default=False),
    enabledForDiskEncryption=boolean(),
    enabledForTemplateDeployment=boolean(),
    enableSoftDelete=boolean(default=True),
    softDeleteRetentionInDays=integer(7, 90, default=90, create_only=True),
    enablePurgeProtection=boolean(),
    enableRbacAuthorization=boolean(default=False),
    createMode=string("default", "recover"),
    networkAcls=obj(
        bypass=string("AzureServices", "None", default="AzureServices"),
        defaultAction=string("Allow", "Deny", default="Allow"),
        ipRules=array(obj(value=string(required=True)), default=[]),
        virtualNetworkRules=array(
            obj(id=id_of(SUBNETS, required=True), ignoreMissingVnetServiceEndpoint=boolean()),
            default=[],
        ),
    ),
    publicNetworkAccess=string(default="Enabled"),
    vaultUri=string(read_only=True),
    hsmPoolResourceId=string(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


def host(row: Row) -> str:
    """The vault's public host."""
    return f"{row.name.lower()}.vault.azure.net"


def linked_names(row: Row) -> tuple[LinkedName, ...]:
    """Both public names of the vault and the one twin that they share."""
    label = row.name.lower()
    address = service_address("keyvault", str(row.body.get("location") or ""))
    twin = f"{label}.{ZONE}"
    return (
        LinkedName("default", host(row), twin, address),
        LinkedName("default", f"{label}.vaultcore.azure.net", twin, address),
    )


GROUP = PrivateLinkGroup(id="vault", zones=(ZONE,), members=("default",), names=linked_names)


def check(change: Change, view: View) -> Iterator[Problem]:
    """Named subnets exist, and a new vault's name is not a deleted one's."""
    row = change.row
    if change.written is None:
        return
    if change.old is None:
        yield from deleted.problems(row, view)
    yield from network_rules.missing_subnets(row, view, "VaultNetworkAclsValidationFailure", "vault")
    if change.old and change.old.properties.get("enablePurgeProtection") and row.properties.get("enablePurgeProtection") is False:
        yield Problem(
            "BadRequest",
            "properties.enablePurgeProtection",
            f"cannot turn purge protection of vault '{row.name}' off: once on it stays on; leave the property out.",
        )


def settle(change: Change, view: View) -> Row:
    """The policies in force: those of the body, or what came later through accessPolicies/{add,replace,remove}."""
    return policies.settle(change, change.row, view)


def realize(row: Row, view: View) -> Iterator[Service]:
    """The vault's names, and who may come in."""
    yield network_rules.service(row, "keyvault", linked_names(row))


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The vault's address and connections."""
    out: dict[str, Any] = {"vaultUri": f"https://{host(row)}/"}
    found = private_link.shown_connections(row, view)
    if found:
        out["privateEndpointConnections"] = found
    return out


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced(
        "names, endpoints and public access hold; nothing answers behind them yet; rules by address are not obeyed"
    ),
    properties=PROPERTIES,
    check=check,
    settle=settle,
    realize=realize,
    show=show,
    leaves=deleted.leaves,
    restore=deleted.restore,
    scope_actions={"checkNameAvailability": name_check(NAME, "vault", deleted.NAME)},
    private_link=(GROUP,),
    name_pattern=r"(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]",
    name_unique="global",
)
_CONNECTION, _LISTING = private_link.child_types(NAME, API_VERSIONS)
CHILDREN = (msgspec.structs.replace(_CONNECTION, delete_shows=True), _LISTING)
