"""What holds between the networks of a peering, asked from either side: who the other half is, and which prefixes collide."""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.errors import Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Row, View
from cloister.providers.network.prefixes import Prefix, overlap, read

PEERINGS = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings"
GATEWAYS = "Microsoft.Network/virtualNetworkGateways"


def address_space(vnet: Row) -> list[Prefix]:
    """The well-formed prefixes of a network."""
    texts = (vnet.properties.get("addressSpace") or {}).get("addressPrefixes") or []
    return [prefix for text in texts if (prefix := read(text)) is not None]


def remote_id(row: Row) -> str:
    """The network at the other end."""
    return (row.properties.get("remoteVirtualNetwork") or {}).get("id") or ""


def other_half(row: Row, view: View) -> Row | None:
    """The peering from the other network back to this one."""
    own = parse(row.id).parent
    if own is None or not remote_id(row):
        return None
    for candidate in view.children(remote_id(row), PEERINGS):
        if key(remote_id(candidate)) == own.key:
            return candidate
    return None


def third_problems(row: Row, own: Row, remote: Row, siblings: list[Row], view: View) -> Iterator[Problem]:
    """A network may not be peered with two that overlap: it could not tell them apart."""
    theirs = address_space(remote)
    for sibling in siblings:
        third = view.get(remote_id(sibling))
        if third is None or key(third.id) == key(remote.id):
            continue
        shared = [(a, b) for a in theirs for b in address_space(third) if overlap(a, b)]
        if shared:
            yield Problem(
                "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
                "properties.remoteVirtualNetwork.id",
                f"cannot peer '{own.name}' with '{remote.name}': its prefix {shared[0][0]} overlaps {shared[0][1]} of "
                f"'{third.name}', which is peered by '{sibling.name}'; delete that peering, or change one of the prefixes.",
            )


def space_problems(vnet: Row, view: View) -> Iterator[Problem]:
    """What a network's (new) address space breaks at its peerings: each network that reaches it must tell it from itself and
    from the others it is peered with."""
    own = address_space(vnet)
    for half in view.children(vnet.id, PEERINGS):
        remote = view.get(remote_id(half))
        if remote is not None:
            beside = [view.get(remote_id(other)) for other in view.children(remote.id, PEERINGS)]
            yield from _space_overlaps(vnet, own, half, [remote, *beside])


def _space_overlaps(vnet: Row, own: list[Prefix], half: Row, others: list[Row | None]) -> Iterator[Problem]:
    for other in others:
        if other is None or key(other.id) == key(vnet.id):
            continue
        shared = [(a, b) for a in own for b in address_space(other) if overlap(a, b)]
        if shared:
            yield Problem(
                "VnetAddressSpacesOverlap",
                "properties.addressSpace.addressPrefixes",
                f"cannot give virtual network '{vnet.name}' the prefix {shared[0][0]}: it overlaps {shared[0][1]} of "
                f"'{other.name}', which peering '{half.name}' brings together with it; choose another prefix, or delete "
                "the peering.",
            )


def gateway_problems(row: Row, own: Row, remote: Row, half: Row | None, siblings: list[Row], view: View) -> Iterator[Problem]:
    """Whether a network can use its peer's gateways: there are some, the other half gives them, and it has none beside them.

    Source: learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview ("Gateways and on-premises connectivity"),
    the words of useRemoteGateways and doNotVerifyRemoteGateways in virtualNetwork.json. The first code is Azure's; those of the
    other three are not in any page that we know.
    """
    at = "properties.useRemoteGateways"
    if row.properties.get("useRemoteGateways") is not True:
        return
    if row.properties.get("doNotVerifyRemoteGateways") is not True and not any(view.referring(remote.id, GATEWAYS)):
        yield Problem(
            "RemoteVnetHasNoGateways",
            at,
            f"cannot let peering '{row.name}' use remote gateways: virtual network '{remote.name}' has none; make its gateway "
            "first, or set useRemoteGateways to false.",
        )
    if half is not None and half.properties.get("allowGatewayTransit") is not True:
        yield Problem(
            "RemotePeeringDoesNotAllowGatewayTransit",
            at,
            f"cannot let peering '{row.name}' use remote gateways: the peering '{half.id}' from the other side has "
            "allowGatewayTransit false; set that first.",
        )
    if any(view.referring(own.id, GATEWAYS)):
        yield Problem(
            "VnetWithGatewayCannotUseRemoteGateways",
            at,
            f"cannot let peering '{row.name}' use remote gateways: virtual network '{own.name}' has a gateway of its own; delete "
            "that, or set useRemoteGateways to false.",
        )
    for other in siblings:
        if other.properties.get("useRemoteGateways") is True:
            yield Problem(
                "OnlyOnePeeringCanUseRemoteGateways",
                at,
                f"cannot let peering '{row.name}' use remote gateways: '{other.name}' does already, and only one can; change "
                "that one.",
            )


def space(vnet: Row | None) -> list[str]:
    """A network's prefixes as text."""
    return [str(prefix) for prefix in address_space(vnet)] if vnet is not None else []
