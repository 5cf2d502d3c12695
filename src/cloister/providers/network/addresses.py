"""Addresses of a subnet: who holds which, and which are free. The only place where an address is chosen.

All users of a subnet name it by id in their body, so that one question to the view finds them: network interfaces
(``facts.addresses`` by IP configuration), scale sets (likewise, for each machine), private endpoints (``facts.addresses`` by
member), machines (``facts.address``). An interface derived from an endpoint repeats the endpoint's addresses and is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

from cloister.arm.errors import ArmError, Problem
from cloister.arm.ids import key
from cloister.arm.resource import Row, View
from cloister.providers.network import prefixes

MACHINES = "Cloister.Fabric/machines"
ENDPOINTS = "Microsoft.Network/privateEndpoints"
INTERFACES = "Microsoft.Network/networkInterfaces"
LINK_SERVICES = "Microsoft.Network/privateLinkServices"
SCALE_SETS = "Microsoft.Compute/virtualMachineScaleSets"

GATEWAYS = (
    "Microsoft.Network/virtualNetworkGateways", "Microsoft.Network/bastionHosts", "Microsoft.Network/azureFirewalls",
    "Microsoft.Network/loadBalancers", "Microsoft.Network/applicationGateways",
)  # fmt: skip
"""Types whose configurations stand in subnets (``placing.py``)."""

RESOLVERS = ("Microsoft.Network/dnsResolvers/inboundEndpoints", "Microsoft.Network/dnsResolvers/outboundEndpoints")

USERS = frozenset(name.lower() for name in (MACHINES, ENDPOINTS, INTERFACES, LINK_SERVICES, SCALE_SETS, *GATEWAYS, *RESOLVERS))
"""The types that hold addresses in subnets and so forbid the subnet's deletion."""


def subnet_prefixes(subnet: Row) -> list[IPv4Network]:
    """The IPv4 prefixes of a subnet, in its order; ``addressPrefixes`` and ``addressPrefix`` are one list."""
    found = subnet.properties.get("addressPrefixes") or [subnet.properties.get("addressPrefix")]
    return [prefix for text in found if isinstance(prefix := prefixes.read(text), IPv4Network)]


def held(row: Row) -> Iterable[str]:
    """The addresses that one user of a subnet holds; a machine on a network interface has that one's."""
    if row.properties.get("networkInterface"):
        return ()
    one = row.facts.get("address")
    return (one,) if one else (row.facts.get("addresses") or {}).values()


def filter_of(row: Row) -> str:
    """The id of the network security group that a subnet or an interface names, "" for none."""
    return (row.properties.get("networkSecurityGroup") or {}).get("id") or ""


def groups_of(properties: dict) -> tuple[str, ...]:
    """The ids of ``applicationSecurityGroups``, of an IP configuration or an endpoint."""
    found = properties.get("applicationSecurityGroups") or ()
    return tuple(sorted(item["id"] for item in found if isinstance(item, dict) and item.get("id")))


def users(subnet_id: str, view: View) -> Iterator[Row]:
    """The rows that hold addresses in a subnet, an endpoint's own interface not counted again."""
    for row in view.referring(subnet_id):
        if row.type.lower() in USERS and not (row.owner and row.type.lower() == INTERFACES.lower()):
            yield row


def taken(subnet_id: str, view: View, but: str = "") -> dict[str, str]:
    """Address to holder's id for every address in use, the row ``but`` (an id) left out."""
    me = key(but)
    return {address: row.id for row in users(subnet_id, view) if key(row.id) != me for address in held(row)}


@lru_cache(maxsize=65536)
def _number(address: str) -> int:
    """An address as a number; kept, because the same ones are asked for at each new address of a subnet."""
    return int(IPv4Address(address))


def free(subnet: Row, view: View, but: str = "", also: Iterable[str] = ()) -> Iterator[str]:
    """The free addresses of a subnet, lowest first; ``also`` are addresses spoken for in the same request."""
    used = {_number(address) for address in (*taken(subnet.id, view, but), *also)}
    for prefix in subnet_prefixes(subnet):
        low, high = int(prefix.network_address) + prefixes.FIRST_USABLE, int(prefix.broadcast_address) - 1
        for number in range(low, high + 1):
            if number not in used:
                yield str(IPv4Address(number))


def choose(subnet: Row, view: View, owner: str, wanted: Iterable[str], fixed: dict[str, str]) -> dict[str, str]:
    """An address for each key of ``wanted``: those in ``fixed`` as they are, the rest the first free ones.

    Raises ArmError 400 ``SubnetIsFull`` when the subnet has too few.
    """
    out = dict(fixed)
    missing = [name for name in wanted if name not in out]
    source = free(subnet, view, owner, out.values()) if missing else iter(())
    for name in missing:
        address = next(source, None)
        if address is None:
            raise full(subnet, owner, len(missing))
        out[name] = address
    return out


def full(subnet: Row, owner: str, count: int) -> ArmError:
    """400 ``SubnetIsFull``: the subnet has fewer than ``count`` free addresses."""
    shown = ", ".join(str(prefix) for prefix in subnet_prefixes(subnet))
    return ArmError(
        400,
        "SubnetIsFull",
        f"cannot place '{owner}' in subnet '{subnet.name}' ({shown}): it has not {count} free address{'es' if count > 1 else ''} "
        "left; use a larger subnet, or delete what is no longer used in this one.",
        target="properties.subnet.id",
    )


def wish_problem(text: str, subnet: Row, view: View, owner: str, target: str) -> Problem | None:
    """Why ``owner`` cannot have the static address ``text`` in ``subnet``, or None."""
    address = prefixes.address(text)
    home = next((prefix for prefix in subnet_prefixes(subnet) if address is not None and address in prefix), None)
    if address is None or home is None:
        shown = ", ".join(str(prefix) for prefix in subnet_prefixes(subnet))
        return Problem(
            "PrivateIPAddressNotInSubnet",
            target,
            f"cannot give '{owner}' the address '{text}': it is not in subnet '{subnet.name}' ({shown}); choose one of it.",
        )
    offset = int(address) - int(home.network_address)
    if offset < prefixes.FIRST_USABLE or address == home.broadcast_address:
        return Problem(
            "PrivateIPAddressInReservedRange",
            target,
            f"cannot give '{owner}' the address '{text}': the first four addresses and the last one of subnet '{subnet.name}' "
            "are reserved; choose another.",
        )
    holder = taken(subnet.id, view, owner).get(str(address))
    if holder:
        return Problem(
            "PrivateIPAddressIsAllocated",
            target,
            f"cannot give '{owner}' the address '{text}': '{holder}' has it; choose another.",
        )
    return None
