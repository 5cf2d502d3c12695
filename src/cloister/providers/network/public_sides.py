"""What rows say about the public side of a network: the addresses that a NAT gateway sends from, the one of a machine.

Source: learn.microsoft.com/azure/nat-gateway/nat-gateway-resource (addresses, prefixes or both; TCP idle 4 to 120 minutes),
virtual-network/ip-services/public-ip-addresses (idle timeout of what comes in: 4 to 30 minutes; SKUs).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any, NamedTuple

from cloister.arm.errors import Problem
from cloister.arm.ids import key
from cloister.arm.resource import Row, View
from cloister.limits import NAT_ADDRESSES_MAX
from cloister.providers.required import sku_name

ADDRESSES = "Microsoft.Network/publicIPAddresses"
ADDRESS_USERS = (
    "Microsoft.Network/networkInterfaces", "Microsoft.Network/natGateways", "Microsoft.Network/virtualNetworkGateways",
    "Microsoft.Network/bastionHosts", "Microsoft.Network/loadBalancers", "Microsoft.Network/azureFirewalls",
    "Microsoft.Network/applicationGateways",
)  # fmt: skip
"""What a public IP address can be attached to."""
IDLE_MINUTES = 4


class NatSide(NamedTuple):
    """The addresses of a NAT gateway, and its idle timeout in minutes."""

    addresses: tuple[str, ...] = ()
    idle: int = IDLE_MINUTES


class MachineSide(NamedTuple):
    """A machine's own public address and that resource's id, whether it needs no security group to be open, its idle timeout."""

    address: str = ""
    because: str = ""
    is_open: bool = False
    idle: int = IDLE_MINUTES


def _ids(row: Row, member: str) -> list[str]:
    return [str(item.get("id") or "") for item in row.properties.get(member) or () if isinstance(item, dict)]


def prefix_of(row: Row | None) -> IPv4Network | None:
    """The run of addresses of a public IP prefix; None for one of IPv6."""
    text = row.facts.get("prefix") if row is not None else None
    return IPv4Network(text) if text else None


def nat_addresses(row: Row, view: View) -> tuple[str, ...]:
    """The addresses of a NAT gateway, those of its prefixes after its own."""
    found: dict[str, None] = {}
    for id in _ids(row, "publicIpAddresses"):
        address = view.get(id)
        if address is not None and address.facts.get("address"):
            found[str(address.facts["address"])] = None
    for id in _ids(row, "publicIpPrefixes"):
        prefix = prefix_of(view.get(id))
        found.update((str(address), None) for address in prefix or ())
    return tuple(found)


def nat_side(gateway: str, view: View) -> NatSide:
    """What a NAT gateway (its id) sends from."""
    row = view.get(gateway) if gateway else None
    if row is None:
        return NatSide()
    return NatSide(nat_addresses(row, view)[:NAT_ADDRESSES_MAX], row.properties.get("idleTimeoutInMinutes") or IDLE_MINUTES)


def public_address_problems(card: Row, configuration: dict[str, Any], target: str, view: View) -> Iterator[Problem]:
    """The public IP address of one IP configuration exists and belongs to nothing else."""
    id = (configuration.get("publicIPAddress") or {}).get("id") or ""
    if not id:
        return
    row = view.get(id)
    if row is None or key(row.type) != key(ADDRESSES):
        yield Problem(
            "InvalidResourceReference",
            target,
            f"cannot give network interface '{card.name}' the public IP address '{id}': it was not found; make it first.",
        )
        return
    for user in (user for kind in ADDRESS_USERS for user in view.referring(row.id, kind)):
        if key(user.id) != key(card.id):
            yield Problem(
                "PublicIPAddressInUse",
                target,
                f"cannot give network interface '{card.name}' the public IP address '{row.name}': '{user.id}' has it; "
                "use another.",
            )


def machine_side(card: Row | None, view: View) -> MachineSide:
    """The public address of a network interface's primary configuration, whose private one its machine has."""
    items = (card.properties.get("ipConfigurations") or ()) if card is not None else ()
    found = [item.get("properties") or {} for item in items]
    first = next((one for one in found if one.get("primary")), found[0] if found else {})
    id = (first.get("publicIPAddress") or {}).get("id") or ""
    row = view.get(id) if id else None
    if row is None or not row.facts.get("address"):
        return MachineSide()
    idle = row.properties.get("idleTimeoutInMinutes") or IDLE_MINUTES
    return MachineSide(str(row.facts["address"]), row.id, (sku_name(row) or "Basic").lower() == "basic", idle)
