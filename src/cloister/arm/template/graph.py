"""What waits for what: ``dependsOn`` in all its spellings, references, serial loops; circles refused.

Source: learn.microsoft.com/azure/azure-resource-manager/templates/resource-dependency. Beyond what Azure promises, a
child waits for its parent and a reference by id for the resource with that id when both stand in the template, unless
that would close a circle: Azure leaves those to chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cloister.arm.template.declared import Planned
from cloister.arm.template.errors import RESOURCES_PAGE, SYNTAX_PAGE, TemplateError
from cloister.arm.template.evaluator import Target

_GROUP_FORM = re.compile(
    r"^(/subscriptions/[^/]+)(?:/resourcegroups/[^/]+)?/providers/microsoft\.resources/resourcegroups/([^/]+)$"
)
_INSTANCE = re.compile(r"(.+)\[(\d+)\]")


def id_key(text: str) -> str:
    """An id as the graph compares it: lower case, one spelling for resource groups."""
    lower = "/" + text.strip("/").lower()
    found = _GROUP_FORM.match(lower)
    return f"{found[1]}/resourcegroups/{found[2]}" if found else lower


class Index:
    """The resources of one template by everything that a text may call them.

    ``outer`` are those of the template around; ``empty`` names loops that make nothing.
    """

    def __init__(self, resources: Sequence[Planned], outer: Index | None = None, empty: Iterable[str] = ()):
        self.outer = outer
        self.by_id: dict[str, list[Planned]] = {}
        self.by_name: dict[str, list[Planned]] = {}
        self.by_loop: dict[str, list[Planned]] = {name: [] for name in empty if name}
        self.by_symbol: dict[str, list[Planned]] = {}
        for one in resources:
            self.by_id.setdefault(id_key(one.target.id), []).append(one)
            self.by_name.setdefault(one.target.name.lower(), []).append(one)
            if one.loop:
                self.by_loop.setdefault(one.loop.lower(), []).append(one)
            if one.symbol:
                self.by_symbol.setdefault(one.symbol.lower(), []).append(one)

    def matches(self, text: str) -> list[Planned] | None:
        """The resources that a dependency's text means; None where this template has none such."""
        lower = text.strip().lower()
        instance = _INSTANCE.fullmatch(lower)
        if lower in self.by_symbol:
            return self.by_symbol[lower]
        if instance and instance[1] in self.by_symbol:
            return [one for one in self.by_symbol[instance[1]] if one.index == int(instance[2])]
        if lower.startswith("/") and id_key(lower) in self.by_id:
            return self.by_id[id_key(lower)]
        for table in (self.by_name, self.by_loop):
            if lower in table:
                return table[lower]
        if "/" in lower:
            return self._by_type_and_name(lower.strip("/"))
        tail = [one for one in self._all() if one.target.name.lower().endswith("/" + lower)]
        return tail or None

    def _all(self) -> Iterable[Planned]:
        return (one for found in self.by_name.values() for one in found)

    def _by_type_and_name(self, text: str) -> list[Planned] | None:
        """``Microsoft.A/b/c/nameB/nameC``, ``Microsoft.A/b/nameB/c/nameC``, or an id in another scope's spelling."""
        tail = text.rsplit("providers/", 1)[-1]
        namespace, *parts = tail.split("/")
        if len(parts) < 2 or len(parts) % 2:
            return None
        half = len(parts) // 2
        for types, names in ((parts[::2], parts[1::2]), (parts[:half], parts[half:])):
            wanted = "/".join((namespace, *types))
            found = [one for one in self.by_name.get("/".join(names), []) if one.target.type.lower() == wanted]
            if found:
                return found
        return None

    def one(self, name: str) -> Target | None:
        """For ``reference()``: by symbol, id, name or ``type/name``."""
        found = self.matches(name)
        if not found:
            return self.outer.one(name) if self.outer else None
        active = [one for one in found if one.active]
        return (active or found)[0].target

    def many(self, name: str) -> list[Target] | None:
        """For ``references()``: all active instances of a loop, in order."""
        found = self.by_symbol.get(name.lower()) or self.by_loop.get(name.lower())
        if found is None:
            return self.outer.many(name) if self.outer else None
        return [one.target for one in found if one.active]


class Edges:
    """The graph under construction: ``of[key]`` are the keys that a resource waits for."""

    def __init__(self, resources: Sequence[Planned]):
        self.resources = {one.key: one for one in resources}
        self.of: dict[str, set[str]] = {one.key: set() for one in resources}

    def declared(self, one: Planned, texts: Iterable[str], index: Index) -> None:
        """Add what ``dependsOn`` says. Raises TemplateError for a text that means nothing in this template."""
        for text in texts:
            found = index.matches(text)
            if found is None:
                raise TemplateError(
                    f"The resource '{text}' is not defined in the template; '{one.target.name}' depends on it. {SYNTAX_PAGE}",
                    target=one.target.name,
                )
            self._add(one, found)

    def named(self, one: Planned, ids: Iterable[str], index: Index) -> None:
        """Add what a resource refers to by name or symbol."""
        for id in ids:
            self._add(one, index.by_id.get(id_key(id), []))

    def _add(self, one: Planned, found: Iterable[Planned]) -> None:
        for other in found:
            if other.key != one.key and (other.active or other.existing):
                self.of[one.key].add(other.key)

    def serial(self) -> None:
        """Each batch of a serial loop waits for the whole batch before it."""
        batches: dict[tuple[str, int], list[str]] = {}
        for one in self.resources.values():
            if one.batch >= 0:
                batches.setdefault((one.loop, one.batch), []).append(one.key)
        for (loop, batch), keys in batches.items():
            for key in keys:
                self.of[key].update(batches.get((loop, batch - 1), []))

    def soft(self, one: Planned, ids: Iterable[str], index: Index) -> None:
        """Add what had better wait, where that closes no circle."""
        for id in ids:
            for other in index.by_id.get(id_key(id), []):
                if other.key == one.key or not other.active or other.key in self.of[one.key]:
                    continue
                if not self._leads(other.key, one.key):
                    self.of[one.key].add(other.key)

    def _leads(self, start: str, goal: str) -> bool:
        """Whether ``start`` waits, directly or not, for ``goal``."""
        seen, stack = {start}, [start]
        while stack:
            for following in self.of[stack.pop()]:
                if following == goal:
                    return True
                if following not in seen:
                    seen.add(following)
                    stack.append(following)
        return False

    def ordered(self) -> list[str]:
        """All keys so that each comes after what it waits for, else in the template's order. Raises on a circle."""
        waiting = {key: len(before) for key, before in self.of.items()}
        after: dict[str, list[str]] = {key: [] for key in self.of}
        for key, before in self.of.items():
            for other in before:
                after[other].append(key)
        ready = [key for key, count in waiting.items() if count == 0]
        out: list[str] = []
        while ready:
            following: list[str] = []
            for key in ready:
                out.append(key)
                for later in after[key]:
                    waiting[later] -= 1
                    if waiting[later] == 0:
                        following.append(later)
            ready = following
        if len(out) < len(self.of):
            stuck = next(key for key, count in waiting.items() if count > 0 and self._leads(key, key))
            raise TemplateError(
                f"Circular dependency detected on resource: '{self.resources[stuck].target.id}'. {RESOURCES_PAGE}",
                target=self.resources[stuck].target.name,
            )
        return out
