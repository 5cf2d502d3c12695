"""``rest``, ``deploy``, ``env``, ``status``, ``down``, ``explain``: what is asked, what is printed, how it ends."""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from fake_control import FACTS, SUBSCRIPTION, FakeControl, answer

from cloister.cli.main import main
from cloister.home import Home
from cloister.ipc.messages import Request, Response

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g"


class Done(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def cloister(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """The command, in this process."""

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["cloister", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        code = ended.value.code
        return Done(code if isinstance(code, int) else 0 if code is None else 1, out, err)

    return run


# --- rest


def test_rest_prints_the_answer(control: FakeControl, cloister) -> None:
    control.on("GET", GROUP, {"id": GROUP})
    done = cloister("rest", "GET", GROUP)
    assert (done.code, json.loads(done.out), done.err) == (0, {"id": GROUP}, "")
    sent = control.requests[0]
    assert sent.headers["authorization"] == "Bearer token-of-owner"
    assert sent.query["api-version"]


@pytest.mark.parametrize(
    "path",
    ["resourceGroups/g?a=b%20c", f"{GROUP}?a=b+c", f"https://management.azure.com{GROUP}?a=b%20c"],
)
def test_rest_takes_paths_as_people_have_them(control: FakeControl, cloister, path: str) -> None:
    control.on("GET", GROUP, {})
    assert cloister("rest", "get", path, "--api-version", "2020-01-01", "--as", "reader").code == 0
    sent = control.requests[0]
    assert (sent.method, sent.path, sent.query) == ("GET", GROUP, {"a": "b c", "api-version": "2020-01-01"})
    assert sent.headers["authorization"] == "Bearer token-of-reader"


def test_rest_keeps_the_api_version_of_the_path(control: FakeControl, cloister) -> None:
    control.on("GET", GROUP, {})
    cloister("rest", "GET", f"{GROUP}?api-version=2019-01-01")
    assert control.requests[0].query == {"api-version": "2019-01-01"}


def test_rest_asks_nobody_else(control: FakeControl, cloister) -> None:
    done = cloister("rest", "GET", "https://example.org/x")
    assert done.code == 1 and done.err.startswith("cannot ask example.org")


def test_rest_shows_a_refusal_whole_and_ends_with_1(control: FakeControl, cloister) -> None:
    body = {"error": {"code": "SubnetIsFull", "message": "cannot place it", "details": [{"code": "A", "message": "cannot a"}]}}
    control.on("PUT", GROUP, lambda _: answer(400, body))
    done = cloister("rest", "PUT", GROUP, "-b", '{"location": "eastus2"}')
    assert done.code == 1
    assert json.loads(done.out) == body
    assert done.err.splitlines() == [f"cannot PUT {GROUP}: SubnetIsFull: cannot place it", "  A: cannot a"]
    assert json.loads(control.requests[0].body) == {"location": "eastus2"}


def test_rest_sends_files_as_they_are(control: FakeControl, cloister, tmp_path: Path) -> None:
    (tmp_path / "body.json").write_bytes(b"{not json")
    control.on("PUT", GROUP, {})
    assert cloister("rest", "PUT", GROUP, "-f", str(tmp_path / "body.json")).code == 0
    assert control.requests[0].body == b"{not json"


@pytest.mark.parametrize(
    "arguments",
    [("FETCH", GROUP), ("PUT", GROUP, "-b", "{"), ("PUT", GROUP, "-b", "{}", "-f", "x"), ("GET",), ("GET", "/", "--no")],
)
def test_rest_typed_wrongly(control: FakeControl, cloister, arguments: tuple[str, ...]) -> None:
    done = cloister("rest", *arguments)
    assert done.code == 2 and done.err and control.requests == []


def test_rest_follows_nothing_unless_told(control: FakeControl, cloister) -> None:
    control.on("DELETE", GROUP, answer(202, location="https://management.azure.com/op"))
    done = cloister("rest", "DELETE", GROUP)
    assert (done.code, done.out, len(control.requests)) == (0, "", 1)
    assert "location: https://management.azure.com/op" in done.err


def _in_turn(*answers: object) -> Callable[[Request], Response]:
    waiting = list(answers)

    def reply(_: Request) -> Response:
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return found if isinstance(found, Response) else answer(200, found)

    return reply


@pytest.mark.parametrize("form", ["operation", "location", "state"])
def test_rest_waits_in_each_of_azures_forms(control: FakeControl, cloister, form: str) -> None:
    done_row = {"id": GROUP, "properties": {"provisioningState": "Succeeded", "n": 1}}
    under_way = {"id": GROUP, "properties": {"provisioningState": "Updating"}}
    if form == "operation":
        control.on("PUT", GROUP, answer(201, under_way, azure_asyncoperation="https://management.azure.com/op?api-version=1"))
        control.on("GET", "/op", _in_turn({"status": "Running"}, {"status": "Succeeded"}))
        control.on("GET", GROUP, done_row)
    elif form == "location":
        control.on("PUT", GROUP, answer(202, location="https://management.azure.com/op?api-version=1"))
        control.on("GET", "/op", _in_turn(answer(202), done_row))
    else:
        control.on("PUT", GROUP, answer(201, under_way))
        control.on("GET", GROUP, _in_turn(under_way, done_row))
    done = cloister("rest", "PUT", GROUP, "-b", "{}", "--wait")
    assert (done.code, json.loads(done.out)) == (0, done_row)


def test_rest_waits_for_a_failure_too(control: FakeControl, cloister) -> None:
    control.on("PUT", GROUP, answer(201, {}, azure_asyncoperation="https://management.azure.com/op?api-version=1"))
    control.on("GET", "/op", {"status": "Failed", "error": {"code": "NoRoom", "message": "cannot fit"}})
    done = cloister("rest", "PUT", GROUP, "-b", "{}", "-w")
    assert done.code == 1 and done.err == f"cannot PUT {GROUP}: NoRoom: cannot fit\n"


def test_without_a_cloud(home: Home, cloister) -> None:
    for arguments in (("rest", "GET", "/x"), ("env",), ("explain", "--to", "x")):
        done = cloister(*arguments)
        assert done.code == 1 and done.err.startswith("cannot ") and "cloister up" in done.err


# --- deploy

TEMPLATE = """
{ // as template files are
  "parameters": {"name": {"type": "string"}, "count": {"type": "int"}, "on": {"type": "bool"}, "tags": {"type": "object"},
                 "secret": {"type": "secureString"},},
  "resources": []
}
"""


@pytest.fixture
def template(tmp_path: Path) -> str:
    (tmp_path / "net.json").write_text(TEMPLATE)
    return str(tmp_path / "net.json")


def _serve_deployment(control: FakeControl, name: str, final: dict, operations: list[dict]) -> str:
    path = f"{GROUP}/providers/Microsoft.Resources/deployments/{name}"
    control.on("GET", GROUP, {"id": GROUP})
    control.on("PUT", path, answer(201, {"properties": {"provisioningState": "Accepted"}}))
    control.on("GET", path, _in_turn({"properties": {"provisioningState": "Running"}}, {"properties": final}))
    control.on("GET", f"{path}/operations", {"value": operations})
    return path


def _operation(name: str, state: str) -> dict:
    target = {"id": f"{GROUP}/{name}", "resourceType": "Microsoft.Network/virtualNetworks", "resourceName": name}
    return {"properties": {"provisioningState": state, "duration": "PT1M2.5S", "targetResource": target}}


def test_deploy_tells_what_is_made_and_the_outputs(control: FakeControl, cloister, template: str, tmp_path: Path) -> None:
    (tmp_path / "values.json").write_text('{"parameters": {"name": {"value": "from file"}, "tags": {"value": {"a": 1}}}}')
    (tmp_path / "secret").write_text("s3cret")
    final = {"provisioningState": "Succeeded", "outputs": {"id": {"value": "x"}, "all": {"value": [1]}}}
    path = _serve_deployment(control, "net", final, [_operation("v1", "Succeeded"), {"properties": {}}])
    values = (
        "-p",
        f"@{tmp_path}/values.json",
        "-p",
        "NAME=typed",
        "-p",
        "count=3",
        "-p",
        "on=True",
        "-p",
        f"secret=@{tmp_path}/secret",
    )
    done = cloister("deploy", template, "-g", "g", *values)
    assert done.out.splitlines() == ["Succeeded  Microsoft.Network/virtualNetworks v1 62.5 s", "id = x", "all = [1]"]
    assert done.code == 0
    sent = json.loads(next(request for request in control.requests if request.path == path and request.method == "PUT").body)
    assert {name: entry["value"] for name, entry in sent["properties"]["parameters"].items()} == {
        "name": "typed", "tags": {"a": 1}, "count": 3, "on": True, "secret": "s3cret",
    }  # fmt: skip
    assert sent["properties"]["template"]["resources"] == []


def test_deploy_prints_azures_error_tree(control: FakeControl, cloister, template: str) -> None:
    inner = {"code": "Conflict", "message": "cannot do that", "details": [{"code": "Deep", "message": "cannot be"}]}
    final = {"provisioningState": "Failed", "error": {"code": "DeploymentFailed", "message": "At least one", "details": [inner]}}
    _serve_deployment(control, "n", final, [_operation("v1", "Failed")])
    done = cloister("deploy", template, "-g", "g", "--name", "n")
    assert done.code == 1
    assert done.err.splitlines() == [
        "cannot DEPLOY n: DeploymentFailed: At least one", "  Conflict: cannot do that", "    Deep: cannot be",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("other=1", "cannot set the parameter 'other': the template declares name"),
        ("count=many", "cannot use 'many' for the parameter 'count': the template wants int"),
        ("on=perhaps", "wants bool"),
        ("tags={", "wants object"),
        ("secret=@/no/such/file", "cannot read /no/such/file"),
    ],
)
def test_deploy_names_the_wrong_parameter(control: FakeControl, cloister, template: str, argument: str, said: str) -> None:
    done = cloister("deploy", template, "-g", "g", "-p", argument)
    assert done.code == 1 and said in done.err and control.requests == []


def test_deploy_to_a_group_that_is_not_there(control: FakeControl, cloister, template: str) -> None:
    done = cloister("deploy", template, "-g", "g")
    assert done.code == 1 and done.err == "cannot deploy to 'g': there is no such resource group; add --location to make it\n"


def test_deploy_reads_what_is_there(control: FakeControl, cloister, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{\n  "resources": [}\n')
    assert "line 2" in cloister("deploy", str(tmp_path / "broken.json"), "-g", "g").err
    assert cloister("deploy", "/no/such.json", "-g", "g").err == "cannot read /no/such.json: No such file or directory\n"


# --- the others


def test_env_can_be_evaluated(control: FakeControl, cloister) -> None:
    lines = dict(re.fullmatch(r"export (\w+)=(.*)", line).groups() for line in cloister("env").out.splitlines())
    told = json.loads(cloister("env", "--json").out)
    assert told.keys() == lines.keys()
    assert told["ARM_CLOUD_METADATA_URL"] == "https://localhost:8443/metadata/endpoints?api-version=2019-05-01"
    assert told["AZUREML_CURRENT_CLOUD"] == "Cloister"
    assert told["AZURE_TENANT_ID"] == FACTS["tenant_id"]
    assert told["AZURE_AUTHORITY_HOST"] == "https://localhost:8443/adfs"
    assert told["AZUREML_SERVICE_PRINCIPAL_TENANT_ID"] == "adfs"
    assert told["REQUESTS_CA_BUNDLE"] == told["SSL_CERT_FILE"] == str(control.home.bundle_file)


def test_status_of_a_cloud_that_is_down(control: FakeControl, cloister) -> None:
    done = cloister("status", "--json")
    assert done.code == 1 and json.loads(done.out)["running"] is False and "cloister up" in done.err


def test_a_control_that_closes_is_told_from_one_that_is_not_there(home: Home, cloister) -> None:
    home.make()
    home.cloud_file.write_text(json.dumps(FACTS))
    home.owner_file.write_text("{}")
    place = str(home.socket("control"))
    assert "cloister up" in cloister("explain", "--to", "x:443").err
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(place)
        server.listen(1)
        server.settimeout(5)
        closing = threading.Thread(target=lambda: server.accept()[0].close(), daemon=True)
        closing.start()
        told = cloister("explain", "--to", "x:443").err
        closing.join(5)
    assert told.startswith("cannot reach the cloud") and "control runs" in told and "cloister up" not in told


def test_status_of_a_cloud_that_runs(keeper: Home, control: FakeControl, cloister) -> None:
    done = cloister("status", "--json")
    told = json.loads(done.out)
    assert done.code == 0 and told["running"] and told["control"]["revision"] == 7
    assert [process["name"] for process in told["processes"]] == ["keeper"]
    assert "revision  7" in cloister("status").out


def test_explain_prints_controls_words(control: FakeControl, cloister) -> None:
    assert cloister("explain", "--to", "x:443").out == "Delivered: it arrives\n"
    assert json.loads(cloister("explain", "--from", "v/s", "--to", "x", "--json").out)["flow"] == {"from": "v/s", "to": "x"}


def test_down_stops_the_keeper_and_purge_removes_the_home(keeper: Home, cloister) -> None:
    keeper.cloud_file.write_text("{}")
    assert cloister("down", "--purge").err.startswith(f"cannot ask whether to remove {keeper.root}")
    assert cloister("down", "--purge", "--yes").code == 0
    assert not keeper.root.exists()
    assert cloister("down").out == f"no cloud ran in {keeper.root}\n"


def test_purge_spares_a_folder_that_is_no_home(home: Home, cloister) -> None:
    home.root.mkdir()
    (home.root / "letters").write_text("dear")
    done = cloister("down", "--purge", "--yes")
    assert done.code == 1 and "does not look like a cloud's home" in done.err
    assert (home.root / "letters").exists()


def test_places_by_name(control: FakeControl, cloister) -> None:
    from cloister.cli.cloud import Cloud
    from cloister.cli.errors import CliError, UsageError
    from cloister.cli.places import resolve

    def network(group: str, name: str) -> dict:
        id = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}"
        return {"id": id, "properties": {"subnets": [{"id": f"{id}/subnets/default"}]}}

    control.on("GET", "/subscriptions", {"value": [{"subscriptionId": SUBSCRIPTION}]})
    page = {"value": [network("g1", "one"), network("g1", "two")], "nextLink": "https://management.azure.com/next?api-version=1"}
    control.on("GET", f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/virtualNetworks", page)
    control.on("GET", "/next", {"value": [network("g2", "Two")]})
    cloud = Cloud(control.home)
    assert resolve(cloud, "Internet") == "internet"
    assert resolve(cloud, "ONE/default").endswith("/g1/providers/Microsoft.Network/virtualNetworks/one/subnets/default")
    assert "/g2/" in resolve(cloud, "g2/two/default")
    with pytest.raises(CliError, match="one of g1/two/default, g2/Two/default"):
        resolve(cloud, "two/default")
    with pytest.raises(CliError, match="the subnets are g1/one/default, g1/two/default, g2/Two/default"):
        resolve(cloud, "three/default")
    with pytest.raises(UsageError):
        resolve(cloud, "one")


def test_a_home_too_deep_for_unix_sockets(monkeypatch: pytest.MonkeyPatch, cloister, tmp_path: Path) -> None:
    monkeypatch.setenv("CLOISTER_HOME", str(tmp_path / ("d" * 90)))
    done = cloister("up", "--detach")
    assert done.code == 1 and "choose a shorter folder" in done.err


def test_doctor_says_what_it_tried(home: Home, cloister) -> None:
    done = cloister("doctor", "--json")
    findings = {finding["check"]: finding for finding in json.loads(done.out)}
    assert {"rights", "python", "descriptors", "home", "leftovers"} <= findings.keys()
    assert all(finding["advice"] for finding in findings.values() if finding["state"] != "ok")
    assert done.code == (1 if any(finding["state"] == "bad" for finding in findings.values()) else 0)
