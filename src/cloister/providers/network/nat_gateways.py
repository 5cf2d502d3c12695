"""Microsoft.Network/natGateways: the public sources of the subnets of one network: its addresses and prefixes, in turn.

Source: learn.microsoft.com/azure/nat-gateway/nat-overview, nat-gateway-resource; natGateway.json 2022-01-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import key
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, integer, obj, ref, string
from cloister.limits import NAT_ADDRESSES_MAX
from cloister.providers.network import public_ip_addresses, public_ip_prefixes, public_sides, subnets
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.required import choice, sku, sku_name, spelled

NAME = "Microsoft.Network/natGateways"
SKUS = ("Standard", "StandardV2")


def check(change: Change, view: View) -> Iterator[Problem]:
    """Its addresses and prefixes exist, are Standard, belong to nothing else, and are not too many."""
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
    yield from _prefix_problems(row, view)
    count = len(public_sides.nat_addresses(row, view))
    if count > NAT_ADDRESSES_MAX:
        yield Problem(
            "NatGatewayPublicIpCountLimitReached",
            "properties.publicIpAddresses",
            f"cannot give NAT gateway '{row.name}' {count} addresses: the limit is {NAT_ADDRESSES_MAX}, those of "
            "prefixes included; name fewer.",
        )


def _prefix_problems(row: Row, view: View) -> Iterator[Problem]:
    for n, item in enumerate(row.properties.get("publicIpPrefixes") or ()):
        at, text = f"properties.publicIpPrefixes[{n}].id", item.get("id") or ""
        prefix = view.get(text)
        if prefix is None:
            yield Problem(
                "InvalidResourceReference",
                at,
                f"cannot give NAT gateway '{row.name}' the prefix '{text}': it was not found; make it first.",
            )
            continue
        for user in [*view.referring(prefix.id, NAME), *view.referring(prefix.id, public_ip_addresses.NAME)]:
            if key(user.id) != key(row.id):
                yield Problem(
                    "PublicIPPrefixInUse",
                    at,
                    f"cannot give NAT gateway '{row.name}' the prefix '{prefix.name}': '{user.id}' uses it; use another.",
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
    coverage=enforced("IPv4 only; connections take its addresses in turn"),
    properties=obj(
        idleTimeoutInMinutes=integer(4, 120, default=4),
        publicIpAddresses=array(ref(public_ip_addresses.NAME)),
        publicIpPrefixes=array(ref(public_ip_prefixes.NAME)),
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
