"""All rows in memory, indexed by everything a hook may ask, and the windows (``View``) on them.

``Index`` holds rows and finds them by id, type, prefix, owner, reference and name; a ``Layer`` lies over one, or over another
layer, and is asked alike. ``Window`` is the read-only View of rows. ``Draft`` is a View of the rows as they would be after the
change under way, which gathers in a layer of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from cloister.arm.catalog import Catalog
from cloister.arm.guids import name_based_guid
from cloister.arm.ids import key
from cloister.arm.resource import ResourceType, Row

Allowed = Callable[[str, str], bool]


def references(value: Any) -> list[str]:
    """The keys of all resource ids that stand as string values (or as names, as in identities) anywhere in ``value``, once."""
    found: dict[str, None] = {}
    left = [value]
    for item in left:  # it grows meanwhile
        if isinstance(item, dict):
            for name, inner in item.items():
                if name[:1] == "/":
                    left.append(name)
                if not isinstance(inner, str) or inner[:1] == "/":
                    left.append(inner)
        elif isinstance(item, list):
            left += item
        elif isinstance(item, str) and item[:1] == "/" and "/providers/" in item.lower():
            found[key(item)] = None
    return list(found)


class SortedKeys:
    """Keys in order, for prefixes: insertion and removal cost a memory move, which beats a tree up to millions."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self.all = sorted(keys) if keys else []

    def add(self, item: str) -> None:
        """Put in one key that is not there yet."""
        insort(self.all, item)

    def remove(self, item: str) -> None:
        """Take out one key that is there."""
        del self.all[bisect_left(self.all, item)]

    def below(self, prefix: str) -> list[str]:
        """The keys that begin with ``prefix`` and a slash, in order ("0" is the character after the slash)."""
        top = "" if prefix == "/" else prefix
        first = bisect_left(self.all, top + "/")
        if first == len(self.all) or not self.all[first].startswith(top + "/"):
            return []
        return self.all[first : bisect_left(self.all, top + "0", first)]


class Index:
    """Rows by key with every way to find them."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self._sorted = SortedKeys()
        self._types: dict[str, SortedKeys] = {}
        self._owned: dict[str, set[str]] = {}
        self._referred: dict[str, set[str]] = {}
        self._referred_sorted = SortedKeys()
        self._refers: dict[str, list[str]] = {}
        self._names: dict[tuple[str, str], set[str]] = {}

    def load(self, rows: Iterable[Row]) -> None:
        """Fill an empty index."""
        types: dict[str, list[str]] = {}
        for row in rows:
            self._enter(key(row.id), row, sort=False)
            types.setdefault(row.type.lower(), []).append(key(row.id))
        self._sorted, self._referred_sorted = SortedKeys(self.rows), SortedKeys(self._referred)
        self._types = {kind: SortedKeys(keys) for kind, keys in types.items()}

    def put(self, row: Row) -> None:
        """Add a row, or replace the one of the same id."""
        place = key(row.id)
        before = self.rows.get(place)
        if before is None or (before.type, before.owner) != (row.type, row.owner):
            self.drop(place)
            self._enter(place, row, sort=True)
            return
        self.rows[place] = row
        if before.body is not row.body and (found := references(row.body)) != self._refers[place]:
            self._refer_no_more(place)
            self._refer(place, found, sort=True)

    def _enter(self, place: str, row: Row, sort: bool) -> None:
        self.rows[place] = row
        kind = row.type.lower()
        if sort:
            self._sorted.add(place)
            if (keys := self._types.get(kind)) is None:
                keys = self._types[kind] = SortedKeys()
            keys.add(place)
        self._names.setdefault((kind, row.name.lower()), set()).add(place)
        if row.owner:
            self._owned.setdefault(key(row.owner), set()).add(place)
        self._refer(place, references(row.body), sort)

    def _refer(self, place: str, found: list[str], sort: bool) -> None:
        self._refers[place] = found
        for target in found:
            if target not in self._referred:
                self._referred[target] = set()
                if sort:
                    self._referred_sorted.add(target)
            self._referred[target].add(place)

    def drop(self, place: str) -> None:
        """Take out the row with this key, if there is one."""
        row = self.rows.pop(place, None)
        if row is None:
            return
        self._sorted.remove(place)
        kind = row.type.lower()
        self._types[kind].remove(place)
        _discard(self._names, (kind, row.name.lower()), place)
        if row.owner:
            _discard(self._owned, key(row.owner), place)
        self._refer_no_more(place)

    def _refer_no_more(self, place: str) -> None:
        for target in self._refers.pop(place):
            if _discard(self._referred, target, place):
                self._referred_sorted.remove(target)

    def get(self, place: str) -> Row | None:
        """The row with this key."""
        return self.rows.get(place)

    def these(self, keys: Collection[str], kind: str = "") -> list[Row]:
        """The rows with these keys; of one type (in lower case) where it is given."""
        rows = self.rows
        return [rows[place] for place in keys if not kind or rows[place].type.lower() == kind]

    def keys_below(self, place: str, kind: str = "") -> list[str]:
        """The keys of all rows inside the row or scope of this key, in order; of one type where it is given."""
        keys = self._types.get(kind) if kind else self._sorted
        return keys.below(place) if keys is not None else []

    def keys_of_type(self, kind: str) -> Collection[str]:
        """In order, as those below a place; the others as they come."""
        found = self._types.get(kind)
        return found.all if found is not None else ()

    def keys_owned(self, place: str) -> Collection[str]:
        return self._owned.get(place, ())

    def keys_named(self, kind: str, name: str) -> Collection[str]:
        return self._names.get((kind, name), ())

    def keys_referring(self, place: str, below: bool = True) -> set[str]:
        """The keys of rows that name this id, or (``below``) an id inside it."""
        found = set(self._referred.get(place, ()))
        if below:
            for target in self._referred_sorted.below(place):
                found |= self._referred[target]
        return found


class Layer:
    """Rows laid over others: asked like an Index, and what is put or dropped here changes nothing below."""

    def __init__(self, below: Index | Layer):
        self._below = below
        self._over = Index()
        self._masked: set[str] = set()

    def put(self, row: Row) -> None:
        """Add a row, or lay it over the one of the same id."""
        self._masked.add(key(row.id))
        self._over.put(row)

    def drop(self, place: str) -> None:
        """Hide the row with this key."""
        self._masked.add(place)
        self._over.drop(place)

    def fell(self, place: str, row: Row | None) -> None:
        """What was laid over here stands below now; nothing changes where something newer lies here."""
        if place in self._masked and self._over.get(place) is row:
            self._masked.discard(place)
            self._over.drop(place)

    def clear(self) -> None:
        """Let all go that lies here."""
        self._over, self._masked = Index(), set()

    def below(self, place: str) -> Row | None:
        """The row with this key as it is without this layer."""
        return self._below.get(place)

    def changes(self) -> list[tuple[str, Row | None, Row | None]]:
        """``(key, below, here)`` of every row that really differs, in key order."""
        found = ((place, self._below.get(place), self._over.get(place)) for place in sorted(self._masked))
        return [
            (place, old, new)
            for place, old, new in found
            if old is not new and not (old is not None and new is not None and same_content(old, new))
        ]

    # --- as an Index

    def get(self, place: str) -> Row | None:
        """See Index, as all below."""
        return self._over.get(place) if place in self._masked else self._below.get(place)

    def these(self, keys: Collection[str], kind: str = "") -> list[Row]:
        if not keys or not self._masked:
            return self._below.these(keys, kind)
        found = (self.get(place) for place in keys)
        return [row for row in found if row is not None and (not kind or row.type.lower() == kind)]

    def _merged(self, below: Collection[str], over: Collection[str]) -> Collection[str]:
        if not below or not self._masked:
            return over or below
        masked = self._masked
        return [*(place for place in below if place not in masked), *over]

    def keys_below(self, place: str, kind: str = "") -> Collection[str]:
        below, over = self._below.keys_below(place, kind), self._over.keys_below(place, kind)
        return sorted(self._merged(below, over)) if below and over else self._merged(below, over)

    def keys_of_type(self, kind: str) -> Collection[str]:
        below, over = self._below.keys_of_type(kind), self._over.keys_of_type(kind)
        return sorted(self._merged(below, over)) if below and over else self._merged(below, over)

    def keys_owned(self, place: str) -> Collection[str]:
        return self._merged(self._below.keys_owned(place), self._over.keys_owned(place))

    def keys_named(self, kind: str, name: str) -> Collection[str]:
        return self._merged(self._below.keys_named(kind, name), self._over.keys_named(kind, name))

    def keys_referring(self, place: str, below: bool = True) -> Collection[str]:
        return self._merged(self._below.keys_referring(place, below), self._over.keys_referring(place, below))


def _discard(sets: dict[Any, set[str]], name: Any, item: str) -> bool:
    """Take ``item`` out of a set of sets; True if that set is gone with it."""
    found = sets[name]
    found.discard(item)
    if found:
        return False
    del sets[name]
    return True


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What every view of one cloud shares besides rows."""

    catalog: Catalog
    tenant_id: str
    key: bytes
    """A secret of this cloud, from which ``View.secret`` is made."""


def _denied(action: str, scope: str) -> bool:
    return False


class Window:
    """The View of the committed rows. ``shown`` leaves out rows that their type hides."""

    def __init__(self, rows: Index | Layer, around: Surroundings, now: str, allowed: Allowed = _denied, shown: bool = False):
        self._found = rows
        self._around = around
        self._allowed = allowed
        self._shown = shown
        self.now = now
        self.tenant_id = around.tenant_id

    def _rows(self, keys: Collection[str], type: str = "") -> list[Row]:
        if not keys:
            return []
        found = self._found.these(keys, type.lower())
        if not self._shown:
            return found
        kinds = {name: self._around.catalog.get(name) for name in {row.type for row in found}}
        hooks = {name: kind.hidden for name, kind in kinds.items() if kind is not None and kind.hidden is not None}
        return [row for row in found if row.type not in hooks or not hooks[row.type](row)] if hooks else found

    def get(self, id: str) -> Row | None:
        """See ``arm.resource.View``, as all below."""
        return self._found.get(key(id))

    def children(self, id: str, type: str = "") -> list[Row]:
        return self._rows(self._found.keys_below(key(id), type.lower()))

    def of_type(self, type: str) -> list[Row]:
        return self._rows(self._found.keys_of_type(type.lower()))

    def owned_by(self, owner: str) -> list[Row]:
        return self._rows(sorted(self._found.keys_owned(key(owner))))

    def referring(self, id: str, type: str = "") -> list[Row]:
        return self._rows(sorted(self._found.keys_referring(key(id))), type)

    def named(self, type: str, name: str) -> list[Row]:
        """The rows of a type with this name, wherever they are."""
        return self._rows(sorted(self._found.keys_named(type.lower(), name.lower())))

    def type(self, name: str) -> ResourceType | None:
        return self._around.catalog.get(name)

    def is_hidden(self, row: Row) -> bool:
        """Whether the row is kept but not shown."""
        kind = self._around.catalog.get(row.type)
        return kind is not None and kind.hidden is not None and kind.hidden(row)

    def new_id(self, seed: str) -> str:
        return name_based_guid(_namespace(self.tenant_id), seed.lower())

    def secret(self, seed: str) -> str:
        digest = hmac.digest(self._around.key, seed.lower().encode(), hashlib.sha512)
        return base64.b64encode(digest).decode()

    def number(self, pool: str) -> int:
        raise RuntimeError(f"internal error: bug in a resource type: a number of '{pool}' was drawn outside a change")

    def allowed(self, action: str, scope: str) -> bool:
        return self._allowed(action, scope)

    def note(self, operation: str, resource: str, text: str) -> None:
        """Nothing is changed through this view, so nothing is logged."""


class Draft(Window):
    """The View of the rows as they would be after this change, and the place where the change gathers."""

    def __init__(
        self,
        rows: Index | Layer,
        around: Surroundings,
        now: str,
        allowed: Allowed = _denied,
        counters: dict[str, int] | None = None,
    ):
        self._layer = Layer(rows)
        super().__init__(self._layer, around, now, allowed)
        self._counters_before = counters or {}
        self.counters: dict[str, int] = {}
        self.notes: list[tuple[str, str, str]] = []

    def put(self, row: Row) -> None:
        """The row as it shall be."""
        self._layer.put(row)

    def drop(self, place: str) -> None:
        """The row with this key shall be gone."""
        self._layer.drop(place)

    def changes(self) -> list[tuple[str, Row | None, Row | None]]:
        """``(key, before, wanted)`` of every row that would really differ, in key order."""
        return self._layer.changes()

    def committed(self, id: str) -> Row | None:
        """The row as it is before this change."""
        return self._layer.below(key(id))

    def naming(self, id: str) -> list[Row]:
        """Rows that name exactly this id."""
        return self._rows(sorted(self._layer.keys_referring(key(id), False)))

    def number(self, pool: str) -> int:
        value = self.counters.get(pool, self._counters_before.get(pool, 0)) + 1
        self.counters[pool] = value
        return value

    def note(self, operation: str, resource: str, text: str) -> None:
        if (operation, resource, text) not in self.notes:
            self.notes.append((operation, resource, text))


def same_content(one: Row, other: Row) -> bool:
    """Whether two rows say the same, whenever and by whomever they were written."""
    return one.body == other.body and one.facts == other.facts and (one.id, one.owner) == (other.id, other.owner)


@lru_cache(maxsize=64)
def _namespace(tenant_id: str) -> bytes:
    try:
        return UUID(tenant_id).bytes
    except ValueError:
        return uuid5(NAMESPACE_URL, tenant_id).bytes
