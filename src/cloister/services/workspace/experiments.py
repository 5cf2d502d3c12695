"""Experiments of run history: ``/history/v1.0{workspace}/experiments``. Each is one of MLflow's experiments.

An archived experiment is a deleted one of MLflow's (its runs are archived with it, and come back with it). MLflow makes
an experiment "Default" with every database; run history does not show it before it has a run.
"""

from __future__ import annotations

import re
from typing import Any

from mlflow.entities import LifecycleStage
from mlflow.store.tracking.dbmodels.models import SqlExperiment, SqlExperimentTag, SqlRun
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE as NOTE
from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from cloister.arm.errors import ArmError
from cloister.limits import (
    DESCRIPTION_LENGTH_MAX,
    EXPERIMENT_NAME_LENGTH_MAX,
    EXPERIMENT_TAG_KEY_LENGTH_MAX,
    TAG_VALUE_LENGTH_MAX,
    TAGS_MAX,
    TRACKING_PAGE_MAX,
)
from cloister.services.workspace.bodies import integer, iso, read_object, refuse, string_map, strings, text
from cloister.services.workspace.call import Call, Table, absent, first
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

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_DEFAULT_ID = int(SqlAlchemyStore.DEFAULT_EXPERIMENT_ID)
_MILLISECOND = 1000
_CREATED = SqlExperiment.creation_time * _MILLISECOND
_ORDERS = {"createdutc": SqlExperiment.creation_time, "name": SqlExperiment.name, "experimentid": SqlExperiment.experiment_id}


def find(session: Session, call: Call) -> SqlExperiment:
    """The experiment that the path names, by name or by id. Raises ArmError 404."""
    if "experiment" in call.names:
        name = call.names["experiment"]
        found = first(session, select(SqlExperiment).where(SqlExperiment.name == name))
        if found is None:
            raise absent("experiment", name, call.workspace)
        return found
    return by_id(session, call, call.names["experiment_id"])


def by_id(session: Session, call: Call, number: str) -> SqlExperiment:
    """An experiment by its id. Raises ArmError 404."""
    found = session.get(SqlExperiment, int(number)) if re.fullmatch("[0-9]{1,18}", number, re.ASCII) else None
    if found is None:
        raise absent("experiment with id", number, call.workspace)
    return found


def require_active(experiment: SqlExperiment) -> None:
    """Refuse to write into an archived experiment."""
    if experiment.lifecycle_stage != LifecycleStage.ACTIVE:
        message = f"cannot write to experiment '{experiment.name}': it is archived; reactivate it, or use another name"
        raise refuse(message, "ExperimentArchived", 409)


def shown(experiment: SqlExperiment) -> dict[str, Any]:
    """The experiment as clients read it (ExperimentDto)."""
    tags = {tag.key: tag.value for tag in experiment.tags}
    archived = experiment.lifecycle_stage != LifecycleStage.ACTIVE
    return {
        "experimentId": str(experiment.experiment_id),
        "name": experiment.name,
        "description": tags.pop(NOTE, None),
        "createdUtc": iso((experiment.creation_time or 0) * _MILLISECOND),
        "archivedTime": iso((experiment.last_update_time or 0) * _MILLISECOND) if archived else None,
        "tags": tags,
    }


def get(call: Call) -> Any:
    """The experiment, archived or not."""
    """One experiment, by name or id."""
    with call.store.reading() as session:
        return shown(find(session, call))


def create(call: Call) -> Any:
    """Create the experiment, or give the one of that name."""
    name = call.names["experiment"]
    if not _NAME.fullmatch(name) or len(name) > EXPERIMENT_NAME_LENGTH_MAX:
        raise refuse(
            f"cannot create experiment '{name[:300]}': a name has 1 to {EXPERIMENT_NAME_LENGTH_MAX} letters, digits, '-' and "
            "'_', and begins with a letter or a digit",
            "InvalidExperimentName",
        )
    with call.store.writing() as session:
        found = first(session, select(SqlExperiment).where(SqlExperiment.name == name))
        if found is None:
            now = call.now // _MILLISECOND
            found = SqlExperiment(
                name=name, lifecycle_stage=LifecycleStage.ACTIVE, creation_time=now, last_update_time=now, tags=[]
            )
            session.add(found)
            session.flush()
            found.artifact_location = f"{call.store.mlflow.artifact_root_uri.rstrip('/')}/{found.experiment_id}"
        return shown(found)


def update(call: Call) -> Any:
    """Description, tags (merged), archive or reactivate. An experiment is not renamed by this protocol."""
    wanted = read_object(call.request.body)
    description = text(wanted, "description", DESCRIPTION_LENGTH_MAX)
    tags = string_map(wanted, "tags", EXPERIMENT_TAG_KEY_LENGTH_MAX, TAG_VALUE_LENGTH_MAX)
    archive, name = wanted.get("archive"), text(wanted, "name")
    if archive is not None and not isinstance(archive, bool):
        raise refuse("cannot read 'archive': true or false is expected", target="archive")
    if description is not None:
        tags[NOTE] = description
    with call.store.writing() as session:
        experiment = find(session, call)
        if name is not None and name != experiment.name:
            raise refuse(f"cannot rename experiment '{experiment.name}': make one with the new name", target="name")
        if archive is False:
            _set_stage(session, experiment, LifecycleStage.ACTIVE, call.now)
        if tags or archive is None:
            require_active(experiment)
        if len({tag.key for tag in experiment.tags} | tags.keys()) > TAGS_MAX + 1:  # one is the description
            raise refuse(f"cannot tag experiment '{experiment.name}': {TAGS_MAX} tags are the limit", target="tags")
        for key, value in tags.items():
            tag = SqlExperimentTag(experiment_id=experiment.experiment_id, key=key, value=value or "")  # MLflow reads no null
            session.merge(tag)
        if archive is True:
            _set_stage(session, experiment, LifecycleStage.DELETED, call.now)
        session.flush()
        session.refresh(experiment)
        return shown(experiment)


def _set_stage(session: Session, experiment: SqlExperiment, stage: str, now: int) -> None:
    """Archive (MLflow: delete) or reactivate (restore) an experiment with its runs, unless it is so already."""
    if experiment.lifecycle_stage == stage:
        return
    time = now // _MILLISECOND
    experiment.lifecycle_stage = stage
    experiment.last_update_time = time
    ended = time if stage == LifecycleStage.DELETED else None
    runs = session.query(SqlRun).filter_by(experiment_id=experiment.experiment_id)
    runs.update({SqlRun.lifecycle_stage: stage, SqlRun.deleted_time: ended})


def delete(call: Call) -> Any:
    """Delete an experiment that has no runs, as Azure: one with runs is refused."""
    with call.store.writing() as session:
        experiment = find(session, call)
        number = experiment.experiment_id
        if number == _DEFAULT_ID:
            raise refuse(f"cannot delete experiment '{experiment.name}': MLflow needs it", "CannotDeleteExperiment", 409)
        if first(session, select(SqlRun).where(SqlRun.experiment_id == number).limit(1)) is not None:
            message = f"cannot delete experiment '{experiment.name}': it has runs; archive it instead"
            raise refuse(message, "CannotDeleteExperiment", 409)
        session.query(SqlExperimentTag).filter_by(experiment_id=number).delete()
        session.query(SqlExperiment).filter_by(experiment_id=number).delete()
    return {}


def delete_tags(call: Call) -> Any:
    """Delete tags; what was not there is named in the answer's errors."""
    keys = strings(read_object(call.request.body).get("tags"), "tags", TAGS_MAX)
    with call.store.writing() as session:
        experiment = find(session, call)
        require_active(experiment)
        known = {tag.key: tag for tag in experiment.tags}
        errors = {}
        for key in dict.fromkeys(keys):
            if key in known:
                session.delete(known[key])
            else:
                error = absent(f"on experiment '{experiment.name}' a tag", key, call.workspace)
                errors[key] = ArmError(404, error.code, error.message).body()
    return {"errors": errors}


def _field(name: str) -> Comparison:
    lowered = name.lower()
    if lowered.startswith("tags/"):
        mine = (SqlExperimentTag.experiment_id == SqlExperiment.experiment_id, SqlExperimentTag.key == name[5:])

        def tagged(satisfied: ColumnElement[bool]) -> ColumnElement[bool]:
            return exists().where(*mine, satisfied)

        return entry(tagged, SqlExperimentTag.value)
    if lowered == "createdutc":
        return time_column(_CREATED)
    if lowered == "name":
        return column(SqlExperiment.name)
    raise refuse(f"cannot filter experiments by '{name[:80]}': use Name, CreatedUtc or Tags/<key>", target="filter")


def query(call: Call) -> Any:
    """A page of experiments: the active ones unless ``viewType`` asks for others."""
    wanted = read_object(call.request.body)
    view = text(wanted, "viewType") or call.request.query.get("viewType") or "Default"
    stages = {
        "default": (LifecycleStage.ACTIVE,),
        "activeonly": (LifecycleStage.ACTIVE,),
        "archivedonly": (LifecycleStage.DELETED,),
        "all": (LifecycleStage.ACTIVE, LifecycleStage.DELETED),
    }.get(view.lower())
    if stages is None:
        raise refuse(f"cannot list by viewType '{view[:80]}': use ActiveOnly, ArchivedOnly or All", target="viewType")
    statement = select(SqlExperiment).where(
        SqlExperiment.lifecycle_stage.in_(stages),
        or_(SqlExperiment.experiment_id != _DEFAULT_ID, exists().where(SqlRun.experiment_id == _DEFAULT_ID)),
    )
    wanted_filter = text(wanted, "filter")
    if wanted_filter:
        statement = statement.where(condition(wanted_filter, _field))
    start = page_position(text(wanted, "continuationToken"), "start").get("start", 0)
    top = integer(wanted, "top")
    size = min(max(top or TRACKING_PAGE_MAX, 1), TRACKING_PAGE_MAX)
    orders = order(text(wanted, "orderby"), _ORDERS, "CreatedUtc desc")
    with call.store.reading() as session:
        statement = statement.order_by(*orders, SqlExperiment.experiment_id.desc()).offset(start).limit(size + 1)
        found = session.execute(statement).scalars().all()
        token = page_token(start=start + size) if len(found) > size else None
        return {"value": [shown(one) for one in found[:size]], "continuationToken": token}


ROUTES: Table = {
    ("GET", "experiments/{experiment}"): get,
    ("POST", "experiments/{experiment}"): create,
    ("GET", "experimentids/{experiment_id}"): get,
    ("PATCH", "experimentids/{experiment_id}"): update,
    ("DELETE", "experimentids/{experiment_id}"): delete,
    ("POST", "experimentids/{experiment_id}/tags:delete"): delete_tags,
    ("POST", "experiments:query"): query,
}
