"""A cloud without processes for tests of resource types: the real engine on a store and a loop in memory."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Collection, Coroutine, Iterable, Mapping
from typing import Any, TypeVar

import orjson

from cloister.arm.resource import ResourceType, Row
from cloister.arm.schema import obj, string
from cloister.control.engine import Engine
from cloister.control.ports import Caller, Commit, Event
from cloister.net.intent import Intent
from cloister.providers import TYPES

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
OTHER_SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
OWNER = Caller(principal="aaaaaaaa-0000-0000-0000-000000000001", name="owner")
CONSUMER = Caller(principal="aaaaaaaa-0000-0000-0000-000000000002", name="consumer")
S = f"/subscriptions/{SUBSCRIPTION}"
RG = f"{S}/resourceGroups/rg"
NET = f"{RG}/providers/Microsoft.Network"
VNET = f"{NET}/virtualNetworks/v"
SUBNET = f"{VNET}/subnets/default"
WS = f"{RG}/providers/Microsoft.MachineLearningServices/workspaces/ws1"
API = "2024-05-01"

T = TypeVar("T")
OWNER_ROLE = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
NETWORK_ROLE = "4d97b98b-1d4f-4787-a291-c67834d212e7"


class MemoryStore:
    """A store that forgets at the end of the test."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.log: list[Event] = []

    def load(self) -> tuple[int, list[Row], dict[str, int]]:
        return 0, [], {}

    def commit(self, commit: Commit) -> None:
        self.kept.update(commit.documents)
        self.log.extend(commit.events)

    def document(self, key: str) -> Any:
        return self.kept.get(key)

    def documents(self, prefix: str) -> dict[str, Any]:
        return {key: value for key, value in self.kept.items() if key.startswith(prefix)}

    def events(self, scope: str, limit: int = 1000) -> list[Event]:
        return self.log[-limit:]


class StillLoop:
    """A loop for which everything is applied at once."""

    def changed(self, revision: int, rows: Iterable[tuple[str, Row | None, Row | None]]) -> None:
        return None

    def state(self, id: str) -> tuple[str, str]:
        return "Succeeded", ""

    def moment(self) -> int:
        return 0

    async def applied(self, id: str, revision: int, timeout: float) -> bool:
        return True


class NoTokens:
    """Requests from inside carry their caller; no token comes here."""

    def verify(self, token: str, audiences: Collection[str]) -> Mapping[str, Any]:
        raise AssertionError("no token in these tests")


def _scopes() -> list[ResourceType]:
    """Subscriptions and groups, as far as the engine needs them and the cloud's own types lack them."""
    known = {kind.name.lower() for kind in TYPES}
    wanted = [("Microsoft.Resources/subscriptions", "none"), ("Microsoft.Resources/resourceGroups", "regional")]
    properties = obj(provisioningState=string(read_only=True))
    own = [ResourceType(name=name, api_versions=(API,), properties=properties, location=place) for name, place in wanted]
    return [kind for kind in own if kind.name.lower() not in known]


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run one test's coroutine."""
    return asyncio.run(work)


class Answer:
    """One response: ``status``, ``body`` (parsed), ``code`` and ``message`` of an error."""

    def __init__(self, response: Any):
        self.status: int = response.status
        self.headers: dict[str, str] = dict(response.headers)
        self.body: Any = orjson.loads(response.body) if response.body else None
        error = self.body.get("error", {}) if isinstance(self.body, dict) else {}
        self.code: str = error.get("code", "")
        self.message: str = error.get("message", "")
        self.codes: list[str] = [item["code"] for item in error.get("details", ())] or [self.code]

    def __repr__(self) -> str:
        return f"<{self.status} {self.body}>"

    @property
    def properties(self) -> dict[str, Any]:
        """``properties`` of the resource that was answered."""
        return self.body["properties"]


class SmallCloud:
    """The engine with one tenant, two subscriptions, a group each, and two principals."""

    def __init__(self, extra: Iterable[ResourceType] = ()) -> None:
        self._ticks = itertools.count(1)
        self.store = MemoryStore()
        self.engine = Engine(
            [*TYPES, *_scopes(), *extra],
            self.store,
            StillLoop(),
            NoTokens(),
            [],
            self._clock,
            TENANT,  # type: ignore[arg-type]
        )

    def _clock(self) -> str:
        return f"2026-11-23T03:00:00.{next(self._ticks):06d}Z"

    async def start(self) -> SmallCloud:
        """Make the scopes and the roles: OWNER owns all, CONSUMER is Network Contributor of the first subscription."""
        await self.engine.start()
        rows = []
        for id in (SUBSCRIPTION, OTHER_SUBSCRIPTION):
            rows.append(Row(id=f"/subscriptions/{id}", type="Microsoft.Resources/subscriptions", body={"properties": {}}))
            group = f"/subscriptions/{id}/resourceGroups/rg"
            rows.append(Row(id=group, type="Microsoft.Resources/resourceGroups", body={"location": "eastus2", "properties": {}}))
        for n, (caller, scope, role) in enumerate(((OWNER, "", OWNER_ROLE), (CONSUMER, S, NETWORK_ROLE))):
            definition = f"/providers/Microsoft.Authorization/roleDefinitions/{role}"
            rows.append(
                Row(
                    id=f"{scope}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-00000000000{n}",
                    type="Microsoft.Authorization/roleAssignments",
                    body={"properties": {"principalId": caller.principal, "roleDefinitionId": definition}},
                )
            )
        await self.engine.record(put=rows)
        return self

    async def ask(
        self, method: str, id: str, body: Any = None, *, api: str = API, caller: Caller = OWNER, **query: str
    ) -> Answer:
        """One request; whatever comes back."""
        return Answer(await self.engine.perform(method, id, caller=caller, api_version=api, body=body, query=query))

    async def put(self, id: str, body: Any, *, api: str = API, caller: Caller = OWNER) -> Answer:
        """A PUT that must succeed."""
        answer = await self.ask("PUT", id, body, api=api, caller=caller)
        assert answer.status in (200, 201, 202), answer
        return answer

    async def get(self, id: str, *, api: str = API) -> dict[str, Any]:
        """A GET that must succeed: the body."""
        answer = await self.ask("GET", id, api=api)
        assert answer.status == 200, answer
        return answer.body

    async def delete(self, id: str) -> Answer:
        """A DELETE that must succeed."""
        answer = await self.ask("DELETE", id)
        assert answer.status in (200, 202, 204), answer
        return answer

    def intents(self, id: str) -> list[Intent]:
        """What a row asks of the network now."""
        row = self.row(id)
        kind = self.engine.types[row.type]
        return list(kind.realize(row, self.engine.view()))

    def row(self, id: str) -> Row:
        """The stored row."""
        row = self.engine.view().get(id)
        assert row is not None, id
        return row

    async def network(self, name: str = "v", prefix: str = "10.0.0.0/16", subnet: str = "10.0.0.0/24") -> str:
        """A network with the subnet ``default``; answers the subnet's id."""
        subnets = [{"name": "default", "properties": {"addressPrefix": subnet}}]
        id = f"{NET}/virtualNetworks/{name}"
        space = {"addressSpace": {"addressPrefixes": [prefix]}, "subnets": subnets}
        await self.put(id, {"location": "eastus2", "properties": space})
        return f"{id}/subnets/default"

    async def workspace(self, name: str = "ws1", **properties: Any) -> str:
        """A workspace; answers its id."""
        id = f"{RG}/providers/Microsoft.MachineLearningServices/workspaces/{name}"
        await self.put(id, {"location": "eastus2", "identity": {"type": "SystemAssigned"}, "properties": properties})
        return id


def endpoint(subnet: str = SUBNET, target: str = WS, group: str = "amlworkspace", *, manual: bool = False, **more: Any) -> dict:
    """The body of a private endpoint."""
    connection = [
        {"name": "c", "properties": {"privateLinkServiceId": target, "groupIds": [group], **more.pop("connection", {})}}
    ]
    array = "manualPrivateLinkServiceConnections" if manual else "privateLinkServiceConnections"
    location = more.pop("location", "eastus2")
    return {"location": location, "properties": {"subnet": {"id": subnet}, array: connection, **more}}
