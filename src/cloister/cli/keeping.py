"""The keeper's side of a command: which processes run, whether they answer, and the end of the keeper itself."""

from __future__ import annotations

import os
import select
from typing import Any

from cloister.cli.errors import CliError
from cloister.home import Home
from cloister.ipc.frames import CallFailed, Unreachable, call_blocking
from cloister.keeper.client import Keeper, KeeperRefused

PINGED = ("fabric", "resolver", "edge", "control")
"""The processes that must answer before a cloud is up, in the order in which they come up."""
STOP_SECONDS = 20.0


def keeper_pid(home: Home) -> int:
    """The pid of the running keeper; 0 if none answers."""
    keeper = Keeper(home.socket("keeper"), timeout=5.0)
    try:
        return keeper.ping()
    except (OSError, KeeperRefused):
        return 0
    finally:
        keeper.close()


def children(home: Home) -> list[dict[str, Any]]:
    """The keeper's children: name, pid (0: not running), restarts, since (Unix time). Empty where no keeper answers."""
    keeper = Keeper(home.socket("keeper"), timeout=5.0)
    try:
        return keeper.children()
    except (OSError, KeeperRefused):
        return []
    finally:
        keeper.close()


def answers(home: Home, name: str) -> bool:
    """Whether a process answers a ping now."""
    try:
        call_blocking(home.socket(name), "ping", None, 2.0)
    except (Unreachable, ConnectionError, TimeoutError):
        return False
    except CallFailed:
        return True  # it answers, if only to refuse
    return True


def unanswered(home: Home, error: Unreachable) -> str:
    """Why control did not answer, for a user: nothing runs, control is being started again, or it runs and takes no caller."""
    begin = f"cannot reach the cloud in {home.root}"
    if error.listens:
        return (
            f"{begin}: control runs and takes no connection now ({error}); it may be short of descriptors, or have just ended: "
            f"try again, and read {home.log_file} if it stays so"
        )
    if keeper_pid(home):
        return f"{begin}: control is not running, and its keeper starts it again; try again in a moment, or read {home.log_file}"
    return f"{begin}: no control process answers; start it with 'cloister up'"


def stop(home: Home, timeout: float = STOP_SECONDS) -> bool:
    """End everything in order and wait for the keeper's end. False if nothing ran. Raises CliError when it does not end."""
    pid = keeper_pid(home)
    if not pid:
        return False
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        Keeper(home.socket("keeper")).stop(timeout)
        ended = bool(select.select([descriptor], [], [], timeout)[0])
    except (OSError, KeeperRefused):
        ended = bool(select.select([descriptor], [], [], 1.0)[0])
    finally:
        os.close(descriptor)
    if not ended:
        raise CliError(
            f"cannot stop the cloud: its keeper (pid {pid}) still runs after {timeout:g} s; read {home.log_file}, "
            f"and if nothing else helps end it with 'kill -9 {pid}'"
        )
    return True
