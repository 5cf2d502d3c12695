"""Bringing a changed world to rest: settle, derive, and again, until nothing moves.

A row is settled when it is written, and again whenever something it may depend on has changed in the same
transaction: a child or its parent, a row it names, a row it owns or that owns it. Hooks are pure, so the order does not
matter and the end is a fixpoint; a hook that never comes to rest is a bug and ends the request.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from cloister.arm.catalog import Catalog
from cloister.arm.errors import ArmError
from cloister.arm.identity import settle_identity
from cloister.arm.ids import IdError, ResourceId, key, parse
from cloister.arm.resource import Change, Derived, ResourceType, Row
from cloister.arm.schema_check import disagreement
from cloister.control.distrust import Bug, blamed
from cloister.control.removal import closure
from cloister.control.world import Draft, same_content
from cloister.limits import CHANGE_ROWS_MAX, SETTLE_ROUNDS_MAX


class Settling:
    """One transaction's settling. ``written`` holds what the request itself wrote, by row key."""

    def __init__(
        self, draft: Draft, catalog: Catalog, written: Mapping[str, dict[str, Any] | None], caller: str, api_version: str
    ):
        self._draft = draft
        self._catalog = catalog
        self._written = written
        self._caller = caller
        self._api_version = api_version
        self._queue: deque[str] = deque()
        self._queued: set[str] = set()
        self._given: set[str] = set()
        self._rounds: dict[str, int] = {}

    def run(self, put: Iterable[str], dropped: Iterable[str]) -> None:
        """Settle the rows with these keys and all that follows. Raises Bug, and ArmError 409 where two rows collide."""
        for place in put:
            self._due(place)
            self._given.add(place)
            if (row := self._draft.committed(place)) is not None:
                self._wake(row)
        for place in dropped:
            if (row := self._draft.committed(place)) is not None:
                self._touched(row)
        while self._queue:
            place = self._queue.popleft()
            self._queued.discard(place)
            self._visit(place)

    def _due(self, place: str) -> None:
        if place not in self._queued:
            self._queued.add(place)
            self._queue.append(place)

    def _touched(self, row: Row) -> None:
        """What may depend on a row that changed is due."""
        id = parse(row.id)
        if id.provider:
            above = id.parent
            if above is not None and len(id.names) > 1:
                self._due(above.key)
            for child in self._draft.children(row.id):
                self._due(key(child.id))
        if row.owner:
            self._due(key(row.owner))
            for child in self._draft.children(row.owner):
                self._due(key(child.id))
        for other in self._draft.naming(row.id):
            self._due(key(other.id))
        self._wake(row)

    def _wake(self, row: Row) -> None:
        """What the row's type says depends on it besides."""
        kind = self._catalog.get(row.type)
        if kind is not None:
            with blamed(kind.name, "wakes", row.id):
                for woken in kind.wakes(row, self._draft):
                    self._due(key(woken))

    def _visit(self, place: str) -> None:
        row = self._draft.get(place)
        kind = self._catalog.get(row.type) if row is not None else None
        if row is None or kind is None:
            return
        self._rounds[place] = self._rounds.get(place, 0) + 1
        if self._rounds[place] > SETTLE_ROUNDS_MAX or len(self._rounds) > CHANGE_ROWS_MAX:
            raise Bug(kind.name, f"settle or derive never comes to rest ({row.id})")
        new = self.settled(kind, row, self._written.get(place))
        has_moved = not same_content(row, new)
        if has_moved:
            self._draft.put(new)
        if has_moved or place in self._given:
            self._given.discard(place)
            self._touched(new)
        self._derive(kind, new)

    def settled(self, kind: ResourceType, row: Row, written: dict[str, Any] | None) -> Row:
        """The row as the server settles it, with the promises of ``settle`` checked."""
        first = settle_identity(row, self._draft)
        if kind.settle is not None:
            change = Change(
                old=self._draft.committed(row.id), row=first, written=written, api_version=self._api_version, caller=self._caller
            )
            with blamed(kind.name, "settle", row.id):
                new = kind.settle(change, self._draft)
                again = kind.settle(msgspec.structs.replace(change, row=new), self._draft)
            if (new.id, new.type, new.owner) != (row.id, row.type, row.owner):
                raise Bug(kind.name, f"settle changed the id, type or owner of {row.id}")
            if not same_content(new, again):
                raise Bug(kind.name, f"settling {row.id} twice is not settling it once")
            first = new
        if written is not None and (path := disagreement(kind.properties, written.get("properties"), first.properties)):
            raise Bug(kind.name, f"{path} of {row.id} was not kept as the user wrote it")
        return first

    def _derive(self, kind: ResourceType, owner: Row) -> None:
        """Make what the row owns as ``derive`` says; what it no longer says is gone."""
        place, wanted = key(owner.id), set()
        with blamed(kind.name, "derive", owner.id):
            yielded = list(kind.derive(owner, self._draft))
        for derived in yielded:
            id = self._derived_id(kind, derived)
            above = id.parent
            if above is None or (len(id.names) > 1 and self._draft.get(above.text) is None):
                continue  # what it would stand in does not exist (any more)
            wanted.add(id.key)
            self._put_derived(kind, owner, id, derived)
        for old in self._draft.owned_by(owner.id):
            if key(old.id) not in wanted and key(old.id) != place:
                gone = closure(self._draft, self._catalog, [key(old.id)])
                for row in gone:
                    self._draft.drop(key(row.id))
                for row in gone:
                    self._touched(row)

    def _derived_id(self, kind: ResourceType, derived: Derived) -> ResourceId:
        try:
            id = parse(derived.id)
        except IdError as error:
            raise Bug(kind.name, f"derive yields the id {derived.id!r}: {error}") from error
        if id.type not in self._catalog:
            raise Bug(kind.name, f"derive yields a row of the unknown type {id.type}")

        def known(place: str) -> str | None:
            row = self._draft.get(place)
            return row.id if row is not None else None

        return self._catalog.spelled(id, known)

    def _put_derived(self, kind: ResourceType, owner: Row, id: ResourceId, derived: Derived) -> None:
        existing = self._draft.get(id.text)
        former = existing.owner if existing is not None and key(existing.owner) != key(owner.id) else ""
        if existing is not None and key(existing.owner) != key(owner.id) and not (former and derived.takes_over):
            whose = f"belongs to '{existing.owner}'" if existing.owner else "was made by itself"
            message = (
                f"cannot write {kind.name.rsplit('/', 1)[-1]} '{owner.name}': it needs '{id.text}', which exists already and "
                f"{whose}; delete that, or choose another name."
            )
            raise ArmError(409, "Conflict", message)
        own = self._catalog[id.type]
        facts = {**existing.facts, **derived.facts} if existing is not None else derived.facts
        created = existing.created if existing is not None else ""
        row = self.settled(
            own, Row(id=id.text, type=own.name, body=derived.body, facts=facts, owner=owner.id, created=created), None
        )
        if existing is None or not same_content(existing, row):
            self._draft.put(row)
            self._touched(row)
            self._due(id.key)
        if former:
            self._due(key(former))
