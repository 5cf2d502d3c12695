"""A small cloud for the engine's tests: six types that use every hook, a loop that obeys the test, a trusting verifier.

``Test.Net/nets`` hold inline ``parts``; ``Test.Net/links`` stand in a part, own a card, and own a connection on the
``Test.App/servers`` they lead to, where the server's side approves or disconnects it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

from cloister.arm.errors import ArmError, Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Action, Derived, Outcome, ResourceType
from cloister.arm.schema import anything, array, boolean, integer, obj, ref, string
from cloister.control.engine import Engine
from cloister.control.ports import Caller
from cloister.control.seed import first_rows
from cloister.frontends.arm_http import ROUTES
from cloister.ipc.messages import Request
from cloister.store import open_store

TENANT = "11111111-1111-1111-1111-111111111111"
SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
OWNER = "33333333-3333-3333-3333-333333333333"
SUB = f"/subscriptions/{SUBSCRIPTION}"
GROUP = f"{SUB}/resourceGroups/g1"
VERSIONS = ("2024-01-01",)


def net_check(change, view):
    for number, prefix in enumerate(change.row.properties["prefixes"]):
        if prefix == "bad":
            yield Problem(
                "InvalidPrefix", f"properties.prefixes[{number}]", f"cannot use prefix {prefix!r} in '{change.row.name}'; fix it."
            )


def net_settle(change, view):
    return change.row if "number" in change.row.facts else change.row.with_facts(number=view.number("net"))


def net_show(row, view, api_version):
    return {"number": row.facts["number"], "partCount": len(view.children(row.id, "Test.Net/nets/parts"))}


def part_check(change, view):
    if view.get(parse(change.row.id).parent.text) is None:
        yield Problem("ParentResourceNotFound", "", "cannot make a part without its net; make that first.", 404)


def part_blockers(row, view):
    return [user.id for user in view.referring(row.id, "Test.Net/links")]


def link_check(change, view):
    properties = change.row.properties
    if view.get(properties["part"]["id"]) is None:
        yield Problem(
            "InvalidResourceReference",
            "properties.part.id",
            f"cannot place link '{change.row.name}': the part does not exist; make it.",
        )
    if change.old is None and view.get(properties["server"]["id"]) is None:
        yield Problem(
            "InvalidResourceReference", "properties.server.id", f"cannot link '{change.row.name}': no such server; make it."
        )


def connection_id(row):
    return f"{row.properties['server']['id']}/connections/{row.name}.{row.facts['number']}"


def link_settle(change, view):
    return net_settle(change, view)


def link_derive(row, view):
    group = parse(row.id).scope
    yield Derived(
        id=f"{group}/providers/Test.Net/cards/{row.name}-card", body={"location": row.body["location"], "properties": {}}
    )
    kept = view.get(connection_id(row))
    status = (
        kept.properties["status"]
        if kept
        else "Approved"
        if view.allowed("Test.App/servers/approve/action", row.properties["server"]["id"])
        else "Pending"
    )
    yield Derived(id=connection_id(row), body={"properties": {"link": {"id": row.id}, "status": status}})


def link_show(row, view, api_version):
    found = view.get(connection_id(row))
    return {"status": found.properties["status"] if found else "Disconnected"}


def card_settle(change, view):
    return change.row if "address" in change.row.facts else change.row.with_facts(address=view.number("address"))


def connection_amend(row, body, view, caller):
    if body is None:
        return row.with_properties(status="Disconnected")
    wanted = (body.get("properties") or {}).get("status")
    if wanted not in ("Approved", "Rejected"):
        raise ArmError(
            400, "InvalidParameter", f"cannot set the status of '{row.name}' to {wanted!r}; choose Approved or Rejected."
        )
    return row.with_properties(status=wanted)


def server_settle(change, view):
    row = change.row
    linked = any(c.properties["status"] == "Approved" for c in view.children(row.id, "Test.App/servers/connections"))
    wanted = row.properties.get("access") or ("Disabled" if linked else None)
    if linked and not row.properties.get("access"):
        view.note("Test.App/servers/write", row.id, "access was closed: a link was approved")
    return row.with_properties(access=wanted) if wanted and wanted != row.properties.get("access") else row


def server_keys(call, view):
    return Outcome(body={"key": view.secret(call.row.id), "echo": call.body})


def server_rename(call, view):
    return Outcome(body={}, status=200, rows=(call.row.with_properties(title=str((call.body or {}).get("title"))),))


def check_name(call, view):
    taken = any(row.name == (call.body or {}).get("name") for row in view.of_type("Test.App/servers"))
    return Outcome(body={"nameAvailable": not taken, "place": call.query.get("location", "")})


STATE = string(read_only=True)
SUBSCRIPTIONS = ResourceType(
    name="Microsoft.Resources/subscriptions",
    api_versions=VERSIONS,
    properties=obj(displayName=string(), provisioningState=STATE),
    location="none",
)
GROUPS = ResourceType(
    name="Microsoft.Resources/resourceGroups",
    api_versions=VERSIONS,
    properties=obj(provisioningState=STATE),
    delete_status=202,
    listed=False,
)
TENANTS = ResourceType(name="Microsoft.Resources/tenants", api_versions=VERSIONS, properties=obj(), location="none", listed=False)
NETS = ResourceType(
    name="Test.Net/nets",
    api_versions=VERSIONS,
    properties=obj(
        prefixes=array(string(), required=True),
        size=integer(1, 10, default=3),
        fixed=string(create_only=True),
        color=string("Red", "Green"),
        open=boolean(default=False),
        password=string(secret=True),
        parts=array(anything()),
        number=integer(read_only=True),
        partCount=integer(read_only=True),
        provisioningState=STATE,
    ),
    check=net_check,
    settle=net_settle,
    show=net_show,
    inline={"parts": "parts"},
)
PARTS = ResourceType(
    name="Test.Net/nets/parts",
    api_versions=VERSIONS,
    properties=obj(prefix=string(required=True), provisioningState=STATE),
    location="none",
    check=part_check,
    blockers=part_blockers,
    in_use_code="InUsePartCannotBeDeleted",
)
LINKS = ResourceType(
    name="Test.Net/links",
    api_versions=VERSIONS,
    properties=obj(
        part=ref("Test.Net/nets/parts", required=True), server=ref("Test.App/servers", required=True), provisioningState=STATE
    ),
    check=link_check,
    settle=link_settle,
    derive=link_derive,
    show=link_show,
    delete_status=202,
)
CARDS = ResourceType(name="Test.Net/cards", api_versions=VERSIONS, properties=obj(provisioningState=STATE), settle=card_settle)
SERVERS = ResourceType(
    name="Test.App/servers",
    api_versions=VERSIONS,
    properties=obj(access=string("Enabled", "Disabled"), title=string(), provisioningState=STATE),
    settle=server_settle,
    actions={"listKeys": Action(run=server_keys), "rename": Action(run=server_rename)},
    scope_actions={"checkNameAvailability": Action(run=check_name)},
    name_pattern=r"[a-z0-9-]{2,30}",
    name_unique="global",
)
CONNECTIONS = ResourceType(
    name="Test.App/servers/connections",
    api_versions=VERSIONS,
    properties=obj(link=anything(read_only=True), status=string(), provisioningState=STATE),
    location="none",
    amend=connection_amend,
    hidden=lambda row: row.properties["status"] == "Disconnected",
)
PORTS = ResourceType(
    name="Test.App/servers/ports",
    api_versions=VERSIONS,
    properties=obj(),
    location="none",
    listing=lambda row, view, version: [{"name": "web", "properties": {"number": 443}}],
)


class FakeLoop:
    """Applies nothing; ``states`` says what rows are in, Succeeded by default."""

    def __init__(self):
        self.states: dict[str, tuple[str, str]] = {}
        self.told: list[tuple[int, list]] = []

    def changed(self, revision, rows):
        self.told.append((revision, list(rows)))

    def state(self, id):
        return self.states.get(key(id), ("Succeeded", ""))

    def moment(self):
        return hash(tuple(sorted(self.states.items())))

    async def applied(self, id, revision, timeout):
        return self.state(id)[0] != "Updating"


class FakeVerifier:
    """A token is its principal; ``expired`` is refused."""

    def verify(self, token, audiences):
        if token == "expired":
            raise ArmError(
                401, "ExpiredAuthenticationToken", "The access token has expired.", headers={"WWW-Authenticate": "Bearer"}
            )
        return {"oid": token, "appid": f"app-{token}", "tid": TENANT, "idtyp": "app"}


def types(*more: ResourceType) -> list[ResourceType]:
    """The fakes and the real authorization types."""
    from cloister.providers.authorization import TYPES

    return [SUBSCRIPTIONS, GROUPS, TENANTS, NETS, PARTS, LINKS, CARDS, SERVERS, CONNECTIONS, PORTS, *TYPES, *more]


class MemoryStore:
    """A store that forgets, for tests that ask nothing of the disk."""

    def __init__(self):
        self.kept, self.log = {}, []

    def load(self):
        return 0, [], {}

    def commit(self, commit):
        self.kept.update(commit.documents)
        self.log[:0] = reversed(commit.events)

    def document(self, key):
        return self.kept.get(key)

    def documents(self, prefix):
        return {name: value for name, value in self.kept.items() if name.startswith(prefix) and value is not None}

    def events(self, scope, limit=1000):
        return [event for event in self.log if (key(event.resource) + "/").startswith(key(scope) + "/")][:limit]

    def close(self):
        pass


class Cloud:
    """An engine over a SQLite file (or over memory without a directory), and requests to it in one line."""

    def __init__(self, directory: Path | None = None, routes=(), kinds=None):
        self.loop = FakeLoop()
        self.store = open_store(directory / "cloud.sqlite") if directory else MemoryStore()
        ticks = itertools.count()
        self.engine = Engine(
            kinds if kinds is not None else types(),
            self.store,
            self.loop,
            FakeVerifier(),
            (*ROUTES, *routes),
            lambda: f"2026-11-23T00:00:{next(ticks) % 60:02d}.000000Z",
            TENANT,
        )

    async def start(self, subscription: str = SUBSCRIPTION) -> Cloud:
        await self.engine.start()
        await first_rows(self.engine, subscription, Caller(principal=OWNER, name="owner", client_id="app"))
        return self

    async def call(
        self, method: str, path: str, body: Any = None, *, who: str = OWNER, version: str = "2024-01-01", query=None, **headers
    ):
        """``(status, json, headers)``."""
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        heads = {name.replace("_", "-"): value for name, value in headers.items()}
        if who:
            heads["authorization"] = f"Bearer {who}"
        full = {**({"api-version": version} if version else {}), **(query or {})}
        request = Request(method=method, path=path, query=full, headers=heads, body=raw, authority="management.azure.com")
        answer = await self.engine.handle(request)
        return answer.status, json.loads(answer.body) if answer.body else None, answer.headers

    async def ok(self, method: str, path: str, body: Any = None, **more):
        """The JSON of an answer that must be a success."""
        status, value, _ = await self.call(method, path, body, **more)
        assert status < 300, (status, value)
        return value

    async def group(self, name: str = "g1") -> str:
        return (await self.ok("PUT", f"{SUB}/resourcegroups/{name}", {"location": "East US 2"}))["id"]

    async def net(self, name: str = "n1", parts=("p1",), group: str = GROUP, **properties):
        inline = [{"name": part, "properties": {"prefix": f"10.0.{n}.0/24"}} for n, part in enumerate(parts)]
        body = {"location": "eastus2", "properties": {"prefixes": ["10.0.0.0/16"], "parts": inline, **properties}}
        return await self.ok("PUT", f"{group}/providers/Test.Net/nets/{name}", body)

    async def link(self, name: str = "l1", server: str = "s1", part: str = "nets/n1/parts/p1", group: str = GROUP, **more):
        place = f"{group}/providers/Test.Net/{part}"
        body = {
            "location": "eastus2",
            "properties": {"part": {"id": place}, "server": {"id": f"{GROUP}/providers/Test.App/servers/{server}"}},
        }
        return await self.call("PUT", f"{group}/providers/Test.Net/links/{name}", body, **more)

    async def close(self) -> None:
        await self.engine.stop()
        self.store.close()


def run(work):
    """Run one coroutine."""
    return asyncio.run(work)
