"""Runs of run history: ``/history/v1.0{workspace}/experiments/{name}/runs`` and the same under ``experimentids/{id}``."""

from __future__ import annotations

from typing import Any

from mlflow.entities import LifecycleStage
from mlflow.store.tracking.dbmodels.models import SqlExperiment, SqlRun, SqlTag
from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session, selectinload

from cloister.arm.errors import ArmError
from cloister.limits import RUN_ID_LENGTH_MAX, RUNS_PER_BATCH_MAX, TAGS_MAX, TRACKING_PAGE_MAX
from cloister.services.workspace import experiments, runs
from cloister.services.workspace.bodies import integer, objects, read_json, read_object, refuse, strings, text
from cloister.services.workspace.call import Call, Table
from cloister.services.workspace.filters import (
    Comparison,
    column,
    condition,
    entry,
    order,
    page_position,
    page_token,
    time_column,
)
from cloister.services.workspace.tables import RunRow

_TEXT_FIELDS = {
    "runid": RunRow.run_id,
    "status": RunRow.status,
    "parentrunid": RunRow.parent_id,
    "rootrunid": RunRow.root_id,
    "target": RunRow.target,
    "runtype": RunRow.run_type,
    "runtypev2/orchestrator": RunRow.orchestrator,
    "name": SqlRun.name,
    "displayname": SqlRun.name,
}
_TIME_FIELDS = {"createdutc": RunRow.created, "starttimeutc": RunRow.started, "endtimeutc": RunRow.ended}
_ORDERS = {**_TIME_FIELDS, "runid": RunRow.run_id, "status": RunRow.status, "runnumber": RunRow.number, "name": SqlRun.name}
_TRAITS = "runtypev2/traits/"


def _field(name: str) -> Comparison:
    lowered = name.lower()
    if lowered in _TEXT_FIELDS:
        return column(_TEXT_FIELDS[lowered])
    if lowered in _TIME_FIELDS:
        return time_column(_TIME_FIELDS[lowered])
    kind, _, key = name.partition("/")
    if kind.lower() == "tags" and key:

        def tagged(satisfied: ColumnElement[bool]) -> ColumnElement[bool]:
            return exists().where(SqlTag.run_uuid == RunRow.run_id, SqlTag.key == key, satisfied)

        return entry(tagged, SqlTag.value)
    if kind.lower() == "properties" and key:
        return _json_entry(RunRow.properties, "key", key)
    if lowered.startswith(_TRAITS):
        return _json_entry(RunRow.traits, "value", name[len(_TRAITS) :])
    known = "RunId, Status, ParentRunId, RootRunId, CreatedUtc, Target, RunType, Name, Tags/<key> or Properties/<key>"
    raise refuse(f"cannot filter runs by '{name[:80]}': use {known}", target="filter")


def _json_entry(of: Any, by: str, name: str) -> Comparison:
    """The comparison of the value at one key of a JSON object, or of one member of a JSON list."""
    each = func.json_each(of).table_valued("key", "value")

    def satisfying(satisfied: ColumnElement[bool]) -> ColumnElement[bool]:
        return exists(select(1).select_from(each).where(each.c[by] == name, satisfied))

    return entry(satisfying, each.c.value)


def _page(session: Session, statement: Select, wanted: dict[str, Any], default_order: str) -> dict[str, Any]:
    """A page of runs. The token remembers the newest run of the first page, so that runs made meanwhile shift nothing."""
    wanted_filter = text(wanted, "filter")
    if wanted_filter:
        statement = statement.where(condition(wanted_filter, _field))
    position = page_position(text(wanted, "continuationToken"), "start", "newest")
    newest = position.get("newest") or session.execute(select(func.max(RunRow.number))).scalar() or 0
    start = position.get("start", 0)
    size = min(max(integer(wanted, "top") or TRACKING_PAGE_MAX, 1), TRACKING_PAGE_MAX)
    orders = order(text(wanted, "orderby"), _ORDERS, default_order)
    statement = (
        statement.join(RunRow, RunRow.run_id == SqlRun.run_uuid)
        .where(SqlRun.lifecycle_stage == LifecycleStage.ACTIVE, RunRow.number <= newest)
        .order_by(*orders, RunRow.number.desc())
        .options(selectinload(SqlRun.tags))
        .offset(start)
        .limit(size + 1)
    )
    found = session.execute(statement).all()
    token = page_token(start=start + size, newest=newest) if len(found) > size else None
    return {"value": [runs.shown(run, row) for run, row in found[:size]], "continuationToken": token}


def get(call: Call) -> Any:
    """A run by its id, with or without its experiment in the path (RunDto)."""
    """One run, by id, inside its experiment where one is named."""
    with call.store.reading() as session:
        experiment = experiments.find(session, call) if len(call.names) > 1 else None
        return runs.shown(*runs.find(session, call, call.names["run"], experiment))


def get_details(call: Call) -> Any:
    """How the run went (RunDetailsDto)."""
    """One run with what the studio shows of it."""
    with call.store.reading() as session:
        return runs.details(*runs.find(session, call, call.names["run"], experiments.find(session, call)))


def add_or_modify(call: Call) -> Any:
    """Create the run, or change it if it is there: one route, as in Azure."""
    wanted = read_object(call.request.body)
    with call.store.writing() as session:
        experiment = experiments.find(session, call)
        return _add_or_modify(session, call, experiment, call.names["run"], wanted)


def _add_or_modify(session: Session, call: Call, experiment: SqlExperiment, run_id: str, wanted: dict[str, Any]) -> Any:
    experiments.require_active(experiment)
    existing = session.get(SqlRun, run_id)
    if existing is not None and existing.lifecycle_stage == LifecycleStage.ACTIVE:
        run, row = runs.find(session, call, run_id, experiment)
    else:
        run, row = runs.make(session, call, experiment, run_id, parent_id=text(wanted, "parentRunId", RUN_ID_LENGTH_MAX))
    runs.modify(session, call, run, row, wanted)
    session.flush()
    session.refresh(run)
    return runs.shown(run, row)


def add_or_modify_batch(call: Call) -> Any:
    """Several runs at once; each stands or falls alone (BatchAddOrModifyRunResultDto)."""
    wanted = objects(read_object(call.request.body), "runs", RUNS_PER_BATCH_MAX)
    done, errors = {}, {}
    with call.store.writing() as session:
        experiment = experiments.find(session, call)
        for number, one in enumerate(wanted):
            try:
                with session.begin_nested():
                    run_id = text(one, "runId") or ""
                    done[run_id] = _add_or_modify(session, call, experiment, run_id, one)
            except ArmError as error:
                errors[str(one.get("runId") or f"runs[{number}]")] = error.body()
    return {"runs": done, "errors": errors}


def delete_tags(call: Call) -> Any:
    """Delete tags of a run; those that are not there are no error, as in Azure."""
    keys = strings(read_json(call.request.body), "tags", TAGS_MAX)
    with call.store.writing() as session:
        run, row = runs.find(session, call, call.names["run"], experiments.find(session, call))
        session.query(SqlTag).filter(SqlTag.run_uuid == run.run_uuid, SqlTag.key.in_(keys)).delete()
        session.refresh(run)
        return runs.shown(run, row)


def query(call: Call) -> Any:
    """A page of the experiment's runs by filter and order (PaginatedRunDto)."""
    """A page of an experiment's runs, filtered and sorted as the body says."""
    wanted = read_object(call.request.body)
    with call.store.reading() as session:
        experiment = experiments.find(session, call)
        statement = select(SqlRun, RunRow).where(SqlRun.experiment_id == experiment.experiment_id)
        return _page(session, statement, wanted, "StartTimeUtc desc")


def children(call: Call) -> Any:
    """A page of the run's children."""
    """A page of the runs started by a run."""
    wanted = {key.lstrip("$"): value for key, value in call.request.query.items()}
    with call.store.reading() as session:
        run, _ = runs.find(session, call, call.names["run"], experiments.find(session, call))
        statement = select(SqlRun, RunRow).where(RunRow.parent_id == run.run_uuid)
        return _page(session, statement, wanted, "StartTimeUtc desc")


def on_compute(call: Call) -> Any:
    """The runs whose target is a compute, of all experiments."""
    wanted = {key.lstrip("$"): value for key, value in call.request.query.items()}
    with call.store.reading() as session:
        statement = select(SqlRun, RunRow).where(RunRow.target == call.names["compute"])
        return _page(session, statement, wanted, "CreatedUtc desc")


def counts(call: Call) -> Any:
    """How many runs of the experiment stand at each status (RunCountsDto)."""
    with call.store.reading() as session:
        experiment = experiments.find(session, call)
        statement = select(RunRow.status, func.count()).join(SqlRun, SqlRun.run_uuid == RunRow.run_id)
        active = (SqlRun.experiment_id == experiment.experiment_id, SqlRun.lifecycle_stage == LifecycleStage.ACTIVE)
        found = {status: number for status, number in session.execute(statement.where(*active).group_by(RunRow.status))}
    return {status[0].lower() + status[1:]: found.get(status, 0) for status in runs.MLFLOW_STATUS}


def wait_for_metrics(call: Call) -> Any:
    """Metrics are stored when their request is answered, so there is never anything to wait for."""
    with call.store.reading() as session:
        runs.find(session, call, call.names["run"], experiments.find(session, call))
    return {}


_IN_EXPERIMENT: Table = {
    ("GET", "runs/{run}"): get,
    ("PATCH", "runs/{run}"): add_or_modify,
    ("GET", "runs/{run}/details"): get_details,
    ("DELETE", "runs/{run}/tags"): delete_tags,
    ("GET", "runs/{run}/children"): children,
    ("GET", "runs/{run}/metricsingest/wait"): wait_for_metrics,
    ("PATCH", "batch/runs"): add_or_modify_batch,
    ("POST", "runs:query"): query,
    ("GET", "runcounts"): counts,
}

ROUTES: Table = {
    **{(method, f"experiments/{{experiment}}/{path}"): route for (method, path), route in _IN_EXPERIMENT.items()},
    **{(method, f"experimentids/{{experiment_id}}/{path}"): route for (method, path), route in _IN_EXPERIMENT.items()},
    ("GET", "runs/{run}"): get,
    ("GET", "computes/{compute}/runs"): on_compute,
}
