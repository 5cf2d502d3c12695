"""The cloud's own description: whole, true, and nothing that is asked by it makes the cloud fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import pytest

from cloister.arm.catalog import SUBSCRIPTION_TYPE, TENANT_TYPE
from cloister.control import reading
from cloister.frontends.arm_http import ROUTES
from cloister.frontends.arm_http.description import SHAPES
from cloister.providers import TYPES
from tests.openapi.counts import told
from tests.openapi.driving import NEGATIVE, POSITIVE, Driver, description, operations
from tests.openapi.sending import model_of
from tests.openapi.sync_cloud import SyncCloud

MANY, FEW = 20_000, 300
SEED = 20261123


@pytest.fixture(scope="module")
def about() -> dict[str, Any]:
    return description()


def references(value: Any) -> Iterator[str]:
    """Every ``$ref`` in a value."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from references(item)


def test_it_is_whole(about):
    read = operations(about)
    methods = [(path, method) for path, item in about["paths"].items() for method in item if method != "parameters"]
    assert len(read) == len(methods) > 1500
    ids = [about["paths"][path][method]["operationId"] for path, method in methods]
    assert len(set(ids)) == len(ids)
    schemas = about["components"]["schemas"]
    named = {kind.name.replace("/", ".") for kind in TYPES} - {SUBSCRIPTION_TYPE.replace("/", "."), TENANT_TYPE.replace("/", ".")}
    assert named <= schemas.keys()
    for reference in set(references(about)):
        _, _, room, name = reference.split("/")
        assert name in about["components"][room], reference
    shapes = [path.replace("{", "<").replace("}", ">") for path in about["paths"]]
    assert len({"/".join("<>" if part.startswith("<") else part for part in path.split("/")) for path in shapes}) == len(shapes)


def test_the_shapes_are_those_of_routes():
    with SyncCloud() as cloud:
        routes = (*ROUTES, *cloud.deployments.routes(), *reading.ROUTES)
        known = {f"{route.method} {route.path}" for route in routes}
    assert SHAPES.keys() <= known
    plain = {line for line in known - SHAPES.keys() if "/extensions/" not in line}
    assert plain == {"GET /metadata/endpoints", "GET /openapi.json"}


def test_it_is_shown_to_who_has_a_token():
    with SyncCloud() as cloud:
        status, answer, _ = cloud.run(cloud.cloud.call("GET", "/openapi.json", who=""))
        assert status == 401 and answer["error"]["code"] == "AuthenticationFailed"
        status, answer, _ = cloud.run(cloud.cloud.call("GET", "/openapi.json", version=""))
        assert status == 400 and answer["error"]["code"] == "MissingApiVersionParameter"
        status, answer, _ = cloud.run(cloud.cloud.call("GET", "/openapi.json", who="somebody without any role"))
        assert status == 200 and answer["openapi"] == "3.1.0"


def asked(value: Any) -> Any:
    """Schemas of requests: nobody must send what is read-only."""
    if isinstance(value, list):
        return [asked(item) for item in value]
    if not isinstance(value, dict):
        return value
    out = {name: asked(item) for name, item in value.items()}
    if isinstance(out.get("required"), list):
        out["required"] = [name for name in out["required"] if not out.get("properties", {}).get(name, {}).get("readOnly")]
    return out


def test_own_examples_are_what_it_says_to_send(about):
    """Each type's own example fits what the description says of a body; what is read-only may be left out."""
    wrong = []
    components = asked(about["components"])
    registry = jsonschema_rs.Registry([("spec:///own", {"components": components})], draft=jsonschema_rs.Draft202012)
    for kind in TYPES:
        model, name = model_of(kind), kind.name.replace("/", ".")
        if model is None or name not in components["schemas"] or model.get("body") is None:
            continue
        validator = jsonschema_rs.Draft202012Validator({"$ref": f"spec:///own#/components/schemas/{name}"}, registry=registry)
        wrong += [f"{kind.name} {error.instance_path}: {error.message}" for error in validator.iter_errors(model["body"])]
    assert not wrong, "\n".join(wrong)


def drive(about: dict[str, Any], wanted: int, over: Callable[[], bool], capsys: Any) -> int:
    """That many requests, spread over the operations, none once it is ``over``; the number reached. Fails for what went wrong."""
    found = operations(about)
    step = max(1, 3 * len(found) // wanted)
    chosen = found[SEED % step :: step]
    of_each = -(-wanted // len(chosen))
    positive = max(1, 2 * of_each // 3)
    driver = Driver(SEED)
    try:
        while driver.count["requests"] < wanted and not over():  # of some operations there is less to ask than of others
            for operation in chosen:
                if over() or driver.count["requests"] >= wanted:
                    break
                driver.drive(operation, {POSITIVE: positive, NEGATIVE: of_each - positive}, over)
            driver.seed += 1
            positive, of_each = 2, 3
        told(capsys, f"requests grown from the description, over {len(chosen)} of {len(found)} operations", driver.count)
        assert not driver.faults, "\n\n".join(f"{what}\n{seen}" for what, seen in driver.faults.items())
        return driver.count["requests"]
    finally:
        driver.close()


def test_a_few_requests(about, capsys):
    assert drive(about, FEW, lambda: False, capsys) >= FEW


@pytest.mark.deep(share=14)
@pytest.mark.timeout(0)
def test_many_requests(about, capsys, box):
    reached = drive(about, MANY, lambda: box.over, capsys)
    box.tell("requests", reached, MANY)
    assert box.over or reached >= MANY
