"""Metrics of a run: ``/metric/v2.0{workspace}/runs/{run}/batch``, ``/list`` and ``/full``.

A metric has columns with types, and rows of cells. Numbers of scalars and lists are MLflow metrics too, under the same
name, so that MLflow's clients see them; where the client gave no step, MLflow gets the row's place in its metric. Strings,
tables, and names that MLflow refuses stay with us alone (``tables.MetricCells``). What came by MLflow's protocol is shown
to v1 clients as scalars.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloister.arm.errors import ArmError
from cloister.limits import (
    METRIC_NAME_LENGTH_MAX,
    METRIC_PAGE_BYTES_MAX,
    METRIC_PAGE_ROWS_MAX,
    RUNS_PER_BATCH_MAX,
    TRACKING_PAGE_MAX,
)
from cloister.services.workspace import runs
from cloister.services.workspace.bodies import iso, moment, objects, read_object, refuse, text
from cloister.services.workspace.call import Answer, Call, Table, absent
from cloister.services.workspace.filters import page_position, page_token
from cloister.services.workspace.metric_batch import SCALAR, Batch
from cloister.services.workspace.tables import MetricCells, MetricRow

_MILLISECOND = 1000
_FOREIGN_IDS = uuid.UUID("8f7f5a1e-2f0b-5f54-9a37-0c7e5d4f9a51")


def post_batch(call: Call) -> Any:
    """Log metrics. With ``reportErrors`` one that cannot be taken hinders no other: 207, and its reason in ``errors``."""
    wanted = read_object(call.request.body)
    metrics = objects(wanted, "values", RUNS_PER_BATCH_MAX)
    errors = []
    with call.store.writing() as session:
        run, _ = runs.find(session, call, call.names["run"])
        batch = Batch(session, call.store.mlflow, run.run_uuid, call.now)
        for metric in metrics:
            try:
                batch.add(metric)
            except ArmError as error:
                if wanted.get("reportErrors") is not True:
                    raise
                errors.append({"metric": {"name": metric.get("name")}, "errorResponse": error.body()})
        batch.write()
    return Answer({"errors": errors}, 207 if errors else 200)


def list_names(call: Call) -> Any:
    """The run's metrics by name, with their columns."""
    wanted = read_object(call.request.body)
    start = page_position(text(wanted, "continuationToken"), "start").get("start", 0)
    with call.store.reading() as session:
        run, _ = runs.find(session, call, call.names["run"])
        known = session.execute(select(SqlLatestMetric.key).where(SqlLatestMetric.run_uuid == run.run_uuid))
        columns: dict[str, dict[str, str]] = {key: {key: "double"} for (key,) in known}
        ours = session.execute(select(MetricRow.name, MetricRow.columns).where(MetricRow.run_id == run.run_uuid))
        columns.update((name, named) for name, named in ours)
    names = sorted(columns)
    page = names[start : start + TRACKING_PAGE_MAX]
    token = page_token(start=start + TRACKING_PAGE_MAX) if len(names) > start + TRACKING_PAGE_MAX else None
    value = [{"metricKey": {"namespace": "", "name": name}, "columns": columns[name]} for name in page]
    return {"value": value, "continuationToken": token}


def get_full(call: Call) -> Any:
    """One metric with a page of its rows (MetricV2Dto)."""
    wanted = read_object(call.request.body)
    name = text(wanted, "metricName", METRIC_NAME_LENGTH_MAX)
    if not name:
        raise refuse("cannot read a metric without its 'metricName'", target="metricName")
    since, until = moment(wanted.get("startTime"), "startTime"), moment(wanted.get("endTime"), "endTime")
    position = page_position(text(wanted, "continuationToken"), "after", "skip")
    with call.store.reading() as session:
        run, row = runs.find(session, call, call.names["run"])
        metric = session.get(MetricRow, (run.run_uuid, name))
        mine = (SqlMetric.run_uuid == run.run_uuid, SqlMetric.key == name)
        if metric is None and session.execute(select(SqlMetric.key).where(*mine).limit(1)).first() is None:
            raise absent(f"in run '{run.run_uuid}' a metric", name, call.workspace)
        columns = metric.columns if metric else {name: "double"}
        page = _Page(session, run.run_uuid, name, since, until)
        after = page.ours(position.get("after", 0), columns) if metric else None
        skip = page.foreign(position.get("skip", 0)) if after is None else None
        token = None
        if after is not None or skip is not None:
            token = page_token(after=after if after is not None else 2**62, skip=skip or 0)
        return {
            "dataContainerId": row.more.get("dataContainerId") or f"dcid.{run.run_uuid}",
            "name": name,
            "columns": columns,
            "properties": {"uxMetricType": metric.kind if metric else SCALAR},
            "value": page.rows,
            "continuationToken": token,
        }


class _Page:
    """Rows of one metric up to the page's limits: first ours in their order, then MLflow's that are not ours."""

    def __init__(self, session: Session, run_id: str, name: str, since: int | None, until: int | None):
        self.session, self.run_id, self.name = session, run_id, name
        self.since, self.until = since, until
        self.rows: list[dict[str, Any]] = []
        self.size = 0

    def _put(self, metric_id: str, created: int, step: int | None, cells: dict[str, Any], size: int) -> None:
        if (self.since is None or created >= self.since) and (self.until is None or created <= self.until):
            self.rows.append({"metricId": metric_id, "createdUtc": iso(created), "step": step, "data": cells})
            self.size += size

    def _is_full(self) -> bool:
        return len(self.rows) >= METRIC_PAGE_ROWS_MAX or self.size >= METRIC_PAGE_BYTES_MAX

    def ours(self, after: int, columns: dict[str, str]) -> int | None:
        """Put our rows after that number. Returns the last one's number if the page is full, None if that was all."""
        statement = select(MetricCells).where(
            MetricCells.run_id == self.run_id, MetricCells.name == self.name, MetricCells.number > after
        )
        for row in self.session.scalars(statement.order_by(MetricCells.number).execution_options(yield_per=500)):
            cells = json.loads(row.cells)
            whole = {column: cells.get(column) for column in columns}
            self._put(row.metric_id, row.created, row.step, whole, len(row.cells))
            if self._is_full():
                return row.number
        return None

    def foreign(self, skip: int) -> int | None:
        """Put MLflow's rows that did not come from us, but the first ``skip``. Returns how many are put, None if all."""
        mine = (SqlMetric.run_uuid == self.run_id, SqlMetric.key == self.name)
        shared = (MetricCells.run_id == self.run_id, MetricCells.name == self.name, MetricCells.mlflow_step.is_not(None))
        total = self.session.execute(select(func.count()).select_from(SqlMetric).where(*mine)).scalar_one()
        number = self.session.execute(select(func.count()).select_from(MetricCells).where(*shared)).scalar_one()
        if total == number:
            return None
        known = set()
        if number:
            pairs = self.session.execute(select(MetricCells.mlflow_step, MetricCells.created).where(*shared))
            known = {(step, created // _MILLISECOND) for step, created in pairs}
        statement = select(SqlMetric).where(*mine).order_by(SqlMetric.timestamp, SqlMetric.step, SqlMetric.value)
        for place, metric in enumerate(self.session.scalars(statement.execution_options(yield_per=500)), 1):
            if place <= skip or (metric.step, metric.timestamp) in known:
                continue
            value = "NaN" if metric.is_nan else metric.value
            identity = f"{self.run_id}/{self.name}/{metric.timestamp}/{metric.step}/{value}"
            created = metric.timestamp * _MILLISECOND
            self._put(str(uuid.uuid5(_FOREIGN_IDS, identity)), created, metric.step, {self.name: value}, len(identity))
            if self._is_full():
                return place
        return None


ROUTES: Table = {
    ("POST", "runs/{run}/batch"): post_batch,
    ("POST", "runs/{run}/list"): list_names,
    ("POST", "runs/{run}/full"): get_full,
}
