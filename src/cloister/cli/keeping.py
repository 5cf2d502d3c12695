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
