"""What the v1 protocol keeps and MLflow's tables cannot hold, in the same database beside them.

MLflow has five run statuses, Azure fifteen; MLflow's metrics are floats, Azure's are floats, strings, lists and tables in
the order they came. So each run has one ``RunRow`` more, and each v1 metric a ``MetricRow`` with its ``MetricCells``.
Times are microseconds since 1970, UTC.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Tables(DeclarativeBase):
    """Our tables; MLflow's have a declarative class of their own, so that its migrations do not see ours."""


class RunRow(Tables):
    """The v1 side of one run. ``number`` grows with creation; ``more`` holds what no query asks for."""

    __tablename__ = "cloister_runs"
    __table_args__ = (Index("cloister_runs_experiment", "experiment_id", "number"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = mapped_column(String, unique=True)
    experiment_id: Mapped[int] = mapped_column(Integer)
    parent_id: Mapped[str | None] = mapped_column(String, index=True)
    root_id: Mapped[str] = mapped_column(String, index=True)
    status: Mapped[str] = mapped_column(String)
    created: Mapped[int] = mapped_column(BigInteger)
    started: Mapped[int | None] = mapped_column(BigInteger)
    ended: Mapped[int | None] = mapped_column(BigInteger)
    target: Mapped[str | None] = mapped_column(String)
    run_type: Mapped[str | None] = mapped_column(String)
    orchestrator: Mapped[str | None] = mapped_column(String)
    traits: Mapped[list[str]] = mapped_column(JSON)
    properties: Mapped[dict[str, str]] = mapped_column(JSON)
    more: Mapped[dict[str, Any]] = mapped_column(JSON)


class MetricRow(Tables):
    """One v1 metric of a run: ``kind`` is Azure's ``uxMetricType``, ``columns`` a type for each column, ``rows`` how many."""

    __tablename__ = "cloister_metrics"

    run_id: Mapped[str] = mapped_column(String, primary_key=True)
    name: Mapped[str] = mapped_column(String, primary_key=True)
    kind: Mapped[str] = mapped_column(String)
    columns: Mapped[dict[str, str]] = mapped_column(JSON)
    rows: Mapped[int] = mapped_column(Integer)


class MetricCells(Tables):
    """One row of a v1 metric, in the order of arrival.

    ``step`` is what the client gave. ``mlflow_step`` is the step of the MLflow metric that was logged for it, or None if
    MLflow cannot hold the value; with it MLflow's history is told apart from what came by MLflow's own protocol.
    """

    __tablename__ = "cloister_metric_cells"
    __table_args__ = (
        UniqueConstraint("run_id", "metric_id"),
        Index("cloister_metric_cells_name", "run_id", "name", "number"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = mapped_column(String)
    name: Mapped[str] = mapped_column(String)
    metric_id: Mapped[str] = mapped_column(String)
    created: Mapped[int] = mapped_column(BigInteger)
    step: Mapped[int | None] = mapped_column(BigInteger)
    mlflow_step: Mapped[int | None] = mapped_column(BigInteger)
    cells: Mapped[str] = mapped_column(Text)
