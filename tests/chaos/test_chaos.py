"""One seed, one process, no sleeping: whatever happens, the rows are what holds in the end, and nothing else meanwhile."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from types import SimpleNamespace

import pytest

from cloister.control import loop as control_loop
from tests.boxes import Box
from tests.chaos import virtual_time
from tests.chaos.cloud import Chaos
from tests.chaos.walk import grow, put_group, put_network, put_table, turn, walk, zone

ROUNDS, STEPS = 3, 10
SEEDS_DEEP = int(os.environ.get("CLOISTER_CHAOS_SEEDS", "1000"))
MEMORY = Path("/dev/shm")


async def story(seed: int, path: Path) -> Counter[str]:
    """Grow a world, then rounds of mischief, each with a calm at its end."""
    timer = SimpleNamespace(monotonic=asyncio.get_running_loop().time)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(control_loop, "time", timer)
        cloud = Chaos(seed, path, timer)
        await cloud.start()
        await grow(cloud)
        for number in range(ROUNDS):
            cloud.mischief(cloud.rng.choice([0.0, 0.02, 0.05, 0.15]))
            for _ in range(STEPS):
                together = cloud.rng.choice([1, 1, 2, 4])
                await asyncio.gather(*(walk(cloud, 1) for _ in range(together)))
                await _trouble(cloud)
            await cloud.calm()
            assert not cloud.problems, f"seed {seed}, round {number}: " + "\n".join(cloud.problems[:5])
        await cloud.end()
    return cloud.counts


async def _trouble(cloud: Chaos) -> None:
    roll = cloud.rng.random()
    if roll < 0.1:
        await cloud.restart()
    elif roll < 0.2:
        cloud.drivers["fabric"].meddle()
    elif roll < 0.25:
        cloud.store.full = True
        await walk(cloud, 2)
        cloud.store.full = False
        cloud.counts["full disks"] += 1
    elif roll < 0.4:
        await asyncio.sleep(cloud.rng.expovariate(0.3))


def chaos(seed: int) -> Counter[str]:
    """One seed, to its end; raises AssertionError where something is wrong."""
    logging.disable(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            return virtual_time.run(story(seed, Path(folder)))
    finally:
        logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", range(20))
def test_chaos(seed):
    print(dict(chaos(seed)))


async def turns(path: Path) -> Counter[str]:
    """Two spokes by a hub: rules and peerings change in one moment, again and again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(control_loop, "time", SimpleNamespace(monotonic=asyncio.get_running_loop().time))
        cloud = Chaos(1, path, None)
        await cloud.start()
        for make in (put_group, put_group, put_table, put_table):
            await make(cloud)
        for name in "abd":
            await put_network(cloud, name)
        await zone(cloud)
        await cloud.calm()
        for spoke in "bd":
            for opens in (False, True, False):
                await turn(cloud, spoke, opens)
                await cloud.calm()
            await zone(cloud)
        await cloud.end()
    assert not cloud.problems, "\n".join(cloud.problems[:5])
    return cloud.counts


def test_what_is_narrowed_is_narrowed_before_rules_open(tmp_path):
    print(dict(virtual_time.run(turns(tmp_path))))


@pytest.mark.deep(share=24)
@pytest.mark.timeout(0)
def test_chaos_deep(box):
    first = int(os.environ.get("CLOISTER_SEED", "1000"))  # the same for everybody, until somebody asks for others
    total = together(range(first, first + SEEDS_DEEP), box)
    box.tell("seeds", total["seeds"], SEEDS_DEEP)
    print(f"seeds {first} to {first + total['seeds'] - 1}: {dict(total)}")
    assert total["flows at rest"] > 10 * total["seeds"], (
        "the walks make hardly anything that could pass: nothing is shown by them"
    )


def together(seeds: Iterable[int], box: Box) -> Counter[str]:
    """One seed on each core at a time, until all are done or the box is over. Raises what the first that fails raises."""
    total: Counter[str] = Counter()
    coming, under_way = iter(seeds), set[Future[Counter[str]]]()
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores) as pool:
        while True:
            while len(under_way) < cores and not box.over and (seed := next(coming, None)) is not None:
                under_way.add(pool.submit(chaos, seed))
            if not under_way:
                return total
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for one in done:
                total += one.result() + Counter({"seeds": 1})
