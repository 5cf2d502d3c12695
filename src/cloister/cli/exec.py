"""``cloister exec``: run a command on a machine of its own in a network.

The command is a child in the same terminal and process group; this process waits, hands signals on, removes the machine at
the end and passes the exit code through.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from cloister.cli.cloud import Cloud
from cloister.cli.enter import Surroundings, enter, resolv_conf
from cloister.cli.environment import client_folder, machine_environment
from cloister.cli.machine import Machine, machine
from cloister.keeper.kernel import die_with_parent

NOT_FOUND, NOT_EXECUTABLE, NOT_ENTERED = 127, 126, 125  # as shells and env(1) say it
SI_KERNEL = 0x80  # siginfo's si_code of a signal typed at the terminal (sigaction(2)); 0 is kill(2)
HANDED_ON = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def run(
    command: list[str], *, place: str, address: str, principal: str, host_name: str = "", forwarding: bool = False, nic: str = ""
) -> int:
    """Run ``command`` on a machine in ``place``; its exit code, or 128 plus the signal that ended it."""
    cloud = Cloud()
    environment = machine_environment(cloud, os.environ, principal)
    with machine(cloud, place, address, host_name, forwarding, nic, principal) as made:
        return _run(command, environment, made, _surroundings(cloud, made, principal))


def _surroundings(cloud: Cloud, made: Machine, principal: str) -> Surroundings:
    person = Path.home()
    folders = tuple((client_folder(cloud.home, principal, name), person / f".{name}") for name in ("azure", "azureml"))
    work = cloud.home.run / "machine"
    work.mkdir(mode=0o700, exist_ok=True)
    return Surroundings(resolv_conf(made.dns_servers), work, folders)


def _run(command: list[str], environment: Mapping[str, str], made: Machine, around: Surroundings) -> int:
    """Fork, become the machine, run; meanwhile hand signals on."""
    sys.stdout.flush()
    sys.stderr.flush()
    watched: set[int | signal.Signals] = {*HANDED_ON, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _become(command, environment, made, around, parent, before)
    try:
        return _attend(child, watched)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _become(
    command: list[str],
    environment: Mapping[str, str],
    made: Machine,
    around: Surroundings,
    parent: int,
    mask: set[int | signal.Signals],
) -> None:
    """In the child: never returns."""
    code = NOT_ENTERED
    try:
        die_with_parent(parent)  # the machine goes with its parent, and a command without a network is of no use
        enter(made.namespace, around, made.user)
        die_with_parent(parent)  # again: the kernel forgets it where rights change
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them; a command expects them as they were
            signal.signal(number, signal.SIG_DFL)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.execvpe(command[0], command, dict(environment))
    except FileNotFoundError:
        code = NOT_FOUND
        os.write(2, f"cannot run '{command[0]}': there is no such command\n".encode())
    except PermissionError as error:
        code = NOT_EXECUTABLE if error.filename else NOT_ENTERED
        os.write(2, f"cannot run '{command[0]}': {error.strerror or error}\n".encode())
    except BaseException as error:
        text = getattr(error, "strerror", None) or str(error)
        os.write(2, (text if text.startswith("cannot") else f"cannot run '{command[0]}': {text}").encode() + b"\n")
    finally:
        os._exit(code)


def _attend(child: int, watched: set[int | signal.Signals]) -> int:
    """Wait for the child's end; signals sent to us go on to it, those typed at the terminal it has got already."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        came = signal.sigwaitinfo(watched)
        if came.si_signo != signal.SIGCHLD and came.si_code != SI_KERNEL:
            os.kill(child, came.si_signo)
