"""Rows as JSON bytes for GET and LIST; what cannot change between two answers is kept.

A row of a type without ``show`` and without inline children looks the same until its revision or its provisioning state
changes. Any other may show what stands in other rows, so its bytes serve until anything changes: a row or a state. (``show``
sees rows only: nobody's rights, no clock.) A page of a listing serves likewise until anything changes, whoever asks: who may
list at all is decided before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import orjson

from cloister.arm.catalog import Catalog
from cloister.arm.envelope import render
from cloister.arm.ids import parse
from cloister.arm.resource import ResourceType, Row
from cloister.control.distrust import blamed
from cloister.control.world import Window

_KEPT_MAX = 20_000
_PAGES_BYTES_MAX = 16 << 20

State = Callable[[str], tuple[str, str]]
Moment = Callable[[], Hashable]
"""Equal while no row and no state has changed."""

Page = bytes
"""A page of a listing as JSON."""


@dataclass
class _Kept:
    """A row's bytes, and what they were made of."""

    row: Row
    state: str
    moment: Hashable
    out: bytes


def etag_of(row: Row, view: Window, types: Catalog) -> str:
    """A weak entity tag: it changes with the row and with the children shown inside it."""
    kind = types.get(row.type)
    revision = row.revision
    if kind is not None and kind.inline:
        revision = max([revision, *(child.revision for child in _inline_children(row, kind, view))])
    return f'W/"{revision:08x}"'


def _inline_children(row: Row, kind: ResourceType, view: Window) -> list[Row]:
    depth = len(parse(row.id).names) + 1
    names = {f"{kind.name}/{segment}".lower() for segment in kind.inline.values()}
    return [r for r in view.children(row.id) if r.type.lower() in names and len(parse(r.id).names) == depth]


class Renderer:
    """Shows rows. ``state`` answers a row's provisioning state; without ``moment`` only what stands alone is kept."""

    def __init__(self, types: Catalog, state: State, moment: Moment = object):
        self._types = types
        self._state = state
        self._moment = moment
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._pages: dict[Hashable, bytes] = {}
        self._pages_moment: Hashable = None
        self._pages_bytes = 0

    def value(self, row: Row, view: Window, api_version: str) -> dict[str, Any]:
        """The row as a JSON object. ``view`` must leave out hidden rows."""
        kind = self._types[row.type]
        computed: dict[str, Any] = {}
        for name, segment in kind.inline.items():
            below = self._types.get(f"{kind.name}/{segment}")
            if below is not None:
                rows = [r for r in _inline_children(row, kind, view) if r.type == below.name]
                computed[name] = [self.value(child, view, api_version) for child in rows]
        if kind.show is not None:
            with blamed(kind.name, "show", row.id):
                computed.update(kind.show(row, view, api_version))
        return render(row, kind, state=self._state(row.id)[0], computed=computed, etag=etag_of(row, view, self._types))

    def bytes(self, row: Row, view: Window, api_version: str) -> bytes:
        """The row as JSON bytes."""
        moment = self._moment()
        kept = self._kept.get((row.id, api_version))
        if kept is not None and kept.row is row and kept.moment == moment:
            return kept.out
        kind, state = self._types[row.type], self._state(row.id)[0]
        alone = kind.show is None and not kind.inline
        if kept is not None and alone and kept.row is row and kept.state == state:
            kept.moment = moment
            return kept.out
        out = orjson.dumps(self.value(row, view, api_version))
        self._kept[row.id, api_version] = _Kept(row, state, moment, out)
        if len(self._kept) > _KEPT_MAX:
            self._kept.popitem(last=False)
        return out

    def page(self, asked: Hashable, make: Callable[[], Page]) -> Page:
        """The page of a listing that ``make`` makes; made once for the same ``asked`` as long as nothing changes."""
        if (moment := self._moment()) != self._pages_moment or self._pages_bytes > _PAGES_BYTES_MAX:
            self._pages, self._pages_moment, self._pages_bytes = {}, moment, 0
        out = self._pages.get(asked)
        if out is None:
            out = self._pages[asked] = make()
            self._pages_bytes += len(out)
        return out

    def computed(self, parent: Row, kind: ResourceType, view: Window, api_version: str) -> list[dict[str, Any]]:
        """The items of a computed collection (``ResourceType.listing``) with their id and type."""
        assert kind.listing is not None
        segment = kind.name.rsplit("/", 1)[-1]
        with blamed(kind.name, "listing", parent.id):
            items = kind.listing(parent, view, api_version)
        return [{"id": f"{parent.id}/{segment}/{item['name']}", "type": kind.name, **item} for item in items]
