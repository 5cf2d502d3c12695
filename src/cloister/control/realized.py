"""Rows -> intent -> desired objects, recomputing only what a change touches. Pure bookkeeping, no I/O.

``realize`` is memoised by the row and by what it read: the view handed to it records every question asked, and a change
to an answer makes the asker due again. Intents are grouped in the compilers' units; only units with a changed intent
are compiled again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from cloister.arm.resource import ResourceType, Row, View
from cloister.compilers.units import BASE, Unit, compile_unit, units_of
from cloister.net.desired import Desired
from cloister.net.intent import Intent

log = logging.getLogger("cloister.loop")

Question = tuple[str, str]


class RecordingView:
    """A View that notes what was asked of it, as ``(kind, key)`` questions."""

    def __init__(self, view: View):
        self._view = view
        self.asked: set[Question] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    def get(self, id: str) -> Row | None:
        self.asked.add(("row", id.lower()))
        return self._view.get(id)

    def children(self, id: str, type: str = "") -> list[Row]:
        self.asked.add(("below", id.lower()))
        return self._view.children(id, type)

    def of_type(self, type: str) -> list[Row]:
        self.asked.add(("type", type.lower()))
        return self._view.of_type(type)

    def owned_by(self, owner: str) -> list[Row]:
        self.asked.add(("owned", owner.lower()))
        return self._view.owned_by(owner)

    def referring(self, id: str, type: str = "") -> list[Row]:
        self.asked.add(("refers", type.lower()))
        return self._view.referring(id, type)


def _answers_touched(id: str, row: Row) -> Iterable[Question]:
    """The questions whose answer a change of this row may change."""
    yield ("row", id)
    yield ("type", row.type.lower())
    yield ("refers", row.type.lower())
    yield ("refers", "")
    if row.owner:
        yield ("owned", row.owner.lower())
    cut = id.rfind("/")
    while cut > 0:
        yield ("below", id[:cut])
        cut = id.rfind("/", 0, cut)


class Realized:
    """The desired world, kept up to date row by row.

    ``desired`` maps object key to object; ``objects_of(owner)`` the keys that a row owns. ``given`` are intents that no row
    makes: what the operator set when the cloud was started.
    """

    def __init__(self, types: Mapping[str, ResourceType], given: Iterable[Intent] = ()):
        self._types = types
        self._intents: dict[str, tuple[Intent, ...]] = {}
        self._asked: dict[str, frozenset[Question]] = {}
        self._askers: dict[Question, set[str]] = {}
        self._units: dict[Unit, dict[str, list[Intent]]] = {}
        self._objects: dict[Unit, dict[str, Desired]] = {BASE: compile_unit(BASE, ())}
        self._owned: dict[str, set[str]] = {}
        self.desired: dict[str, Desired] = {}
        self.faults: dict[str, str] = {}
        self._publish(self._objects[BASE])
        self._intents[""] = tuple(given)
        for intent in self._intents[""]:
            for unit in units_of(intent):
                self._units.setdefault(unit, {}).setdefault("", []).append(intent)
        for unit in list(self._units):
            self._compile(unit)

    def change(self, view: View, rows: Iterable[tuple[str, Row | None, Row | None]]) -> set[str]:
        """Take in changed rows ``(id, old, new)``; answers the keys of objects that may have changed."""
        due: set[str] = set()
        for id, old, new in rows:
            due.add(id.lower())
            for row in (old, new):
                if row is not None:
                    for question in _answers_touched(id.lower(), row):
                        if (askers := self._askers.get(question)) is not None:
                            due |= askers
        units: set[Unit] = set()
        for id in due:
            units |= self._realize(id, view)
        keys: set[str] = set()
        for unit in units:  # first all that was, then all that is: an object may go from one unit to another
            keys |= self._withdraw(self._objects.pop(unit, {}))
        for unit in units:
            keys |= self._compile(unit)
        return keys

    def intents(self) -> list[Intent]:
        """All intents of the world, in no order."""
        return [intent for group in self._intents.values() for intent in group]

    def objects_of(self, owner: str) -> set[str]:
        """The keys of the objects that the row with this id owns."""
        return self._owned.get(owner.lower(), set())

    def _realize(self, id: str, view: View) -> set[Unit]:
        row = view.get(id)
        type = self._types.get(row.type.lower()) if row is not None else None
        if not (type is not None and type.realizes) and id not in self._asked and id not in self._intents:
            self.faults.pop(id, None)
            return set()
        asking = RecordingView(view)
        found: tuple[Intent, ...] = ()
        self.faults.pop(id, None)
        if row is not None and type is not None:
            try:
                found = tuple(type.realize(row, asking))
                if any(not intent.owner for intent in found):
                    raise ValueError("an intent without owner")
            except Exception as error:  # a module's bug fails its own row, not the cloud
                found = ()
                self.faults[id] = f"internal error: bug in {row.type}: realize: {error!r}"
                log.exception(self.faults[id])
        before = self._intents.get(id, ())
        self._remember(id, found, frozenset(asking.asked))
        if before == found:
            return set()
        units = {unit for intent in (*before, *found) for unit in units_of(intent)}
        for unit in units:
            mine = [intent for intent in found if unit in units_of(intent)]
            group = self._units.setdefault(unit, {})
            if mine:
                group[id] = mine
            else:
                group.pop(id, None)
                if not group:
                    del self._units[unit]
        return units

    def _remember(self, id: str, intents: tuple[Intent, ...], asked: frozenset[Question]) -> None:
        if intents:
            self._intents[id] = intents
        else:
            self._intents.pop(id, None)
        before = self._asked.pop(id, frozenset())
        if asked:
            self._asked[id] = asked
        for question in before - asked:
            askers = self._askers[question]
            askers.discard(id)
            if not askers:
                del self._askers[question]
        for question in asked - before:
            self._askers.setdefault(question, set()).add(id)

    def _compile(self, unit: Unit) -> set[str]:
        group = self._units.get(unit, {})
        found = compile_unit(unit, [intent for id in sorted(group) for intent in group[id]]) if group else {}
        if found:
            self._objects[unit] = found
        self._publish(found)
        return set(found)

    def _withdraw(self, objects: dict[str, Desired]) -> set[str]:
        for key, thing in objects.items():
            self.desired.pop(key, None)
            owned = self._owned.get(thing.owner.lower())
            if owned is not None:
                owned.discard(key)
                if not owned:
                    del self._owned[thing.owner.lower()]
        return set(objects)

    def _publish(self, objects: dict[str, Desired]) -> None:
        for key, thing in objects.items():
            self.desired[key] = thing
            self._owned.setdefault(thing.owner.lower(), set()).add(key)
