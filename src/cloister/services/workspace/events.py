"""Events of runs: ``POST .../runs/{run}/events``. They move a run from status to status.

Statuses that end a run are final: a later event is taken and changes nothing, so that a script which completes after
somebody canceled it does not fail, and the run stays canceled.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from cloister.arm.errors import ArmError
from cloister.limits import RUNS_PER_BATCH_MAX, WARNINGS_PER_RUN_MAX
from cloister.services.workspace import experiments, runs
from cloister.services.workspace.bodies import iso, moment, objects, read_object, refuse, text
from cloister.services.workspace.call import Call, Table

_PREFIX = "Microsoft.MachineLearning.Run."
_STATUS = {
    "Start": "Running",
    "Queued": "Queued",
    "CancelRequested": "CancelRequested",
    "Completed": "Completed",
    "Failed": "Failed",
    "Canceled": "Canceled",
}
_OTHERS = ("Error", "Warning", "Heartbeat", "QueueingInfo")


def post(call: Call) -> Any:
    """One event (BaseEventDto) of the run that the path names."""
    """Take in one event of a run, such as its completion."""
    event = read_object(call.request.body)
    with call.store.writing() as session:
        _apply(session, call, call.names["run"], event)
    return {}


def post_batch(call: Call) -> Any:
    """Several events, each naming its run in ``data.RunId``; each stands or falls alone."""
    events = objects(read_object(call.request.body), "events", RUNS_PER_BATCH_MAX)
    errors = []
    with call.store.writing() as session:
        experiments.find(session, call)
        for event in events:
            try:
                with session.begin_nested():
                    _apply(session, call, text(_payload(event), "RunId") or "", event)
            except ArmError as error:
                errors.append({"key": {"name": event.get("name"), "data": event.get("data")}, "value": error.body()})
    return {"errors": errors}


def _payload(event: dict[str, Any]) -> dict[str, Any]:
    payload = event.get("data")
    if payload is None:
        return {}
    if not isinstance(payload, dict):
        raise refuse("cannot read the event's 'data': an object is expected", target="data")
    return payload


def _apply(session: Session, call: Call, run_id: str, event: dict[str, Any]) -> None:
    run, row = runs.find(session, call, run_id, experiments.find(session, call))
    name, payload = text(event, "name") or "", _payload(event)
    kind = name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else ""
    time = moment(event.get("timestamp"), "timestamp") or call.now
    if kind in _STATUS:
        told = moment(payload.get("StartTime"), "data.StartTime") or moment(payload.get("EndTime"), "data.EndTime")
        runs.set_status(run, row, _STATUS[kind], told or time)
    elif kind == "Error":
        error = payload.get("ErrorResponse")
        row.more = {**row.more, "error": error if isinstance(error, dict) else {"error": {"message": str(error)}}}
    elif kind == "Warning":
        warning = {"source": text(payload, "Source"), "message": text(payload, "Message")}
        row.more = {**row.more, "warnings": [*row.more.get("warnings", []), warning][-WARNINGS_PER_RUN_MAX:]}
    elif kind == "Heartbeat":
        row.more = {**row.more, "heartbeatEnabled": True, "heartbeat": iso(time)}
    elif kind == "QueueingInfo":
        row.more = {**row.more, "queueingInfo": payload}
    else:
        known = ", ".join(_PREFIX + known for known in (*_STATUS, *_OTHERS))
        raise refuse(f"cannot take event '{name[:100]}' of run '{run_id}': it is none of {known}", "UnknownEvent", target="name")


_IN_EXPERIMENT: Table = {("POST", "runs/{run}/events"): post, ("POST", "batch/events"): post_batch}

ROUTES: Table = {
    (method, f"{form}/{path}"): route
    for form in ("experiments/{experiment}", "experimentids/{experiment_id}")
    for (method, path), route in _IN_EXPERIMENT.items()
}
