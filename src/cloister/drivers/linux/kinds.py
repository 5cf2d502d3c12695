"""Every kind of object but namespaces: how it is put, dropped and mended. What others stand on comes first."""

from __future__ import annotations

from collections.abc import Callable

from cloister.drivers.linux import egress, mend, objects, peers, routes
from cloister.drivers.linux.objects import Step
from cloister.net.desired import Egress, NicRoutes, PeerLink, PeerRoute

PUT: dict[type, Callable[..., list[Step]]] = {
    **objects.PUT,
    Egress: egress.put_egress,
    NicRoutes: routes.put_routes,
    PeerLink: peers.put_link,
    PeerRoute: peers.put_route,
}
DROP: dict[type, Callable[..., list[Step]]] = {
    **objects.DROP,
    Egress: egress.drop_egress,
    NicRoutes: routes.drop_routes,
    PeerLink: peers.drop_link,
    PeerRoute: peers.drop_route,
}
MENDS: dict[type, Callable[..., None]] = {
    **mend.MENDS,
    NicRoutes: routes.mend_routes,
    PeerLink: mend.mend_peer_link,
}
