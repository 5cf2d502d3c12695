"""Metrics of the v1 protocol: every value comes back as it was logged, and numbers are MLflow's metrics too."""

from __future__ import annotations

import uuid

import pytest

from cloister.services.workspace import metrics

SCALAR, LIST, TABLE = "azureml.v1.scalar", "azureml.v1.list", "azureml.v1.table"
KINDS = {float: "double", int: "int", str: "string", bool: "bool", type(None): "none"}


def dto(name, rows, kind=SCALAR, columns=None, created="2026-01-02T03:04:05.123456Z", step=None):
    """A MetricV2Dto as the SDK builds it."""
    columns = columns or {key: KINDS[type(cell)] for key, cell in rows[0].items()}
    value = [{"metricId": str(uuid.uuid4()), "createdUtc": created, "step": step, "data": row} for row in rows]
    return {"name": name, "columns": columns, "value": value, "properties": {"uxMetricType": kind}}


def log(workspace, run_id, *dtos):
    return workspace.metric(f"runs/{run_id}/batch", {"values": list(dtos), "reportErrors": True})


def read(workspace, run_id, name):
    """What ``run.get_metrics()`` makes of a metric (azureml.core._metrics.InlineMetric)."""
    got = workspace.metric(f"runs/{run_id}/full", {"metricName": name})

    def cell(row, column):
        value = row["data"][column]
        return float(value) if got["columns"][column].lower() in ("double", "float") else value

    if got["properties"]["uxMetricType"] == TABLE:
        columns = {column: [cell(row, column) for row in got["value"]] for column in got["columns"]}
        return {key: cells[0] if len(cells) == 1 else cells for key, cells in columns.items()}
    cells = [cell(row, name) for row in got["value"]]
    return cells[0] if len(cells) == 1 else cells


def history(workspace, run_id, name):
    got = workspace.mlflow("GET", "metrics/get-history", query={"run_id": run_id, "metric_key": name})
    return [(metric.get("step", 0), metric["value"]) for metric in got.get("metrics", [])]


@pytest.mark.parametrize("value", [0.9, 3, -0.0, 1e300, 2**60, "text", "", True, None, 'q"\u00e9\u4e2d'])
def test_a_scalar_comes_back_as_it_was_logged(workspace, value):
    run_id = workspace.start()
    log(workspace, run_id, dto("m", [{"m": value}]))
    got = read(workspace, run_id, "m")
    assert got == value and type(got) is type(value)


def test_numbers_are_mlflows_metrics_and_the_last_one_logged_is_its_latest(workspace):
    run_id = workspace.start()
    log(workspace, run_id, dto("accuracy", [{"accuracy": 0.9}]), dto("accuracy", [{"accuracy": 0.5}]))
    log(workspace, run_id, dto("loss", [{"loss": 1.5}], step=40), dto("words", [{"words": "no number"}]))
    assert read(workspace, run_id, "accuracy") == [0.9, 0.5]
    assert history(workspace, run_id, "accuracy") == [(0, 0.9), (1, 0.5)] and history(workspace, run_id, "loss") == [(40, 1.5)]
    run = workspace.mlflow("GET", "runs/get", query={"run_id": run_id})["run"]
    assert {metric["key"]: metric["value"] for metric in run["data"]["metrics"]} == {"accuracy": 0.5, "loss": 1.5}
    assert workspace.metric(f"runs/{run_id}/full", {"metricName": "loss"})["value"][0]["step"] == 40


def test_the_latest_value_is_the_highest_steps_whatever_the_order(workspace):
    run_id = workspace.start()
    for step, value in ((5, 1.0), (3, 9.0), (5, 2.0)):
        log(workspace, run_id, dto("m", [{"m": value}], step=step))
    run = workspace.mlflow("GET", "runs/get", query={"run_id": run_id})["run"]
    assert [(metric["step"], metric["value"]) for metric in run["data"]["metrics"]] == [(5, 2.0)]


def test_lists_rows_and_tables_come_back(workspace):
    run_id = workspace.start()
    log(workspace, run_id, dto("list", [{"list": value} for value in (1, 2.5, 3)], LIST, {"list": "double"}))
    log(workspace, run_id, dto("names", [{"names": value} for value in ("a", "b")], LIST))
    log(workspace, run_id, dto("row", [{"x": 1, "y": "one"}], TABLE))
    log(workspace, run_id, dto("table", [{"x": 1, "y": "one"}, {"x": 2, "y": "two"}], TABLE))
    assert read(workspace, run_id, "list") == [1.0, 2.5, 3.0] and history(workspace, run_id, "list") == [(0, 1), (1, 2.5), (2, 3)]
    assert read(workspace, run_id, "names") == ["a", "b"] and read(workspace, run_id, "row") == {"x": 1, "y": "one"}
    log(workspace, run_id, dto("row", [{"x": 2, "y": "two"}], TABLE))
    assert read(workspace, run_id, "row") == {"x": [1, 2], "y": ["one", "two"]} == read(workspace, run_id, "table")
    names = workspace.metric(f"runs/{run_id}/list", {})["value"]
    assert [one["metricKey"]["name"] for one in names] == ["list", "names", "row", "table"]


def test_columns_widen_when_values_do_not_agree(workspace):
    run_id = workspace.start()
    log(workspace, run_id, dto("n", [{"n": 1}]), dto("n", [{"n": 0.5}]))
    assert read(workspace, run_id, "n") == [1.0, 0.5]
    log(workspace, run_id, dto("n", [{"n": "many"}]))
    assert read(workspace, run_id, "n") == [1, 0.5, "many"]
    log(workspace, run_id, dto("holes", [{"holes": 1.0}, {"holes": None}], LIST, {"holes": "double"}))
    assert read(workspace, run_id, "holes") == [1.0, None]
    log(workspace, run_id, dto("row", [{"a": 1.0, "b": 2.0}], TABLE), dto("row", [{"a": 3.0, "c": 4.0}], TABLE))
    assert read(workspace, run_id, "row") == {"a": [1.0, 3.0], "b": [2.0, None], "c": [None, 4.0]}


def test_not_a_number_and_infinity_come_back_and_the_answer_is_json(workspace):
    run_id = workspace.start()
    log(workspace, run_id, dto("odd", [{"odd": float("nan")}, {"odd": float("inf")}, {"odd": float("-inf")}], LIST))
    got = read(workspace, run_id, "odd")
    assert str(got) == "[nan, inf, -inf]"
    assert history(workspace, run_id, "odd")[0] == (0, "NaN")


def test_a_name_that_mlflow_refuses_is_kept_all_the_same(workspace):
    run_id = workspace.start()
    for name in ("F1 (%)", "a//b", "../up"):
        log(workspace, run_id, dto(name, [{name: 0.5}]))
        assert read(workspace, run_id, name) == 0.5
    assert "metrics" not in workspace.mlflow("GET", "runs/get", query={"run_id": run_id})["run"]["data"]


def test_sending_a_batch_twice_changes_nothing(workspace):
    run_id = workspace.start()
    batch = [dto("a", [{"a": 1.0}]), dto("a", [{"a": 2.0}]), dto("t", [{"x": 1}], TABLE)]
    log(workspace, run_id, *batch)
    before = (read(workspace, run_id, "a"), history(workspace, run_id, "a"), read(workspace, run_id, "t"))
    log(workspace, run_id, *batch, *batch)
    assert (read(workspace, run_id, "a"), history(workspace, run_id, "a"), read(workspace, run_id, "t")) == before


def test_what_cannot_be_taken_is_reported_and_hinders_nothing_else(workspace):
    run_id = workspace.start()
    log(workspace, run_id, dto("m", [{"m": 1.0}]))
    wrong = [
        dto("m", [{"x": 1.0}], TABLE),
        dto("no columns", [{"a": 1}], columns={" ": "int"}),
        dto("wide", [{f"c{n}": 1 for n in range(16)}], TABLE),
        dto("deep", [{"deep": 1}], columns={"deep": "int"}) | {"value": [{"data": {"deep": [1]}}]},
        {"name": "", "columns": {"a": "int"}},
        {"name": 7},
    ]
    batch = {"values": [*wrong, dto("good", [{"good": 1.0}])], "reportErrors": True}
    status, got = workspace.ask("POST", "/metric/v2.0", f"runs/{run_id}/batch", batch)
    assert status == 207 and len(got["errors"]) == len(wrong)
    assert all(one["errorResponse"]["error"]["message"].startswith("cannot ") for one in got["errors"])
    assert read(workspace, run_id, "good") == 1.0 and read(workspace, run_id, "m") == 1.0
    status, got = workspace.ask("POST", "/metric/v2.0", f"runs/{run_id}/batch", batch | {"reportErrors": False})
    assert status == 400
    assert workspace.ask("POST", "/metric/v2.0", "runs/nobody/batch", {"values": []})[0] == 404
    assert workspace.ask("POST", "/metric/v2.0", f"runs/{run_id}/full", {"metricName": "never"})[0] == 404


def test_metrics_come_in_pages(workspace, monkeypatch):
    monkeypatch.setattr(metrics, "METRIC_PAGE_ROWS_MAX", 3)
    monkeypatch.setattr(metrics, "TRACKING_PAGE_MAX", 2)
    run_id = workspace.start()
    log(workspace, run_id, dto("m", [{"m": float(n)} for n in range(7)], LIST))
    for n in range(7, 12):
        workspace.mlflow("POST", "runs/log-metric", {"run_id": run_id, "key": "m", "value": n, "timestamp": n, "step": n})
    got, token, pages = [], None, 0
    while pages == 0 or token:
        page = workspace.metric(f"runs/{run_id}/full", {"metricName": "m", "continuationToken": token})
        got += [row["data"]["m"] for row in page["value"]]
        token, pages = page["continuationToken"], pages + 1
        assert pages < 10 and len(page["value"]) <= 3
    assert got == [float(n) for n in range(12)]
    for name in ("a", "b", "c"):
        log(workspace, run_id, dto(name, [{name: 1.0}]))
    first = workspace.metric(f"runs/{run_id}/list", {})
    rest = workspace.metric(f"runs/{run_id}/list", {"continuationToken": first["continuationToken"]})
    names = [one["metricKey"]["name"] for one in first["value"] + rest["value"]]
    assert names == ["a", "b", "c", "m"] and rest["continuationToken"] is None


def test_mlflows_metrics_are_shown_to_v1_clients(workspace):
    run_id = workspace.start()
    for value in (0.25, 0.5):
        metric = {"run_id": run_id, "key": "only mlflow", "value": value, "timestamp": 1000, "step": int(value * 4)}
        workspace.mlflow("POST", "runs/log-metric", metric)
    assert read(workspace, run_id, "only mlflow") == [0.25, 0.5]
    log(workspace, run_id, dto("both", [{"both": 1.0}]))
    workspace.mlflow("POST", "runs/log-metric", {"run_id": run_id, "key": "both", "value": 2.0, "timestamp": 5, "step": 9})
    assert read(workspace, run_id, "both") == [1.0, 2.0]


def test_rows_are_chosen_by_time(workspace):
    run_id = workspace.start()
    for day in (1, 2, 3):
        log(workspace, run_id, dto("m", [{"m": float(day)}], created=f"2026-01-0{day}T00:00:00Z"))
    chosen = {"metricName": "m", "startTime": "2026-01-02T00:00:00Z", "endTime": "2026-01-02T12:00:00Z"}
    assert [row["data"]["m"] for row in workspace.metric(f"runs/{run_id}/full", chosen)["value"]] == [2.0]
