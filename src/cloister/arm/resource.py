"""What a resource type is: one module's properties and its pure hooks, and the window they look through.

A hook never does I/O, never reads a clock and never makes an id: it gets a ``View`` of all rows at one
revision and asks that. The engine (``control/engine.py``) does every verb once for all types and distrusts
the hooks: what the user wrote comes back unchanged, read-only input is ignored, settling twice is settling
once, every intent has an owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from cloister.arm.errors import Problem
from cloister.arm.schema import Object
from cloister.net.intent import Intent, LinkedName


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One resource as it is stored: what the user wrote plus what the server settled.

    ``id`` is canonical text; ``type`` the full type as Azure spells it; ``body`` is the ARM envelope without
    id, name and type (``location tags sku kind identity zones plan properties``); ``facts`` are the server's
    own settled values that no client sees (numbers, guids); ``owner`` is the id of the row that derives this
    one (``""`` where the user made it); ``revision`` the store's revision of the last change.
    """

    id: str
    type: str
    body: dict[str, Any]
    facts: dict[str, Any] = {}
    owner: str = ""
    revision: int = 0
    created: str = ""
    changed: str = ""
    created_by: str = ""
    changed_by: str = ""

    @property
    def name(self) -> str:
        """The last segment of the id."""
        return self.id.rsplit("/", 1)[-1]

    @property
    def properties(self) -> dict[str, Any]:
        """``body["properties"]``, or an empty dict."""
        return self.body.get("properties") or {}

    def with_properties(self, **changes: Any) -> Row:
        """This row with some properties replaced."""
        return msgspec.structs.replace(self, body={**self.body, "properties": {**self.properties, **changes}})

    def with_facts(self, **changes: Any) -> Row:
        """This row with some facts replaced."""
        return msgspec.structs.replace(self, facts={**self.facts, **changes})

    def with_body(self, **changes: Any) -> Row:
        """This row with some top-level members (location, sku, identity, ...) replaced."""
        return msgspec.structs.replace(self, body={**self.body, **changes})


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One write on its way in.

    ``old`` is the stored row or None; ``row`` the candidate (PUT: the user's body; PATCH: merged), read-only
    input already stripped; ``written`` is the user's own body of this request, or None when the engine
    re-settles the row because a child of it changed.
    """

    old: Row | None
    row: Row
    written: dict[str, Any] | None
    api_version: str = ""
    caller: str = ""

    def wrote(self, name: str) -> bool:
        """Whether this very request wrote ``properties.<name>``."""
        return self.written is not None and name in (self.written.get("properties") or {})


class Derived(msgspec.Struct, frozen=True, kw_only=True):
    """A row that another one owns: it lives and dies with its owner and refuses direct writes.

    ``takes_over``: where another row derives the same id already, this one gets it (two endpoints' records of one name);
    the former owner is settled again and its ``derive`` must yield it no more. Without it such a collision is 409.
    """

    id: str
    body: dict[str, Any]
    facts: dict[str, Any] = {}
    takes_over: bool = False


class View(Protocol):
    """All rows at one revision, and the few things a hook may ask of the outside. Ids compare without case."""

    now: str  # ISO 8601, UTC, e.g. 2026-11-23T03:49:45.123456Z
    tenant_id: str

    def get(self, id: str) -> Row | None: ...
    def children(self, id: str, type: str = "") -> list[Row]:
        """Direct and indirect child rows (id prefix), by type when given, in name order."""
        ...

    def of_type(self, type: str) -> list[Row]: ...
    def owned_by(self, owner: str) -> list[Row]:
        """The rows derived by ``owner``."""
        ...

    def referring(self, id: str, type: str = "") -> list[Row]:
        """Rows with ``id`` (or an id below it) as a string value anywhere in their body."""
        ...

    def type(self, name: str) -> ResourceType | None: ...
    def new_id(self, seed: str) -> str:
        """A guid, the same for the same seed (seed = row id + its purpose + what makes it anew)."""
        ...

    def number(self, pool: str) -> int:
        """The next unused whole number of a pool (from 1); never given twice. Call only where a fact is missing."""
        ...

    def secret(self, seed: str) -> str:
        """64 unguessable bytes as base64 (88 characters, the shape of a storage key), the same for the same seed.

        Made from a key of this cloud that no client sees (HMAC-SHA512), so that ``settle`` stays repeatable. Call only
        where a fact is missing: what was given is kept in the row's facts.
        """
        ...

    def allowed(self, action: str, scope: str) -> bool:
        """Whether this request's caller may do ``action`` (e.g. ``.../privateEndpointConnectionsApproval/action``)."""
        ...

    def note(self, operation: str, resource: str, text: str) -> None:
        """An entry for the activity log, kept if the change is committed."""
        ...


class PrivateLinkGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A groupId that private endpoints may ask of a type (Azure's "sub-resource").

    ``names(row)`` lists the public names a connection to that row makes private; each belongs to a member, and
    an endpoint gets one address for each member. ``ports`` are the TCP ports that pass.
    """

    id: str
    zones: tuple[str, ...]
    members: tuple[str, ...]
    names: Callable[[Row], tuple[LinkedName, ...]]
    ports: tuple[int, ...] = (443,)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A POST action: ``POST {id}/{action}`` with its JSON body and query.

    For a type's ``scope_actions`` the row stands for the scope: ``id`` is the subscription's (or group's) id.
    """

    row: Row
    body: Any
    query: Mapping[str, str] = {}
    api_version: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an action answers, the rows it changes (written like any other change), and the ids of rows that it ends.

    With ``status`` 202 and rows changed, the answer names the URL to poll.
    """

    body: Any = None
    status: int = 200
    rows: tuple[Row, ...] = ()
    gone: tuple[str, ...] = ()


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that come back as they were, and the ids of those that stood for them."""

    rows: tuple[Row, ...]
    gone: tuple[str, ...]


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One POST verb. ``permission`` is the RBAC action, by default ``<type>/<name>/action``.

    ``run`` may raise ArmError. ``method`` is "GET" for the few of Azure's actions that read
    (``virtualNetworks/v/CheckIPAddressAvailability?ipAddress=``). Names match without case.
    """

    run: Callable[[Call, View], Outcome]
    permission: str = ""
    method: str = "POST"


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a type is there: ``level`` and one line of what is not (``docs/coverage.md`` is made from it).

    stored: kept, checked and shown, and nothing follows from it. enforced: what it says holds, on the wire or for other
    requests. listening: something answers at its address.
    """

    level: str = "stored"
    lacks: str = ""


def stored(lacks: str) -> Coverage:
    """Kept, checked and shown; ``lacks`` says what does not happen."""
    return Coverage(lacks=lacks)


def enforced(lacks: str = "") -> Coverage:
    """What it says holds."""
    return Coverage(level="enforced", lacks=lacks)


def listening(lacks: str = "") -> Coverage:
    """Something answers at its address."""
    return Coverage(level="listening", lacks=lacks)


def _nothing(*_: Any) -> tuple[Any, ...]:
    return ()


class ResourceType(msgspec.Struct, frozen=True, kw_only=True):
    """One resource type: its name, what its properties are, and its hooks (all optional, all pure).

    check    yields Problems: rules that need more than the schema (other rows, the old row). All at once.
    settle   fills what the server chooses; returns the row. ``settle(settle(r)) == settle(r)``.
    derive   yields the rows this one owns. Reads ``view`` for what the other side wrote on them and keeps it.
    realize  yields network intent: what must hold because this row exists.
    show     computed, read-only properties of a GET: ``(row, view, api_version) -> dict`` laid over properties.
    blockers yields the ids (or words) of what still uses this row and forbids DELETE. Rows inside the row (id
             prefix) are deleted with it and need not be named, their own blockers are asked too.
    actions  POST verbs by name.
    amend    for derived types only: what a direct PUT (body) or DELETE (None) may change of the other side's
             row: ``(row, body | None, view, caller) -> Row``; None = direct writes are refused.
    """

    name: str
    api_versions: tuple[str, ...]
    properties: Object
    coverage: Coverage = Coverage()
    scopes: tuple[str, ...] = ("group",)
    """Where its resources stand: "group", "subscription", "tenant", or "resource", which is any scope at all."""
    location: str = "regional"  # "regional" | "global" | "optional" (kept if given) | "none" (child types)
    top_level: tuple[str, ...] = ("tags", "sku", "kind", "identity", "zones", "plan", "etag", "extendedLocation", "managedBy")
    check: Callable[[Change, View], Iterable[Problem]] = _nothing
    settle: Callable[[Change, View], Row] | None = None
    derive: Callable[[Row, View], Iterable[Derived]] = _nothing
    realize: Callable[[Row, View], Iterable[Intent]] = _nothing
    show: Callable[[Row, View, str], dict[str, Any]] | None = None
    blockers: Callable[[Row, View], Iterable[str]] = _nothing
    actions: Mapping[str, Action] = {}
    amend: Callable[[Row, dict[str, Any] | None, View, str], Row] | None = None
    inline: Mapping[str, str] = {}
    """Array properties whose items are child rows: ``{"subnets": "subnets"}`` (property -> child type segment)."""
    private_link: tuple[PrivateLinkGroup, ...] = ()
    put_status: tuple[int, int] = (201, 200)  # created, updated
    delete_status: int = 200  # 200, 204, or 202 (asynchronous with Location)
    delete_shows: bool = False
    """A DELETE answers the resource that was deleted: clients of the type read it."""
    polled: bool = False
    """PUT and DELETE always carry ``Azure-AsyncOperation``, also when all is done: clients of the type fail without it."""
    hidden: Callable[[Row], bool] | None = None
    """Rows kept but not shown (a Disconnected connection): GET 404, not listed, not counted by ``children`` in show."""
    name_pattern: str = ""
    name_unique: str = ""  # "" | "global": the name is a DNS label shared by the whole cloud
    in_use_code: str = ""
    """The error code (400) of a DELETE that ``blockers`` forbid, e.g. ``InUseSubnetCannotBeDeleted``; 409 if empty."""
    nested: tuple[str, ...] = ()
    """Child types whose rows forbid a DELETE of this row itself (409 ``CannotDeleteResource``); deleting the group takes all."""
    leaves: Callable[[Row, Sequence[Row], View], Iterable[Row]] | None = None
    """Rows that stand for this one once it is deleted (a deleted vault): ``(row, rows that went with it, view) -> rows``."""
    restore: Callable[[Row, View], Restored | None] | None = None
    """What a PUT of a new row brings back instead of making it, None where it is really new."""
    wakes: Callable[[Row, View], Iterable[str]] = _nothing
    """Ids of rows that this one is no part of and that are settled again when it is written or goes (a registering link, by a
    machine of its network). Called with the row as it was before, too."""
    yields_to_writes: Callable[[Row], bool] | None = None
    """Derived rows that a PUT of the user's replaces by one of his own (auto-registered records); the owner must skip those."""
    goes_with: Callable[[Row], str] | None = None
    """The id of a row that this one names and whose end is its own end, "" for none (a link, of its network)."""
    listing: Callable[[Row, View, str], list[dict[str, Any]]] | None = None
    """A computed collection instead of stored rows: ``(parent row, view, api_version) -> items``, each ``{"name", "properties",
    ...}``; the engine adds ``id`` and ``type``. ``GET {parent}/{segment}`` answers ``{"value": items}``, ``GET
    {parent}/{segment}/{name}`` one of them (404 if none); PUT, PATCH and DELETE get 405. Example: privateLinkResources."""
    suffix_query: str = ""
    """A query parameter (lower case) of the listing: only names that end in a dot and its value (``$recordsetnamesuffix``)."""
    scope_actions: Mapping[str, Action] = {}
    """Verbs of the provider at a scope: ``POST /subscriptions/{s}/providers/{namespace}/{name}`` (and with
    ``/locations/{location}`` before the name; then ``Call.query["location"]`` has it). Example: checkNameAvailability."""
    listed: bool = True  # appears in GET /subscriptions/S/resources (top-level tracked resources)
    reserved: bool = False  # a type of this cloud's own, not of Azure's

    @property
    def realizes(self) -> bool:
        """Whether rows of this type ask anything of the network."""
        return self.realize is not _nothing
