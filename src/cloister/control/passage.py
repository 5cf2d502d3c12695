"""One request on its way through the GATES: what it asks, who asks, and what has been found out so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cloister.arm.errors import ArmError
from cloister.arm.ids import ResourceId
from cloister.arm.resource import Outcome, ResourceType, Row
from cloister.control.ports import Caller
from cloister.control.target import Target
from cloister.control.world import Draft

if TYPE_CHECKING:
    from cloister.control.engine import Engine

WRITING = ("PUT", "PATCH", "DELETE", "POST")


class Passage:
    """Filled by one gate after another; every field says which gate sets it."""

    def __init__(
        self,
        engine: Engine,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any = None,
        raw: bytes | None = None,
        authority: str = "",
        caller: Caller | None = None,
    ):
        self.engine = engine
        self.method = method
        self.path = path
        self.query = {name.lower(): value for name, value in query.items()}
        self.headers = headers
        self.raw = raw
        """The body as bytes, for a request from outside; else ``body`` is the value itself."""
        self.body = body
        self.authority = authority
        self._caller = caller  # authenticate
        self._now = ""

        self.has_turn = False
        """Whether it is its turn to write: it sees what those before it wrote, on disk or not."""

        self._target: Target | None = None  # parse id
        self.id = ResourceId()  # parse id; spelled as stored
        self._kind: ResourceType | None = None  # api-version
        self.api_version = ""  # api-version
        self._draft: Draft | None = None  # precondition
        self.old: Row | None = None  # precondition
        self.created = False  # check
        self.puts: dict[str, dict[str, Any] | None] = {}  # check: key -> what this request wrote on that row
        self.dropped: list[str] = []  # check: keys
        self.outcome: Outcome | None = None  # check, for actions
        self.changes: list[tuple[str, Row | None, Row | None]] = []  # settle
        self.revision = 0  # commit

    @property
    def now(self) -> str:
        """When the request was first asked for the time."""
        if not self._now:
            self._now = self.engine.clock()
        return self._now

    @property
    def target(self) -> Target:
        """What the path asks for."""
        assert self._target is not None
        return self._target

    @target.setter
    def target(self, found: Target) -> None:
        self._target = found

    @property
    def kind(self) -> ResourceType:
        """The type of the resource, or of the collection's items."""
        assert self._kind is not None
        return self._kind

    @kind.setter
    def kind(self, found: ResourceType) -> None:
        self._kind = found

    @property
    def caller(self) -> Caller:
        """Who asks."""
        assert self._caller is not None
        return self._caller

    @caller.setter
    def caller(self, found: Caller) -> None:
        self._caller = found

    @property
    def has_caller(self) -> bool:
        """Whether it is known who asks."""
        return self._caller is not None

    @property
    def is_known(self) -> bool:
        """Whether it is known who asks for what."""
        return self._caller is not None and self._kind is not None

    @property
    def draft(self) -> Draft:
        """The rows as they would be."""
        assert self._draft is not None
        return self._draft

    @draft.setter
    def draft(self, found: Draft) -> None:
        self._draft = found

    @property
    def thing(self) -> str:
        """The user's resource in a message: ``virtualNetworks 'v1'``."""
        return f"{self.kind.name.rsplit('/', 1)[-1]} '{self.id.name}'"

    @property
    def verb(self) -> str:
        """The last word of the RBAC action: read, write, delete, action."""
        return {"PUT": "write", "PATCH": "write", "DELETE": "delete", "POST": "action"}.get(self.method, "read")

    def not_found(self) -> ArmError:
        """404 for the resource itself, in Azure's words."""
        id = self.id
        if not id.provider:
            if id.resource_group:
                return ArmError(404, "ResourceGroupNotFound", f"Resource group '{id.resource_group}' could not be found.")
            return ArmError(404, "SubscriptionNotFound", f"The subscription '{id.subscription}' could not be found.")
        where = f"under resource group '{id.resource_group}'" if id.resource_group else f"at scope '{id.scope or '/'}'"
        name = f"{id.type}/{'/'.join(id.names)}"
        return ArmError(404, "ResourceNotFound", f"The Resource '{name}' {where} was not found.")
