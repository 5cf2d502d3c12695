"""Units of recomputation: which intents are compiled together, so that a change recompiles only what it touches.

A unit is ``(kind, id)``: a network, a network's view, a resource with its endpoints, a zone, a role assignment. Each
intent names the units it belongs to; each kind has one compile function. ``desired`` of a world is the union over its
units, so computing it in parts and computing it whole are the same by construction (a house test holds us to it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from cloister.compilers import filters, linux, names, peerings, routes, sites
from cloister.net.desired import Desired
from cloister.net.intent import (
    AllowedName,
    Endpoint,
    Filter,
    Forwarding,
    Grant,
    Host,
    Intent,
    Interface,
    LinkService,
    Network,
    Peering,
    PublicLabel,
    Record,
    ResolverDoor,
    Service,
    Subnet,
    Tenancy,
    Zone,
    ZoneLink,
)

Unit = tuple[str, str]


def units_of(intent: Intent) -> tuple[Unit, ...]:
    """The units whose objects depend on this intent."""
    match intent:
        case Network():
            return tuple((kind, intent.owner.lower()) for kind in ("network", "filters", "routes", "view", "callers"))
        case Subnet() | Interface():
            here = intent.network.lower()
            callers = (("callers", here),) if isinstance(intent, Subnet) else ()
            return (("network", here), ("filters", here), ("routes", here), *callers)
        case Peering():
            both = " ".join(sorted((intent.network.lower(), intent.remote.lower())))
            here = intent.network.lower()
            return (("peering", both), ("filters", here), ("routes", here))
        case Endpoint():
            here = intent.network.lower()
            return (("network", here), ("filters", here), ("routes", here), ("resource", intent.target.lower()))
        case Filter():
            return tuple(("filters", network.lower()) for network in intent.networks)
        case Service() | LinkService() | PublicLabel():
            return (("resource", intent.owner.lower()),)
        case AllowedName():
            return (("allowed", intent.name),)
        case Zone():
            return (("zone", intent.owner.lower()),)
        case Record():
            return (("zone", intent.zone.lower()),)
        case ResolverDoor():
            return (("door", intent.owner.lower()),)
        case ZoneLink() | Host() | Forwarding():
            return (("view", intent.network.lower()),)
        case Grant():
            return (("grant", intent.owner.lower()),)
        case Tenancy():
            return (("tenancy", intent.owner.lower()),)


def _base(_: Iterable[Intent]) -> Iterator[Desired]:
    yield from linux.compile_base()
    yield from names.compile_base()
    yield from sites.compile_base()


def _resource(intents: Iterable[Intent]) -> Iterator[Desired]:
    found = list(intents)
    yield from names.compile_resource(found)
    yield from sites.compile_resource(found)


def _allowed(intents: Iterable[Intent]) -> Iterator[Desired]:
    found = list(intents)
    yield from names.compile_allowed(found)
    yield from sites.compile_allowed(found)


COMPILE: dict[str, Callable[[Iterable[Intent]], Iterable[Desired]]] = {
    "base": _base,
    "network": linux.compile_network,
    "filters": filters.compile_filters,
    "peering": peerings.compile_peering,
    "routes": routes.compile_routes,
    "view": names.compile_view,
    "door": names.compile_door,
    "zone": names.compile_zone,
    "resource": _resource,
    "allowed": _allowed,
    "callers": sites.compile_callers,
    "grant": sites.compile_grant,
    "tenancy": sites.compile_tenancy,
}

BASE: Unit = ("base", "")


def compile_unit(unit: Unit, intents: Iterable[Intent]) -> dict[str, Desired]:
    """The objects of one unit by key. An unit without intents (but the base) has none."""
    return {thing.key: thing for thing in COMPILE[unit[0]](intents)}


def compile_all(intents: Iterable[Intent]) -> dict[str, Desired]:
    """The objects of a whole world by key."""
    units: dict[Unit, list[Intent]] = {BASE: []}
    for intent in intents:
        for unit in units_of(intent):
            units.setdefault(unit, []).append(intent)
    out: dict[str, Desired] = {}
    for unit, group in units.items():
        out.update(compile_unit(unit, group))
    return out
