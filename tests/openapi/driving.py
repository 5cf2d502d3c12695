"""Requests grown by schemathesis from the cloud's own description, sent to a cloud in memory, their answers judged by it.

Grown are queries, bodies and names, as described and deliberately not. Left alone they would seldom get past what must exist,
so half of the paths are led to resources that do, and half of the bodies are laid over the example of the type.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote

import hypothesis
import hypothesis.strategies as st
import requests
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cloister.arm.resource import ResourceType
from cloister.ipc.messages import Request, Response
from tests.control.fake_cloud import OWNER, SUBSCRIPTION
from tests.openapi.sending import model_of, own_world
from tests.openapi.sync_cloud import SyncCloud
from tests.templates.making import EXAMPLES
from tests.templates.needs import KNOWN

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
_BRACED = re.compile(r"\{([^}]+)\}")
_HOST = "https://management.azure.com"


def _ids() -> list[str]:
    found = [json.loads(path.read_text())["id"] for path in sorted(EXAMPLES.glob("*.json"))]
    return [id.replace("00000000-0000-0000-0000-000000000001", SUBSCRIPTION) for id in found if "*" not in id]


schemathesis.openapi.format("arm-id", st.sampled_from(_ids()))


def description() -> dict[str, Any]:
    """The description as the cloud gives it."""
    with SyncCloud() as cloud:
        answer = cloud.ask("GET", "/openapi.json", None, "2024-01-01")
        assert answer.status == 200, answer
        return answer.json


def operations(about: dict[str, Any]) -> list[Any]:
    """Every operation of a description, as schemathesis reads it.

    Of a path only the last name is grown: what stands above it is one of a few, since most of what could be grown is not there.
    """
    paths = {}
    for path, item in about["paths"].items():
        names = _BRACED.findall(path)
        few = [
            {**one, "schema": {"enum": _above(one["name"])}} if one["in"] == "path" and one["name"] in names[:-1] else one
            for one in item["parameters"]
        ]
        paths[path] = {**item, "parameters": few}
    found = schemathesis.openapi.from_dict({**about, "paths": paths}).get_all_operations()
    return [one.ok() for one in found]


def _above(name: str) -> list[str]:
    return [SUBSCRIPTION] if name == "subscriptionId" else ["g1", "g2"] if name == "resourceGroupName" else ["default", "x1"]


def kind_at(path: str) -> ResourceType | None:
    """The type that a path template is about."""
    rest = path.rpartition("/providers/")[2].split("/")
    whole, above = "/".join([rest[0], *rest[1::2]]), "/".join([rest[0], *rest[1:-1:2]])
    return KNOWN.get(whole.lower()) or KNOWN.get(above.lower())


class Driver:
    """Sends cases and remembers what went wrong: ``faults`` by operation and what was seen."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.seed = seed
        self.count: Counter[str] = Counter()
        self.faults: dict[str, str] = {}
        self.cloud = SyncCloud()
        self._made: set[str] = set()

    def close(self) -> None:
        """Stop the cloud."""
        self.cloud.close()

    def drive(self, operation: Any, requests_of_each: dict[Any, int], over: Callable[[], bool]) -> None:
        """So many requests of each generation mode, none once it is ``over``."""
        for mode, number in requests_of_each.items():
            if number <= 0:
                continue
            self._run(operation, mode, number, over)

    def _run(self, operation: Any, mode: Any, number: int, over: Callable[[], bool]) -> None:
        @hypothesis.seed(self.seed)
        @hypothesis.settings(
            max_examples=number,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def run(case: Any) -> None:
            if not over():
                self.send(case, mode)

        try:
            run()
        except hypothesis.errors.Unsatisfiable:
            self.count["operations of which nothing wrong can be asked"] += 1

    def send(self, case: Any, mode: Any) -> None:
        """One request, and its answer judged."""
        kind = kind_at(case.operation.path)
        path, body = self._path(case, kind), self._body(case, kind)
        query = {str(name): str(value) for name, value in (case.query or {}).items()}
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body, default=str).encode()
        headers = {"authorization": f"Bearer {OWNER}"}
        request = Request(method=case.method, path=path, query=query, headers=headers, body=raw, authority="management.azure.com")
        answer = self.cloud.handle(request)
        self.count["requests"] += 1
        self.count[f"{mode.name.lower()}, answered {answer.status // 100}xx"] += 1
        for fault in judged(case, path, answer):
            what = f"{case.operation.label}: {fault}"
            self.faults.setdefault(
                what, f"{case.method} {path} {query} {raw[:2000]!r}\n  -> {answer.status} {answer.body[:1000]!r}"
            )
        if self.count["requests"] % 200 == 0:
            self.cloud.settle()

    def _path(self, case: Any, kind: ResourceType | None) -> str:
        """The path: led to a resource that is there, or as it was grown."""
        template = case.operation.path
        grown = {name: unquote(str(value)) for name, value in (case.path_parameters or {}).items()}
        grown["subscriptionId"] = SUBSCRIPTION
        if "resourceGroupName" in grown and self.random.random() < 0.9:
            grown["resourceGroupName"] = "g1"
        if kind is not None and kind.listing is None and model_of(kind) is not None:
            self._make(kind)
        if self.random.random() < 0.6:
            rows = self._rows(kind)
            if rows:
                found = self._matched(template, self.random.choice(rows))
                grown |= found
        if "scope" in grown:
            grown["scope"] = self.random.choice(_ids()).strip("/")
        return _BRACED.sub(lambda match: grown.get(match[1], "x"), template)

    def _rows(self, kind: ResourceType | None) -> list[str]:
        view = self.cloud.cloud.engine.view()
        if kind is None:
            return []
        if kind.listing is not None:
            kind = KNOWN[kind.name.rpartition("/")[0].lower()]
        return [row.id for row in view.of_type(kind.name)]

    @staticmethod
    def _matched(template: str, id: str) -> dict[str, str]:
        """The values of a template's braces that lead to a resource, as far as both go alike."""
        out = {}
        for mine, theirs in zip(template.split("/"), id.split("/"), strict=False):
            if mine.startswith("{") and mine != "{scope}":
                out[mine[1:-1]] = theirs
            elif mine.lower() != theirs.lower():
                break
        return out

    def _make(self, kind: ResourceType) -> None:
        """The type's example with what it needs, unless it is there."""
        model = model_of(kind)
        assert model is not None
        if "*" in model["id"] or self.cloud.cloud.engine.view().get(model["id"]) is not None:
            if kind.name in self._made:
                return
            self._made.add(kind.name)
        try:
            model = own_world(self.cloud, kind)
        except StopIteration:  # what made it is gone or was changed
            return
        if model.get("body") is not None:
            self.cloud.ask("PUT", model["id"], model["body"], model["api_version"])

    def _body(self, case: Any, kind: ResourceType | None) -> Any:
        """The body: grown, or grown and laid over the example."""
        body = case.body
        if type(body).__name__ == "NotSet":
            return None
        model = model_of(kind) if kind is not None else None
        if not isinstance(body, dict) or model is None or self.random.random() < 0.3:
            return body
        return self._laid_over(model.get("body") or {}, body, 3)

    def _laid_over(self, under: Any, over: Any, depth: int) -> Any:
        if not isinstance(under, dict) or not isinstance(over, dict) or depth == 0:
            return over
        out = dict(under)
        for name, value in over.items():
            if name not in under or self.random.random() < 0.5:
                out[name] = self._laid_over(under.get(name), value, depth - 1) if name in under else value
        return out


def judged(case: Any, path: str, answer: Response) -> Iterator[str]:
    """What is wrong with an answer."""
    prepared = requests.Request(case.method, _HOST + quote(path), headers={"authorization": "Bearer x"}).prepare()
    given = schemathesis.Response(
        status_code=answer.status,
        headers={name: [value] for name, value in answer.headers.items()},
        content=b"" if case.method == "HEAD" else answer.body,
        request=prepared,
        elapsed=0.0,
        verify=False,
    )
    checks = CHECKS if case.method != "HEAD" else CHECKS[:2]
    try:
        case.validate_response(given, checks=checks)
    except FailureGroup as group:
        for failure in group.exceptions:
            yield f"{type(failure).__name__} {str(failure)[:600]}"
