"""``cloister up``: make what a first start needs, start the keeper, wait until every process answers."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial

from cloister.cli import host_port, keeping, rootless, show
from cloister.cli.cloud import Cloud
from cloister.cli.errors import CliError
from cloister.home import Home
from cloister.keeper.kernel import die_with_parent
from cloister.net import allowed

POLL_SECONDS = 0.02
UNIX_PATH_MAX = 107  # bytes of sun_path, without its zero (unix(7))
LOG_LINES = 12
PORT_SECONDS = 5.0


def up(*, detach: bool, timeout: float, allow_unknown_types: bool = False, allow_egress: Sequence[str] = ()) -> None:
    """Start the cloud; return when it is up (``detach``) or when it has ended. Raises CliError."""
    home = Home.default()
    began = time.monotonic()
    try:
        allowed.read(allow_egress)
    except ValueError as error:
        raise CliError(str(error)) from error
    keeper = None
    if not keeping.keeper_pid(home):
        _require(home)
        home.make()
        options = ["--allow-unknown-types"] if allow_unknown_types else []
        keeper = _started(home, [*options, *(f"--allow-egress={name}" for name in allow_egress)], timeout, attached=not detach)
    if keeper is None:
        if allow_egress:
            raise CliError(
                f"cannot allow egress to {', '.join(allow_egress)} while the cloud is up: type 'cloister down', then this again"
            )
        _wait(home, None, timeout)
        print(f"the cloud in {home.root} is up already")
        return
    with _stopping_what_fails(home):
        said = f"the cloud in {home.root} is up after {time.monotonic() - began:.1f} s"
        if detach:
            print(said, flush=True)
        else:
            _attend(home, keeper, said)


def _started(home: Home, options: list[str], timeout: float, attached: bool) -> subprocess.Popen | None:
    """The keeper of a cloud that is up; None where another ``up`` of this home has started it meanwhile."""
    with _alone(home, timeout):
        if keeping.keeper_pid(home):
            return None
        with nullcontext() if home.cloud_file.exists() else host_port.turn(timeout):
            _initialise(home, options)
            _require_port(home)
            keeper = _start_keeper(home, attached)
            with _stopping_what_fails(home):
                _wait(home, keeper, timeout)
    return keeper


@contextmanager
def _alone(home: Home, seconds: float) -> Iterator[None]:
    """One ``up`` of a home at a time: of two keepers one would end, and its ``up`` must not stop the other's cloud."""
    end = time.monotonic() + seconds
    folder = os.open(home.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        while True:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    message = f"cannot start the cloud: another 'cloister up' of {home.root} has not come to an end; stop that"
                    raise CliError(message) from None
                time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(folder)


@contextmanager
def _stopping_what_fails(home: Home) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(CliError):
            keeping.stop(home)
        raise


def _require(home: Home) -> None:
    """What must hold before anything is made."""
    longest = max(len(os.fsencode(home.socket(name))) for name in ("resolver", "tracking"))
    if longest > UNIX_PATH_MAX:
        raise CliError(
            f"cannot use {home.root} as CLOISTER_HOME: its sockets' paths would have {longest} bytes and the kernel allows "
            f"{UNIX_PATH_MAX}; choose a shorter folder"
        )
    lack = rootless.lack()
    if lack is not None:
        raise CliError(f"cannot start the cloud: {lack.text}; {lack.advice}")


def _require_port(home: Home) -> None:
    """Somebody may have the port since an earlier start; for a moment that is the edge of a keeper that was killed."""
    port = Cloud(home).facts["host_port"]
    end = time.monotonic() + PORT_SECONDS
    while obstacle := host_port.obstacle(port):
        if time.monotonic() > end:
            raise CliError(f"cannot start the cloud: it cannot have 127.0.0.1:{port} ({obstacle}); {host_port.way_out(home)}")
        time.sleep(POLL_SECONDS)


def _initialise(home: Home, options: list[str]) -> None:
    """First start: CA, tenant, subscription, owner. Does nothing where they are."""
    done = subprocess.run(
        [sys.executable, "-m", "cloister.app", "init", *options],
        env={**os.environ, "CLOISTER_HOME": str(home.root)},
        stdin=subprocess.DEVNULL,
        cwd="/",
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-LOG_LINES:]
        raise CliError("cannot make the cloud's first rows and keys:\n  " + "\n  ".join(said))


def _start_keeper(home: Home, attached: bool) -> subprocess.Popen:
    """Start the keeper in a session of its own. Attached, it dies with this command; the orderly way is ``stop``."""
    parent = os.getpid()
    log = os.open(home.log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "cloister.keeper"],
            env={**os.environ, "CLOISTER_HOME": str(home.root)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            preexec_fn=(lambda: die_with_parent(parent)) if attached else None,
        )
    finally:
        os.close(log)


def _wait(home: Home, keeper: subprocess.Popen | None, timeout: float) -> None:
    """Until every process answers, the network holds what the rows say, and TLS is listened for. Shows what is missing."""
    end = time.monotonic() + timeout
    checks = _checks(home)
    missing = list(checks)
    with show.console(stderr=True).status("starting") as progress:
        while missing:
            progress.update(f"starting: waiting for {', '.join(missing)}")
            if checks[missing[0]]():
                missing.pop(0)
                continue
            if keeper is not None and keeper.poll() is not None:
                raise CliError(f"cannot start the cloud: its keeper ended with status {keeper.returncode}\n{_log_end(home)}")
            if time.monotonic() > end:
                raise CliError(
                    f"cannot start the cloud within {timeout:g} s: {', '.join(missing)} did not answer\n{_log_end(home)}"
                )
            time.sleep(POLL_SECONDS)


def _checks(home: Home) -> dict[str, Callable[[], bool]]:
    """What must hold for a cloud to be up, by name, in the order in which it comes about."""
    pings = {name: partial(keeping.answers, home, name) for name in keeping.PINGED}
    return {
        "keeper": lambda: keeping.keeper_pid(home) != 0,
        **pings,
        "network": lambda: _settled(home),
        "TLS": lambda: _listens(home),
    }


def _settled(home: Home) -> bool:
    """Whether all rows have been applied; an object that cannot be fails its owner only, and shows in ``status``.

    What waits for nothing that failed is still on its way.
    """
    try:
        told = Cloud(home).call("status", timeout=5.0)
    except CliError:
        return False
    failed = any(driver["errors"] for driver in told["drivers"].values())
    return told["applied"] >= told["revision"] and (failed or not told["waiting"])


def _listens(home: Home) -> bool:
    """Whether the edge answers on the host's port, and it is this cloud's edge."""
    return host_port.is_ours(home, Cloud(home).facts["host_port"])


def _log_end(home: Home) -> str:
    try:
        lines = home.log_file.read_text(errors="replace").splitlines()[-LOG_LINES:]
    except OSError:
        lines = []
    return "\n".join([f"the end of {home.log_file}:", *(f"  {line}" for line in lines)])


def _attend(home: Home, keeper: subprocess.Popen, said: str) -> None:
    """Say so and stay until the cloud ends: by Ctrl-C or SIGTERM here, or by ``cloister down`` elsewhere."""
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _frame: asked.append(got))
    descriptor = os.pidfd_open(keeper.pid)
    waked, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking)
    print(f"{said}\nCtrl-C stops it; its log is {home.log_file}", flush=True)
    while not asked and keeper.poll() is None:
        select.select([descriptor, waked], [], [])
    if asked:
        print("stopping", flush=True)
        keeping.stop(home)
    if keeper.wait() != 0:
        raise CliError(f"cannot go on: the keeper ended with status {keeper.returncode}\n{_log_end(home)}")
