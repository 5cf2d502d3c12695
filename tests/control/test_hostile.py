"""Whatever a client sends: an answer in good form, never a fault of ours, and the rows stay whole."""

from __future__ import annotations

import json
import random
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloister.arm.ids import key, parse
from tests.boxes import examples
from tests.control.fake_cloud import GROUP, SUB, Cloud, run

WORDS = [
    "subscriptions", SUB.split("/")[2], "resourceGroups", "resourcegroups", "g1", "providers", "Test.Net", "test.app", "nets",
    "n1", "parts", "p1", "links", "servers", "s1", "connections", "ports", "Microsoft.Authorization", "locks", "roleAssignments",
    "roleDefinitions", "locations", "eastus", "operationStatuses", "operationResults", "resources", "listKeys", "metadata",
    "endpoints", "tenants", "checkNameAvailability", "eventtypes", "management", "values", "microsoft.insights", "", "_", "..",
    "*", "%2e", "a b", "\u0000", "é", "'", '"', "💥", "x" * 300, "?", "#",
]  # fmt: skip
PATHS = st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=12).map("/".join) | st.text(max_size=60)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10)
NAMES = st.sampled_from(
    [
        "properties",
        "location",
        "tags",
        "name",
        "id",
        "prefixes",
        "parts",
        "prefix",
        "part",
        "server",
        "status",
        "sku",
        "identity",
        "type",
        "zones",
    ]
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
BODIES = JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60)
METHODS = st.sampled_from(["GET", "HEAD", "PUT", "PATCH", "DELETE", "POST", "OPTIONS", "get"])
QUERIES = st.dictionaries(
    st.sampled_from(["$filter", "$top", "$skiptoken", "$expand", "Api-Version"]) | st.text(max_size=5),
    st.text(max_size=20),
    max_size=3,
)
HEADERS = st.dictionaries(
    st.sampled_from(["if-match", "if-none-match", "x-ms-correlation-request-id", "x-ms-client-request-id"]), st.text(max_size=12)
)
CALLS = st.lists(st.tuples(METHODS, PATHS, BODIES, QUERIES, HEADERS), min_size=1, max_size=12)
HARD = settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))


def good_form(status, answer, headers):
    assert 200 <= status < 500, (status, answer)
    assert all(isinstance(value, str) and "\n" not in value for value in headers.values())
    if status >= 400:
        error = answer["error"]
        assert re.fullmatch(r"[A-Za-z]+", error["code"]) and error["message"]


async def whole(cloud):
    """What must hold of any world: parents and owners are there, types are known, keys are unique."""
    rows = cloud.engine.index.rows
    for place, row in rows.items():
        assert place == key(row.id) and row.type in cloud.engine.types
        id = parse(row.id)
        if len(id.names) > 1:
            assert id.parent.key in rows
        if row.owner:
            assert key(row.owner) in rows
        if id.resource_group and id.provider:
            assert f"{SUB}/resourcegroups/{id.resource_group}".lower() in rows


@HARD
@given(CALLS)
def test_anything_gets_an_answer_in_good_form(calls):
    async def work():
        cloud = await Cloud().start()
        await cloud.group()
        await cloud.ok("PUT", f"{GROUP}/providers/Test.App/servers/s1", {"location": "eastus"})
        await cloud.net()
        await cloud.link()
        for method, path, body, query, headers in calls:
            good_form(*await cloud.call(method, path, body, query=query, **headers))
        await whole(cloud)

    run(work())


def body_of(chance, path):
    """A body that a resource of that path might really have."""
    if "/nets/" in path and "/parts/" not in path:
        parts = [{"name": f"p{n}", "properties": {"prefix": "x"}} for n in range(chance.randrange(3))]
        body = {"location": "eastus", "properties": {"prefixes": ["x"] * chance.randrange(3), "size": chance.randrange(1, 10)}}
        if chance.random() < 0.5:
            body["properties"]["parts"] = parts
        return body
    if "/parts/" in path:
        return {"properties": {"prefix": str(chance.randrange(3))}}
    if "/links/" in path:
        part = f"{GROUP}/providers/Test.Net/nets/n{chance.randrange(2)}/parts/p{chance.randrange(2)}"
        server = f"{GROUP}/providers/Test.App/servers/s{chance.randrange(2)}0"
        return {"location": "eastus", "properties": {"part": {"id": part}, "server": {"id": server}}}
    if "/connections/" in path:
        return {"properties": {"status": chance.choice(["Approved", "Rejected"])}}
    return {"location": "eastus", "tags": {"t": str(chance.randrange(3))}, "properties": {}}


@settings(max_examples=examples(20), deadline=None)
@given(st.integers(0, 2**32))
def test_a_random_walk_leaves_the_world_whole_and_at_rest(tmp_path_factory, seed):
    """Many sensible writes in any order; then a restart must show exactly the same."""
    chance = random.Random(seed)

    async def work():
        directory = tmp_path_factory.mktemp("walk")
        cloud = await Cloud(directory).start()
        await cloud.group()
        kinds = ["Test.Net/nets/n{}", "Test.Net/nets/n{}/parts/p{}", "Test.Net/links/l{}", "Test.App/servers/s{}0"]
        for _ in range(50):
            path = f"{GROUP}/providers/" + chance.choice(kinds).format(chance.randrange(2), chance.randrange(2))
            connections = [row.id for row in cloud.engine.view().of_type("Test.App/servers/connections")]
            if connections and chance.random() < 0.2:
                path = chance.choice(connections)
            method = chance.choice(["PUT", "PUT", "PUT", "PATCH", "DELETE"])
            body = body_of(chance, path) if method == "PUT" else {"tags": {"x": "y"}} if method == "PATCH" else None
            good_form(*await cloud.call(method, path, body))
            if method == "PUT":
                revision = cloud.engine.revision
                good_form(*await cloud.call(method, path, body))
                assert cloud.engine.revision == revision or cloud.engine.index.rows.get(key(path)) is None
        await whole(cloud)
        rows, revision = dict(cloud.engine.index.rows), cloud.engine.revision
        await cloud.close()
        again = await Cloud(directory).start()
        assert again.engine.index.rows == rows and again.engine.revision == revision
        await again.close()

    run(work())
