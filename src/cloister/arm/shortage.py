"""What a process that has run out of something answers: no room on the disk, no file descriptor left.

Both pass by themselves, or when somebody makes room, so neither is a fault of the request or of the program.
"""

from __future__ import annotations

import errno

from cloister.arm.errors import ArmError

_SQLITE_FULL, _SQLITE_CANTOPEN = 13, 14  # sqlite.org/rescode.html; a database that was open before lacks a descriptor


def refusal(error: BaseException, process: str) -> ArmError | None:
    """The refusal for an error that comes from a shortage in ``process``; None for any other error."""
    found: BaseException | None = error
    while found is not None:
        number = found.errno if isinstance(found, OSError) else 0
        code = getattr(found, "sqlite_errorcode", 0) & 0xFF
        if number in (errno.ENOSPC, errno.EDQUOT) or code == _SQLITE_FULL:
            message = "cannot store the change: the disk of CLOISTER_HOME is full; free space and try again."
            return ArmError(507, "InsufficientStorage", message)
        if number in (errno.EMFILE, errno.ENFILE) or code == _SQLITE_CANTOPEN:
            message = (
                f"cannot work on the request: the cloud's {process} process has no file descriptor left; end connections, or "
                "start the cloud with a higher limit of open files (ulimit -n), and try again."
            )
            return ArmError(503, "ServiceUnavailable", message, headers={"retry-after": "1"})
        found = found.__cause__ or found.__context__
    return None
