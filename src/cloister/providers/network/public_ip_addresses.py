"""Microsoft.Network/publicIPAddresses: an address of this cloud's internet: what has it leaves with it and is reached by it.

Source: learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses; publicIpAddress.json 2022-01-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from cloister.arm.errors import ArmError, Problem
from cloister.arm.ids import key
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, integer, obj, ref, string
from cloister.net import plan
from cloister.net.intent import PublicLabel
from cloister.providers.network import public_ip_prefixes, public_sides
from cloister.providers.network.public_sides import prefix_of
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.required import sku, sku_name, spelled

NAME = public_sides.ADDRESSES
SKUS = ("Basic", "Standard", "StandardV2")
PROPERTIES = obj(
    publicIPAllocationMethod=string("Static", "Dynamic", default="Dynamic"),
    publicIPAddressVersion=string("IPv4", "IPv6", default="IPv4", create_only=True),
    idleTimeoutInMinutes=integer(4, 30, default=4),
    dnsSettings=obj(
        domainNameLabel=string(pattern=r"[a-z][a-z0-9-]{1,61}[a-z0-9]"),
        domainNameLabelScope=string("TenantReuse", "SubscriptionReuse", "ResourceGroupReuse", "NoReuse"),
        fqdn=string(read_only=True),
        reverseFqdn=string(),
    ),
    ddosSettings=anything(),
    ipTags=array(anything()),
    publicIPPrefix=ref(public_ip_prefixes.NAME, create_only=True),
    deleteOption=string("Delete", "Detach"),
    natGateway=anything(),
    linkedPublicIPAddress=anything(),
    servicePublicIPAddress=anything(),
    migrationPhase=string(),
    ipAddress=string(read_only=True),
    ipConfiguration=anything(read_only=True),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
)


def label(row: Row) -> str:
    """The DNS label, ``""`` for none."""
    return str((row.properties.get("dnsSettings") or {}).get("domainNameLabel") or "")


def prefix_id(row: Row) -> str:
    """The public IP prefix that its address is of, ``""`` for none."""
    return str((row.properties.get("publicIPPrefix") or {}).get("id") or "")


def fqdn(row: Row) -> str:
    """The public name of the label."""
    return f"{label(row)}.{plan.normal_region(row.body.get('location') or '')}.cloudapp.azure.com"


def check(change: Change, view: View) -> Iterator[Problem]:
    """SKU and method go together; the label is free in its region; only IPv4."""
    row = change.row
    kind = sku_name(row) or "Basic"
    if spelled(kind, SKUS) not in SKUS:
        yield Problem(
            "InvalidParameter",
            "sku.name",
            f"cannot make public IP address '{row.name}' with sku '{kind}'; give one of {', '.join(SKUS)}.",
        )
    if kind.lower().startswith("standard") and row.properties.get("publicIPAllocationMethod") == "Dynamic":
        yield Problem(
            "PublicIPAddressStandardSkuMustBeStatic",
            "properties.publicIPAllocationMethod",
            f"cannot make public IP address '{row.name}' of sku {kind} with Dynamic allocation; make it Static.",
        )
    if row.properties.get("publicIPAddressVersion") == "IPv6":
        yield Problem(
            "IPv6NotSupported",
            "properties.publicIPAddressVersion",
            f"cannot make public IP address '{row.name}' of version IPv6: this cloud's networks are IPv4; use IPv4.",
        )
    if prefix_id(row) and view.get(prefix_id(row)) is None:
        yield Problem(
            "InvalidResourceReference",
            "properties.publicIPPrefix.id",
            f"cannot make public IP address '{row.name}' of the prefix '{prefix_id(row)}': it was not found; make it first.",
        )
    if label(row):
        for other in view.of_type(NAME):
            if key(other.id) != key(row.id) and label(other) and fqdn(other).lower() == fqdn(row).lower():
                yield Problem(
                    "DnsRecordInUse",
                    "properties.dnsSettings.domainNameLabel",
                    f"cannot give public IP address '{row.name}' the label '{label(row)}': '{other.id}' has it; choose another.",
                )


def settle(change: Change, view: View) -> Row:
    """Its address and guid, for life."""
    row = change.row
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    facts.setdefault("guid", view.new_id(f"{row.id} resourceGuid {view.now}"))
    if "address" not in facts:
        facts["address"] = _free(row, view)
    name = spelled(sku_name(row) or "Basic", SKUS)
    tier = sku(row).get("tier") or "Regional"
    return row.with_facts(**facts).with_body(sku={"name": name, "tier": tier})


def _free(row: Row, view: View) -> str:
    taken = {other.facts.get("address") for other in view.of_type(NAME) if key(other.id) != key(row.id)}
    own = prefix_of(view.get(prefix_id(row))) if prefix_id(row) else None
    if own is not None:
        return _free_of(own, row, taken)
    for other in view.of_type(public_ip_prefixes.NAME):
        taken.update(map(str, prefix_of(other) or ()))
    start = int(plan.PUBLIC_ADDRESSES.network_address)
    for number in range(start + 4, start + plan.PUBLIC_ADDRESSES.num_addresses - 1):
        text = str(IPv4Address(number))
        if text not in taken:
            return text
    raise ArmError(
        400,
        "PublicIPCountLimitReached",
        f"cannot make public IP address '{row.name}': all of {plan.PUBLIC_ADDRESSES} are given; delete one that is not used.",
    )


def _free_of(prefix: IPv4Network, row: Row, taken: set) -> str:
    for address in prefix:
        if str(address) not in taken:
            return str(address)
    raise ArmError(
        400,
        "PublicIpPrefixOutOfIpAddresses",
        f"cannot make public IP address '{row.name}': all {prefix.num_addresses} addresses of the prefix '{prefix_id(row)}' are "
        "given; delete one that is not used, or use another prefix.",
    )


def realize(row: Row, view: View) -> Iterator[PublicLabel]:
    """The name of its DNS label, once it has its address."""
    if label(row) and (users(row, view) or row.properties.get("publicIPAllocationMethod") == "Static"):
        yield PublicLabel(owner=row.id, fqdn=fqdn(row), address=row.facts["address"])


def users(row: Row, view: View) -> list[Row]:
    """The rows that have the address attached."""
    return [user for kind in public_sides.ADDRESS_USERS for user in view.referring(row.id, kind)]


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The address (a dynamic one while it is attached), its name, who has it."""
    out: dict[str, Any] = {"resourceGuid": row.facts.get("guid", "")}
    attached = users(row, view)
    if attached or row.properties.get("publicIPAllocationMethod") == "Static":
        out["ipAddress"] = row.facts["address"]
    if label(row):
        out["dnsSettings"] = {**(row.properties.get("dnsSettings") or {}), "fqdn": fqdn(row)}
    if attached:
        is_gateway = attached[0].type.lower().endswith("/natgateways")
        out["natGateway" if is_gateway else "ipConfiguration"] = {"id": attached[0].id}
    return out


def blockers(row: Row, view: View) -> Iterator[str]:
    """What it is attached to."""
    for user in users(row, view):
        yield user.id


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced("IPv4 only; a machine is reached by it, a load balancer or gateway is not"),
    properties=PROPERTIES,
    check=check,
    settle=settle,
    realize=realize,
    show=show,
    blockers=blockers,
    in_use_code="PublicIPAddressCannotBeDeleted",
)
