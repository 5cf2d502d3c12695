"""Every kind of object but namespaces: how it is put, dropped and mended. What others stand on comes first."""

from __future__ import annotations

from collections.abc import Callable

from cloister.drivers.linux import egress, hops, mend, objects, peers, routes
from cloister.drivers.linux.objects import Step
from cloister.net.desired import Appliance, Egress, Hop, NicRoutes, PeerLink, PeerRoute, Publication

PUT: dict[type, Callable[..., list[Step]]] = {
    **objects.PUT,
    Egress: egress.put,
    Publication: egress.put,
    PeerLink: peers.put_link,
    PeerRoute: peers.put_route,
    Appliance: hops.put_appliance,
    Hop: hops.put_hop,
    NicRoutes: routes.put_routes,
}
DROP: dict[type, Callable[..., list[Step]]] = {
    **objects.DROP,
    Publication: egress.drop,
    Egress: egress.drop,
    NicRoutes: routes.drop_routes,
    PeerLink: peers.drop_link,
    PeerRoute: peers.drop_route,
    Appliance: hops.drop_appliance,
    Hop: hops.drop_hop,
}
MENDS: dict[type, Callable[..., None]] = {
    **mend.MENDS,
    Egress: egress.mend_egress,
    NicRoutes: routes.mend_routes,
    PeerLink: mend.mend_peer_link,
    Appliance: hops.mend_appliance,
    Hop: hops.mend_hop,
}
