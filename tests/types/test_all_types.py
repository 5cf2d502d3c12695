"""One suite over every resource type: what the engine promises of all of them, each with its own example.

Each example is ``examples/<type with dots>.json``: ``{"type", "id", "api_version", "body", "needs": [{"id", "api_version",
"body"}]}``; ``"derived": true`` where another row makes it and ``*`` in the id stands for what the server chose;
``"computed": true`` for a listing.
"""

from __future__ import annotations

import asyncio
import fnmatch
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cloister.arm.ids import key, parse
from cloister.arm.schema_check import shown as shown_of
from cloister.arm.schema_check import written_only
from cloister.control.settling import Settling
from cloister.control.world import Draft, same_content
from cloister.providers import TYPES
from tests.control.fake_cloud import Cloud

EXAMPLES = Path(__file__).parent / "examples"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g1"
ELSEWHERE = {
    "Microsoft.Resources/tenants": "made at the first start, written by nobody",
    "Microsoft.Resources/subscriptions": "shown flat, by routes of their own (tests/template)",
    "Microsoft.Network/privateDnsZones/ALL": "lists rows of other types (tests/dns)",
    "Microsoft.KeyVault/locations/deletedVaults": "made by a vault's deletion (tests/providers/test_deleted_vaults.py)",
    "Microsoft.Resources/deployments": "its requests are routes of their own (tests/template)",
}
RESTLESS = {
    "etag",
    "systemData",
    "modifiedDate",
    "modifiedOn",
    "lastModifiedTime",
    "updatedOn",
    "secretUriWithVersion",
    "keyUriWithVersion",
}
"""What tells of every write."""
VERSIONED = {"Microsoft.KeyVault/vaults/secrets", "Microsoft.KeyVault/vaults/keys"}
"""Types whose PUT makes a new version each time, as Azure's does."""
KINDS = [kind for kind in TYPES if kind.name not in ELSEWHERE]


def file_of(kind) -> Path:
    return EXAMPLES / f"{kind.name.replace('/', '.')}.json"


class Example:
    """A type's example in a cloud that has what it needs."""

    def __init__(self, cloud: Cloud, found: dict[str, Any]):
        self.cloud = cloud
        self.version = found["api_version"]
        self.body = found.get("body")
        self.is_computed = bool(found.get("computed"))
        self.id = found["id"]
        if "*" in self.id and found.get("derived"):
            rows = [row.id for row in cloud.engine.view().of_type(found["type"])]
            self.id = next(id for id in rows if fnmatch.fnmatch(id.lower(), self.id.lower()))
        held = cloud.engine.view().get(self.id)
        self.is_derived = held is not None and bool(held.owner)

    async def call(self, method: str, body: Any = None, id: str = "", **more):
        return await self.cloud.call(method, id or self.id, body, version=self.version, **more)

    async def get(self) -> dict[str, Any]:
        status, shown, _ = await self.call("GET")
        assert status == 200, shown
        return shown

    def calm(self, shown: dict[str, Any]) -> dict[str, Any]:
        """What GET shows, without what tells of every write."""

        def plain(value: Any) -> Any:
            if isinstance(value, dict):
                return {name: plain(item) for name, item in value.items() if name not in RESTLESS}
            return [plain(item) for item in value] if isinstance(value, list) else value

        return plain(shown)


@pytest.fixture
def in_example():
    """Runs ``work(example)`` for one type."""

    def start(kind, work):
        path = file_of(kind)
        if not path.exists():
            pytest.fail(f"{kind.name} has no example: write {path.name}")
        found = json.loads(path.read_text())

        async def whole():
            cloud = Cloud(kinds=TYPES)
            await cloud.start(SUBSCRIPTION)
            try:
                if kind.name not in ("Microsoft.Resources/subscriptions", "Microsoft.Resources/resourceGroups"):
                    await cloud.ok("PUT", GROUP, {"location": "eastus2"})
                for need in found.get("needs", ()):
                    await cloud.ok("PUT", need["id"], need["body"], version=need["api_version"])
                await work(Example(cloud, found))
            finally:
                await cloud.close()

        asyncio.run(whole())

    return start


def every(marked=None):
    chosen = [kind for kind in KINDS if marked is None or marked(kind)]
    return pytest.mark.parametrize("kind", chosen, ids=[kind.name for kind in chosen])


def is_written(kind) -> bool:
    return kind.listing is None


def well_formed(status: int, answer: Any) -> None:
    """An error in Azure's envelope."""
    assert 400 <= status < 500, (status, answer)
    error = answer["error"]
    assert re.fullmatch(r"[A-Za-z]+", error["code"]) and error["message"].strip()
    assert all(detail["code"] and detail["message"] for detail in error.get("details", ()))


def test_names_are_there_once():
    names = [kind.name.lower() for kind in TYPES]
    assert sorted(names) == sorted(set(names))


@every(is_written)
def test_round_trip(kind, in_example):
    async def work(example):
        status, put, headers = await example.call("PUT", example.body)
        assert status == kind.put_status[1 if example.is_derived else 0], put
        assert ("azure-asyncoperation" in headers) == kind.polled
        shown = await example.get()
        assert (shown["id"], shown["type"], shown["name"]) == (example.id, kind.name, parse(example.id).name)
        assert shown == put
        properties = visible(kind.properties, example.body.get("properties") or {})
        missing = unkept({**example.body, "properties": properties}, shown)
        assert not missing, f"written and not shown: {missing}"

    in_example(kind, work)


def visible(field: Any, value: Any) -> Any:
    """``value`` without secrets and read-only members."""
    return shown_of(field, written_only(field, value))


def unkept(written: Any, shown: Any, path: str = "") -> list[str]:
    """What was written and does not come back: secrets and enum spellings aside, everything should."""
    if isinstance(written, dict):
        if not isinstance(shown, dict):
            return [path]
        out = []
        for name, value in written.items():
            if value is not None:
                out += unkept(value, shown.get(name), f"{path}.{name}")
        return out
    if isinstance(written, list):
        if not isinstance(shown, list) or len(written) > len(shown):
            return [path]
        return [p for n, (a, b) in enumerate(zip(written, shown, strict=False)) for p in unkept(a, b, f"{path}[{n}]")]
    return [] if str(written).replace(" ", "").lower() == str(shown).replace(" ", "").lower() else [path]


@every(is_written)
def test_put_twice_changes_nothing(kind, in_example):
    async def work(example):
        await example.call("PUT", example.body)
        first, revision = await example.get(), example.cloud.engine.revision
        status, _, _ = await example.call("PUT", example.body)
        assert status == kind.put_status[1]
        if kind.name not in VERSIONED:
            assert example.cloud.engine.revision == revision, changed(example, revision)
            assert await example.get() == first
        status, answer, _ = await example.call("PUT", first)  # what GET shows, sent back whole
        assert status == kind.put_status[1], answer
        assert example.calm(await example.get()) == example.calm(first)

    in_example(kind, work)


def changed(example: Example, revision: int) -> str:
    """What a PUT of the same body changed: rows with what they were and are."""
    told = [rows for number, rows in example.cloud.loop.told if number > revision]
    return "\n".join(
        f"{id}\n  {old and (old.body, old.facts)}\n  {new and (new.body, new.facts)}" for rows in told for id, old, new in rows
    )


@every(is_written)
def test_patch_of_tags(kind, in_example):
    async def work(example):
        await example.call("PUT", example.body)
        before = await example.get()
        status, answer, _ = await example.call("PATCH", {"tags": {"owner": "a"}})
        if status >= 400:  # a type may refuse to be patched, in good form
            well_formed(status, answer)
            return
        after = await example.get()
        if "tags" in kind.top_level and not example.is_derived:
            assert after["tags"]["owner"] == "a"
        after.pop("tags", None)
        before.pop("tags", None)
        assert example.calm(after)["properties"] == example.calm(before)["properties"]

    in_example(kind, work)


@every(is_written)
def test_everything_is_at_rest(kind, in_example):
    """Settling and deriving every row of the world once more moves none of them."""

    async def work(example):
        await example.call("PUT", example.body)
        engine = example.cloud.engine
        draft = Draft(engine.index, engine._around, "2030-01-01T00:00:00.000000Z", lambda action, scope: True, {})
        Settling(draft, engine.types, {}, "", "2024-01-01").run([key(row.id) for row in draft.children("/")], [])
        moved = [place for place, old, new in draft.changes() if old is None or new is None or not same_content(old, new)]
        assert moved == [] and draft.counters == {}

    in_example(kind, work)


@every(is_written)
def test_read_only_input_is_ignored(kind, in_example):
    async def work(example):
        await example.call("PUT", example.body)
        first = await example.get()
        names = [name for name, field in kind.properties.members.items() if field.read_only]
        odd = {**example.body, "properties": {**(example.body.get("properties") or {}), **{name: ["odd", 1] for name in names}}}
        odd |= {"id": "/odd", "name": "odd", "type": "odd", "etag": "odd", "systemData": {"createdBy": "odd"}}
        status, answer, _ = await example.call("PUT", odd)
        assert status == kind.put_status[1], answer
        assert example.calm(await example.get()) == example.calm(first)

    in_example(kind, work)


@every(is_written)
def test_listed_then_deleted_twice(kind, in_example):
    async def work(example):
        await example.call("PUT", example.body)
        if parse(example.id).provider:
            _, listed, _ = await example.call("GET", id=example.id.rsplit("/", 1)[0])
            assert example.id in [item["id"] for item in listed["value"]]
        status, answer, headers = await example.call("DELETE")
        if example.is_derived and status >= 400:  # it may live and die with its owner only
            well_formed(status, answer)
            return
        assert status == kind.delete_status, answer
        if status == 202:
            assert headers["location"] and headers["retry-after"] == "1"
        status, answer, _ = await example.call("GET")
        assert status == 404
        well_formed(status, answer)
        again = (await example.call("DELETE"))[0]
        assert again == (204 if parse(example.id).provider else 404)

    in_example(kind, work)


@every(is_written)
def test_made_again_after_deletion(kind, in_example):
    async def work(example):
        if example.is_derived:
            return
        for _ in range(2):
            status, answer, _ = await example.call("PUT", example.body)
            assert status == kind.put_status[0], answer
            await example.call("DELETE")

    in_example(kind, work)


ODD_VALUES = (
    None,
    [],
    {},
    "",
    "odd",
    0,
    -1,
    1.5,
    True,
    [None],
    [[]],
    {"id": 5},
    {"id": "/odd"},
    "/subscriptions/x",
    "\u0000",
    "💥" * 50,
)


@every(is_written)
def test_odd_values_get_errors_in_good_form(kind, in_example):
    """Each top-level member and each property in turn with values of every kind: kept, or refused, never a fault of ours."""

    async def work(example):
        await example.call("PUT", example.body)
        properties = example.body.get("properties") or {}
        bodies: list[Any] = [[], "x", 5, None, {}, {"properties": None}, {"properties": []}, {"properties": "x"}]
        for name in ("location", "tags", "sku", "kind", "identity", "zones", "plan"):
            bodies += [{**example.body, name: odd} for odd in ODD_VALUES]
        for n, name in enumerate(kind.properties.members):
            chosen = [ODD_VALUES[(n + 3 * step) % len(ODD_VALUES)] for step in range(5)]
            bodies += [{**example.body, "properties": {**properties, name: odd}} for odd in chosen]
        for name, value in properties.items():
            bodies += [{**example.body, "properties": {**properties, name: odd}} for odd in ODD_VALUES]
            for inner in broken(value):
                bodies.append({**example.body, "properties": {**properties, name: inner}})
        for body in bodies:
            for method in ("PUT", "PATCH"):
                status, answer, _ = await example.call(method, body)
                if status >= 300:
                    well_formed(status, answer)
        other = example.id + "-odd"
        for body in bodies[:8]:
            status, answer, _ = await example.call("PUT", body, id=other)
            if status >= 300:
                well_formed(status, answer)

    in_example(kind, work)


def broken(value: Any):
    """``value`` with one inner value in turn replaced by something odd."""
    if isinstance(value, dict):
        for name, item in value.items():
            for odd in (None, [], {}, "odd", 5, True):
                yield {**value, name: odd}
            for inner in broken(item):
                yield {**value, name: inner}
    elif isinstance(value, list):
        for n, item in enumerate(value):
            for odd in (None, [], {}, "odd", 5):
                yield [*value[:n], odd, *value[n + 1 :]]
            for inner in broken(item):
                yield [*value[:n], inner, *value[n + 1 :]]


@every(lambda kind: kind.listing is not None)
def test_computed_listings(kind, in_example):
    async def work(example):
        shown = await example.get()
        assert shown["type"] == kind.name
        _, listed, _ = await example.call("GET", id=example.id.rsplit("/", 1)[0])
        assert shown in listed["value"]
        for method in ("PUT", "PATCH", "DELETE"):
            status, answer, _ = await example.call(method, {})
            assert status == 405
            well_formed(status, answer)
        assert (await example.call("GET", id=example.id + "odd"))[0] == 404

    in_example(kind, work)
