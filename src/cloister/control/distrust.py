"""The engine distrusts the types' hooks: what they break is named, logged and answered with 500, never caught quietly."""

from __future__ import annotations

from types import TracebackType

from cloister.arm.errors import ArmError


class Bug(Exception):
    """A resource type broke its promise: ``internal error: bug in <type>: <what>``."""

    def __init__(self, kind: str, what: str):
        super().__init__(f"internal error: bug in {kind}: {what}")


class blamed:
    """Whatever a hook raises inside, besides a refusal, is a bug of its type."""

    def __init__(self, kind: str, hook: str, id: str):
        self._kind, self._hook, self._id = kind, hook, id

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, Exception) and not isinstance(error, ArmError | Bug):
            raise Bug(self._kind, f"{self._hook} of {self._id} raised {error!r}") from error
