"""The time of the long tests: each has a box within DEEP_MINUTES, and one table at the end tells what each reached.

``@pytest.mark.deep(share=8)`` is a test that takes what it gets, through the fixture ``box``; ``@pytest.mark.deep(seconds=60)``
is one that cannot be shortened and takes about so long on a quiet machine of two cores. A property test has a share of
``PROPERTY_SHARE``. What is left of the time, less what those that cannot be shortened still need, is divided by the shares of
those that have not begun: whoever ends early leaves his rest to the others.
"""

from __future__ import annotations

import functools
import os
import time
import unittest
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest

DEEP_MINUTES = float(os.environ.get("DEEP_MINUTES", "60"))
PROPERTY_SHARE = 0.5
LEAST_SECONDS = 2.0  # of a box, however little is left
EXAMPLES_MAX = 5000  # of a property test in its box
_DEEP = "deep"

hypothesis.settings.register_profile(_DEEP, max_examples=EXAMPLES_MAX, deadline=None, print_blob=True)


def examples(number: int) -> int:
    """``max_examples`` of a property test: ``number`` in `make test`; in `make deep` as many as its box holds."""
    return EXAMPLES_MAX if hypothesis.settings.get_current_profile_name() == _DEEP else number


class Box:
    """One test's time, from its call on, and what it reached in it."""

    def __init__(self, name: str, seconds: float):
        self.name = name
        self.seconds = seconds
        self.reached: list[tuple[str, int, int]] = []  # what, how many, wanted (0: as many as there is time for)
        self.took = 0.0
        self.outcome = ""
        self.begin()

    def begin(self) -> None:
        """The time runs from now on."""
        self._began = time.monotonic()

    @property
    def passed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds until the end of the box; never negative."""
        return max(0.0, self.seconds - self.passed)

    @property
    def over(self) -> bool:
        """Whether its time is over: nothing new is to be begun."""
        return not self.left

    def part(self, fraction: float) -> Box:
        """A box for a part of the time, whose counts are not told."""
        return Box(self.name, self.left * fraction)

    def tell(self, what: str, number: int, wanted: int = 0) -> None:
        """For the table: so many of ``what``, of so many."""
        self.reached.append((what, number, wanted))


class _TimeIsOver(unittest.SkipTest):
    """Ends a property test in the middle: Hypothesis lets exceptions of this kind through at once."""


class Plan:
    """The boxes of one run. ``clock`` gives seconds."""

    def __init__(self, minutes: float, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._ends = clock() + 60 * minutes
        self._shares: dict[str, float] = {}
        self._fixed: dict[str, float] = {}
        self.boxes: dict[str, Box] = {}

    def begin(self, shares: dict[str, float], fixed: dict[str, float]) -> None:
        """All tests of this run by name: those with shares, and those that take their seconds."""
        self._shares, self._fixed = dict(shares), dict(fixed)

    def __contains__(self, name: str) -> bool:
        """Whether a test is a long one that has not begun."""
        return name in self._shares or name in self._fixed

    @property
    def over(self) -> bool:
        """Whether all the time is used up."""
        return self._clock() > self._ends

    def seconds(self, name: str) -> float:
        """What a test gets now."""
        if name in self._fixed:
            return self._fixed[name]
        left = self._ends - self._clock() - sum(self._fixed.values())
        shares = sum(self._shares.values()) or 1.0
        return max(LEAST_SECONDS, left * self._shares.get(name, 0.0) / shares)

    def open(self, name: str) -> Box:
        """The box of a test that begins."""
        box = self.boxes[name] = Box(name, self.seconds(name))
        self._shares.pop(name, None)
        self._fixed.pop(name, None)
        return box


_plan = pytest.StashKey[Plan]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """The clock begins when the tests do."""
    plan = session.config.stash[_plan] = Plan(DEEP_MINUTES)
    is_deep_run = hypothesis.settings.get_current_profile_name() == _DEEP
    shares: dict[str, float] = {}
    fixed: dict[str, float] = {}
    for item in session.items:
        mark = item.get_closest_marker("deep")
        if mark is not None and not mark.kwargs.keys() & {"share", "seconds"}:
            raise pytest.UsageError(f"cannot place {item.nodeid}: say deep(share=...) or deep(seconds=...), see tests/boxes.py")
        if mark is not None and "seconds" in mark.kwargs:
            fixed[item.nodeid] = float(mark.kwargs["seconds"])
        elif mark is not None:
            shares[item.nodeid] = float(mark.kwargs["share"])
        elif is_deep_run and _is_property(item):
            shares[item.nodeid] = PROPERTY_SHARE
    plan.begin(shares, fixed)


def _is_property(item: pytest.Item) -> bool:
    return hasattr(getattr(item, "obj", None), "hypothesis")


@pytest.fixture
def box(request: pytest.FixtureRequest) -> Box:
    """The time of this test, which runs from its call on."""
    return request.config.stash[_plan].boxes[request.node.nodeid]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """After DEEP_MINUTES no long test is begun."""
    plan = item.config.stash[_plan]
    if item.nodeid not in plan:
        return
    is_over = plan.over
    opened = plan.open(item.nodeid)
    if is_over:
        opened.outcome = "not begun"
        pytest.skip(f"DEEP_MINUTES={DEEP_MINUTES:g} are over")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """A property test ends with its box; every long one's time is noted."""
    opened = pyfuncitem.config.stash[_plan].boxes.get(pyfuncitem.nodeid)
    if opened is None:
        return (yield)
    opened.begin()  # what the fixtures took is not the test's
    bounded = _Bounded(pyfuncitem, opened) if _is_property(pyfuncitem) else None
    opened.outcome = "failed"
    try:
        done = yield
        opened.outcome = "passed"
        return done
    except pytest.skip.Exception:
        opened.outcome = "skipped"
        raise
    except Exception:
        if bounded is None or not bounded.is_over:
            raise
        opened.outcome = "passed"
        return True
    finally:
        opened.took = opened.passed
        if bounded is not None:
            opened.tell("examples", bounded.number)


class _Bounded:
    """A property test that stops when its box is over, unless something was found: then Hypothesis looks for the least of it."""

    def __init__(self, item: pytest.Function, box: Box):
        inner = item.obj.hypothesis.inner_test  # what Hypothesis calls for each example, open to be wrapped (its documentation)
        self.number = 0  # examples so far
        self.is_over = False
        """It was stopped; what it raises from then on is of no account: Hypothesis takes an early end for a fickle test."""
        self._has_failed = False

        @functools.wraps(inner)
        def example(*arguments: Any, **more: Any) -> Any:
            if box.over and self.number and not self._has_failed:
                self.is_over = True
                raise _TimeIsOver
            self.number += 1
            try:
                return inner(*arguments, **more)
            except hypothesis.errors.UnsatisfiedAssumption:
                raise
            except Exception:
                self._has_failed = True
                raise

        item.obj.hypothesis.inner_test = example


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The table of the long tests."""
    plan = config.stash.get(_plan, None)
    if plan is None or not plan.boxes:
        return
    terminalreporter.section(f"long tests, DEEP_MINUTES={DEEP_MINUTES:g}")
    for line in table(list(plan.boxes.values())):
        terminalreporter.write_line(line)


def table(boxes: list[Box]) -> list[str]:
    """What each long test reached: name, counts beside those wanted, seconds beside those it had."""
    lines = []
    for box in boxes:
        name = box.name.removeprefix("tests/")
        told = ", ".join(
            f"{number:,} of {wanted:,} {what}" if wanted else f"{number:,} {what}" for what, number, wanted in box.reached
        )
        lines.append((name, told, f"{box.took:.0f} of {box.seconds:.0f} s", box.outcome))
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    return [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}  {d}".rstrip() for a, b, c, d in lines]
