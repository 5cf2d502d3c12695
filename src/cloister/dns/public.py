"""The public names of this cloud: what the whole internet of it sees, in every network, below the private zones."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from cloister.dns.question import fold
from cloister.net.desired import OutsideName, PublicName


class Published(msgspec.Struct, frozen=True):
    """A public name that answers: where it leads as an alias (``alias``), or its address."""

    object: PublicName
    alias: str = ""
    address: str = ""


class PublicTable:
    """All PublicNames by name and by private-link alias, and the names that exist only because of names below them.

    A name that begins with ``*.`` stands for exactly one label there, as it does for the edge's certificates. The names of the
    real internet that the operator allows stand behind all of these.
    """

    def __init__(self) -> None:
        self._objects: dict[str, PublicName] = {}
        self._aliases: dict[str, dict[str, PublicName]] = {}
        self._above: dict[str, int] = {}
        self._outside: dict[str, OutsideName] = {}

    def put(self, thing: PublicName) -> bool:
        """Hold ``thing``; False when it was held just so."""
        name = fold(thing.fqdn)
        old = self._objects.get(name)
        if old == thing:
            return False
        if old is not None:
            self.drop(old)
        self._objects[name] = thing
        self._count(name, 1)
        if thing.privatelink:
            alias = fold(thing.privatelink)
            self._aliases.setdefault(alias, {})[name] = thing
            self._count(alias, 1)
        return True

    def drop(self, thing: PublicName) -> bool:
        """Forget the name; False when it was not held."""
        name = fold(thing.fqdn)
        old = self._objects.pop(name, None)
        if old is None:
            return False
        self._count(name, -1)
        if old.privatelink:
            alias = fold(old.privatelink)
            self._aliases[alias].pop(name)
            if not self._aliases[alias]:
                del self._aliases[alias]
            self._count(alias, -1)
        return True

    def allow(self, thing: OutsideName) -> bool:
        """Hold a name of the real internet; False when it was held just so."""
        name = fold(thing.fqdn)
        changed = self._outside.get(name) != thing
        self._outside[name] = thing
        return changed

    def disallow(self, thing: OutsideName) -> bool:
        """Forget it; False when it was not held."""
        return self._outside.pop(fold(thing.fqdn), None) is not None

    def outside(self, name: str) -> OutsideName | None:
        """What the operator allows by this name, or by a ``*`` in place of its first label."""
        return self._outside.get(name) or self._outside.get(f"*.{name.partition('.')[2]}")

    def objects(self) -> list[PublicName | OutsideName]:
        """All that is held."""
        return [*self._objects.values(), *self._outside.values()]

    def find(self, name: str) -> Published | None:
        """What answers for ``name``, or None; ``exists`` tells an empty name from one that does not exist."""
        found = self._named(name, "")
        if found is None and name not in self._above:
            label, _, rest = name.partition(".")
            found = self._named(f"*.{rest}", label)
        return found

    def exists(self, name: str) -> bool:
        """Whether ``name`` exists although nothing answers there: names below it do."""
        return name in self._above

    def encloser(self, name: str) -> str:
        """The closest name above ``name`` that exists; ``""`` (the root) if none."""
        while name:
            name = name.partition(".")[2]
            if name in self._above:
                return name
        return ""

    def _named(self, name: str, label: str) -> Published | None:
        thing = self._objects.get(name)
        if thing is not None:
            if not thing.privatelink:
                return Published(thing, address=thing.address)
            alias = fold(thing.privatelink)
            return Published(thing, alias=f"{label}{alias[1:]}" if label and alias.startswith("*.") else alias)
        for thing in self._aliases.get(name, {}).values():
            return Published(thing, address=thing.address)
        return None

    def _count(self, name: str, step: int) -> None:
        for above in _ancestors(name):
            count = self._above.get(above, 0) + step
            if count:
                self._above[above] = count
            else:
                del self._above[above]


def _ancestors(name: str) -> Iterator[str]:
    while "." in name:
        name = name.partition(".")[2]
        yield name
