"""Intent -> kernel objects of one peering: the link between two routers, and each side's routes over it.

Both halves must stand; half a peering is no intent at all. Nothing here is transitive: a router has routes to the prefixes of
the networks that it is peered with itself, and forwards nothing from one such link to another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cloister.net.desired import FabricObject, PeerLink, PeerRoute
from cloister.net.intent import Intent, Peering


def compile_peering(intents: Iterable[Intent]) -> Iterator[FabricObject]:
    """All kernel objects between two networks, from the two halves."""
    halves = {half.number: half for half in intents if isinstance(half, Peering)}
    if len(halves) != 2:
        return
    first, second = (halves[number] for number in sorted(halves))
    yield PeerLink(
        owner=first.owner,
        namespace=f"vnet-{first.number}",
        other=f"vnet-{second.number}",
        forwarded=tuple(f"vnet-{half.number}" for half in (first, second) if half.forwarded),
    )
    for half in (first, second):
        for prefix in half.prefixes:
            yield PeerRoute(owner=half.owner, namespace=f"vnet-{half.number}", other=f"vnet-{half.remote_number}", prefix=prefix)
