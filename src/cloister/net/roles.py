"""Whether a role assignment allows an action: Azure's wildcards over action names, and scopes as prefixes. Pure.

Source: learn.microsoft.com/azure/role-based-access-control/role-definitions: an assignment allows what its actions match and
its notActions do not; notActions of one assignment take nothing away from another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

from cloister.arm import ids


class Assignment(Protocol):
    """``intent.Grant`` and ``desired.Permission`` both are one."""

    @property
    def scope(self) -> str: ...
    @property
    def actions(self) -> tuple[str, ...]: ...
    @property
    def not_actions(self) -> tuple[str, ...]: ...
    @property
    def data_actions(self) -> tuple[str, ...]: ...
    @property
    def not_data_actions(self) -> tuple[str, ...]: ...


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.lower().split("*")), re.DOTALL)


def matches(action: str, patterns: Iterable[str]) -> bool:
    """Whether any pattern matches; ``*`` stands for any run of characters, slashes included; case does not count."""
    return any(_pattern(pattern).fullmatch(action.lower()) for pattern in patterns)


def covers(scope: str, id: str) -> bool:
    """Whether an assignment at ``scope`` reaches ``id``: the scope itself or anything below it; ``/`` is the tenant."""
    outer, inner = ids.key(scope), ids.key(id)
    return outer == "/" or inner == outer or inner.startswith(outer + "/")


def grants(one: Assignment, action: str, id: str) -> bool:
    """Whether ``one`` allows ``action`` at ``id``, as an action or as a data action."""
    if not covers(one.scope, id):
        return False
    plain = matches(action, one.actions) and not matches(action, one.not_actions)
    return plain or (matches(action, one.data_actions) and not matches(action, one.not_data_actions))
