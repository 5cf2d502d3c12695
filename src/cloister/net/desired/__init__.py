"""Desired objects: what each driver must hold, as plain keyed values, and the edits that lead there.

Three drivers, one vocabulary: the fabric (kernel objects), the edge (sites, identities, policies) and the resolver
(views, zones, public names). Each implements two verbs and nothing else:

    observe() -> list[Desired]                what it holds now
    apply(edits: list[Edit]) -> list[str]     one answer for each edit: "" or why it failed ("cannot ...")

Applying twice is applying once: a Put of what is there already, and a Drop of what is not, succeed.
``key`` identifies an object inside its driver; two objects with one key and other values differ and the new one
replaces the old.
"""

from __future__ import annotations

import msgspec

from cloister.net.desired.edge import Caller, Identity, InstanceMetadata, Outlet, Permission, Policy, Relay, Site, Tenancy
from cloister.net.desired.fabric import (
    Appliance,
    Egress,
    EndpointAddress,
    FilterChain,
    FilterPlace,
    FilterRule,
    Filters,
    Forward,
    Gateway,
    Hop,
    IdentityRoute,
    Namespace,
    Nic,
    NicRoutes,
    PeerLink,
    PeerRoute,
    Publication,
    Range,
    Uplink,
)
from cloister.net.desired.resolver import Door, Onward, OutsideName, PublicName, View, ZoneRecords

__all__ = [
    "Appliance",
    "Caller",
    "Desired",
    "Door",
    "Drop",
    "EdgeObject",
    "Edit",
    "Egress",
    "EndpointAddress",
    "FabricObject",
    "FilterChain",
    "FilterPlace",
    "FilterRule",
    "Filters",
    "Forward",
    "Gateway",
    "Hop",
    "Identity",
    "IdentityRoute",
    "InstanceMetadata",
    "Namespace",
    "Nic",
    "NicRoutes",
    "Onward",
    "Outlet",
    "OutsideName",
    "PeerLink",
    "PeerRoute",
    "Permission",
    "Policy",
    "PublicName",
    "Publication",
    "Put",
    "Range",
    "Relay",
    "ResolverObject",
    "Sever",
    "Site",
    "Tenancy",
    "Uplink",
    "View",
    "ZoneRecords",
]

FabricObject = (
    Namespace
    | Uplink
    | Gateway
    | Nic
    | Egress
    | Publication
    | NicRoutes
    | Hop
    | Appliance
    | PeerLink
    | PeerRoute
    | EndpointAddress
    | Forward
    | IdentityRoute
    | Filters
)
EdgeObject = Site | Policy | Identity | Caller | Relay | InstanceMetadata | Outlet | Permission | Tenancy
ResolverObject = View | Door | ZoneRecords | PublicName | OutsideName
Desired = FabricObject | EdgeObject | ResolverObject


class Put(msgspec.Struct, frozen=True, tag=True, tag_field="kind"):
    """Make this object hold."""

    object: Desired


class Drop(msgspec.Struct, frozen=True, tag=True, tag_field="kind"):
    """Make this object not hold."""

    object: Desired


class Sever(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """End what is open: the fabric deletes conntrack entries by original destination ``address`` in ``namespace``, or, where
    ``address`` is "", all that ``identity`` stands for as source; the edge resets the sockets whose peer is ``identity``."""

    namespace: str
    address: str
    identity: str


Edit = Put | Drop | Sever
