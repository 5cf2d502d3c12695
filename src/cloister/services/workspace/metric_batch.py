"""Taking in v1 metrics: what each row becomes with us, and what it becomes in MLflow, in one transaction.

A row is known by its ``metricId``, so a request that is sent twice changes nothing. A column's type widens when values
do not agree: int with double is double, anything else is string, which clients give back as it was sent.
"""

from __future__ import annotations

import json
import math
import uuid
from dataclasses import dataclass
from typing import Any

from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.validation import MAX_ENTITY_KEY_LENGTH, path_not_unique, validate_param_and_metric_name
from sqlalchemy import select, tuple_
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from cloister.limits import METRIC_COLUMNS_MAX, METRIC_NAME_LENGTH_MAX
from cloister.services.workspace.bodies import integer, moment, objects, refuse, string_map, text
from cloister.services.workspace.tables import MetricCells, MetricRow

SCALAR, LIST = "azureml.v1.scalar", "azureml.v1.list"
_KINDS_OF_ONE_COLUMN = (SCALAR, LIST)
_NUMBERS = ("int", "double", "float")
_MILLISECOND = 1000
_ROWS_MAX = 1_000_000
_LOOK_UP = 500


@dataclass(frozen=True)
class _Row:
    metric_id: str
    created: int
    step: int | None
    cells: dict[str, Any]


class Batch:
    """Metrics of one run on their way into an open session."""

    def __init__(self, session: Session, store: SqlAlchemyStore, run_id: str, now: int):
        self.session, self.store, self.run_id, self.now = session, store, run_id, now
        self._seen: set[str] = set()
        self._metrics: list[dict[str, Any]] = []

    def add(self, metric: dict[str, Any]) -> None:
        """Take one metric (MetricV2Dto). Raises ArmError and takes nothing of it if it cannot be stored."""
        name = text(metric, "name", METRIC_NAME_LENGTH_MAX)
        if not name:
            raise refuse(f"cannot log a metric to run '{self.run_id}': its 'name' is missing", target="name")
        columns = {key: kind or "string" for key, kind in string_map(metric, "columns", METRIC_NAME_LENGTH_MAX, 32).items()}
        if not 1 <= len(columns) <= METRIC_COLUMNS_MAX:
            message = f"cannot log metric '{name}': it has {len(columns)} columns, and 1 to {METRIC_COLUMNS_MAX} are possible"
            raise refuse(message, target="columns")
        properties = metric.get("properties") or {}
        if not isinstance(properties, dict):
            raise refuse(f"cannot log metric '{name}': its 'properties' are no object", target="properties")
        kind = text(properties, "uxMetricType", METRIC_NAME_LENGTH_MAX) or SCALAR
        rows = self._fresh([self._row(name, columns, one) for one in objects(metric, "value", _ROWS_MAX)])
        stored = self.session.get(MetricRow, (self.run_id, name))
        one_column = kind in _KINDS_OF_ONE_COLUMN
        if (one_column and list(columns) != [name]) or (stored is not None and not _fit(stored.kind, kind)):
            known = f"it is '{stored.kind}' in this run; use another name" if stored else "its only column must have its name"
            raise refuse(f"cannot log metric '{name}' as '{kind}': {known}", "MetricTypeMismatch", target=name)
        types = _columns({}, columns, rows)
        if stored is None:
            stored = MetricRow(run_id=self.run_id, name=name, kind=kind, columns=types, rows=0)
            self.session.add(stored)
        else:
            stored.columns = _columns(stored.columns, types, [])
        for row in rows:
            number = self._number(name, row) if one_column else None
            step = None if number is None else (stored.rows if row.step is None else row.step)
            self._store(name, row, step)
            if number is not None:
                self._metrics.append(self._mlflow_row(name, row, step, number))
            stored.rows += 1

    def _row(self, name: str, columns: dict[str, str], value: dict[str, Any]) -> _Row:
        cells = value.get("data")
        if not isinstance(cells, dict) or not cells.keys() <= columns.keys():
            raise refuse(f"cannot log metric '{name}': each row's 'data' must be an object with its columns", target="data")
        for column, cell in cells.items():
            if isinstance(cell, dict | list):
                raise refuse(f"cannot log metric '{name}': column '{column}' holds no single value", target=column)
        created = moment(value.get("createdUtc"), "createdUtc")
        metric_id = text(value, "metricId", METRIC_NAME_LENGTH_MAX) or str(uuid.uuid4())
        return _Row(metric_id, self.now if created is None else created, integer(value, "step"), cells)

    def _fresh(self, rows: list[_Row]) -> list[_Row]:
        """The rows that are not stored yet, each once."""
        by_id = {row.metric_id: row for row in rows if row.metric_id not in self._seen}
        ids = list(by_id)
        for start in range(0, len(ids), _LOOK_UP):
            part = ids[start : start + _LOOK_UP]
            known = select(MetricCells.metric_id).where(MetricCells.run_id == self.run_id, MetricCells.metric_id.in_(part))
            for metric_id in self.session.scalars(known):
                by_id.pop(metric_id, None)
        self._seen.update(by_id)
        return list(by_id.values())

    def _number(self, name: str, row: _Row) -> float | None:
        """The row's value as MLflow can hold it, or None."""
        value = row.cells.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or row.created < 0:
            return None
        if len(name) > MAX_ENTITY_KEY_LENGTH or not validate_param_and_metric_name(name) or path_not_unique(name):
            return None
        try:
            return float(value)
        except OverflowError:
            return None

    def _store(self, name: str, row: _Row, mlflow_step: int | None) -> None:
        cells = {column: _writable(cell) for column, cell in row.cells.items()}
        self.session.add(
            MetricCells(
                run_id=self.run_id,
                name=name,
                metric_id=row.metric_id,
                created=row.created,
                step=row.step,
                mlflow_step=mlflow_step,
                cells=json.dumps(cells, ensure_ascii=False, allow_nan=False, separators=(",", ":")),
            )
        )

    def _mlflow_row(self, name: str, row: _Row, step: int | None, number: float) -> dict[str, Any]:
        is_nan, value = self.store.sanitize_metric_value(number)
        time = row.created // _MILLISECOND
        return {"run_uuid": self.run_id, "key": name, "value": value, "timestamp": time, "step": step, "is_nan": is_nan}

    def write(self) -> None:
        """Put the numbers into MLflow's history, and into its latest values by MLflow's rule: step, then time, then value."""
        latest: dict[str, dict[str, Any]] = {}
        if self._metrics:
            self.session.execute(insert(SqlMetric.__table__).on_conflict_do_nothing(), self._metrics)
        for metric in self._metrics:
            best = latest.get(metric["key"])
            if best is None or _rank(metric) > _rank(best):
                latest[metric["key"]] = metric
        for metric in latest.values():
            new = insert(SqlLatestMetric).values(**metric)
            there = tuple_(SqlLatestMetric.step, SqlLatestMetric.timestamp, SqlLatestMetric.value)
            told = new.excluded
            self.session.execute(
                new.on_conflict_do_update(
                    index_elements=[SqlLatestMetric.key, SqlLatestMetric.run_uuid],
                    set_={"value": told.value, "timestamp": told.timestamp, "step": told.step, "is_nan": told.is_nan},
                    where=tuple_(told.step, told.timestamp, told.value) > there,
                )
            )


def _rank(metric: dict[str, Any]) -> tuple[int, int, float]:
    return metric["step"], metric["timestamp"], metric["value"]


def _fit(stored: str, kind: str) -> bool:
    return stored == kind or (stored in _KINDS_OF_ONE_COLUMN and kind in _KINDS_OF_ONE_COLUMN)


def _columns(known: dict[str, str], told: dict[str, str], rows: list[_Row]) -> dict[str, str]:
    """The columns' types after more rows. A column that some rows lack, or whose cells are no numbers, cannot be a number's."""
    out = {}
    for name in dict.fromkeys([*known, *told]):
        old, new = known.get(name), told.get(name)
        if new is not None and new.lower() in _NUMBERS and not all(_is_number(row.cells.get(name)) for row in rows):
            new = "string"
        if not known or old == new:
            out[name] = new or "string"
        elif old and new and old.lower() in _NUMBERS and new.lower() in _NUMBERS:
            out[name] = "double"
        else:
            out[name] = "string"
    return out


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _writable(cell: Any) -> Any:
    """JSON has no NaN; Python's ``float()`` and Azure's clients read it back from its name."""
    if isinstance(cell, float) and not math.isfinite(cell):
        return "NaN" if math.isnan(cell) else ("Infinity" if cell > 0 else "-Infinity")
    return cell
