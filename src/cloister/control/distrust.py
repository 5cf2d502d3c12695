"""The engine distrusts the types' hooks: what they break is named, logged and answered with 500, never caught quietly."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from cloister.arm.errors import ArmError


class Bug(Exception):
    """A resource type broke its promise: ``internal error: bug in <type>: <what>``."""

    def __init__(self, kind: str, what: str):
        super().__init__(f"internal error: bug in {kind}: {what}")


@contextlib.contextmanager
def blamed(kind: str, hook: str, id: str) -> Iterator[None]:
    """Whatever a hook raises besides a refusal is a bug of its type."""
    try:
        yield
    except (ArmError, Bug):
        raise
    except Exception as error:
        raise Bug(kind, f"{hook} of {id} raised {error!r}") from error
