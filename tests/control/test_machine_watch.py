"""Machines go with their holder: no sooner where it cannot be watched now, and later where the store takes nothing."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys

import pytest

from cloister.arm.resource import Row
from cloister.control import machines
from cloister.control.machines import MACHINES, MachineWatch, start_time

ID = "/subscriptions/s/resourceGroups/g/providers/Cloister.Fabric/machines/m"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(machines, "AGAIN_SECONDS", 0.01)


@pytest.fixture
def holder():
    """A process that lives until the test ends it."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield child
    child.kill()
    child.wait()
    child.stdin.close()


def row(child: subprocess.Popen) -> Row:
    """A machine that ``child`` holds."""
    holds = {"pid": child.pid, "start": str(start_time(child.pid))}
    return Row(id=ID, type=MACHINES, body={"properties": {"holder": holds}})


async def until(what) -> None:
    """Wait for it, at most 10 s."""
    async with asyncio.timeout(10):
        while not what():
            await asyncio.sleep(0.005)


def test_a_holder_that_cannot_be_watched_now_counts_as_alive(holder, monkeypatch):
    asked: list[int] = []
    opened = os.pidfd_open

    def lacking(pid: int) -> int:
        asked.append(pid)
        if len(asked) < 4:
            raise OSError(errno.EMFILE, "Too many open files")
        return opened(pid)

    monkeypatch.setattr(os, "pidfd_open", lacking)

    async def work() -> None:
        removed: list[str] = []

        async def remove(id: str) -> bool:
            removed.append(id)
            return True

        watch = MachineWatch(remove)
        watch.changed(ID, row(holder))
        await until(lambda: len(asked) == 4)
        assert not removed
        holder.kill()
        await until(lambda: removed == [ID])

    asyncio.run(work())


def test_a_row_that_is_not_removed_is_tried_again(holder):
    async def work() -> None:
        answers = [False, False, True]
        tried: list[bool] = []

        async def remove(id: str) -> bool:
            tried.append(answers[len(tried)])
            return tried[-1]

        watch = MachineWatch(remove)
        watch.changed(ID, row(holder))
        assert not tried
        holder.kill()
        await until(lambda: tried == answers)

    asyncio.run(work())


def test_a_row_that_went_is_watched_no_more(holder, monkeypatch):
    def lacking(pid: int) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "pidfd_open", lacking)

    async def work() -> None:
        watch = MachineWatch(None)  # type: ignore[arg-type]
        watch.changed(ID, row(holder))
        watch.changed(ID, None)
        watch.changed(ID, None)
        assert not watch._later and not watch._watched

    asyncio.run(work())
