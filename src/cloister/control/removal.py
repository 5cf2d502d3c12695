"""Deleting: what goes with a row, and what forbids it."""

from __future__ import annotations

from collections.abc import Iterable

from cloister.arm.catalog import Catalog
from cloister.arm.errors import ArmError
from cloister.arm.ids import IdError, key, parse
from cloister.arm.rbac import is_inside
from cloister.arm.resource import ResourceType, Row
from cloister.control.distrust import blamed
from cloister.control.world import Draft

_SHOWN_MAX = 10


def closure(draft: Draft, catalog: Catalog, places: Iterable[str]) -> list[Row]:
    """The rows with these keys and all that goes with them: rows inside them, rows they own, rows whose end is theirs, and
    so on."""
    found: dict[str, Row] = {}
    open = list(places)
    while open:
        place = open.pop()
        row = draft.get(place)
        if row is None or place in found:
            continue
        found[place] = row
        open.extend(key(other.id) for other in draft.children(row.id))
        open.extend(key(other.id) for other in draft.owned_by(row.id))
        open.extend(key(other.id) for other in draft.naming(row.id) if _goes_with(catalog, other, row))
    return [found[place] for place in sorted(found)]


def _goes_with(catalog: Catalog, row: Row, gone: Row) -> bool:
    kind = catalog.get(row.type)
    return kind is not None and kind.goes_with is not None and key(kind.goes_with(row)) == key(gone.id)


def refuse_nested(draft: Draft, kind: ResourceType, row: Row) -> None:
    """Raises ArmError 409 where rows stand inside ``row`` that must be deleted one by one before it.

    Source of the code: Azure's answer to deleting a private DNS zone that has links.
    """
    inside = [child for name in kind.nested for child in draft.children(row.id, name)]
    if inside:
        shown = ", ".join(f"'{child.id}'" for child in inside[:_SHOWN_MAX])
        message = (
            f"cannot delete {kind.name.rsplit('/', 1)[-1]} '{row.name}' while nested resources exist, among them {shown}; "
            "delete all of those first."
        )
        raise ArmError(409, "CannotDeleteResource", message, target=row.id)


def remove(draft: Draft, catalog: Catalog, places: Iterable[str]) -> list[Row]:
    """Drop these rows with all that goes with them; answers what went.

    Raises ArmError (the type's ``in_use_code`` with 400, else 409 ``ResourceInUse``) when something that stays still uses one
    of them.
    """
    gone = closure(draft, catalog, places)
    for row in gone:
        draft.drop(key(row.id))
    for row in gone:
        kind = catalog.get(row.type)
        if kind is None:
            continue
        with blamed(kind.name, "blockers", row.id):
            users = list(dict.fromkeys(kind.blockers(row, draft)))
        if users:
            raise _in_use(kind, row, users)
    for row in gone:
        if (kind := catalog.get(row.type)) is not None and kind.leaves is not None:
            inside = [other for other in gone if is_inside(key(row.id), key(other.id)) and other is not row]
            with blamed(kind.name, "leaves", row.id):
                for kept in kind.leaves(row, inside, draft):
                    draft.put(kept)
    return gone


def _in_use(kind: ResourceType, row: Row, users: list[str]) -> ArmError:
    shown = ", ".join(_spoken(user) for user in users[:_SHOWN_MAX])
    more = f" and {len(users) - _SHOWN_MAX} more" if len(users) > _SHOWN_MAX else ""
    message = (
        f"cannot delete {kind.name.rsplit('/', 1)[-1]} '{row.name}': it is still used by {shown}{more}; delete "
        f"{'that' if len(users) == 1 else 'those'} first."
    )
    details = [{"code": "InUse", "target": user, "message": f"'{user}' uses '{row.id}'."} for user in users[:_SHOWN_MAX]]
    status, code = (400, kind.in_use_code) if kind.in_use_code else (409, "ResourceInUse")
    return ArmError(status, code, message, target=row.id, details=details)


def _spoken(user: str) -> str:
    """``privateEndpoints 'pe1' (<id>)`` for an id, the words themselves otherwise."""
    try:
        id = parse(user) if user.startswith("/") else None
    except IdError:
        id = None
    return f"{id.type.rsplit('/', 1)[-1]} '{id.name}' ({user})" if id is not None and id.provider else user
