"""All names of the cloud at one moment: views, zones, public names; changed one object at a time."""

from __future__ import annotations

from collections.abc import Iterable

from cloister.dns.public import PublicTable
from cloister.dns.zones import ZoneTable
from cloister.net.desired import Door, Onward, OutsideName, PublicName, ResolverObject, View, ZoneRecords
from cloister.net.names import INTERNAL


def reverse_name(address: str) -> str:
    """The name under which an IPv4 address's own name is asked for (RFC 1035, 3.5)."""
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"


class ViewTable:
    """What one network sees: its linked zones by name, and the public names, which all views share."""

    __slots__ = ("hosts", "internal", "object", "public", "zones")

    def __init__(self, view: View, public: PublicTable):
        self.object = view
        self.public = public
        self.zones: dict[str, tuple[ZoneTable, bool, str]] = {}
        self.hosts: dict[str, list[tuple[str, str]]] = {}
        self.internal: dict[str, list[tuple[str, str]]] = {}
        for address, fqdn, because in view.hosts:
            self.hosts.setdefault(reverse_name(address), []).append((fqdn, because))
            if fqdn.endswith(f".{INTERNAL}"):
                self.internal.setdefault(fqdn, []).append((address, because))

    @property
    def private(self) -> bool:
        """Whether this is a network's view, and not the internet's."""
        return bool(self.object.owner)

    def onward(self, name: str) -> Onward | None:
        """The forwarding rule with the longest suffix of ``name``."""
        fits = (rule for rule in self.object.onward if not rule.suffix or f".{name}".endswith(f".{rule.suffix}"))
        return max(fits, key=lambda rule: len(rule.suffix), default=None)

    def zone_of(self, name: str) -> tuple[ZoneTable, bool, str] | None:
        """The linked zone with the longest suffix of ``name``: its table, the link's redirect, the link's id."""
        while self.zones:
            found = self.zones.get(name)
            if found is not None or not name:
                return found
            name = name.partition(".")[2]
        return None


class World:
    """Everything the resolver holds. ``put`` and ``drop`` answer which namespaces now see something else."""

    def __init__(self, objects: Iterable[ResolverObject] = ()):
        self.public = PublicTable()
        self.views: dict[str, ViewTable] = {}
        self.doors: dict[str, Door] = {}
        self._zones: dict[str, ZoneTable] = {}
        self._linking: dict[str, set[str]] = {}
        for thing in objects:
            self.put(thing)

    def view(self, namespace: str) -> ViewTable | None:
        """The view of the network whose router is ``namespace``, or that has a door there."""
        door = self.doors.get(namespace)
        return self.views.get(door.network if door is not None else namespace)

    def zone(self, key: str) -> ZoneRecords | None:
        """The zone with this key."""
        table = self._zones.get(key)
        return None if table is None else table.object

    def objects(self) -> list[ResolverObject]:
        """All that is held."""
        zones = [table.object for table in self._zones.values()]
        return [*(table.object for table in self.views.values()), *self.doors.values(), *zones, *self.public.objects()]

    def put(self, thing: ResolverObject) -> set[str]:
        """Hold ``thing`` in place of what has its key."""
        match thing:
            case View():
                return self._with_doors(self._put_view(thing))
            case Door():
                self.doors[thing.namespace] = thing
                return {thing.namespace}
            case ZoneRecords():
                old = self._zones.get(thing.key)
                if old is not None and old.object == thing:
                    return set()
                self._zones[thing.key] = ZoneTable(thing)
                return self._with_doors(self._relink(thing.key))
            case PublicName():
                return {*self.views, *self.doors} if self.public.put(thing) else set()
            case OutsideName():
                return {*self.views, *self.doors} if self.public.allow(thing) else set()

    def drop(self, thing: ResolverObject) -> set[str]:
        """Forget what has the key of ``thing``."""
        match thing:
            case View():
                table = self.views.pop(thing.namespace, None)
                if table is None:
                    return set()
                self._unlink(table.object)
                return self._with_doors({thing.namespace})
            case Door():
                self.doors.pop(thing.namespace, None)
                return {thing.namespace}
            case ZoneRecords():
                return self._with_doors(self._relink(thing.key)) if self._zones.pop(thing.key, None) else set()
            case PublicName():
                return {*self.views, *self.doors} if self.public.drop(thing) else set()
            case OutsideName():
                return {*self.views, *self.doors} if self.public.disallow(thing) else set()

    def _with_doors(self, namespaces: set[str]) -> set[str]:
        """These networks' namespaces, and those of their doors."""
        return namespaces | {door.namespace for door in self.doors.values() if door.network in namespaces}

    def _put_view(self, view: View) -> set[str]:
        old = self.views.get(view.namespace)
        if old is not None:
            if old.object == view:
                return set()
            self._unlink(old.object)
        self.views[view.namespace] = ViewTable(view, self.public)
        for zone, _ in view.links:
            self._linking.setdefault(zone, set()).add(view.namespace)
        self._fill(view.namespace)
        return {view.namespace}

    def _unlink(self, view: View) -> None:
        for zone, _ in view.links:
            networks = self._linking.get(zone)
            if networks is not None:
                networks.discard(view.namespace)
                if not networks:
                    del self._linking[zone]

    def _relink(self, zone: str) -> set[str]:
        touched = set(self._linking.get(zone, ()))
        for namespace in touched:
            self._fill(namespace)
        return touched

    def _fill(self, namespace: str) -> None:
        table = self.views[namespace]
        view = table.object
        zones: dict[str, tuple[ZoneTable, bool, str]] = {}
        for place, (key, redirect) in enumerate(view.links):
            zone = self._zones.get(key)
            if zone is not None:
                link = view.because[place] if place < len(view.because) else ""
                zones.setdefault(zone.apex, (zone, redirect, link))
        table.zones = zones
