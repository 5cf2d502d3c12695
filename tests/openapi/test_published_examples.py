"""Our answers to the published request examples are what the published descriptions say.

Every example of every operation on a type of ours is sent (``sending.py``), each third in `make test`; the status must be one
that the operation knows, the body must fit its schema. What an example itself does not keep to (its published answer has the
same fault) says nothing. Skipped where ``../shared/specs`` is absent.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Any

import pytest

from cloister.providers import TYPES
from tests.openapi import specs
from tests.openapi.counts import told
from tests.openapi.sending import own_world, send, sendables
from tests.openapi.sync_cloud import Reply, SyncCloud
from tests.types.test_all_types import ELSEWHERE

pytestmark = [
    pytest.mark.skipif(not specs.SPECS.exists(), reason=f"the published descriptions are not here: {specs.SPECS}"),
    pytest.mark.timeout(300),
]

EVERY = 3

REFUSED = {
    ("*", "InvalidResourceType"): "an action or a listing that this cloud has not",
    ("Microsoft.Authorization/roleDefinitions", "NotFound"): "its scope is the word 'scope'",
    ("Microsoft.KeyVault/locations/deletedVaults", "ResourceNotFound"): "nobody deleted the vault before",
    ("Microsoft.MachineLearningServices/workspaces/computes", "InvalidResourceReference"): "its subnet is a word, no id",
    (
        "Microsoft.MachineLearningServices/workspaces/data",
        "InvalidParameter",
    ): "dataType 'UriFile' is none that its own schema has",
    ("Microsoft.Network/natGateways", "NatGatewayPublicIpCountLimitReached"): "the prefix made for it has all that a gateway may",
    ("Microsoft.Network/privateEndpoints", "PrivateIPAddressNotInSubnet"): "an address of a subnet that only its author knows",
    ("Microsoft.Network/privateEndpoints", "InvalidGroupId"): "a groupId for a private link service, which has none",
    ("Microsoft.Resources/subscriptions", "ResourceNotFound"): "tags of a resource whose provider is a made-up word",
    ("Microsoft.Resources/deployments", "NotFound"): "a management group, or a template spec that nobody made",
    ("Microsoft.Storage/storageAccounts", "InvalidValuesForRequestParameters"): "Kerberos keys are not made",
}
"""Refusals by type and code, and why they are right. All others are faults."""

DIFFERENT = {
    ("Microsoft.MachineLearningServices", "ByType"): "2021-01-01 alone writes systemData's words in lower case",
    ("Microsoft.Resources/subscriptions", '"nextLink" is a required'): "a listing that is whole has no next page",
    ("Microsoft.Network/loadBalancers", "sku.name"): "asks for sku 'Premium', which its own schema lacks; it is kept as written",
}
"""Answers that differ from the description, by the beginning of the type and a part of what is said of them, and why."""


def reason(table: dict[tuple[str, str], str], kind: str, what: str, used: set[tuple[str, str]]) -> str:
    """Why it may be so, "" for no reason; the entry of the table that says it goes to ``used``."""
    for begin, end in table:
        if (begin == "*" or kind.startswith(begin)) and end in what:
            used.add((begin, end))
            return table[begin, end]
    return ""


def differences(operation: specs.Operation, answer: Reply, published: dict[str, Any]) -> list[tuple[str, str]] | None:
    """What is wrong with an answer, path and why, but for what the published answer has wrong too; None: nothing is said."""
    schema = operation.response_schema(answer.status)
    if schema is None:
        known = ", ".join(operation.about["responses"])
        return [("status", f"{answer.status} is none of {known}")] if answer.ok else None
    example = published.get(str(answer.status))
    also = {path for path, _ in specs.problems(schema, example.get("body"))} if example is not None else set()
    return [(path, why) for path, why in specs.problems(schema, answer.json) if path not in also]


def test_published_answers_fit_their_own_schemas():
    """The reading of the descriptions is right: of the published answers few do not fit, and those by their own fault."""
    found = Counter()
    for operation in specs.all_operations():
        for _, given in operation.examples():
            for status, answer in given["responses"].items():
                schema = operation.response_schema(int(status)) if status.isdigit() else None
                if schema and answer.get("body"):
                    found["wrong" if specs.problems(schema, answer["body"]) else "right"] += 1
    assert found["right"] > 1000 and found["wrong"] < 0.05 * found["right"], found


def sent(step: int, capsys: Any) -> set[tuple[str, str]]:
    """Send every ``step``-th published example and judge what comes; the entries of the tables that were needed."""
    count: Counter[str] = Counter()
    types: set[str] = set()
    used: set[tuple[str, str]] = set()
    wrong: list[str] = []
    for one, responses in islice(sendables(), 0, None, step):
        answer, as_sent = send(one)
        kind, where = one.kind.name, f"{one.operation.place}, example {one.name!r}"
        types.add(kind)
        count["sent"] += 1
        count["in the world of the type's own example"] += as_sent is not one
        assert answer.status < 500, (where, answer)
        why = "accepted" if answer.ok else reason(REFUSED, kind, answer.code, used)
        count[why if answer.ok else f"refused: {why}"] += 1
        if not why:
            wrong.append(f"{where}: refused with {answer.status} {answer.text[:300]}")
        found = differences(one.operation, answer, responses)
        count["answers of which nothing is said" if found is None else "answers validated"] += 1
        for path, text in found or ():
            if why := reason(DIFFERENT, kind, f"{path}: {text}", used):
                count[f"different: {why}"] += 1
            else:
                wrong.append(f"{where}: answered {answer.status}, {path}: {text}")
    told(capsys, f"published request examples, of {len(types)} types", count)
    assert not wrong, "\n".join(wrong)
    return used


def test_some_published_examples(capsys):
    sent(EVERY, capsys)


@pytest.mark.deep(seconds=40)
def test_all_published_examples(capsys):
    unused = {*REFUSED, *DIFFERENT} - sent(1, capsys)
    assert not unused, f"no longer needed: {unused}"


def test_own_examples(capsys):
    """Each type's own example, made, read, listed, tagged and deleted: the answers fit the newest description there is."""
    count: Counter[str] = Counter()
    wrong: list[str] = []
    for kind in TYPES:
        if kind.name in ELSEWHERE:
            continue
        with SyncCloud() as cloud:
            model = own_world(cloud, kind)
            id = model["id"]
            requests = [("GET", id, None), ("GET", id.rsplit("/", 1)[0], None)]
            if model.get("body") is not None:
                requests = [("PUT", id, model["body"]), *requests, ("PATCH", id, {"tags": {"a": "b"}}), ("DELETE", id, None)]
            known = [(specs.newest(method, path), method, path, body) for method, path, body in requests]
            own = [one for one, *_ in known if one is not None and "{resourceProviderNamespace}" not in one.path]
            count["types with a description of their own" if own else "types described as any resource is, or not at all"] += 1
            for operation, method, path, body in known:
                answer = cloud.ask(method, path, body, operation.version if operation else model["api_version"])
                if operation is None or (not answer.ok and method in ("PATCH", "DELETE")):
                    continue
                count["answers validated"] += 1
                for place, text in differences(operation, answer, {}) or ():
                    wrong.append(f"{operation.place}: {answer.status}, {place}: {text}")
    told(capsys, "own examples", count)
    assert not wrong, "\n".join(wrong)
