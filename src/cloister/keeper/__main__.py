"""``python -m cloister.keeper``: run the keeper of ``CLOISTER_HOME``. Status 1 when one runs there already."""

from __future__ import annotations

import sys

from cloister.home import Home
from cloister.keeper.server import CannotStart, Server


def main() -> int:
    """Serve until told to stop."""
    try:
        server = Server(Home.default())
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
