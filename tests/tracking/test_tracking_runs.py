"""Experiments and runs of the v1 protocol, and what MLflow's clients see of them."""

from __future__ import annotations

from cloister.services.workspace import runs


def test_an_experiment_is_made_once_and_found_by_name_and_id(workspace):
    assert "cannot find experiment 'first'" in workspace.refused(404, "GET", "experiments/first")
    made = workspace.history("POST", "experiments/first")
    assert workspace.history("POST", "experiments/first") == made
    assert workspace.history("GET", "experiments/first") == made
    assert workspace.history("GET", f"experimentids/{made['experimentId']}") == made
    assert made["name"] == "first" and made["archivedTime"] is None and made["tags"] == {}


def test_a_new_workspace_lists_no_experiment_and_mlflows_default_one_appears_with_its_first_run(workspace):
    assert workspace.history("POST", "experiments:query", {})["value"] == []
    workspace.mlflow("POST", "runs/create", {"experiment_id": "0"})
    assert [one["name"] for one in workspace.history("POST", "experiments:query", {})["value"]] == ["Default"]


def test_experiments_are_listed_by_view_filter_and_page(workspace):
    for name in ("one", "two", "three"):
        workspace.history("POST", f"experiments/{name}")
    number = workspace.history("GET", "experiments/two")["experimentId"]
    workspace.history("PATCH", f"experimentids/{number}", {"tags": {"team": "red", "empty": None}})

    def names(**query):
        return {one["name"] for one in workspace.history("POST", "experiments:query", query)["value"]}

    assert names() == {"one", "two", "three"}
    assert names(filter="(name eq three)") == {"three"}
    assert names(filter="(Tags/team eq red)") == {"two"} == names(filter="(Tags/empty ne null or Tags/empty eq null)")
    page = workspace.history("POST", "experiments:query", {"top": 2, "orderby": "Name asc"})
    rest = workspace.history(
        "POST", "experiments:query", {"top": 2, "orderby": "Name asc", "continuationToken": page["continuationToken"]}
    )
    assert [one["name"] for one in page["value"] + rest["value"]] == ["one", "three", "two"]
    assert rest["continuationToken"] is None
    workspace.history("PATCH", f"experimentids/{number}", {"archive": True})
    assert names() == {"one", "three"} and names(viewType="ArchivedOnly") == {"two"} and len(names(viewType="All")) == 3


def test_an_archived_experiment_takes_no_runs_until_it_is_reactivated(workspace):
    run_id = workspace.start()
    number = workspace.history("GET", "experiments/first")["experimentId"]
    archived = workspace.history("PATCH", f"experimentids/{number}", {"archive": True})
    assert archived["archivedTime"]
    assert (
        workspace.mlflow("GET", "experiments/get", query={"experiment_id": number})["experiment"]["lifecycle_stage"] == "deleted"
    )
    assert "archived" in workspace.refused(409, "PATCH", "experiments/first/runs/other", {"runId": "other"})
    assert workspace.history("PATCH", f"experimentids/{number}", {"archive": False})["archivedTime"] is None
    assert workspace.history("GET", f"experiments/first/runs/{run_id}")["status"] == "Running"


def test_only_an_empty_experiment_is_deleted_and_tags_go_one_by_one(workspace):
    number = workspace.history("POST", "experiments/empty")["experimentId"]
    workspace.history("PATCH", f"experimentids/{number}", {"tags": {"a": "1", "b": "2"}, "description": "none yet"})
    result = workspace.history("POST", f"experimentids/{number}/tags:delete", {"tags": ["a", "x"]})
    assert list(result["errors"]) == ["x"]
    shown = workspace.history("GET", "experiments/empty")
    assert shown["tags"] == {"b": "2"} and shown["description"] == "none yet"
    workspace.history("DELETE", f"experimentids/{number}")
    workspace.refused(404, "GET", "experiments/empty")
    workspace.start()
    kept = workspace.history("GET", "experiments/first")["experimentId"]
    assert "it has runs" in workspace.refused(409, "DELETE", f"experimentids/{kept}")


def test_a_run_goes_from_status_to_status_by_events(workspace):
    workspace.history("POST", "experiments/first")
    made = workspace.history("PATCH", "experiments/first/runs/r1", {"runId": "r1", "name": "mine", "target": "local"})
    assert made["status"] == "NotStarted" and made["startTimeUtc"] is None and made["dataContainerId"] == "dcid.r1"
    assert made["rootRunId"] == "r1" and made["createdBy"]["userName"] == "owner" and made["target"] == "local"
    workspace.event("r1", "Start", StartTime="2026-01-02T03:04:05.678901Z")
    running = workspace.history("GET", "runs/r1")
    assert running["status"] == "Running" and running["startTimeUtc"] == "2026-01-02T03:04:05.678901+00:00"
    workspace.event("r1", "Completed")
    assert workspace.history("GET", "experiments/first/runs/r1/details")["status"] == "Completed"
    assert workspace.mlflow("GET", "runs/get", query={"run_id": "r1"})["run"]["info"]["status"] == "FINISHED"


def test_a_run_that_has_ended_stays_as_it_ended(workspace):
    run_id = workspace.start()
    workspace.event(run_id, "Canceled")
    ended = workspace.history("GET", f"runs/{run_id}")
    workspace.event(run_id, "Completed")
    workspace.event(run_id, "Start")
    assert workspace.history("GET", f"runs/{run_id}") == ended and ended["status"] == "Canceled"


def test_errors_and_warnings_are_kept_with_the_run(workspace):
    run_id = workspace.start()
    workspace.event(run_id, "Warning", Source="disk", Message="nearly full")
    workspace.event(run_id, "Error", ErrorResponse={"error": {"code": "UserError", "message": "it broke"}})
    workspace.event(run_id, "Failed")
    details = workspace.history("GET", f"experiments/first/runs/{run_id}/details")
    assert details["error"]["error"]["message"] == "it broke" and details["status"] == "Failed"
    assert details["warnings"] == [{"source": "disk", "message": "nearly full"}]
    message = workspace.refused(400, "POST", f"experiments/first/runs/{run_id}/events", {"name": "Something"})
    assert "Microsoft.MachineLearning.Run.Completed" in message


def test_tags_change_and_properties_do_not(workspace):
    run_id = workspace.start(tags={"a": "1"}, properties={"p": "1"})
    path = f"experiments/first/runs/{run_id}"
    number = workspace.history("GET", "experiments/first")["experimentId"]
    workspace.history("PATCH", f"experimentids/{number}/runs/{run_id}", {"runId": run_id, "tags": {"a": "2", "b c": None}})
    assert workspace.history("GET", path)["tags"] == {"a": "2", "b c": None}
    assert workspace.history("DELETE", path + "/tags", ["a", "never was"])["tags"] == {"b c": None}
    assert workspace.history("PATCH", path, {"properties": {"p": "1", "q": "2"}})["properties"] == {"p": "1", "q": "2"}
    assert "immutable" in workspace.refused(400, "PATCH", path, {"properties": {"p": "3"}, "tags": {"not": "taken"}})
    assert "not" not in workspace.history("GET", path)["tags"]


def test_names_and_descriptions_are_mlflows_too(workspace):
    run_id = workspace.start(displayName="shown", description="what it is")
    shown = workspace.history("GET", f"runs/{run_id}")
    assert (shown["name"], shown["displayName"], shown["description"]) == (f"run_{run_id}", "shown", "what it is")
    run = workspace.mlflow("GET", "runs/get", query={"run_id": run_id})["run"]
    tags = {tag["key"]: tag.get("value") for tag in run["data"]["tags"]}
    assert run["info"]["run_name"] == "shown" == tags["mlflow.runName"] and tags["mlflow.note.content"] == "what it is"
    workspace.mlflow("POST", "runs/update", {"run_id": run_id, "run_name": "renamed"})
    assert workspace.history("GET", f"runs/{run_id}")["displayName"] == "renamed"
    assert workspace.history("GET", f"runs/{run_id}")["tags"] == {}


def test_children_know_parent_and_root_and_are_made_in_batches(workspace):
    parent = workspace.start()
    batch = [{"runId": f"child-{n}", "parentRunId": parent, "tags": {"n": str(n)}} for n in range(3)]
    made = workspace.history("PATCH", "experiments/first/batch/runs", {"runs": [*batch, {"runId": "bad id"}]})
    assert set(made["runs"]) == {"child-0", "child-1", "child-2"} and list(made["errors"]) == ["bad id"]
    events = [{"name": "Microsoft.MachineLearning.Run.Start", "data": {"RunId": f"child-{n}"}} for n in range(4)]
    result = workspace.history("POST", "experiments/first/batch/events", {"events": events})
    assert [one["key"]["data"]["RunId"] for one in result["errors"]] == ["child-3"]
    workspace.history("PATCH", "experiments/first/runs/grandchild", {"runId": "grandchild", "parentRunId": "child-0"})
    children = workspace.history("GET", f"experiments/first/runs/{parent}/children", query={"$top": "2", "$orderby": "RunId asc"})
    assert [one["runId"] for one in children["value"]] == ["child-0", "child-1"] and children["continuationToken"]
    assert {one["status"] for one in children["value"]} == {"Running"}
    tree = workspace.history("POST", "experiments/first/runs:query", {"filter": f"RootRunId eq {parent}"})["value"]
    assert {one["runId"] for one in tree} == {parent, "child-0", "child-1", "child-2", "grandchild"}
    assert "no parent run" in workspace.refused(400, "PATCH", "experiments/first/runs/x", {"parentRunId": "nobody"})


def test_runs_are_found_by_what_clients_ask(workspace):
    first = workspace.start(tags={"my key": "v"}, properties={"azureml.runsource": "hyperdrive"}, target="gpu")
    kind = {"orchestrator": "External", "traits": ["unspecified"]}
    second = workspace.start(tags={"empty": None}, runTypeV2=kind, runType="azureml.scriptrun")
    workspace.event(second, "Completed")

    def found(text, **more):
        page = workspace.history("POST", "experiments/first/runs:query", {"filter": text, **more})
        return [run["runId"] for run in page["value"]]

    assert found(None) == [second, first] == found("(ParentRunId eq null)")
    assert found("(Status eq Completed)") == [second] == found("Status ne Running")
    assert found('(Tags/my key eq "v")') == [first] and found('(Tags/my key eq "w")') == []
    assert found("(Tags/empty ne null or Tags/empty eq null)") == [second]
    assert found("(RunType eq hyperdrive or Properties/azureml.runsource eq hyperdrive)") == [first]
    assert found("(Properties/azureml.runsource ne null or Properties/azureml.runsource eq null)") == [first]
    assert found("(RunTypeV2/Orchestrator eq External)") == [second]
    assert found("(RunTypeV2/Traits/unspecified ne null) or (RunTypeV2/Traits/unspecified eq null)") == [second]
    assert found("(CreatedUtc ge 2020-01-01 00:00:00+00:00)", orderby="CreatedUtc asc") == [first, second]
    assert found("((Target eq gpu) and (CreatedUtc lt 2020-01-01T00:00:00Z))") == []
    assert found(f"RunId eq {first} or RunId eq {second}", orderby="RunNumber asc") == [first, second]
    assert [run["runId"] for run in workspace.history("GET", "computes/gpu/runs")["value"]] == [first]
    assert workspace.history("GET", "experiments/first/runcounts")["completed"] == 1
    for wrong in ("Status", "Status eq", "(Status eq x", "Colour eq red", "Status eq x and", "CreatedUtc ge today", "a" * 40_000):
        assert "filter" in workspace.refused(400, "POST", "experiments/first/runs:query", {"filter": wrong})
    assert "cannot order" in workspace.refused(400, "POST", "experiments/first/runs:query", {"orderby": "Colour"})
    workspace.refused(400, "POST", "experiments/first/runs:query", {"continuationToken": "e30="})


def test_pages_of_runs_do_not_shift_when_a_run_is_made_between(workspace):
    ids = [workspace.start() for _ in range(4)]
    page = workspace.history("POST", "experiments/first/runs:query", {"top": 2})
    workspace.start()
    rest = workspace.history("POST", "experiments/first/runs:query", {"top": 2, "continuationToken": page["continuationToken"]})
    assert [run["runId"] for run in page["value"] + rest["value"]] == list(reversed(ids))


def test_a_run_is_in_its_experiment_only(workspace):
    run_id = workspace.start()
    workspace.history("POST", "experiments/second")
    workspace.refused(404, "GET", f"experiments/second/runs/{run_id}")
    workspace.refused(404, "PATCH", f"experiments/second/runs/{run_id}", {"tags": {"a": "b"}})
    workspace.refused(404, "GET", "runs/nobody")


def test_two_workspaces_share_nothing(workspace, service):
    run_id = workspace.start()
    other = type(workspace)(service)
    other.refused(404, "GET", f"runs/{run_id}")
    assert other.history("POST", "experiments:query", {})["value"] == []


def test_every_status_of_azure_has_one_of_mlflows():
    assert set(runs.MLFLOW_STATUS.values()) == set(runs.STATUS_OF_MLFLOW)
    assert all(runs.MLFLOW_STATUS[azure] == mlflow for mlflow, azure in runs.STATUS_OF_MLFLOW.items())
