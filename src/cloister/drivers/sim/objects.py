"""What a simulated fabric holds, by key, and by kind for whom looks at all of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from cloister.net.desired import Desired

T = TypeVar("T")


class Objects(dict[str, Desired]):
    """Objects by key; changed one at a time only (``held[key] = thing``, ``del``, ``pop``)."""

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[type, dict[str, Desired]] = {}

    def of(self, kind: type[T]) -> Iterable[T]:
        """All of one kind."""
        return cast(Iterable[T], self._kinds.get(kind, {}).values())

    def __setitem__(self, key: str, thing: Desired) -> None:
        super().__setitem__(key, thing)
        self._kinds.setdefault(type(thing), {})[key] = thing

    def __delitem__(self, key: str) -> None:
        self.pop(key)

    def pop(self, key: str, *default: Any) -> Any:
        """As dict's."""
        if key in self:
            del self._kinds[type(self[key])][key]
        return super().pop(key, *default)
