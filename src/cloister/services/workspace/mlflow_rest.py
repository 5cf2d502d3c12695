"""MLflow's own REST protocol: ``/mlflow/v2.0{workspace}/api/2.0/mlflow/...``, for ``mlflow`` clients of version 2 and 3.

Messages are MLflow's protocol buffers as JSON, errors MLflow's ``{"error_code", "message"}``. Runs are made and moved by
``runs.py`` like those of v1, so that both protocols see the same; all else goes to MLflow's store.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from google.protobuf.json_format import ParseError
from mlflow.entities import ExperimentTag, LifecycleStage, Metric, Param, RunStatus, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2
from mlflow.protos import service_pb2 as protocol
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME
from mlflow.utils.proto_json_utils import message_to_json, parse_dict
from mlflow.utils.search_utils import SearchExperimentsUtils, SearchUtils
from mlflow.version import VERSION

from cloister.arm.errors import ArmError
from cloister.limits import (
    EXPERIMENT_NAME_LENGTH_MAX,
    FILTER_LENGTH_MAX,
    RUN_NAME_LENGTH_MAX,
    TAG_VALUE_LENGTH_MAX,
    TRACKING_PAGE_MAX,
)
from cloister.services.workspace import experiments, runs
from cloister.services.workspace.bodies import read_object, refuse
from cloister.services.workspace.call import Answer, Call, Route, Table

_MILLISECOND = 1000
_TIME_MAX = 253_402_300_799_999  # the last millisecond of the year 9999
_COMPARISONS_MAX, _ORDERS_MAX = 50, 8  # each joins a table, and SQLite joins 64
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*:/", re.ASCII)
_CODES = {
    400: databricks_pb2.INVALID_PARAMETER_VALUE,
    404: databricks_pb2.RESOURCE_DOES_NOT_EXIST,
    409: databricks_pb2.RESOURCE_CONFLICT,
    503: databricks_pb2.TEMPORARILY_UNAVAILABLE,
    507: databricks_pb2.RESOURCE_EXHAUSTED,
}


def failure(error: ArmError | MlflowException) -> Answer:
    """The answer for an error, as MLflow's clients read it."""
    if isinstance(error, ArmError):
        code = databricks_pb2.ErrorCode.Name(_CODES.get(error.status, databricks_pb2.BAD_REQUEST))
        return Answer({"error_code": code, "message": error.message}, error.status)
    told = as_told(error)
    return Answer({"error_code": told.error_code, "message": told.message}, told.get_http_status_code())


def as_told(error: MlflowException) -> MlflowException:
    """The error with what MLflow calls internal though the request is to blame made a 400.

    That is a step from a state that does not allow it, and a value that the database's driver refuses to bind.
    """
    refused = error.error_code == "INTERNAL_ERROR" and isinstance(error.__cause__, ValueError | ArithmeticError)
    if error.error_code == "INVALID_STATE" or refused:
        return MlflowException(f"cannot do that: {error.message}", databricks_pb2.INVALID_PARAMETER_VALUE)
    return error


def _route(message: Any, act: Callable[[Call, Any], Any]) -> Route:
    """A route that reads ``message`` from body or query, and answers what ``act`` made of it, or an empty response."""

    def route(call: Call) -> Answer:
        asked = message()
        told = dict(call.request.query) if call.request.method == "GET" else read_object(call.request.body)
        try:
            parse_dict(told, asked)
        except (ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise refuse(f"cannot read the request: {error}") from None
        try:
            answer = act(call, asked)
        except OverflowError as error:
            raise refuse(f"cannot take a number of the request: {error}") from None
        return Answer(message_to_json(message.Response() if answer is None else answer, pretty=False).encode())

    return route


def _run_id(asked: Any) -> str:
    run_id = asked.run_id or getattr(asked, "run_uuid", "")  # the older name, not in every message
    if not run_id:
        raise refuse("cannot act on a run without its 'run_id'", target="run_id")
    return run_id


def _microseconds(milliseconds: int, field: str) -> int:
    if not 0 <= milliseconds <= _TIME_MAX:
        raise refuse(f"cannot read '{field}': milliseconds since 1970 are expected", target=field)
    return milliseconds * _MILLISECOND


def _search(parse: Callable[..., Any], filter_text: str, order_by: Any, parse_order: Callable[[str], Any]) -> None:
    """Refuse what MLflow's parser cannot read: deep in the store some of that would become an internal error."""
    if len(filter_text) > FILTER_LENGTH_MAX or len(order_by) > _ORDERS_MAX:
        raise refuse(f"cannot search: the filter may have {FILTER_LENGTH_MAX} characters, 'order_by' {_ORDERS_MAX} entries")
    try:
        if len(parse(filter_text)) > _COMPARISONS_MAX:
            raise refuse(f"cannot search with more than {_COMPARISONS_MAX} comparisons: split the filter", target="filter")
        for one in order_by:
            parse_order(one)
    except (ArmError, MlflowException):
        raise
    except Exception as error:
        raise refuse(f"cannot read the search '{filter_text[:200]}': {error}", target="filter") from None


def _page_size(asked: Any) -> int:
    if asked.HasField("max_results") and not 1 <= asked.max_results <= 50_000:
        raise refuse("cannot answer 'max_results': use 1 to 50000", target="max_results")
    return min(asked.max_results, TRACKING_PAGE_MAX) if asked.max_results else TRACKING_PAGE_MAX


# Experiments


def _create_experiment(call: Call, asked: Any) -> Any:
    if asked.artifact_location and not _REMOTE.match(asked.artifact_location):
        message = f"cannot keep artifacts at '{asked.artifact_location[:200]}': it is no address; leave artifact_location out"
        raise refuse(message, target="artifact_location")
    if len(asked.name) > EXPERIMENT_NAME_LENGTH_MAX:
        raise refuse(f"cannot create the experiment: its name is longer than {EXPERIMENT_NAME_LENGTH_MAX}", target="name")
    tags = [ExperimentTag(tag.key, tag.value) for tag in asked.tags]
    with call.store.turn():
        number = call.store.mlflow.create_experiment(asked.name, asked.artifact_location or None, tags)
    return protocol.CreateExperiment.Response(experiment_id=number)


def _get_experiment(call: Call, asked: Any) -> Any:
    found = call.store.mlflow.get_experiment(asked.experiment_id)
    return protocol.GetExperiment.Response(experiment=found.to_proto())


def _get_experiment_by_name(call: Call, asked: Any) -> Any:
    found = call.store.mlflow.get_experiment_by_name(asked.experiment_name)
    if found is None:
        message = f"cannot find experiment '{asked.experiment_name[:300]}' in workspace '{call.workspace}'"
        raise ArmError(404, "NotFound", message)
    return protocol.GetExperimentByName.Response(experiment=found.to_proto())


def _search_experiments(call: Call, asked: Any) -> Any:
    _search(
        SearchExperimentsUtils.parse_search_filter,
        asked.filter,
        asked.order_by,
        SearchExperimentsUtils.parse_order_by_for_search_experiments,
    )
    found = call.store.mlflow.search_experiments(
        view_type=ViewType.from_proto(asked.view_type) if asked.HasField("view_type") else ViewType.ACTIVE_ONLY,
        max_results=_page_size(asked),
        filter_string=asked.filter,
        order_by=list(asked.order_by),
        page_token=asked.page_token or None,
    )
    return protocol.SearchExperiments.Response(experiments=[one.to_proto() for one in found], next_page_token=found.token or None)


def _change_experiment(change: Callable[[Any, Any], Any]) -> Callable[[Call, Any], Any]:
    def act(call: Call, asked: Any) -> None:
        with call.store.turn():
            change(call.store.mlflow, asked)

    return act


# Runs


def _create_run(call: Call, asked: Any) -> Any:
    tags = {tag.key: tag.value for tag in asked.tags}
    started = _microseconds(asked.start_time, "start_time") or call.now
    name = asked.run_name or tags.get(MLFLOW_RUN_NAME, "")
    if len(name) > RUN_NAME_LENGTH_MAX:
        raise refuse(f"cannot create the run: its name is longer than {RUN_NAME_LENGTH_MAX} characters", target="run_name")
    run_id = str(uuid.uuid4())
    with call.store.writing() as session:
        experiment = experiments.by_id(session, call, asked.experiment_id or "0")
        experiments.require_active(experiment)
        parent_id = tags.pop(MLFLOW_PARENT_RUN_ID, None)
        run, _ = runs.make(session, call, experiment, run_id, name=name, parent_id=parent_id, status="Running", started=started)
        run.user_id = asked.user_id[:TAG_VALUE_LENGTH_MAX] or run.user_id
    if tags:
        with call.store.turn():
            call.store.mlflow.log_batch(run_id, [], [], [RunTag(key, value) for key, value in tags.items()])
    return protocol.CreateRun.Response(run=call.store.mlflow.get_run(run_id).to_proto())


def _get_run(call: Call, asked: Any) -> Any:
    return protocol.GetRun.Response(run=call.store.mlflow.get_run(_run_id(asked)).to_proto())


def _update_run(call: Call, asked: Any) -> Any:
    """MLflow lets a run that has ended run again; so may its clients here, and v1 sees it."""
    run_id = _run_id(asked)
    with call.store.writing() as session:
        run, row = runs.find(session, call, run_id)
        ended = _microseconds(asked.end_time, "end_time") if asked.HasField("end_time") else None
        if asked.HasField("status"):
            status = runs.STATUS_OF_MLFLOW[RunStatus.to_string(asked.status)]
            if status != row.status:
                row.status, row.ended, run.end_time = "Running", None, None
                runs.set_status(run, row, status, ended or call.now)
        if ended is not None:
            row.ended, run.end_time = ended, ended // _MILLISECOND
        if asked.run_name:
            runs.set_tag(session, run, MLFLOW_RUN_NAME, asked.run_name[:RUN_NAME_LENGTH_MAX])
    return protocol.UpdateRun.Response(run_info=call.store.mlflow.get_run(run_id).info.to_proto())


def _set_run_stage(stage: str) -> Callable[[Call, Any], Any]:
    def act(call: Call, asked: Any) -> None:
        with call.store.turn():
            if stage == LifecycleStage.DELETED:
                call.store.mlflow.delete_run(_run_id(asked))
            else:
                call.store.mlflow.restore_run(_run_id(asked))

    return act


def _log(call: Call, run_id: str, metrics: Any = (), params: Any = (), tags: Any = ()) -> None:
    for number, metric in enumerate(metrics):
        if not (metric.HasField("key") and metric.HasField("value") and metric.HasField("timestamp")):
            raise refuse(f"cannot log metric {number}: 'key', 'value' and 'timestamp' are needed", target="metrics")
    told = [Metric(one.key, one.value, one.timestamp, one.step) for one in metrics]
    with call.store.turn():
        call.store.mlflow.log_batch(
            run_id,
            told,
            [Param(one.key, one.value) for one in params],
            [RunTag(one.key, one.value) for one in tags],
        )


def _search_runs(call: Call, asked: Any) -> Any:
    _search(SearchUtils.parse_search_filter, asked.filter, asked.order_by, SearchUtils.parse_order_by_for_search_runs)
    found = call.store.mlflow.search_runs(
        experiment_ids=list(asked.experiment_ids),
        filter_string=asked.filter,
        run_view_type=ViewType.from_proto(asked.run_view_type) if asked.HasField("run_view_type") else ViewType.ACTIVE_ONLY,
        max_results=_page_size(asked),
        order_by=list(asked.order_by),
        page_token=asked.page_token or None,
    )
    return protocol.SearchRuns.Response(runs=[one.to_proto() for one in found], next_page_token=found.token or None)


def _get_metric_history(call: Call, asked: Any) -> Any:
    found = call.store.mlflow.get_metric_history(
        _run_id(asked), asked.metric_key, max_results=_page_size(asked), page_token=asked.page_token or None
    )
    return protocol.GetMetricHistory.Response(metrics=[one.to_proto() for one in found], next_page_token=found.token or None)


def _version(call: Call) -> Answer:
    return Answer(VERSION.encode(), content_type="text/plain; charset=utf-8")


_ACTS: dict[tuple[str, str], tuple[Any, Callable[[Call, Any], Any]]] = {
    ("POST", "experiments/create"): (protocol.CreateExperiment, _create_experiment),
    ("GET", "experiments/get"): (protocol.GetExperiment, _get_experiment),
    ("GET", "experiments/get-by-name"): (protocol.GetExperimentByName, _get_experiment_by_name),
    ("POST", "experiments/search"): (protocol.SearchExperiments, _search_experiments),
    ("POST", "experiments/delete"): (
        protocol.DeleteExperiment,
        _change_experiment(lambda store, asked: store.delete_experiment(asked.experiment_id)),
    ),
    ("POST", "experiments/restore"): (
        protocol.RestoreExperiment,
        _change_experiment(lambda store, asked: store.restore_experiment(asked.experiment_id)),
    ),
    ("POST", "experiments/update"): (
        protocol.UpdateExperiment,
        _change_experiment(lambda store, asked: store.rename_experiment(asked.experiment_id, asked.new_name)),
    ),
    ("POST", "experiments/set-experiment-tag"): (
        protocol.SetExperimentTag,
        _change_experiment(
            lambda store, asked: store.set_experiment_tag(asked.experiment_id, ExperimentTag(asked.key, asked.value))
        ),
    ),
    ("POST", "experiments/delete-experiment-tag"): (
        protocol.DeleteExperimentTag,
        _change_experiment(lambda store, asked: store.delete_experiment_tag(asked.experiment_id, asked.key)),
    ),
    ("POST", "runs/create"): (protocol.CreateRun, _create_run),
    ("GET", "runs/get"): (protocol.GetRun, _get_run),
    ("POST", "runs/update"): (protocol.UpdateRun, _update_run),
    ("POST", "runs/delete"): (protocol.DeleteRun, _set_run_stage(LifecycleStage.DELETED)),
    ("POST", "runs/restore"): (protocol.RestoreRun, _set_run_stage(LifecycleStage.ACTIVE)),
    ("POST", "runs/log-metric"): (protocol.LogMetric, lambda call, asked: _log(call, _run_id(asked), metrics=[asked])),
    ("POST", "runs/log-parameter"): (protocol.LogParam, lambda call, asked: _log(call, _run_id(asked), params=[asked])),
    ("POST", "runs/set-tag"): (protocol.SetTag, lambda call, asked: _log(call, _run_id(asked), tags=[asked])),
    ("POST", "runs/delete-tag"): (
        protocol.DeleteTag,
        _change_experiment(lambda store, asked: store.delete_tag(asked.run_id, asked.key)),
    ),
    ("POST", "runs/log-batch"): (
        protocol.LogBatch,
        lambda call, asked: _log(call, asked.run_id, asked.metrics, asked.params, asked.tags),
    ),
    ("POST", "runs/search"): (protocol.SearchRuns, _search_runs),
    ("GET", "metrics/get-history"): (protocol.GetMetricHistory, _get_metric_history),
}

ROUTES: Table = {
    ("GET", "version"): _version,
    **{(method, f"api/2.0/mlflow/{path}"): _route(message, act) for (method, path), (message, act) in _ACTS.items()},
}
