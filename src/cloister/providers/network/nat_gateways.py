"""Microsoft.Network/natGateways: the public source of the subnets of one network: its first address.

Source: learn.microsoft.com/azure/nat-gateway/nat-overview; natGateway.json 2022-01-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import key
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, integer, obj, ref, string
from cloister.providers.network import public_ip_addresses, subnets
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.required import choice, sku, sku_name, spelled

NAME = "Microsoft.Network/natGateways"
SKUS = ("Standard", "StandardV2")


def check(change: Change, view: View) -> Iterator[Problem]:
    """Its addresses exist, are Standard, and belong to nothing else."""
    row = change.row
    yield from choice(row, "sku.name", sku_name(row) or "Standard", SKUS, "NAT gateway")
    for n, item in enumerate(row.properties.get("publicIpAddresses") or ()):
        at, text = f"properties.publicIpAddresses[{n}].id", item.get("id") or ""
        address = view.get(text)
        if address is None:
            yield Problem(
                "InvalidResourceReference",
                at,
                f"cannot give NAT gateway '{row.name}' the address '{text}': it was not found; make it first.",
            )
            continue
        if not sku_name(address).lower().startswith("standard"):
            yield Problem(
                "NatGatewayPublicIpSkuNotSupported",
                at,
                f"cannot give NAT gateway '{row.name}' the address '{address.name}': its sku is Basic; use one of sku Standard.",
            )
        for user in public_ip_addresses.users(address, view):
            if key(user.id) != key(row.id):
                yield Problem(
                    "PublicIPAddressInUse",
                    at,
                    f"cannot give NAT gateway '{row.name}' the address '{address.name}': '{user.id}' has it; use another.",
                )


def settle(change: Change, view: View) -> Row:
    """Its guid, for life, and its SKU."""
    facts = {**(change.old.facts if change.old else {}), **change.row.facts}
    facts.setdefault("guid", view.new_id(f"{change.row.id} resourceGuid {view.now}"))
    name = spelled(sku_name(change.row) or "Standard", SKUS)
    return change.row.with_facts(**facts).with_body(sku={"tier": "Regional", **sku(change.row), "name": name})


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The subnets that use it."""
    found = [{"id": user.id} for user in view.referring(row.id, subnets.NAME)]
    return {"resourceGuid": row.facts.get("guid", ""), **({"subnets": found} if found else {})}


def blockers(row: Row, view: View) -> Iterator[str]:
    """The subnets that use it."""
    for user in view.referring(row.id, subnets.NAME):
        yield user.id


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced("prefixes are stored"),
    properties=obj(
        idleTimeoutInMinutes=integer(4, 120, default=4),
        publicIpAddresses=array(ref(public_ip_addresses.NAME)),
        publicIpPrefixes=array(ref("Microsoft.Network/publicIPPrefixes")),
        publicIpAddressesV6=array(anything()),
        publicIpPrefixesV6=array(anything()),
        sourceVirtualNetwork=ref("Microsoft.Network/virtualNetworks"),
        serviceGateway=anything(),
        subnets=array(anything(), read_only=True),
        resourceGuid=string(read_only=True),
        provisioningState=string(read_only=True),
    ),
    check=check,
    settle=settle,
    show=show,
    blockers=blockers,
    in_use_code="InUseNatGatewayCannotBeDeleted",
)
