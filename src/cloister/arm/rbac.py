"""Role-based access control, pure: which actions a role definition grants, and whether a set of grants allows one.

Azure's rule: a grant allows an action when one of its ``actions`` matches and none of its ``notActions`` does; grants add
up, and a grant at a scope holds for everything inside it. Patterns match without case, ``*`` stands for any characters.
Source: learn.microsoft.com/azure/role-based-access-control/role-definitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from cloister.arm.ids import key


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a role definition's ``permissions``."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()

    def allows(self, action: str, data: bool = False) -> bool:
        """Whether this entry grants ``action`` (``data``: an action on data, not on the resource)."""
        granted, taken = (self.data_actions, self.not_data_actions) if data else (self.actions, self.not_actions)
        return any(matches(p, action) for p in granted) and not any(matches(p, action) for p in taken)

    def as_json(self) -> dict[str, list[str]]:
        """As Azure shows it."""
        return {
            "actions": list(self.actions),
            "notActions": list(self.not_actions),
            "dataActions": list(self.data_actions),
            "notDataActions": list(self.not_data_actions),
        }


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A role definition: ``name`` is its guid, ``title`` what people call it."""

    name: str
    title: str
    description: str
    permissions: tuple[Permission, ...]


class HeldRole(msgspec.Struct, frozen=True, kw_only=True):
    """What one role assignment gives a principal: ``permissions`` at ``scope`` (a key) and inside it."""

    scope: str
    permissions: tuple[Permission, ...]


def permissions_of(entries: Any) -> tuple[Permission, ...]:
    """The ``permissions`` of a role definition's properties."""
    found = []
    for entry in entries or ():
        lists = {name: tuple(entry.get(name) or ()) for name in ("actions", "notActions", "dataActions", "notDataActions")}
        found.append(
            Permission(
                actions=lists["actions"],
                not_actions=lists["notActions"],
                data_actions=lists["dataActions"],
                not_data_actions=lists["notDataActions"],
            )
        )
    return tuple(found)


def flattened(permissions: Iterable[Permission]) -> Permission:
    """Several entries as one. Where one entry takes away what another grants, the flat form denies: it fails closed."""
    entries = list(permissions)
    return Permission(
        actions=tuple(dict.fromkeys(a for p in entries for a in p.actions)),
        not_actions=tuple(dict.fromkeys(a for p in entries for a in p.not_actions)),
        data_actions=tuple(dict.fromkeys(a for p in entries for a in p.data_actions)),
        not_data_actions=tuple(dict.fromkeys(a for p in entries for a in p.not_data_actions)),
    )


def is_inside(scope: str, place: str) -> bool:
    """Whether the key ``place`` is the scope of that key, or inside it. ``/`` holds everything."""
    return scope == "/" or place == scope or place.startswith(scope + "/")


def is_allowed(held: Iterable[HeldRole], action: str, scope: str, data: bool = False) -> bool:
    """Whether any of these roles allows ``action`` at ``scope`` (an id in any case)."""
    place = key(scope)
    return any(
        is_inside(role.scope, place) and any(permission.allows(action, data) for permission in role.permissions) for role in held
    )


def matches(pattern: str, action: str) -> bool:
    """Whether an action matches a pattern.

    >>> matches("Microsoft.Network/*/read", "microsoft.network/virtualNetworks/subnets/read")
    True
    >>> matches("*/read", "Microsoft.Network/virtualNetworks/write")
    False
    """
    return pattern == "*" or _compiled(pattern.lower()).fullmatch(action.lower()) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in re.sub(r"\*+", "*", pattern).split("*")), re.DOTALL)
