"""``cloister exec``: the command stands in the machine's network, and everything else is as it was."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from fake_control import FakeControl

from cloister.cli.enter import plain_nsswitch, resolv_conf
from cloister.home import Home

EXEC = [sys.executable, "-m", "cloister.cli.main", "exec", "--from", "internet"]


@pytest.fixture(autouse=True)
def cloud(keeper: Home, control: FakeControl) -> FakeControl:
    """A keeper that is real and a control that is not."""
    return control


def run(*command: str, options: tuple[str, ...] = (), **kwargs) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*EXEC, *options, "--", *command], capture_output=True, text=True, timeout=30, **kwargs)


def test_it_runs_in_the_machines_namespace(cloud: FakeControl) -> None:
    found = run("readlink", "/proc/self/ns/net").stdout.strip()
    assert re.fullmatch(r"net:\[\d+\]", found)
    assert found != os.readlink("/proc/self/ns/net")


def test_the_machine_goes_with_its_command(cloud: FakeControl) -> None:
    assert run("true").returncode == 0
    assert cloud.machines == {}
    put = next(request for request in cloud.requests if request.method == "PUT")
    assert put.query == {"api-version": "2026-01-01"}
    assert json.loads(put.body)["properties"]["place"] == "internet"


def test_the_holder_is_a_process_that_lives(cloud: FakeControl) -> None:
    done = run("sh", "-c", "cut -d' ' -f22 /proc/$PPID/stat; echo $PPID")
    start, pid = done.stdout.split()
    holder = json.loads(next(r for r in cloud.requests if r.method == "PUT").body)["properties"]["holder"]
    assert holder == {"pid": int(pid), "start": start}


@pytest.mark.parametrize("code", [0, 1, 3, 125, 200])
def test_exit_codes_pass_through(code: int) -> None:
    assert run("sh", "-c", f"exit {code}").returncode == code


def test_an_end_by_signal_is_128_and_its_number() -> None:
    assert run("sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM


def test_a_command_that_is_not_there() -> None:
    done = run("no-such-command-here")
    assert (done.returncode, done.stderr) == (127, "cannot run 'no-such-command-here': there is no such command\n")


def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("text")
    assert run(str(tmp_path / "plain")).returncode == 126


def test_stdin_stdout_and_arguments_pass_unchanged() -> None:
    done = run("sh", "-c", 'cat; printf "%s|" "$@"', "sh", "--from", "a b", "", input="fed\n")
    assert done.stdout == "fed\n--from|a b||"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_handed_on(number: signal.Signals) -> None:
    script = f"trap 'echo got; exit 7' {number.name[3:]}; echo ready; while :; do read -t 0.05 x || :; done"
    process = subprocess.Popen([*EXEC, "--", "bash", "-c", script], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.communicate(timeout=10)[0] == "got\n"
    assert process.returncode == 7


def test_ctrl_c_at_a_terminal_reaches_the_command_once() -> None:
    script = "trap 'echo got' INT; echo ready; read x; read x; exit 9"
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(EXEC[0], [*EXEC, "--", "bash", "-c", script])
    said = b""
    while b"ready" not in said:
        said += os.read(terminal, 1024)
    os.write(terminal, b"\x03")
    while b"got" not in said:
        said += os.read(terminal, 1024)
    os.write(terminal, b"\n\n")
    with suppress(OSError):  # EIO: the other end is closed
        while more := os.read(terminal, 1024):
            said += more
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
    assert said.count(b"got") == 1
    os.close(terminal)


def test_the_command_dies_with_its_machines_holder() -> None:
    process = subprocess.Popen([*EXEC, "--", "sh", "-c", "echo $$; exec sleep 60"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.kill()
    process.wait()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline, "the command outlived the process that held its machine"
        time.sleep(0.01)


def test_names_come_from_the_networks_resolver() -> None:
    before = Path("/etc/resolv.conf").read_text()
    lines = ("nameserver 168.63.129.16", "search internal.cloudapp.net", "options timeout:2 attempts:2", "")
    assert run("cat", "/etc/resolv.conf").stdout.split("\n") == list(lines)
    assert Path("/etc/resolv.conf").read_text() == before


def test_the_clients_find_credentials_and_trust(cloud: FakeControl) -> None:
    environment = {
        **os.environ,
        "HTTPS_PROXY": "http://proxy",
        "ARM_CLOUD_METADATA_URL": "https://localhost:1",
        "KEPT": "as it was",
    }
    done = run(sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))", env=environment)
    found = json.loads(done.stdout)
    assert found["AZURE_CLIENT_ID"] == found["AZUREML_SERVICE_PRINCIPAL_ID"] == "owner-id"
    assert found["AZURE_CLIENT_SECRET"] == found["AZUREML_SERVICE_PRINCIPAL_PASSWORD"] == "owner-secret"
    assert found["AZURE_TENANT_ID"] == found["AZUREML_SERVICE_PRINCIPAL_TENANT_ID"]
    bundle = str(cloud.home.bundle_file)
    assert [found[name] for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")] == [bundle] * 3
    assert found["NODE_EXTRA_CA_CERTS"] == str(cloud.home.ca_file)
    assert found["KEPT"] == "as it was"
    assert not {"HTTPS_PROXY", "ARM_CLOUD_METADATA_URL"} & found.keys()


def test_as_another_principal(cloud: FakeControl) -> None:
    done = run("sh", "-c", "echo $AZURE_CLIENT_ID $AZURE_CLIENT_SECRET $AZURE_CONFIG_DIR", options=("--as", "reader"))
    client, secret, folder = done.stdout.split()
    assert (client, secret) == ("reader-id", "reader-secret")
    assert folder == str(cloud.home.root / "clients" / "reader" / "azure")


def test_client_caches_belong_to_the_cloud(cloud: FakeControl) -> None:
    assert run("sh", "-c", "echo kept > ~/.azureml/.discovery; echo kept > ~/.azure/x").returncode == 0
    person = Path(os.environ["HOME"])
    assert list((person / ".azure").iterdir()) == list((person / ".azureml").iterdir()) == []
    assert run("cat", f"{person}/.azureml/.discovery").stdout == "kept\n"
    assert (cloud.home.root / "clients" / "owner" / "azure" / "x").read_text() == "kept\n"


@pytest.mark.parametrize(
    "attempt",
    [
        "ip link add v0 type veth peer name v1",
        "ip addr add 10.9.9.9/32 dev lo",
        "nft add table ip t",
        "nsenter -t 1 -n true",
        "nsenter --net=/proc/1/ns/net true",
        "mount -t tmpfs none /mnt",
        "umount /etc/resolv.conf",
    ],
)
def test_no_way_back_and_no_right_over_the_network(attempt: str) -> None:
    done = run("sh", "-c", attempt)
    assert done.returncode != 0, f"{attempt} worked"


def test_files_user_and_folder_are_the_hosts(tmp_path: Path) -> None:
    done = run("sh", "-c", "id -u; pwd; echo here > made", cwd=tmp_path)
    assert done.stdout.split() == [str(os.geteuid()), str(tmp_path)]
    assert (tmp_path / "made").read_text() == "here\n"


def test_nothing_is_left_in_the_home(cloud: FakeControl) -> None:
    run("true")
    assert list((cloud.home.run / "machine").iterdir()) == []


def test_resolv_conf_has_three_servers_at_most() -> None:
    assert resolv_conf(("1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4")).count("nameserver") == 3


def test_nsswitch_loses_what_answers_past_the_resolver(tmp_path: Path) -> None:
    file = tmp_path / "nsswitch.conf"
    file.write_text("passwd: files\nhosts: files mdns4_minimal [NOTFOUND=return] resolve dns myhostname\n")
    assert plain_nsswitch(str(file)) == "passwd: files\nhosts: files dns\n"
    file.write_text("hosts:  files dns\n")
    assert plain_nsswitch(str(file)) == ""
    assert plain_nsswitch(str(tmp_path / "none")) == ""
