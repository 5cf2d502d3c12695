"""Whatever is sent, the answer is a refusal that says what to do, never a fault, and nothing is stored."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloister.services.workspace.service import NOT_YET, SERVED

ROUTES = [
    (service, versions[-1], method, template) for service, (versions, table) in SERVED.items() for method, template in table
]
PLAIN = st.text(string.ascii_letters + string.digits + "-_ .:%\u00e9\u0000'\"()", min_size=1, max_size=20)
NAMES = [
    *("runId", "name", "status", "tags", "properties", "filter", "orderby", "top", "continuationToken", "viewType", "archive"),
    *("values", "value", "columns", "data", "metricId", "createdUtc", "step", "metricName", "startTime", "runs", "events"),
    *("runTypeV2", "traits", "timestamp", "parentRunId", "displayName", "startTimeUtc", "reportErrors", "uxMetricType"),
    *("experiment_id", "experiment_ids", "run_id", "run_uuid", "key", "params", "metrics", "max_results", "order_by"),
    *("page_token", "run_name", "start_time", "end_time", "new_name", "experiment_name", "metric_key", "artifact_location"),
]
NUMBERS = st.integers() | st.floats() | st.sampled_from([0, 1, 2, 2**62, 2**63, -1, 1e308])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | PLAIN | st.just("9" * 400) | st.just("2026-01-01T00:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | PLAIN, inner, max_size=4),
    max_leaves=10,
)
METRICS = st.fixed_dictionaries(
    {},
    optional={
        "name": PLAIN | VALUES,
        "key": PLAIN | VALUES,
        "columns": st.dictionaries(PLAIN, st.sampled_from(["int", "double", "string", "Artifact"]) | VALUES, max_size=3),
        "value": st.lists(st.fixed_dictionaries({}, optional={"data": st.dictionaries(PLAIN, VALUES), "step": NUMBERS}))
        | NUMBERS,
        "timestamp": NUMBERS,
        "step": NUMBERS,
    },
)
BODIES = (
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)
    | st.fixed_dictionaries(
        {
            "values": st.lists(METRICS, max_size=3),
            "metrics": st.lists(METRICS, max_size=3),
            "run_id": PLAIN,
            "reportErrors": st.booleans(),
        }
    )
    | METRICS
)


@settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(route=st.sampled_from(ROUTES), names=st.lists(PLAIN, min_size=3, max_size=3), body=BODIES)
def test_no_route_has_a_fault_for_any_body(workspace, route, names, body):
    service, version, method, template = route
    parts = [names.pop() if part[0] == "{" else part for part in template.split("/")]
    path = f"/{service}/{version}{workspace.scope}/{'/'.join(parts)}"
    query = {key: str(value) for key, value in body.items()}
    status, answer = workspace.raw(method, path, json.dumps(body).encode(), query)
    assert status < 500, (method, path, body, answer)


KNOWN = {"experiment": "first", "experiment_id": "1", "run": "known", "compute": "local"}
KNOWN |= {"origin": "ExperimentRun", "container": "dcid.known", "path*": "logs/a.txt"}


@settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(route=st.sampled_from(ROUTES), body=BODIES)
def test_no_route_has_a_fault_on_things_that_are_there(workspace, route, body):
    if workspace.raw("GET", f"/history/v1.0{workspace.scope}/runs/known")[0] == 404:
        workspace.ask("POST", "/history/v1.0", "experiments/first")
        workspace.ask("PATCH", "/history/v1.0", "experiments/first/runs/known", {"runId": "known"})
    service, version, method, template = route
    body = {key: "known" if key in ("run_id", "run_uuid") else value for key, value in body.items()}
    body = {key: "1" if key == "experiment_id" else value for key, value in body.items()}
    path = f"/{service}/{version}{workspace.scope}/{template.format(**KNOWN)}"
    query = {key: str(value) for key, value in body.items()}
    status, answer = workspace.raw(method, path, json.dumps(body).encode(), query)
    assert status < 500, (method, path, body, answer)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'"text"', 400),
        (b"\xff\xfe", 400),
        (b'{"name": "\\ud800"}', 400),
        (b'{"a":' * 70 + b"1" + b"}" * 70, 400),
        (b"[" * 100_000, 400),
        (b'{"name": "' + b"x" * 5_000_000 + b'"}', 413),
    ],
)
def test_a_body_that_cannot_be_read(workspace, body, status):
    workspace.history("POST", "experiments/first")
    got, answer = workspace.raw("PATCH", f"/history/v1.0{workspace.scope}/experiments/first/runs/r", body)
    assert got == status and json.loads(answer)["error"]["message"].startswith("cannot ")
    workspace.refused(404, "GET", "runs/r")


@pytest.mark.parametrize("name", ["a b", "-a", "a/b", "\u00e9", "a" * 256, "a.b", "%"])
def test_a_name_that_is_none(workspace, name):
    status, answer = workspace.ask("POST", "/history/v1.0", f"experiments/{name}")
    assert status in (400, 404) and answer["error"]["message"].startswith("cannot ")
    workspace.history("POST", "experiments/first")
    status, answer = workspace.ask("PATCH", "/history/v1.0", f"experiments/first/runs/{name}", {"name": "x"})
    assert status in (400, 404) and answer["error"]["message"].startswith("cannot ")


@pytest.mark.parametrize("first_part", sorted(NOT_YET))
def test_what_is_not_served_yet_says_so_and_is_not_asked_again(workspace, first_part):
    status, answer = workspace.ask("POST", f"/{first_part}/v2.0", "anything")
    assert status == 404 and "yet" in answer["error"]["message"] and answer["error"]["details"] == []


def test_a_path_that_leads_nowhere_says_what_there_is(workspace):
    assert "there are" in workspace.refused(404, "PUT", "experiments/first/runs/r")
    assert "experiments" in workspace.refused(404, "GET", "nothing")
    for path in ("/", "", "/history", "/history/v9.9" + workspace.scope + "/x", "/history/v1.0/x", "//", "/" + "a" * 9000):
        status, answer = workspace.raw("GET", path)
        assert status in (404, 414) and json.loads(answer)["error"]["message"].startswith("cannot "), path


def test_another_workspaces_path_is_not_this_ones(workspace):
    other = workspace.scope.replace("myworkspace", "other")
    status, _ = workspace.raw("GET", f"/history/v1.0{other}/experiments/first")
    assert status == 404


def test_paths_match_without_case(workspace):
    workspace.history("POST", "experiments/First")
    path = f"/History/V1.0{workspace.scope.upper()}/EXPERIMENTS/First"
    assert workspace.raw("GET", path)[0] == 200
    assert workspace.raw("GET", path.replace("First", "first"))[0] == 404


def test_an_mlflow_error_has_mlflows_shape(workspace):
    status, answer = workspace.ask("GET", "/mlflow/v2.0", "api/2.0/mlflow/runs/get", query={"run_id": "nobody"})
    assert status == 404 and answer["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    status, answer = workspace.ask(
        "POST", "/mlflow/v2.0", "api/2.0/mlflow/runs/search", {"filter": "metrics.a >", "experiment_ids": ["0"]}
    )
    assert status == 400 and answer["error_code"] == "INVALID_PARAMETER_VALUE"
    status, answer = workspace.ask(
        "POST", "/mlflow/v2.0", "api/2.0/mlflow/experiments/create", {"name": "x", "artifact_location": "/etc"}
    )
    assert status == 400 and "artifact_location" in answer["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("runs/search", {"experiment_ids": ["1"], "filter": "attributes.start_time > 99999999999999999999999"}),
        ("runs/search", {"experiment_ids": ["1"], "filter": " AND ".join(["metrics.a > 1"] * 300)}),
        ("runs/search", {"experiment_ids": ["1"], "page_token": "eyJvZmZzZXQiOiAxZTQwMH0="}),
        ("runs/search", {"experiment_ids": ["1" * 30]}),
        ("runs/search", {"experiment_ids": ["0"], "order_by": ["metrics.a"] * 60}),
        ("experiments/delete", {"experiment_id": "1" * 30}),
        ("experiments/search", {"page_token": "eyJvZmZzZXQiOiAxZTQwMH0="}),
        ("experiments/update", {"experiment_id": "1", "new_name": ""}),
        ("runs/create", {"experiment_id": "0", "start_time": 2**62}),
        ("runs/create", {"experiment_id": "0", "tags": [{"key": "mlflow.parentRunId", "value": "nobody"}]}),
    ],
)
def test_what_mlflow_itself_would_call_an_internal_error(workspace, path, body):
    status, answer = workspace.ask("POST", "/mlflow/v2.0", f"api/2.0/mlflow/{path}", body)
    assert 400 <= status < 500 and answer["error_code"] and answer["message"]
