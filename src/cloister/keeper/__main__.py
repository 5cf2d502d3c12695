"""``python -m cloister.keeper``: run the keeper of ``CLOISTER_HOME``. Status 1 when one runs there already.

Without rights over networks it makes a user namespace of its own first. It stays in the host's network namespace, so the
host's sockets are made as ever; every namespace that it makes belongs to its user namespace.
"""

from __future__ import annotations

import sys

from cloister.home import Home
from cloister.keeper import rights
from cloister.keeper.server import CannotStart, Server


def main() -> int:
    """Serve until told to stop."""
    try:
        own_user = not rights.may_make_networks()
        if own_user:
            rights.own_user_namespace()
        server = Server(Home.default(), own_user=own_user)
    except (CannotStart, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
