"""What holds between the old and the new: no more than both let through.

Some objects cannot be replaced in one step with all that depends on them: a route table leads to a machine whose rules change in
the same pass, a peering stops taking forwarded packets at one end and begins at the other. So such an object is first narrowed to
what the old and the new one have in common, then everything else changes, then it is put as wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from cloister.net.desired import (
    Appliance,
    Desired,
    Drop,
    Edit,
    Egress,
    Filters,
    Namespace,
    Nic,
    NicRoutes,
    PeerLink,
    PeerRoute,
    Publication,
    Put,
    Sever,
)

Way = tuple[str, str]  # a router, and what leads on from it: a NIC (``n<number>``) or a peered network's router


class Narrow(msgspec.Struct, frozen=True):
    """Make this object hold for the moment. Drivers do not know it: ``order.arrange`` hands it to them as an early Put."""

    object: Desired


Planned = Edit | Narrow


def abroad(held: Iterable[Desired]) -> tuple[set[str], set[str]]:
    """The routers that send to the cloud's internet, and those that are reached there; its own machines do both."""
    senders, reached = {"internet"}, {"internet"}
    for thing in held:
        if isinstance(thing, Egress) or (isinstance(thing, Namespace) and thing.outbound):
            senders.add(thing.name if isinstance(thing, Namespace) else thing.namespace)
        elif isinstance(thing, Publication):
            reached.add(thing.namespace)
    return senders, reached


def narrowed(have: Desired | None, want: Desired | None, gone: frozenset[Way] = frozenset()) -> PeerLink | NicRoutes | None:
    """What both let through; None where nothing needs to be done first. ``gone`` are ways that are taken away meanwhile."""
    between: PeerLink | NicRoutes | None = None
    if isinstance(have, PeerLink) and isinstance(want, PeerLink):
        forwarded = tuple(router for router in have.forwarded if router in want.forwarded)
        between = msgspec.structs.replace(want, forwarded=forwarded)
    elif isinstance(have or want, NicRoutes):
        assert not isinstance(have or want, PeerLink)
        between = _agreed(have, want, gone)  # type: ignore[arg-type]
    return None if between is None or between == have else between


def _agreed(have: NicRoutes | None, want: NicRoutes | None, gone: frozenset[Way]) -> NicRoutes | None:
    """A table that drops wherever the two differ. Without a table everything goes by the router's own routes."""
    either = have or want
    assert either is not None
    before, after = ({prefix: (to, by) for prefix, to, by in one.routes} if one else {} for one in (have, want))
    steps = {}
    for prefix in before.keys() | after.keys():
        step = before.get(prefix, after.get(prefix, ("", "")))
        none_is_system = ("system", "") if have is None or want is None else None
        agreed = before.get(prefix, none_is_system) == after.get(prefix, none_is_system)
        steps[prefix] = step if agreed and (either.namespace, step[1]) not in gone else ("drop", "")
    if have is None and all(to == "system" for to, _ in steps.values()):
        return None
    overridden = {address for one in (have, want) if one for address in one.overridden}
    routes = tuple(sorted((prefix, to, by) for prefix, (to, by) in steps.items()))
    return msgspec.structs.replace(either, routes=routes, overridden=tuple(sorted(overridden)))


def gone_ways(edits: Iterable[Planned]) -> frozenset[Way]:
    """The NICs that are taken away, to come again or not."""
    dropped = (edit.object for edit in edits if isinstance(edit, Drop))
    return frozenset((nic.router, f"n{nic.number}") for nic in dropped if isinstance(nic, Nic))


def disturbed(edits: list[Planned], held: Mapping[str, Desired], gone: frozenset[Way]) -> Iterator[Planned]:
    """What must be put again though it stays as it is: with a NIC that is replaced, the kernel forgets the routes over it."""
    if not any(isinstance(edit, Drop) and isinstance(edit.object, Nic) and edit.object.forwarding for edit in edits):
        return
    known = {edit.object.key for edit in edits if not isinstance(edit, Sever)}
    for thing in held.values():
        if thing.key in known:
            continue
        if isinstance(thing, NicRoutes) and any((thing.namespace, by) in gone for _, _, by in thing.routes):
            between = narrowed(thing, thing, gone)
            yield from (Narrow(between), Put(thing)) if between is not None else ()
        elif isinstance(thing, Appliance) and (thing.namespace, f"n{thing.number}") in gone:
            yield Put(thing)


def parted(edits: Iterable[Planned], held: Mapping[str, Desired]) -> list[Planned]:
    """Part networks whose rules change in these edits and between which packets may pass, and join them again.

    The rules of one network are replaced in one step, those of two are not: a packet between them could meet the new ones here
    and the old ones there, and pass where neither the old nor the new rows let it. These edits go behind the others. By a public
    address the one may reach the other too: it is withdrawn for that moment, and what is connected stays connected.
    """
    found = list(edits)
    changed = {edit.object.namespace for edit in found if not isinstance(edit, Sever) and isinstance(edit.object, Filters)}
    if len(changed) < 2:
        return []
    wanted = {edit.object.key: edit.object for edit in found if isinstance(edit, Put)}
    known = {edit.object.key for edit in found if not isinstance(edit, Sever)}
    by_appliance = any(isinstance(thing, Appliance) for thing in held.values())  # it may send on to a third network

    def between(one: str, other: str) -> bool:
        return bool({one, other} & changed) if by_appliance else {one, other} <= changed

    routes = [thing for thing in held.values() if isinstance(thing, PeerRoute) and thing.key not in known]
    out: list[Planned] = [verb(one) for verb in (Drop, Put) for one in routes if between(one.namespace, one.other)]
    senders, _ = abroad(held.values())
    for one in held.values():
        if (
            isinstance(one, Publication)
            and one.key not in known
            and one.namespace in changed
            and senders & changed - {one.namespace}
        ):
            out += [Drop(one), Put(one)]
    gone = gone_ways(found)
    for table in held.values() if by_appliance else ():
        if isinstance(table, NicRoutes):
            shut = frozenset((table.namespace, by) for _, _, by in table.routes if by and between(table.namespace, by))
            want = wanted.get(table.key) if table.key in known else table
            if shut and (narrow := narrowed(table, want, gone | shut)):
                out += [Narrow(narrow), *([] if table.key in known else [Put(table)])]
    return out
