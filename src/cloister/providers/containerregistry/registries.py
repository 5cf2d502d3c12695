"""Microsoft.ContainerRegistry/registries: a registry with its names, passwords and network rules. Nothing listens yet.

Source: azure-rest-api-specs containerregistry.json 2021-09-01; bicep types up to 2025-11-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import ArmError, Problem
from cloister.arm.resource import Action, Call, Change, Outcome, PrivateLinkGroup, ResourceType, Row, View, enforced, stored
from cloister.arm.schema import anything, array, boolean, obj, string
from cloister.net.intent import LinkedName, Service
from cloister.net.plan import normal_region, service_address
from cloister.providers import identity, network_rules, private_link
from cloister.providers.required import asked, choice, name_check, sku, sku_name, spelled

NAME = "Microsoft.ContainerRegistry/registries"
ZONE = "privatelink.azurecr.io"
SKUS = ("Basic", "Standard", "Premium", "Classic")
API_VERSIONS = (
    "2025-11-01", "2025-04-01", "2023-07-01", "2022-12-01", "2021-09-01", "2019-12-01-preview", "2019-05-01", "2017-10-01",
    "2017-03-01",
)  # fmt: skip

PROPERTIES = obj(
    adminUserEnabled=boolean(default=False),
    publicNetworkAccess=string("Enabled", "Disabled", default="Enabled"),
    networkRuleSet=obj(
        defaultAction=string("Allow", "Deny", default="Allow"),
        ipRules=array(obj(value=string(required=True), action=string("Allow", default="Allow")), default=[]),
        virtualNetworkRules=array(anything()),
    ),
    networkRuleBypassOptions=string("AzureServices", "None", default="AzureServices"),
    networkRuleBypassAllowedForTasks=boolean(),
    dataEndpointEnabled=boolean(default=False),
    zoneRedundancy=string("Enabled", "Disabled", default="Disabled"),
    anonymousPullEnabled=boolean(default=False),
    policies=anything(),
    encryption=anything(),
    roleAssignmentMode=string("AbacRepositoryPermissions", "LegacyRegistryPermissions"),
    loginServer=string(read_only=True),
    creationDate=string(read_only=True),
    dataEndpointHostNames=array(string(), read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    status=anything(read_only=True),
    provisioningState=string(read_only=True),
)


def linked_names(row: Row) -> tuple[LinkedName, ...]:
    """The registry's host and its data host, each with an address of its own at an endpoint."""
    label, region = row.name.lower(), normal_region(row.body.get("location") or "")
    address = service_address("containerregistry", region)
    return (
        LinkedName("registry", f"{label}.azurecr.io", f"{label}.{ZONE}", address),
        LinkedName(f"registry_data_{region}", f"{label}.{region}.data.azurecr.io", f"{label}.{region}.data.{ZONE}", address),
    )


def _private_names(row: Row) -> tuple[LinkedName, ...]:
    return linked_names(row) if sku_name(row) == "Premium" else ()


GROUP = PrivateLinkGroup(id="registry", zones=(ZONE,), members=(), names=_private_names)
"""Premium registries only; the members carry the region's name, so they come from the names."""


def check(change: Change, view: View) -> Iterator[Problem]:
    """The SKU, and what only Premium may do."""
    row = change.row
    if change.written is None:
        return
    yield from choice(row, "sku.name", sku_name(row), SKUS, "container registry")
    if sku_name(row).lower() not in ("premium", ""):
        rules = row.properties.get("networkRuleSet") or {}
        for wrong, at, what in (
            (row.properties.get("publicNetworkAccess") == "Disabled", "publicNetworkAccess", "turn public network access off"),
            (rules.get("defaultAction") == "Deny" or bool(rules.get("ipRules")), "networkRuleSet", "have network rules"),
            (row.properties.get("dataEndpointEnabled") is True, "dataEndpointEnabled", "have data endpoints"),
        ):
            if wrong:
                yield Problem(
                    "InvalidRequest",
                    f"properties.{at}",
                    f"cannot make registry '{row.name}' {what}: that needs sku Premium, and this one is {sku_name(row)}; "
                    "set sku.name to Premium.",
                )
        if private_link.connections(row, view):
            yield Problem(
                "InvalidRequest",
                "sku.name",
                f"cannot make registry '{row.name}' {sku_name(row)}: it has private endpoint connections, which need Premium; "
                "remove them first.",
            )
    yield from identity.check(row, view)


def settle(change: Change, view: View) -> Row:
    """Its two passwords and creation time."""
    row = change.row
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    if "passwords" not in facts:
        facts["created"] = view.now
        facts["passwords"] = [_password(row, n, view) for n in (1, 2)]
    name = spelled(sku_name(row), SKUS)
    return row.with_facts(**facts).with_body(sku={**sku(row), "name": name, "tier": name})


def _password(row: Row, n: int, view: View) -> str:
    letters = view.secret(f"{row.id} password{n} {view.now}").replace("/", "A").replace("+", "B")
    return letters[:52]


def realize(row: Row, view: View) -> Iterator[Service]:
    """The registry's names, and who may come in."""
    yield network_rules.service(row, "containerregistry", linked_names(row), rules="networkRuleSet")


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Hosts, time, connections."""
    hosts = [name.fqdn for name in linked_names(row)]
    return {
        "loginServer": hosts[0],
        "creationDate": row.facts["created"],
        "dataEndpointHostNames": hosts[1:] if row.properties.get("dataEndpointEnabled") else [],
        "privateEndpointConnections": private_link.shown_connections(row, view),
    }


def _credentials(row: Row) -> dict[str, Any]:
    names = ("password", "password2")
    passwords = [{"name": name, "value": value} for name, value in zip(names, row.facts["passwords"], strict=True)]
    return {"username": row.name, "passwords": passwords}


def _admin_only(row: Row) -> None:
    if not row.properties.get("adminUserEnabled"):
        raise ArmError(
            400,
            "UnAuthorizedForCredentialOperations",
            f"cannot give the passwords of registry '{row.name}': its admin user is off; set adminUserEnabled to true.",
        )


def list_credentials(call: Call, view: View) -> Outcome:
    """POST listCredentials: for the admin user only."""
    _admin_only(call.row)
    return Outcome(body=_credentials(call.row))


def regenerate_credential(call: Call, view: View) -> Outcome:
    """POST regenerateCredential {name: password | password2}."""
    _admin_only(call.row)
    wanted = asked(call, "name").lower()
    if wanted not in ("password", "password2"):
        raise ArmError(
            400,
            "InvalidParameter",
            f"cannot regenerate '{wanted}' of registry '{call.row.name}': give name password or password2.",
            target="name",
        )
    passwords = list(call.row.facts["passwords"])
    passwords[wanted == "password2"] = _password(call.row, 2 if wanted == "password2" else 1, view)
    row = call.row.with_facts(passwords=passwords)
    return Outcome(body=_credentials(row), rows=(row,))


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced("names, endpoints and public access hold; no image is served yet"),
    properties=PROPERTIES,
    check=check,
    settle=settle,
    realize=realize,
    show=show,
    actions={"listCredentials": Action(run=list_credentials), "regenerateCredential": Action(run=regenerate_credential)},
    scope_actions={"checkNameAvailability": name_check(NAME, "registry")},
    private_link=(GROUP,),
    name_pattern=r"[a-zA-Z0-9]{5,50}",
    name_unique="global",
)
CHILDREN = private_link.child_types(NAME, API_VERSIONS)
REPLICATIONS = ResourceType(
    name=f"{NAME}/replications",
    api_versions=API_VERSIONS,
    coverage=stored("no image is copied"),
    properties=obj(
        regionEndpointEnabled=boolean(default=True),
        zoneRedundancy=string("Enabled", "Disabled", default="Disabled"),
        status=anything(read_only=True),
        provisioningState=string(read_only=True),
    ),
    listed=False,
)
