"""Microsoft.Network/virtualNetworks/virtualNetworkPeerings: one half of a peering; with both, packets cross it.

A half keeps the other network's address space as it was when the half was last written (``facts.space``): a prefix that
the other network gets later is not reached before that (peeringSyncLevel); one that it loses is gone at once.
Source: learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview,
.../update-virtual-network-peering-address-space, .../virtual-network-troubleshoot-peering-issues (states and error codes).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, boolean, obj, ref, string
from cloister.limits import PEERINGS_PER_VNET_MAX
from cloister.net.intent import Peering
from cloister.net.plan import normal_region
from cloister.providers.network import addresses, prefixes, virtual_networks
from cloister.providers.network.peering_rules import gateway_problems, other_half, remote_id, space, third_problems
from cloister.providers.network.user_routes import remote_endpoints
from cloister.providers.network.versions import API_VERSIONS

NAME = virtual_networks.PEERINGS

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
    yield from third_problems(row, own, remote, siblings, view)
    half = other_half(row, view)
    if change.old is None and half is not None and half.facts.get("met"):
        yield Problem(
            "RemotePeeringIsDisconnected",
            at,
            f"cannot make peering '{row.name}': the peering '{half.id}' from the other side is Disconnected, because its former "
            "other half was deleted; write that one again (it is Initiated then), or delete it and make both anew.",
        )
    for other in siblings:
        if key(remote_id(other)) == key(remote.id):
            yield Problem(
                "AnotherPeeringAlreadyReferencesRemoteVnet",
                at,
                f"cannot make peering '{row.name}': '{other.name}' joins '{own.name}' and '{remote.name}'; change that.",
            )
    if change.written is not None:
        yield from gateway_problems(row, own, remote, half, siblings, view)
    if len(siblings) >= PEERINGS_PER_VNET_MAX:
        yield Problem(
            "VnetPeeringsLimitReached",
            "",
            f"cannot make peering '{row.name}': '{own.name}' has {PEERINGS_PER_VNET_MAX}, the limit; delete one.",
        )


def settle(change: Change, view: View) -> Row:
    """Its guid; whether it has met its other half since it was last written; the other network's prefixes at that time."""
    row = change.row
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    facts.setdefault("guid", view.new_id(f"{row.id} resourceGuid {view.now}"))
    other = other_half(row, view) is not None
    facts["met"] = other or (change.written is None and bool(facts.get("met")))
    if change.written is not None or "space" not in facts:
        facts["space"] = space(view.get(remote_id(row)))
    return row.with_facts(**facts)


def sync_level(row: Row, other: Row | None, view: View) -> str:
    """peeringSyncLevel: Local where this half's picture of the other network is old, Remote where the other's of this one is."""
    parent = parse(row.id).parent
    local = row.facts.get("space") == space(view.get(remote_id(row)))
    remote = other is not None and parent is not None and other.facts.get("space") == space(view.get(parent.text))
    if local:
        return "FullyInSync" if remote else "RemoteNotInSync"
    return "LocalNotInSync" if remote else "LocalAndRemoteNotInSync"


def realize(row: Row, view: View) -> Iterator[Peering]:
    """This network's way into the other, once the other half stands too."""
    parent = parse(row.id).parent
    own = view.get(parent.text) if parent else None
    remote = view.get(remote_id(row))
    if own is None or remote is None or other_half(row, view) is None:
        return
    now = {text for text in space(remote) if isinstance(prefixes.read(text), IPv4Network)}
    yield Peering(
        owner=row.id,
        network=own.id,
        number=own.facts["number"],
        remote=remote.id,
        remote_number=remote.facts["number"],
        prefixes=tuple(text for text in row.facts.get("space") or () if text in now),
        access=row.properties.get("allowVirtualNetworkAccess") is not False,
        forwarded=row.properties.get("allowForwardedTraffic") is True,
        endpoints=remote_endpoints(remote, view, addresses.ENDPOINTS, virtual_networks.SUBNETS),
        is_global=normal_region(own.body.get("location") or "") != normal_region(remote.body.get("location") or ""),
    )


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Initiated with one half, Connected with two, Disconnected when the other one went."""
    remote = view.get(remote_id(row))
    other = other_half(row, view)
    connected = other is not None
    out: dict[str, Any] = {
        "resourceGuid": row.facts.get("guid", ""),
        "peeringState": "Connected" if connected else "Disconnected" if row.facts.get("met") else "Initiated",
        "peeringSyncLevel": sync_level(row, other, view),
    }
    if remote is not None:
        out["remoteAddressSpace"] = {"addressPrefixes": list(row.facts.get("space") or ())}
        out["remoteVirtualNetworkAddressSpace"] = {"addressPrefixes": space(remote)}
    return out


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced("gateways are asked for by useRemoteGateways, and carry nothing"),
    properties=PROPERTIES,
    location="none",
    check=check,
    settle=settle,
    realize=realize,
    show=show,
)
