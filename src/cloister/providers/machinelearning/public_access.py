"""Whether a workspace is reachable from public addresses: one truth behind two properties.

``allowPublicAccessWhenBehindVnet`` (older) and ``publicNetworkAccess`` (newer) override each other: the last one written
wins, ``publicNetworkAccess`` if one body has both. A GET shows both in agreement. When the first connection becomes
Approved and the user never wrote either, access is Disabled; taking endpoints away never opens it again.

Chosen where Azure's behaviour is not documented: docs/decisions/0002-two-public-access-properties.md.
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Change, Row, View
from cloister.providers import private_link

ENABLED, DISABLED = "Enabled", "Disabled"
NEWER, OLDER = "publicNetworkAccess", "allowPublicAccessWhenBehindVnet"


def written(change: Change) -> tuple[str, str] | None:
    """``(Enabled | Disabled, property)`` if this very request decides, else None. Null counts as not written."""
    if change.written is None:
        return None
    body = {name.lower(): value for name, value in (change.written.get("properties") or {}).items()}
    newer, older = body.get(NEWER.lower()), body.get(OLDER.lower())
    if newer is not None:
        return (ENABLED if str(newer).lower() == ENABLED.lower() else DISABLED), NEWER
    if older is not None:
        return (ENABLED if str(older).lower() == "true" else DISABLED), OLDER
    return None


def settle(change: Change, row: Row, view: View) -> Row:
    """Facts ``public`` (Enabled or Disabled) and ``public_by`` (the property that decided, or why the server did)."""
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    decided = written(change)
    if decided:
        return _with(row, *decided)
    now, by = facts.get("public", ENABLED), facts.get("public_by", "")
    if not by and private_link.has_approved(row, view):
        view.note(
            f"{row.type}/write",
            row.id,
            f"{NEWER} of '{row.name}' is Disabled: its first private endpoint connection was approved, and neither "
            f"{NEWER} nor {OLDER} had been written. To open it again write {NEWER}: Enabled.",
        )
        return _with(row, DISABLED, "first approved private endpoint connection")
    return _with(row, now, by)


def _with(row: Row, now: str, by: str) -> Row:
    return row.with_facts(public=now, public_by=by).with_properties(**properties(now))


def properties(now: str) -> dict[str, Any]:
    """The two properties in agreement."""
    return {NEWER: now, OLDER: now == ENABLED}


def is_public(row: Row) -> bool:
    """Whether callers from public addresses are let in."""
    return row.facts.get("public", ENABLED) == ENABLED


def because(row: Row) -> str:
    """The words that name what decided: property and value, and the writer if it was the server."""
    now, by = row.facts.get("public", ENABLED), row.facts.get("public_by", "")
    if by == OLDER:
        return f"{OLDER}: {'true' if now == ENABLED else 'false'}"
    return f"{NEWER}: {now}" + (f" ({by})" if by not in ("", NEWER) else "")
