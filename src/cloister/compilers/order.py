"""ORDER: what the data plane receives, first to last. Withdraw permissions, change topology, grant.

So that at no moment a flow passes that neither the old nor the new rows allow. The withdrawal of an endpoint was
measured: map elements first (no new connection passes), then the edge resets the sockets of that identity (the reset
travels back over the still known connection, so that an idle client sees its end at once), then the kernel forgets the
connections, then the edge once more (what was in flight between), the route last. Any other order leaves a connection
alive or a socket behind.

What leads packets on (a route table, a peering that takes forwarded ones) is narrowed before the rules change, and put as wanted
last of all: ``between.py`` says to what.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cloister.compilers.between import Narrow, Planned
from cloister.net.desired import (
    Appliance,
    Caller,
    Door,
    Drop,
    Edit,
    Egress,
    EndpointAddress,
    Filters,
    Forward,
    Gateway,
    Hop,
    Identity,
    IdentityRoute,
    InstanceMetadata,
    Namespace,
    Nic,
    NicRoutes,
    Outlet,
    OutsideName,
    PeerLink,
    PeerRoute,
    Permission,
    Policy,
    Publication,
    PublicName,
    Put,
    Relay,
    Sever,
    Site,
    Tenancy,
    Uplink,
    View,
    ZoneRecords,
)


class Phase(msgspec.Struct, frozen=True):
    """One step of ORDER: edits of these verbs on these kinds go to this driver together."""

    name: str
    driver: str
    verb: type
    kinds: tuple[type, ...] = ()
    narrow: bool | None = None  # of gateways: only those that lead out (False), only those that do not (True)
    guards: bool = False  # where one of its edits fails, nothing is granted in that namespace in this pass
    grants: bool = False  # dropping these lets more pass

    def takes(self, edit: Planned) -> bool:
        """Whether ``edit`` belongs to this phase."""
        if type(edit) is not self.verb:
            return False
        if isinstance(edit, Sever):
            return True
        if self.narrow is not None and isinstance(edit.object, Gateway) and edit.object.outbound is self.narrow:
            return False
        return isinstance(edit.object, self.kinds)

    def place(self, edit: Planned) -> int:
        """Where an edit of this phase stands in it: by its kind, those that others stand on before these.

        A phase may go to its driver in several parts, so the order within it cannot be left to the driver.
        """
        return 0 if isinstance(edit, Sever) else self.kinds.index(type(edit.object))


ORDER = (
    # withdraw permissions
    Phase("narrow peerings", "fabric", Narrow, (PeerLink,), guards=True),
    Phase("withdraw forwards", "fabric", Drop, (Forward,), guards=True),
    Phase("withdraw public addresses", "fabric", Drop, (Publication,), guards=True),
    Phase("withdraw egress", "fabric", Drop, (Egress,)),
    Phase("withdraw peerings", "fabric", Drop, (Hop, Appliance, PeerRoute, PeerLink), guards=True),
    Phase("withdraw identities and roles", "edge", Drop, (Identity, Caller, Permission)),
    Phase("restrict policies", "edge", Put, (Policy, Tenancy)),
    Phase("reset sockets", "edge", Sever),
    Phase("forget connections", "fabric", Sever),
    Phase("reset late sockets", "edge", Sever),
    Phase("withdraw names", "resolver", Drop, (PublicName, OutsideName, ZoneRecords, Door, View)),
    Phase("withdraw sites", "edge", Drop, (Site, Policy, Relay, Outlet, InstanceMetadata, Tenancy)),
    Phase("withdraw identity routes", "fabric", Drop, (IdentityRoute,)),
    # change topology
    Phase("remove endpoint addresses", "fabric", Drop, (EndpointAddress,)),
    Phase("remove interfaces", "fabric", Drop, (Nic,), guards=True),
    Phase("remove gateways", "fabric", Drop, (Gateway,)),
    Phase("remove uplinks", "fabric", Drop, (Uplink,)),
    Phase("remove namespaces", "fabric", Drop, (Namespace,)),
    Phase("make namespaces", "fabric", Put, (Namespace,)),
    # between what was withdrawn and what is granted, so that old rules meet the old paths that are left, new rules the same
    Phase("narrow routes", "fabric", Narrow, (NicRoutes,), guards=True),
    Phase("close gateways", "fabric", Put, (Gateway,), narrow=True, guards=True),
    Phase("change filters", "fabric", Put, (Filters,), guards=True),
    Phase("remove filters", "fabric", Drop, (Filters,), grants=True),
    Phase("make topology", "fabric", Put, (Uplink, Gateway, Nic, EndpointAddress, IdentityRoute), narrow=False),
    # grant
    Phase("grant sites", "edge", Put, (Site, Relay, Outlet, InstanceMetadata, Identity, Caller, Permission)),
    Phase("grant forwards", "fabric", Put, (Forward,)),
    Phase("grant egress", "fabric", Put, (Egress,)),
    Phase("grant public addresses", "fabric", Put, (Publication,)),
    Phase("grant peerings", "fabric", Put, (PeerLink, PeerRoute, Appliance, Hop)),
    Phase("set routes", "fabric", Put, (NicRoutes,)),
    Phase("drop routes", "fabric", Drop, (NicRoutes,), grants=True),
    Phase("grant names", "resolver", Put, (View, Door, ZoneRecords, PublicName, OutsideName)),
)

SEVERED = [phase for phase in ORDER if phase.verb is Sever][-1]
"""After this phase all that had to be severed is, but what failed."""


def arrange(edits: Iterable[Planned]) -> list[tuple[Phase, list[Edit]]]:
    """The edits by phase, in ORDER, within one by kind; empty phases left out.

    A Sever is in each of its three phases, a Narrow is the Put that it stands for.
    """
    found = list(edits)
    phases = [(phase, [_spoken(edit) for edit in sorted(filter(phase.takes, found), key=phase.place)]) for phase in ORDER]
    return [(phase, group) for phase, group in phases if group]


def _spoken(edit: Planned) -> Edit:
    """The edit as drivers know it."""
    return Put(edit.object) if isinstance(edit, Narrow) else edit
