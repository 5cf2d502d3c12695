"""What a request's path means: a resource, a collection of a type, or an action on a resource or scope."""

from __future__ import annotations

import msgspec

from cloister.arm.catalog import Catalog
from cloister.arm.errors import ArmError
from cloister.arm.ids import IdError, ResourceId, parse
from cloister.limits import ID_SEGMENTS_MAX

_ANY = "_"  # stands for the name in a collection's id


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """``kind`` is "resource", "collection" or "action".

    ``id`` is the resource; for a collection an id of the listed type whose last name stands for nothing; for an action
    what it acts on. ``type`` is the full type name in the user's spelling.
    """

    kind: str
    id: ResourceId
    action: str = ""

    @property
    def type(self) -> str:
        """The full name of the type, in the user's spelling."""
        return self.id.type

    @property
    def scope(self) -> str:
        """Where a listing starts, and where permission for it is asked: what stands above the collection."""
        above = self.id.parent
        return above.text if above else "/"


def read_target(method: str, path: str, catalog: Catalog) -> Target:
    """What the path asks for under this method. Raises ArmError 404 for a path that means nothing."""
    parts = [part for part in path.split("/") if part]
    if len(parts) > ID_SEGMENTS_MAX:
        raise ArmError(
            400, "InvalidRequestUri", f"cannot read the path: it has more than {ID_SEGMENTS_MAX} segments; shorten it."
        )
    whole = "/" + "/".join(parts)
    if not parts:
        raise _unknown(whole)
    if method == "POST":
        return _read_action(whole, parts)
    found = _parsed(whole)
    if found is not None:
        return Target(kind="resource", id=found)
    listed = _parsed(f"{whole}/{_ANY}")
    if listed is None:
        raise _unknown(whole)
    if listed.type not in catalog and (above := _parsed("/" + "/".join(parts[:-1]))) is not None:
        kind = catalog.get(above.type)
        if kind is not None and any(name.lower() == parts[-1].lower() and a.method == method for name, a in kind.actions.items()):
            return Target(kind="action", id=above, action=parts[-1])
    return Target(kind="collection", id=listed)


def _read_action(whole: str, parts: list[str]) -> Target:
    if len(parts) < 2:
        raise _unknown(whole)
    place, action = "/" + "/".join(parts[:-1]), parts[-1]
    found = _parsed(place)
    if found is None and len(parts) >= 2 and parts[-2].lower() != "providers":
        found = _parsed(f"{place}/{_ANY}/{_ANY}")  # {scope}/providers/{namespace}/{action}
        if found is not None and len(found.types) != 1:
            found = None
    if found is None:
        raise _unknown(whole)
    return Target(kind="action", id=found, action=action)


def _parsed(path: str) -> ResourceId | None:
    try:
        return parse(path)
    except IdError:
        return None


def _unknown(path: str) -> ArmError:
    shown = path if len(path) <= 200 else path[:200] + "..."
    message = (
        f"cannot find '{shown}': it is neither a resource nor a collection of a known form; compare it with the REST reference."
    )
    return ArmError(404, "NotFound", message)
