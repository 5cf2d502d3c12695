"""One request on its way through the routes: its store, the names in its path, who asks, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from cloister.arm.errors import ArmError
from cloister.ipc.messages import Request
from cloister.limits import RUN_NAME_LENGTH_MAX
from cloister.services.workspace.stores import Store


@dataclass(frozen=True)
class Call:
    """One request. ``names`` are the path's parameters, ``now`` is in microseconds since 1970."""

    request: Request
    store: Store
    now: int
    names: dict[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> str:
        """The workspace's name, for texts."""
        return self.request.facts.get("name") or self.request.facts.get("workspace", "").rsplit("/", 1)[-1]

    @property
    def user(self) -> dict[str, str]:
        """Who asks, as run history shows it: the token's object id, tenant and name."""
        claims = self.request.claims
        name = str(claims.get("name") or claims.get("upn") or claims.get("appid") or claims.get("oid") or "unknown")
        return {
            "userObjectId": str(claims.get("oid") or ""),
            "userTenantId": str(claims.get("tid") or ""),
            "userName": name[:RUN_NAME_LENGTH_MAX],
        }


@dataclass(frozen=True)
class Answer:
    """What a route gives back: a status, and a value that becomes JSON unless it is bytes already."""

    value: Any
    status: int = 200
    content_type: str = "application/json; charset=utf-8"


Route = Callable[[Call], Any]
"""A route takes a call and gives an Answer, or a value that becomes a 200. It raises ArmError to refuse."""


Table = dict[tuple[str, str], Route]
"""Routes by method and path below the workspace, such as ``("GET", "experiments/{experiment}")``."""


def absent(what: str, name: str, workspace: str) -> ArmError:
    """404: there is no such thing in the workspace."""
    return ArmError(404, "NotFound", f"cannot find {what} '{name[:300]}' in workspace '{workspace}': check the name")


def first(session: Session, statement: Any) -> Any:
    """The only row's first column, or None."""
    return session.execute(statement).scalars().first()
