"""Microsoft.Network/publicIPPrefixes: a run of public addresses, set aside for life: for public IP addresses or a NAT gateway.

Source: learn.microsoft.com/azure/virtual-network/ip-services/public-ip-address-prefix (sizes), manage-public-ip-address-prefix;
bicep types microsoft.network 2025-05-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

from cloister.arm.errors import ArmError, Problem
from cloister.arm.ids import key
from cloister.arm.resource import Change, Row, View, enforced
from cloister.arm.schema import anything, array, integer, obj, string
from cloister.net import plan
from cloister.providers.network.public_sides import ADDRESSES, prefix_of
from cloister.providers.network.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Network/publicIPPrefixes"
GATEWAYS = "Microsoft.Network/natGateways"
LENGTHS = range(28, 32)  # of the provider's own ranges
LENGTH_DEFAULT = 28

PROPERTIES = obj(
    publicIPAddressVersion=string("IPv4", "IPv6"),
    ipTags=array(obj(ipTagType=string(), tag=string())),
    prefixLength=integer(),
    ipPrefix=string(read_only=True),
    publicIPAddresses=array(anything(), read_only=True),
    loadBalancerFrontendIpConfiguration=anything(read_only=True),
    customIPPrefix=obj(id=string()),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
    natGateway=obj(
        properties=anything(),
        sku=anything(),
        zones=array(string()),
        etag=string(read_only=True),
        id=string(),
        name=string(read_only=True),
        type=string(read_only=True),
        location=string(),
        tags=anything(),
    ),
)


def _is_six(row: Row) -> bool:
    return row.properties.get("publicIPAddressVersion") == "IPv6"


def length(row: Row) -> int:
    """The prefix length asked for."""
    return int(row.properties.get("prefixLength") or LENGTH_DEFAULT)


def check(change: Change, view: View) -> Iterator[Problem]:
    """Of a size that there is, and for life."""
    row, old = change.row, change.old
    if _is_six(row) or row.properties.get("customIPPrefix"):
        return
    if length(row) not in LENGTHS:
        yield Problem(
            "InvalidPublicIPPrefixLength",
            "properties.prefixLength",
            f"cannot make public IP prefix '{row.name}' of length {length(row)}: it is between {LENGTHS[0]} and {LENGTHS[-1]}; "
            "choose one of those.",
        )
    before = prefix_of(old)
    if before is not None and before.prefixlen != length(row):
        yield Problem(
            "PropertyChangeNotAllowed",
            "properties.prefixLength",
            f"cannot change the length of public IP prefix '{row.name}' from {before.prefixlen} to {length(row)}: its "
            "addresses are given for life; make another.",
        )


def settle(change: Change, view: View) -> Row:
    """Its run of addresses, for life; none for IPv6, nor for one of a range of the user's own."""
    row = change.row
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    if "prefix" not in facts and not _is_six(row) and not row.properties.get("customIPPrefix") and length(row) in LENGTHS:
        facts["prefix"] = str(_free(row, view))
    return row.with_facts(**facts)


def _free(row: Row, view: View) -> IPv4Network:
    """The last free run: single addresses are given from the first on."""
    others = [prefix for other in view.of_type(NAME) if key(other.id) != key(row.id) and (prefix := prefix_of(other))]
    singles = {str(other.facts.get("address")) for other in view.of_type(ADDRESSES)}
    size = 1 << (32 - length(row))
    first, last = int(plan.PUBLIC_ADDRESSES.network_address), int(plan.PUBLIC_ADDRESSES.broadcast_address)
    for start in range(last + 1 - size, first + size - 1, -size):
        found = IPv4Network((start, length(row)))
        if not any(found.overlaps(other) for other in others) and singles.isdisjoint(map(str, found)):
            return found
    raise ArmError(
        400,
        "PublicIPCountLimitReached",
        f"cannot make public IP prefix '{row.name}': no run of {size} addresses is free in {plan.PUBLIC_ADDRESSES}; delete "
        "one that is not used.",
    )


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The run, and who has addresses of it."""
    prefix = prefix_of(row)
    out: dict[str, Any] = {"ipPrefix": str(prefix), "prefixLength": prefix.prefixlen} if prefix else {}
    if users := view.referring(row.id, ADDRESSES):
        out["publicIPAddresses"] = [{"id": user.id} for user in users]
    if gateways := view.referring(row.id, GATEWAYS):
        out["natGateway"] = {"id": gateways[0].id}
    return out


TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="",
    coverage=enforced("IPv4 only; prefixes of custom IP prefixes are stored"),
    check=check,
    settle=settle,
    show=show,
    used_by=(ADDRESSES, GATEWAYS),
    in_use_code="PublicIPPrefixCannotBeDeleted",
)
