"""The boxes of the long tests: together they fit into the time, and whoever ends early leaves his rest to the others."""

from __future__ import annotations

from tests.boxes import LEAST_SECONDS, Box, Plan, table


class Clock:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_boxes_share_what_those_that_cannot_be_shortened_leave():
    clock = Clock()
    plan = Plan(10, clock)
    plan.begin({"long": 3, "short": 1, "last": 2}, {"fixed": 60})
    assert plan.open("long").seconds == 270  # (600 - 60) * 3 / 6
    clock.now = 90  # it ended early
    assert plan.open("fixed").seconds == 60
    clock.now = 150
    assert plan.open("short").seconds == 150  # (600 - 150) * 1 / 3
    assert "last" in plan and "short" not in plan
    clock.now = 598
    assert plan.open("last").seconds == LEAST_SECONDS and not plan.over
    clock.now = 601
    assert plan.over


def test_the_table_says_what_was_reached_of_what_was_wanted():
    one, other = Box("tests/a.py::test_a", 60), Box("tests/b.py::test_longer", 5)
    one.tell("seeds", 397, 1000)
    one.tell("edits", 12)
    other.outcome = "not begun"
    assert table([one, other]) == [
        "a.py::test_a       397 of 1,000 seeds, 12 edits  0 of 60 s",
        "b.py::test_longer                                 0 of 5 s  not begun",
    ]
