"""All resource types of a cloud, found without case, and ids spelled as the types and the rows spell them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from cloister.arm.ids import RESOURCES, ResourceId, key, parse
from cloister.arm.resource import ResourceType, stored
from cloister.arm.schema import obj

GROUP_TYPE = f"{RESOURCES}/resourceGroups"
SUBSCRIPTION_TYPE = f"{RESOURCES}/subscriptions"
TENANT_TYPE = f"{RESOURCES}/tenants"


UNKNOWN_TYPES_MAX = 1000
ANY_VERSION = "2024-01-01"


class Catalog(Mapping[str, ResourceType]):
    """Resource types by lower-case name. ``accepts_unknown``: the operator allows types that nobody here knows."""

    def __init__(self, types: Iterable[ResourceType], accepts_unknown: bool = False):
        self.accepts_unknown = accepts_unknown
        self._admitted = 0
        self._types = {kind.name.lower(): kind for kind in types}
        self._spelled = {kind.name: kind for kind in self._types.values()}  # most are asked for so
        self.namespaces: dict[str, str] = {}
        """Namespaces as Azure spells them, by lower case."""
        for kind in self._types.values():
            namespace = kind.name.split("/", 1)[0]
            self.namespaces.setdefault(namespace.lower(), namespace)

    def __getitem__(self, name: str) -> ResourceType:
        return self._spelled.get(name) or self._types[name.lower()]

    def get(self, name: str, default: ResourceType | None = None) -> ResourceType | None:  # type: ignore[override]
        """The type of that name in any case, or None."""
        return self._spelled.get(name) or self._types.get(name.lower()) or default

    def admit(self, name: str) -> ResourceType | None:
        """A type that nobody knows as one of plain rows, unless the operator does not allow that; then None.

        It is known from then on: kept as written, without any check.
        """
        if not self.accepts_unknown or name.count("/") < 1 or self._admitted >= UNKNOWN_TYPES_MAX:
            return None
        self._admitted += 1
        lacks = stored("not known here: kept without any check")
        kind = ResourceType(
            name=name,
            api_versions=(ANY_VERSION,),
            properties=obj(),
            location="optional",
            coverage=lacks,
            scopes=("tenant", "subscription", "group", "resource"),
        )
        self._types[name.lower()] = kind
        namespace = name.split("/", 1)[0]
        self.namespaces.setdefault(namespace.lower(), namespace)
        return kind

    def __iter__(self):
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def of_namespace(self, namespace: str) -> list[ResourceType]:
        """The types of one provider, by name."""
        prefix = namespace.lower() + "/"
        return [self._types[name] for name in sorted(self._types) if name.startswith(prefix)]

    def spelled(self, id: ResourceId, known: Callable[[str], str | None]) -> ResourceId:
        """``id`` with types spelled as here and names spelled as the existing rows spell them.

        ``known(key)`` gives the id text of an existing row, or None; then the name stays as the user wrote it.
        """
        if stored := known(id.key):
            return parse(stored)
        scope = self._spelled_scope(id, known)
        if not id.provider:
            return scope
        kind = self.get(id.type)
        parts = kind.name.split("/") if kind else [self.namespaces.get(id.provider.lower(), id.provider), *id.types]
        types, names = tuple(parts[1:]), id.names
        if len(names) > 1 and id.parent is not None and (above := known(id.parent.key)):
            row = parse(above)
            types, names = (*row.types, types[-1]), (*row.names, names[-1])
        is_same = scope.text == id.scope and (parts[0], types, names) == (id.provider, id.types, id.names)
        return id if is_same else ResourceId(scope.subscription, scope.resource_group, scope.parent_scope, parts[0], types, names)

    def _spelled_scope(self, id: ResourceId, known: Callable[[str], str | None]) -> ResourceId:
        """The scope of ``id`` as an id without type and name: its subscription, group and parent scope, spelled."""
        if id.parent_scope:
            above = self.spelled(parse(id.parent_scope), known)
            return ResourceId(above.subscription, above.resource_group, above.text)
        if not id.subscription:
            return ResourceId()
        own = ResourceId(id.subscription, id.resource_group)
        if id.provider and (stored := known(own.key)):
            return parse(stored)
        if id.resource_group and (stored := known(key(f"/subscriptions/{id.subscription}"))):
            return ResourceId(parse(stored).subscription, id.resource_group)
        return own
