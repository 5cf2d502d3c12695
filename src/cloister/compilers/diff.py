"""Desired against held: what to put, what to drop. Owners are names for people and do not count as a difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from cloister.compilers.between import Narrow, Planned, disturbed, gone_ways, narrowed
from cloister.net.desired import (
    Appliance,
    Desired,
    Drop,
    Edit,
    Filters,
    Forward,
    Hop,
    Identity,
    IdentityRoute,
    Namespace,
    Nic,
    NicRoutes,
    PeerLink,
    PeerRoute,
    Publication,
    Put,
    Sever,
    Uplink,
)

REPLACED_WHOLE = (Forward, IdentityRoute, Identity, Nic, PeerRoute, Publication, Hop, Appliance)
"""Kinds whose change is a withdrawal and a new grant: their old form must be gone before the new one holds."""


def same(one: Desired, other: Desired) -> bool:
    """Whether two objects ask the same of the world."""
    if isinstance(one, Filters) and isinstance(other, Filters):
        return (one.namespace, one.digest) == (other.namespace, other.digest)  # what was observed has no more
    return type(one) is type(other) and msgspec.structs.replace(one, owner="") == msgspec.structs.replace(other, owner="")


def difference(desired: Mapping[str, Desired], held: Mapping[str, Desired], keys: Iterable[str] | None = None) -> list[Planned]:
    """The edits that lead from ``held`` to ``desired``, unordered (``order.arrange`` orders them).

    ``keys`` limits the comparison to those objects.
    """
    edits: list[Planned] = []
    changes: list[tuple[Desired | None, Desired | None]] = []
    lost: dict[Edit, None] = {}
    for key in (desired.keys() | held.keys()) if keys is None else keys:
        want, have = desired.get(key), held.get(key)
        if want is not None and have is not None and same(want, have):
            continue
        lost.update(dict.fromkeys(_lost_addresses(want, have)))
        if have is not None and (want is None or isinstance(have, REPLACED_WHOLE)):
            edits.append(Drop(have))
        if want is not None:
            edits.append(Put(want))
        if isinstance(have or want, NicRoutes | PeerLink):
            changes.append((have, want))
    gone = gone_ways(edits)
    edits.extend(disturbed(edits, held, gone))
    closing = {edit.object.name for edit in edits if isinstance(edit, Drop) and isinstance(edit.object, Namespace)}
    between = (narrowed(have, want, gone) for have, want in changes)
    edits.extend(Narrow(thing) for thing in between if thing is not None and thing.namespace not in closing)
    return [*edits, *dict.fromkeys([*lost, *_severed(edits)])]


def _severed(edits: Iterable[Planned]) -> list[Edit]:
    """A Sever for every address that loses a forward and every identity that loses its route, once.

    The route goes last of all that an endpoint has. So whoever finds one that nobody wants any more, its forwards gone, knows
    that a withdrawal was cut short, and that its connections may still be open.
    """
    dropped = [edit.object for edit in edits if isinstance(edit, Drop)]
    whole = {route.identity: route.namespace for route in dropped if isinstance(route, IdentityRoute)}
    found: dict[Edit, None] = {Sever(namespace=place, address="", identity=identity): None for identity, place in whole.items()}
    for forward in dropped:
        if isinstance(forward, Forward) and whole.get(forward.identity) != forward.namespace:
            found[Sever(namespace=forward.namespace, address=forward.address, identity=forward.identity)] = None
    found.update(dict.fromkeys(_unpublished(edits)))
    return list(found)


def _unpublished(edits: Iterable[Planned]) -> Iterator[Sever]:
    """A Sever for every public address that leads to no machine, or to another one, from now on."""
    found = list(edits)
    led = {(one.namespace, one.public, one.address) for edit in found if isinstance(one := _put(edit), Publication)}
    dropped = [edit.object for edit in found if isinstance(edit, Drop) and isinstance(edit.object, Publication)]
    for one in dropped:
        if (one.namespace, one.public, one.address) not in led:
            yield Sever(namespace=one.namespace, address=one.public, identity="")


def _put(edit: Planned) -> Desired | None:
    return edit.object if isinstance(edit, Put) else None


def _lost_addresses(want: Desired | None, have: Desired | None) -> Iterator[Sever]:
    """Severs for every public address that is a router's no more: what left by it, and what came in by it.

    Its route goes after them, so that a withdrawal that was cut short is seen by it.
    """
    if isinstance(have, Uplink) and isinstance(want, Uplink):
        for route in sorted(set(have.routes) - set(want.routes)):
            address = route.removesuffix("/32")
            if address != route:
                yield Sever(namespace=have.namespace, address="", identity=address)
                yield Sever(namespace=have.namespace, address=address, identity="")
