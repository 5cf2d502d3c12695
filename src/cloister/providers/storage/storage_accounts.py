"""Microsoft.Storage/storageAccounts: an account with its keys, endpoints and network rules.

What listens behind its names is later work; the names, keys, rules and private endpoints are true now.
Source: azure-rest-api-specs storage.json 2022-05-01; bicep types up to 2025-08-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import ArmError, Problem
from cloister.arm.resource import Action, Call, Change, Derived, Outcome, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, boolean, id_of, obj, string
from cloister.net.intent import Service
from cloister.net.plan import normal_region
from cloister.providers import identity, network_rules, private_link
from cloister.providers.required import asked, choice, name_check, sku, sku_name, spelled
from cloister.providers.storage import names
from cloister.providers.storage.versions import API_VERSIONS

NAME = "Microsoft.Storage/storageAccounts"
KINDS = tuple(names.SERVICES_BY_KIND)
SKUS = (
    "Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Premium_LRS", "Premium_ZRS", "Standard_GZRS",
    "Standard_RAGZRS", "StandardV2_LRS", "StandardV2_GRS", "StandardV2_ZRS", "StandardV2_GZRS", "PremiumV2_LRS", "PremiumV2_ZRS",
)  # fmt: skip
SUBNETS = "Microsoft.Network/virtualNetworks/subnets"
SERVICE_TYPES = ("blobServices", "fileServices", "queueServices", "tableServices")

OPEN = {"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": [], "virtualNetworkRules": []}
"""The network rules of an account that were never written."""

NETWORK_ACLS = obj(
    bypass=string(default="AzureServices"),
    defaultAction=string("Allow", "Deny", default="Allow"),
    ipRules=array(obj(value=string(required=True), action=string("Allow", default="Allow")), default=[]),
    virtualNetworkRules=array(
        obj(id=id_of(SUBNETS, required=True), action=string("Allow", default="Allow"), state=string(read_only=True)), default=[]
    ),
    resourceAccessRules=array(obj(tenantId=string(), resourceId=string())),
    ipv6Rules=array(anything()),
)

PROPERTIES = obj(
    publicNetworkAccess=string("Enabled", "Disabled", "SecuredByPerimeter"),
    networkAcls=obj(NETWORK_ACLS.members, default=OPEN),
    accessTier=string("Hot", "Cool", "Premium", "Cold", "Smart"),
    supportsHttpsTrafficOnly=boolean(default=True),
    minimumTlsVersion=string("TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3", default="TLS1_2"),
    allowBlobPublicAccess=boolean(default=False),
    allowSharedKeyAccess=boolean(),
    allowCrossTenantReplication=boolean(default=False),
    defaultToOAuthAuthentication=boolean(),
    allowedCopyScope=string("PrivateLink", "AAD", "All"),
    dnsEndpointType=string("Standard", "AzureDnsZone", create_only=True),
    isHnsEnabled=boolean(create_only=True),
    isNfsV3Enabled=boolean(create_only=True),
    isSftpEnabled=boolean(),
    isLocalUserEnabled=boolean(),
    enableExtendedGroups=boolean(),
    largeFileSharesState=string("Disabled", "Enabled"),
    encryption=anything(),
    customDomain=anything(),
    sasPolicy=anything(),
    keyPolicy=anything(),
    routingPreference=anything(),
    azureFilesIdentityBasedAuthentication=anything(),
    immutableStorageWithVersioning=anything(),
    dualStackEndpointPreference=anything(),
    geoPriorityReplicationStatus=anything(),
    allowSharedKeyAccessForServices=anything(),
    dataCollaborationPolicyProperties=anything(),
    primaryEndpoints=anything(read_only=True),
    secondaryEndpoints=anything(read_only=True),
    primaryLocation=string(read_only=True),
    secondaryLocation=string(read_only=True),
    statusOfPrimary=string(read_only=True),
    statusOfSecondary=string(read_only=True),
    creationTime=string(read_only=True),
    lastGeoFailoverTime=string(read_only=True),
    geoReplicationStats=anything(read_only=True),
    failoverInProgress=boolean(read_only=True),
    blobRestoreStatus=anything(read_only=True),
    storageAccountSkuConversionStatus=anything(read_only=True),
    isSkuConversionBlocked=boolean(read_only=True),
    accountMigrationInProgress=boolean(read_only=True),
    keyCreationTime=anything(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


def check(change: Change, view: View) -> Iterator[Problem]:
    """Kind, SKU, and the subnets that network rules name."""
    row = change.row
    if change.written is None:
        return
    yield from choice(row, "sku.name", _sku_name(row), SKUS, "storage account")
    yield from choice(row, "kind", _kind(row), KINDS, "storage account")
    before = change.old.body.get("kind") if change.old else None
    if before and {before, row.body.get("kind")} - {None, "", before} and (before, row.body["kind"]) != ("Storage", "StorageV2"):
        yield Problem(
            "AccountPropertyCannotBeUpdated",
            "kind",
            f"cannot change the kind of storage account '{row.name}' from '{before}' to '{row.body['kind']}': only "
            "Storage can become StorageV2; make another account.",
            409,
        )
    yield from network_rules.missing_subnets(row, view, "NetworkAclsValidationFailure", "storage account")
    yield from identity.check(row, view)


def _sku_name(row: Row) -> str:
    """The SKU's name; api-versions before 2016-01-01 wrote ``properties.accountType`` (``Standard_LRS``) instead."""
    first = row.properties.get("accountType")
    return sku_name(row) or (first if isinstance(first, str) else "")


def _kind(row: Row) -> str:
    """The kind as the user wrote it; without one an account is general purpose: the first api-versions had none."""
    if row.body.get("kind"):
        return str(row.body["kind"])
    return "Storage" if row.properties.get("accountType") else "StorageV2"


def settle(change: Change, view: View) -> Row:
    """Its two keys, creation time, and the spelling of kind and SKU."""
    row = change.row
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    if "keys" not in facts:
        facts["created"] = view.now
        facts["keys"] = [view.secret(f"{row.id} key{n} {view.now}") for n in (1, 2)]
        facts["keys_created"] = [view.now, view.now]
    kind = spelled(_kind(row), KINDS)
    name = spelled(_sku_name(row), SKUS)
    tier = "Premium" if name.startswith("Premium") else "Standard"
    row = row.with_facts(**facts).with_body(kind=kind, sku={**sku(row), "name": name, "tier": tier})
    if kind != "Storage" and not row.properties.get("accessTier"):
        row = row.with_properties(accessTier="Premium" if tier == "Premium" else "Hot")
    return row


def derive(row: Row, view: View) -> Iterator[Derived]:
    """The services that every account has, each with the settings that were written on it."""
    for segment in SERVICE_TYPES:
        id = f"{row.id}/{segment}/default"
        present = view.get(id)
        yield Derived(id=id, body=present.body if present else {"properties": {}})


def amend_service(row: Row, body: dict[str, Any] | None, view: View, caller: str) -> Row:
    """PUT on ``blobServices/default`` and its like: settings are laid over; DELETE is refused."""
    if body is None:
        raise ArmError(
            405, "MethodNotAllowed", f"cannot delete '{row.id}': a storage account always has it; delete the account instead."
        )
    return row.with_properties(**(body.get("properties") or {}))


def realize(row: Row, view: View) -> Iterator[Service]:
    """The account's names, and who may come in."""
    yield network_rules.service(row, "storage", names.linked_names(row))


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Endpoints, times, connections."""
    region = normal_region(row.body.get("location") or "")
    out: dict[str, Any] = {
        "primaryEndpoints": {s: f"https://{names.host(row, s)}/" for s in names.services_of(row)},
        "primaryLocation": region,
        "statusOfPrimary": "available",
        "creationTime": row.facts.get("created", ""),
        "keyCreationTime": dict(zip(("key1", "key2"), row.facts.get("keys_created") or (), strict=False)),
        "privateEndpointConnections": private_link.shown_connections(row, view),
        "encryption": row.properties.get("encryption")
        or {
            "keySource": "Microsoft.Storage",
            "services": {
                s: {"enabled": True, "keyType": "Account", "lastEnabledTime": row.facts.get("created", "")}
                for s in ("blob", "file")
            },
        },
    }
    if names.has_readable_secondary(row):
        found = [s for s in names.services_of(row) if s != "file"]
        out["secondaryEndpoints"] = {s: f"https://{names.host(row, s, True)}/" for s in found}
    return out


def _keys(row: Row) -> dict[str, Any]:
    made = row.facts.get("keys_created") or ["", ""]
    return {
        "keys": [
            {"keyName": f"key{n + 1}", "value": value, "permissions": "Full", "creationTime": made[n]}
            for n, value in enumerate(row.facts["keys"])
        ]
    }


def list_keys(call: Call, view: View) -> Outcome:
    """POST listKeys; api-versions before 2016-01-01 answer ``{key1, key2}``."""
    found = _keys(call.row)
    if "" < call.api_version[:10] < "2016-01-01":
        return Outcome(body={key["keyName"]: key["value"] for key in found["keys"]})
    return Outcome(body=found)


def regenerate_key(call: Call, view: View) -> Outcome:
    """POST regenerateKey {keyName: key1 | key2}: that key is another one from now on."""
    wanted = asked(call, "keyName").lower()
    if wanted not in ("key1", "key2"):
        raise ArmError(
            400,
            "InvalidValuesForRequestParameters",
            f"cannot regenerate key '{wanted}' of storage account '{call.row.name}': give keyName key1 or key2.",
            target="keyName",
        )
    n = int(wanted[-1]) - 1
    keys, made = list(call.row.facts["keys"]), list(call.row.facts["keys_created"])
    keys[n], made[n] = view.secret(f"{call.row.id} {wanted} {view.now}"), view.now
    row = call.row.with_facts(keys=keys, keys_created=made)
    return Outcome(body=_keys(row), rows=(row,))


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced(
        "names, endpoints and public access hold; nothing answers behind them yet; rules by address are not obeyed"
    ),
    properties=PROPERTIES,
    check=check,
    settle=settle,
    derive=derive,
    realize=realize,
    show=show,
    actions={
        "listKeys": Action(run=list_keys, permission=f"{NAME}/listkeys/action"),
        "regenerateKey": Action(run=regenerate_key, permission=f"{NAME}/regeneratekey/action"),
    },
    scope_actions={"checkNameAvailability": name_check(NAME, "storage account")},
    private_link=names.GROUPS,
    put_status=(200, 200),  # Azure answers 200 or 202, and its clients take 201 for an error
    name_pattern=r"[a-z0-9]{3,24}",
    name_unique="global",
)
CHILDREN = private_link.child_types(NAME, API_VERSIONS)
