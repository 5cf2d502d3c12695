"""What a user of SDK v1 does with experiments, runs and metrics; run by ``.venv-client/bin/python``, unmodified SDK.

Prints one JSON line per step: ``{"step", "ok", "seconds", "got"}``. Exits 1 at the first step that fails.
"""

import json
import os
import sys
import time
import traceback

from azureml.core import Experiment, Run, Workspace


def main():
    ws = Workspace.get(
        os.environ["WORKSPACE_NAME"],
        subscription_id=os.environ["AZURE_SUBSCRIPTION_ID"],
        resource_group=os.environ["WORKSPACE_GROUP"],
    )
    step("no experiments", lambda: sorted(ws.experiments))
    experiment = step("experiment", lambda: Experiment(ws, "first"), shown=lambda made: made.name)
    run = step("start", lambda: experiment.start_logging(snapshot_directory=None), shown=lambda made: made.get_status())
    step("log", lambda: run.log("accuracy", 0.9))
    step("log again", lambda: [run.log("loss", value) for value in (0.5, 0.25, 0.125)])
    step("log with step", lambda: run.log("stepped", 7, step=3))
    step("log string", lambda: run.log("note", "it works"))
    step("log_list", lambda: run.log_list("folds", [0.6, 0.7, 0.89]))
    step("log_row", lambda: [run.log_row("row", x=1, y="a"), run.log_row("row", x=2, y="b")])
    step("log_table", lambda: run.log_table("table", {"x": [1, 2, 3], "y": [0.1, 0.2, 0.3]}))
    step("tag", lambda: [run.tag("quality", "good"), run.tag("plain")])
    step("properties", lambda: run.add_properties({"author": "me"}))
    step("display name", lambda: setattr(run, "display_name", "a better name"))
    step("complete", run.complete)
    step("metrics", run.get_metrics)
    step("one metric", lambda: run.get_metrics(name="folds"))
    step("no such metric", lambda: run.get_metrics(name="never"))
    step("status", run.get_status)
    step("tags", run.get_tags)
    step("remove tag", lambda: [run.remove_tags(["plain"]), run.get_tags()][1])
    step("properties back", lambda: run.get_properties()["author"])
    step("experiments", lambda: sorted(ws.experiments))
    step("get", lambda: Run.get(ws, run.id).get_metrics(name="accuracy"))

    failed = experiment.start_logging(snapshot_directory=None)
    step("fail", lambda: failed.fail(error_details="out of patience", error_code="UserError"))
    step("failed", failed.get_status)
    canceled = experiment.start_logging(snapshot_directory=None)
    step("cancel", canceled.cancel)
    step("canceled", canceled.get_status)
    parent = experiment.start_logging(snapshot_directory=None)
    step("child", lambda: [child.complete() for child in [parent.child_run(name="one")]])
    step("children", lambda: len(list(parent.create_children(count=3))))
    step("get_children", lambda: sorted(child.get_status() for child in parent.get_children()))
    step("descendants", lambda: len(list(parent.get_children(recursive=True))))
    step("complete parent", parent.complete)
    step("runs", lambda: [found.get_status() for found in experiment.get_runs()])
    step("runs by tag", lambda: [found.display_name for found in experiment.get_runs(tags={"quality": "good"})])
    step("runs by property", lambda: len(list(experiment.get_runs(properties={"author": "me"}))))
    step("context", lambda: use_as_context(experiment))
    step("wait", lambda: run.wait_for_completion()["status"])
    step("experiment tags", lambda: [experiment.set_tags({"team": "red"}), experiment.refresh(), experiment.tags][2])
    step("experiments by tag", lambda: [found.name for found in Experiment.list(ws, tags={"team": "red"})])
    step("archive", lambda: [experiment.archive(), sorted(ws.experiments)][1])
    step("reactivate", lambda: [experiment.reactivate(), sorted(ws.experiments)][1])
    step("delete", lambda: [Experiment.delete(ws, Experiment(ws, "empty").id), sorted(ws.experiments)][1])
    step("no such run", lambda: failure(lambda: Run.get(ws, "nobody")))
    step("no snapshots yet", lambda: failure(lambda: run.take_snapshot(".")))


def use_as_context(experiment):
    with experiment.start_logging(snapshot_directory=None) as run:
        run.log("inside", 1)
        run.complete()
    return run.get_metrics()


def failure(act):
    """The text that the SDK shows for a refusal."""
    try:
        act()
    except Exception as error:
        return str(error)
    raise AssertionError("that worked")


def step(name, act, shown=lambda got: got):
    begin = time.monotonic()
    try:
        made = act()
        got = shown(made)
    except Exception:
        report(name, False, begin, traceback.format_exc())
        sys.exit(1)
    report(name, True, begin, got)
    return made


def report(name, ok, begin, got):
    line = {"step": name, "ok": ok, "seconds": round(time.monotonic() - begin, 2), "got": got}
    print(json.dumps(line, default=str), flush=True)


if __name__ == "__main__":
    main()
