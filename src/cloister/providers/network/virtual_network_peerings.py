"""Microsoft.Network/virtualNetworks/virtualNetworkPeerings: one half of a peering. Validated; packets cross it later.

Source: learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Change, ResourceType, Row, View
from cloister.arm.schema import anything, array, boolean, obj, ref, string
from cloister.limits import PEERINGS_PER_VNET_MAX
from cloister.providers.network import prefixes, virtual_networks
from cloister.providers.network.versions import API_VERSIONS

NAME = f"{virtual_networks.NAME}/virtualNetworkPeerings"

PROPERTIES = obj(
    remoteVirtualNetwork=ref(virtual_networks.NAME, required=True, create_only=True),
    allowVirtualNetworkAccess=boolean(default=True),
    allowForwardedTraffic=boolean(default=False),
    allowGatewayTransit=boolean(default=False),
    useRemoteGateways=boolean(default=False),
    doNotVerifyRemoteGateways=boolean(),
    peerCompleteVnets=boolean(default=True),
    enableOnlyIPv6Peering=boolean(),
    localSubnetNames=array(string()),
    remoteSubnetNames=array(string()),
    localAddressSpace=anything(),
    localVirtualNetworkAddressSpace=anything(),
    remoteAddressSpace=anything(),
    remoteVirtualNetworkAddressSpace=anything(),
    remoteBgpCommunities=anything(),
    remoteVirtualNetworkEncryption=anything(read_only=True),
    peeringState=string(read_only=True),
    peeringSyncLevel=string(read_only=True),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
)


def remote_id(row: Row) -> str:
    """The network at the other end."""
    return (row.properties.get("remoteVirtualNetwork") or {}).get("id") or ""


def other_half(row: Row, view: View) -> Row | None:
    """The peering from the other network back to this one."""
    own = parse(row.id).parent
    if own is None or not remote_id(row):
        return None
    for candidate in view.children(remote_id(row), NAME):
        if key(remote_id(candidate)) == own.key:
            return candidate
    return None


def check(change: Change, view: View) -> Iterator[Problem]:
    """The other network exists, is another one, does not overlap, and is peered once."""
    row, at = change.row, "properties.remoteVirtualNetwork.id"
    parent = parse(row.id).parent
    own = view.get(parent.text) if parent else None
    remote = view.get(remote_id(row))
    if own is None:
        yield Problem("ParentResourceNotFound", "", f"cannot make peering '{row.name}': its network does not exist.", 404)
        return
    if remote is None:
        yield Problem(
            "InvalidResourceReference",
            at,
            f"cannot peer '{own.name}' with '{remote_id(row)}': that network was not found; make it first.",
        )
        return
    if key(remote.id) == key(own.id):
        yield Problem("VnetCannotPeerWithItself", at, f"cannot peer '{own.name}' with itself; name another network.")
        return
    mine, theirs = virtual_networks.address_space(own), virtual_networks.address_space(remote)
    shared = [(a, b) for a in mine for b in theirs if prefixes.overlap(a, b)]
    if shared:
        yield Problem(
            "VnetAddressSpacesOverlap",
            at,
            f"cannot peer '{own.name}' with '{remote.name}': their address spaces overlap ({shared[0][0]} and {shared[0][1]}); "
            "use networks with different prefixes.",
        )
    siblings = [r for r in view.children(own.id, NAME) if key(r.id) != key(row.id)]
    for other in siblings:
        if key(remote_id(other)) == key(remote.id):
            yield Problem(
                "AnotherPeeringAlreadyReferencesRemoteVnet",
                at,
                f"cannot make peering '{row.name}': '{other.name}' joins '{own.name}' and '{remote.name}'; change that.",
            )
    if len(siblings) >= PEERINGS_PER_VNET_MAX:
        yield Problem(
            "VnetPeeringsLimitReached",
            "",
            f"cannot make peering '{row.name}': '{own.name}' has {PEERINGS_PER_VNET_MAX}, the limit; delete one.",
        )


def settle(change: Change, view: View) -> Row:
    """Its guid, and whether it has ever met its other half."""
    facts = {**(change.old.facts if change.old else {}), **change.row.facts}
    facts.setdefault("guid", view.new_id(f"{change.row.id} resourceGuid {view.now}"))
    facts["met"] = bool(facts.get("met")) or other_half(change.row, view) is not None
    return change.row.with_facts(**facts)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Initiated with one half, Connected with two, Disconnected when the other one went."""
    remote = view.get(remote_id(row))
    connected = other_half(row, view) is not None
    out: dict[str, Any] = {
        "resourceGuid": row.facts.get("guid", ""),
        "peeringState": "Connected" if connected else "Disconnected" if row.facts.get("met") else "Initiated",
        "peeringSyncLevel": "FullyInSync" if connected else "RemoteNotInSync",
    }
    if remote is not None:
        space = {"addressPrefixes": [str(prefix) for prefix in virtual_networks.address_space(remote)]}
        out |= {"remoteAddressSpace": space, "remoteVirtualNetworkAddressSpace": space}
    return out


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    properties=PROPERTIES,
    location="none",
    check=check,
    settle=settle,
    show=show,
)
