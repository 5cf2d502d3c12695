"""An event loop whose clock jumps: nothing sleeps, every timer fires in order, a run is the same every time."""

from __future__ import annotations

import asyncio
import concurrent.futures
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    """Looks, and where there is nothing to see lets the clock jump instead of waiting."""

    jump: Callable[[float], None]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout:
            self.jump(timeout)
        assert found or timeout is not None, "everybody waits for something that cannot come"
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """``time()`` is the sum of all waits, in seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        selector = _Selector()
        selector.jump = self._jump
        super().__init__(selector)

    def _jump(self, seconds: float) -> None:
        self.now += seconds

    def time(self) -> float:
        return self.now

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Nothing: ``Inline`` has no threads, and asyncio would wait for one of its own to say so, in real time."""


class Inline(concurrent.futures.ThreadPoolExecutor):
    """An executor that does the work at once, where it was asked for."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **options: Any) -> concurrent.futures.Future:
        done: concurrent.futures.Future = concurrent.futures.Future()
        try:
            done.set_result(work(*args, **options))
        except BaseException as error:
            done.set_exception(error)
        return done


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run one coroutine to its end in virtual time; what it left running is cancelled."""
    loop = VirtualLoop()
    loop.set_default_executor(Inline())
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(work)
