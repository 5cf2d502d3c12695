"""A run: made, changed and shown. One row of MLflow's ``runs`` and one ``RunRow``, always written together.

Names: what v1 calls ``displayName`` is MLflow's run name; the description is MLflow's note; the parent is MLflow's tag
too, so that both protocols draw the same tree.
"""

from __future__ import annotations

import re
from typing import Any

from mlflow.entities import LifecycleStage, SourceType
from mlflow.store.tracking.dbmodels.models import SqlExperiment, SqlRun, SqlTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME, MLFLOW_RUN_NOTE, MLFLOW_USER
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloister.limits import (
    DESCRIPTION_LENGTH_MAX,
    RUN_ID_LENGTH_MAX,
    RUN_NAME_LENGTH_MAX,
    TAG_KEY_LENGTH_MAX,
    TAG_VALUE_LENGTH_MAX,
    TAGS_MAX,
)
from cloister.services.workspace.bodies import iso, moment, refuse, string_map, strings, text
from cloister.services.workspace.call import Call, absent, first
from cloister.services.workspace.tables import RunRow

MLFLOW_STATUS = {
    "NotStarted": "SCHEDULED",
    "Unapproved": "SCHEDULED",
    "Queued": "SCHEDULED",
    "Provisioning": "SCHEDULED",
    "Preparing": "SCHEDULED",
    "Starting": "SCHEDULED",
    "Running": "RUNNING",
    "Pausing": "RUNNING",
    "Paused": "RUNNING",
    "NotResponding": "RUNNING",
    "CancelRequested": "RUNNING",
    "Finalizing": "RUNNING",
    "Completed": "FINISHED",
    "Failed": "FAILED",
    "Canceled": "KILLED",
}
"""Azure's run statuses (azureml-core's RunStatus), each with the status that MLflow sees."""

STATUS_OF_MLFLOW = {
    "SCHEDULED": "NotStarted",
    "RUNNING": "Running",
    "FINISHED": "Completed",
    "FAILED": "Failed",
    "KILLED": "Canceled",
}

FINAL = ("Completed", "Failed", "Canceled")

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SHOWN_OTHERWISE = (MLFLOW_RUN_NAME, MLFLOW_RUN_NOTE, MLFLOW_PARENT_RUN_ID, MLFLOW_USER)
_TEXTS = ("scriptName", "primaryMetricName", "cancelUri", "completeUri", "diagnosticsUri")
_OBJECTS = ("options", "createdFrom", "queueingInfo", "runDefinition", "inputDatasets", "outputDatasets")
_MILLISECOND = 1000


def find(session: Session, call: Call, run_id: str, experiment: SqlExperiment | None = None) -> tuple[SqlRun, RunRow]:
    """A run that is not deleted, in the experiment if one is given. Raises ArmError 404."""
    run, row = session.get(SqlRun, run_id), first(session, select(RunRow).where(RunRow.run_id == run_id))
    if run is None or row is None or run.lifecycle_stage != LifecycleStage.ACTIVE:
        raise absent("run", run_id, call.workspace)
    if experiment is not None and run.experiment_id != experiment.experiment_id:
        raise absent(f"in experiment '{experiment.name}' a run", run_id, call.workspace)
    return run, row


def make(
    session: Session,
    call: Call,
    experiment: SqlExperiment,
    run_id: str,
    *,
    name: str = "",
    parent_id: str | None = None,
    status: str = "NotStarted",
    started: int | None = None,
) -> tuple[SqlRun, RunRow]:
    """A new run. ``started`` is in microseconds. Raises ArmError for a bad or a taken id, or an unknown parent."""
    if not _RUN_ID.fullmatch(run_id) or len(run_id) > RUN_ID_LENGTH_MAX:
        raise refuse(
            f"cannot create run '{run_id[:300]}': an id has 1 to {RUN_ID_LENGTH_MAX} letters, digits, '-' and '_', and begins "
            "with a letter or a digit",
            "InvalidRunId",
            target="runId",
        )
    if session.get(SqlRun, run_id) is not None:
        raise refuse(f"cannot create run '{run_id}': the id is taken; use another", "RunIdTaken", 409, target="runId")
    root_id = run_id
    if parent_id:
        parent = first(session, select(RunRow).where(RunRow.run_id == parent_id))
        if parent is None:
            raise refuse(f"cannot create run '{run_id}': there is no parent run '{parent_id[:300]}'", target="parentRunId")
        root_id = parent.root_id
    location = f"{experiment.artifact_location}/{run_id}/{SqlAlchemyStore.ARTIFACTS_FOLDER_NAME}"
    run = SqlRun(
        run_uuid=run_id,
        name=name or run_id,
        source_type=SourceType.to_string(SourceType.UNKNOWN),
        source_name="",
        entry_point_name="",
        source_version="",
        user_id=call.user["userName"],
        status=MLFLOW_STATUS[status],
        start_time=(started or call.now) // _MILLISECOND,
        lifecycle_stage=LifecycleStage.ACTIVE,
        artifact_uri=location,
        experiment_id=experiment.experiment_id,
    )
    row = RunRow(
        run_id=run_id,
        experiment_id=experiment.experiment_id,
        parent_id=parent_id or None,
        root_id=root_id,
        status=status,
        created=call.now,
        started=started,
        traits=[],
        properties={},
        more={"createdBy": call.user},
    )
    session.add_all([run, row])
    session.flush()
    set_tag(session, run, MLFLOW_RUN_NAME, run.name)
    if parent_id:
        set_tag(session, run, MLFLOW_PARENT_RUN_ID, parent_id)
    return run, row


def set_tag(session: Session, run: SqlRun, key: str, value: str | None) -> None:
    """Set one tag of MLflow's; the tag that names the run renames it."""
    if key == MLFLOW_RUN_NAME:
        run.name = value or run.name
    session.merge(SqlTag(run_uuid=run.run_uuid, key=key, value=value))


def set_status(run: SqlRun, row: RunRow, status: str, time: int) -> None:
    """Move the run to a status at a time (microseconds). A run that has ended stays as it ended."""
    if row.status in FINAL:
        return
    row.status = status
    run.status = MLFLOW_STATUS[status]
    if status == "Running" and row.started is None:
        row.started = time
        run.start_time = time // _MILLISECOND
    if status in FINAL:
        row.ended = time
        run.end_time = time // _MILLISECOND


def modify(session: Session, call: Call, run: SqlRun, row: RunRow, wanted: dict[str, Any]) -> None:
    """Take over what a CreateRunDto says: tags merge, properties only grow, null means unchanged."""
    run_id = run.run_uuid
    for key, label in (("runId", "its id"), ("parentRunId", "its parent")):
        given, is_now = text(wanted, key), run_id if key == "runId" else row.parent_id
        if given and given != is_now:
            raise refuse(f"cannot change {label} of run '{run_id}': make another run", target=key)
    name = text(wanted, "name", RUN_NAME_LENGTH_MAX)
    shown_name = text(wanted, "displayName", RUN_NAME_LENGTH_MAX) or (name if "name" not in row.more else None)
    if shown_name:
        set_tag(session, run, MLFLOW_RUN_NAME, shown_name)
    description = text(wanted, "description", DESCRIPTION_LENGTH_MAX)
    if description is not None:
        set_tag(session, run, MLFLOW_RUN_NOTE, description)
    for key, value in string_map(wanted, "tags", TAG_KEY_LENGTH_MAX, TAG_VALUE_LENGTH_MAX).items():
        set_tag(session, run, key, value)
    session.flush()
    session.refresh(run)
    if len(_tags(run)) > TAGS_MAX:
        raise refuse(f"cannot tag run '{run_id}': {TAGS_MAX} tags are the limit; remove some", target="tags")
    _add_properties(row, string_map(wanted, "properties", TAG_KEY_LENGTH_MAX, TAG_VALUE_LENGTH_MAX))
    _take_over(row, wanted, name)
    status = text(wanted, "status")
    if status is not None and status not in MLFLOW_STATUS:
        known = ", ".join(MLFLOW_STATUS)
        raise refuse(f"cannot set status '{status[:80]}' on run '{run_id}': use one of {known}", target="status")
    if status is not None and status != row.status:
        set_status(run, row, status, call.now)
    started, ended = moment(wanted.get("startTimeUtc"), "startTimeUtc"), moment(wanted.get("endTimeUtc"), "endTimeUtc")
    if started is not None:
        row.started, run.start_time = started, started // _MILLISECOND
    if ended is not None:
        row.ended, run.end_time = ended, ended // _MILLISECOND


def _add_properties(row: RunRow, properties: dict[str, str | None]) -> None:
    """Azure: properties are immutable, a record for auditing; new ones may come."""
    known = dict(row.properties)
    for key, value in properties.items():
        if known.setdefault(key, value or "") != (value or ""):
            message = f"cannot change property '{key}' of run '{row.run_id}': properties are immutable; use a tag"
            raise refuse(message, "ImmutableProperty", target=f"properties.{key}")
    if len(known) > TAGS_MAX:
        raise refuse(f"cannot add properties to run '{row.run_id}': {TAGS_MAX} are the limit", target="properties")
    row.properties = known


def _take_over(row: RunRow, wanted: dict[str, Any], name: str | None) -> None:
    more = dict(row.more)
    if name is not None:
        more["name"] = name
    for key in _TEXTS:
        value = text(wanted, key, TAG_VALUE_LENGTH_MAX)
        if value is not None:
            more[key] = value
    for key in _OBJECTS:
        if wanted.get(key) is not None:
            more[key] = wanted[key]
    for key in ("hidden", "heartbeatEnabled"):
        if isinstance(wanted.get(key), bool):
            more[key] = wanted[key]
    container = text(wanted, "dataContainerId", RUN_ID_LENGTH_MAX + len("dcid."))
    if container:
        more["dataContainerId"] = container
    row.more = more
    row.target = text(wanted, "target", TAG_VALUE_LENGTH_MAX) or row.target
    row.run_type = text(wanted, "runType", TAG_VALUE_LENGTH_MAX) or row.run_type
    kind = wanted.get("runTypeV2")
    if kind is not None:
        if not isinstance(kind, dict):
            raise refuse("cannot read 'runTypeV2': an object is expected", target="runTypeV2")
        row.orchestrator = text(kind, "orchestrator", TAG_VALUE_LENGTH_MAX) or row.orchestrator
        row.traits = strings(kind.get("traits"), "runTypeV2.traits", TAGS_MAX) or row.traits


def _tags(run: SqlRun) -> dict[str, str | None]:
    return {tag.key: tag.value for tag in run.tags if tag.key not in _SHOWN_OTHERWISE}


def shown(run: SqlRun, row: RunRow) -> dict[str, Any]:
    """The run as clients read it (RunDto)."""
    more = row.more
    note = next((tag.value for tag in run.tags if tag.key == MLFLOW_RUN_NOTE), None)
    return {
        "runNumber": row.number,
        "rootRunId": row.root_id,
        "runId": run.run_uuid,
        "runUuid": run.run_uuid,
        "rootRunUuid": row.root_id,
        "parentRunId": row.parent_id,
        "parentRunUuid": row.parent_id,
        "experimentId": str(run.experiment_id),
        "createdUtc": iso(row.created),
        "startTimeUtc": iso(row.started),
        "endTimeUtc": iso(row.ended),
        "status": row.status,
        "name": more.get("name") or run.name,
        "displayName": run.name,
        "description": note,
        "dataContainerId": more.get("dataContainerId") or f"dcid.{run.run_uuid}",
        "hidden": more.get("hidden", False),
        "heartbeatEnabled": more.get("heartbeatEnabled", False),
        "runType": row.run_type,
        "runTypeV2": {"orchestrator": row.orchestrator, "traits": row.traits},
        "target": row.target,
        "properties": row.properties,
        "tags": _tags(run),
        "userId": more.get("createdBy", {}).get("userObjectId"),
        "createdBy": more.get("createdBy"),
        "error": more.get("error"),
        "warnings": more.get("warnings", []),
        "token": None,
        **{key: more.get(key) for key in (*_TEXTS, *_OBJECTS)},
    }


def details(run: SqlRun, row: RunRow) -> dict[str, Any]:
    """What is known of how the run went (RunDetailsDto)."""
    whole = shown(run, row)
    names = ("runId", "target", "status", "startTimeUtc", "endTimeUtc", "error", "warnings", "properties", "runDefinition")
    lists = {key: whole[key] or [] for key in ("inputDatasets", "outputDatasets")}
    return {**{key: whole[key] for key in names}, **lists, "services": {}, "logFiles": {}}
