"""``inside.py HOME NAMESPACE CMD...``: run a command in one of a cloud's network namespaces, with all rights over it.

What no user of the cloud can do: the tests look at the services' sockets with it, and forge packets on machines.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cloister.home import Home
from cloister.keeper import rights
from cloister.keeper.client import Keeper, enter_network


def inside(home: Home, namespace: str, *command: str) -> list[str]:
    """The argv that runs ``command`` there. (``-P``: beside this file lies a package named as one of Python's own.)"""
    return [sys.executable, "-P", __file__, str(home.root), namespace, *command]


def main() -> None:
    """Enter and become the command. Raises OSError, KeeperRefused."""
    keeper = Keeper(Home(Path(sys.argv[1])).socket("keeper"))
    user, network = keeper.user(), keeper.namespace(sys.argv[2], create=False)
    if user >= 0:
        rights.enter_user(user)
    enter_network(network)
    rights.keep_all()
    os.execvp(sys.argv[3], sys.argv[3:])


if __name__ == "__main__":
    main()
