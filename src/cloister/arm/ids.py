"""ARM resource ids: parsed once at the door, compared without case, printed as given.

Source of the grammar: Azure's resource manager reference for ``resourceId``
(learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-resource).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from cloister.limits import ID_LENGTH_MAX, ID_SEGMENTS_MAX

RESOURCES = "Microsoft.Resources"


class IdError(ValueError):
    """A path that is no resource id; its text begins with "cannot"."""


@dataclass(frozen=True)
class ResourceId:
    """One ARM id: an optional scope (subscription, group or another resource) and type/name pairs.

    ``subscription`` and ``resource_group`` are names or ``""``. ``parent_scope`` is the id that an
    extension resource hangs on (``""`` for none). ``provider`` is the namespace, ``types`` and
    ``names`` go in pairs; all are empty for a subscription or a group.
    """

    subscription: str = ""
    resource_group: str = ""
    parent_scope: str = ""
    provider: str = ""
    types: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    text: str = field(init=False, compare=False, repr=False)
    """The canonical spelling, as Azure prints it."""
    scope: str = field(init=False, compare=False, repr=False)
    """The id's scope as text: what stands before its own ``/providers/``."""
    key: str = field(init=False, compare=False, repr=False)
    """What ids are compared by: lower case."""

    def __post_init__(self) -> None:
        scope = self.parent_scope
        if not scope:
            scope = f"/subscriptions/{self.subscription}" if self.subscription else ""
            scope += f"/resourceGroups/{self.resource_group}" if self.resource_group else ""
        out = scope
        if self.provider:
            out += f"/providers/{self.provider}"
            for kind, name in zip(self.types, self.names, strict=True):
                out += f"/{kind}/{name}"
        own = self.__dict__  # frozen: nobody else writes there
        own["text"], own["scope"], own["key"] = out or "/", scope, (out or "/").lower()

    @property
    def type(self) -> str:
        """The full type, e.g. ``Microsoft.Network/virtualNetworks/subnets``."""
        if self.provider:
            return "/".join((self.provider, *self.types))
        if self.resource_group:
            return f"{RESOURCES}/resourceGroups"
        return f"{RESOURCES}/subscriptions" if self.subscription else f"{RESOURCES}/tenants"

    @property
    def name(self) -> str:
        """The last segment: the resource's own name."""
        return self.names[-1] if self.names else self.resource_group or self.subscription

    @property
    def parent(self) -> ResourceId | None:
        """The id one level up: the parent resource, else the scope, else None for the tenant."""
        if len(self.names) > 1:
            return ResourceId(
                self.subscription, self.resource_group, self.parent_scope, self.provider, self.types[:-1], self.names[:-1]
            )
        if self.names:
            return parse(self.scope) if self.scope else None
        if self.resource_group:
            return ResourceId(self.subscription)
        return None

    def child(self, kind: str, name: str) -> ResourceId:
        """The id of a child resource of type segment ``kind``."""
        return ResourceId(
            self.subscription,
            self.resource_group,
            self.parent_scope,
            self.provider,
            (*self.types, kind),
            (*self.names, name),
        )

    def __str__(self) -> str:
        return self.text


def key(text: str) -> str:
    """What two ids' texts are compared by."""
    return _key(text) if len(text) <= ID_LENGTH_MAX else _key.__wrapped__(text)


@lru_cache(maxsize=4096)
def _key(text: str) -> str:
    return text.rstrip("/").lower() or "/"


@lru_cache(maxsize=65536)
def parse(text: str) -> ResourceId:
    """Parse an id; doubled slashes collapse, ``subscriptions`` and ``resourceGroups`` match without case.

    Raises IdError for anything that is not a whole id (a collection path ends in a type, so it is none).
    """
    parts = [part for part in text.split("/") if part]
    if len(text) > ID_LENGTH_MAX or len(parts) > ID_SEGMENTS_MAX:
        raise IdError(f"cannot read the resource id: it is longer than {ID_LENGTH_MAX} characters")
    subscription = group = ""
    at = 0
    if len(parts) >= 2 and parts[0].lower() == "subscriptions":
        subscription, at = parts[1], 2
        if len(parts) >= 4 and parts[2].lower() == "resourcegroups":
            group, at = parts[3], 4
    starts = [n for n in range(at, len(parts)) if parts[n].lower() == "providers"]
    if at == len(parts):
        return ResourceId(subscription, group)
    if not starts or starts[0] != at:
        raise IdError(f"cannot read the resource id '{text}': '/providers/' is missing")
    last = starts[-1]
    tail = parts[last + 1 :]
    if len(tail) < 3 or len(tail) % 2 == 0:
        raise IdError(f"cannot read the resource id '{text}': it must end in pairs of type and name")
    parent = parse("/" + "/".join(parts[:last])).text if last != at else ""
    return ResourceId(subscription, group, parent, tail[0], tuple(tail[1::2]), tuple(tail[2::2]))
