"""Every kind of object but namespaces: how it is put, dropped and mended. What others stand on comes first."""

from __future__ import annotations

from collections.abc import Callable

from cloister.drivers.linux import mend, objects, peers
from cloister.drivers.linux.objects import Step
from cloister.net.desired import PeerLink, PeerRoute

PUT: dict[type, Callable[..., list[Step]]] = {
    **objects.PUT,
    PeerLink: peers.put_link,
    PeerRoute: peers.put_route,
}
DROP: dict[type, Callable[..., list[Step]]] = {
    **objects.DROP,
    PeerLink: peers.drop_link,
    PeerRoute: peers.drop_route,
}
MENDS: dict[type, Callable[..., None]] = {
    **mend.MENDS,
    PeerLink: mend.mend_peer_link,
}
