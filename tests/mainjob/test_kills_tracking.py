"""kill -9 of the tracking process while a plain client logs metrics: every acknowledged one is there afterwards."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from typing import Any

import pytest

from tests.boxes import Box
from tests.mainjob.measures import processes
from tests.mainjob.metrics import Experiment
from tests.mainjob.test_kills import KILLS_DEEP, SEED
from tests.mainjob.world import World, eventually


def test_kills_while_metrics_are_logged(cloud):
    kills(cloud, 2, Box("", 60.0))


@pytest.mark.deep(share=8)
@pytest.mark.timeout(0)
def test_kills_while_metrics_are_logged_deep(cloud, box):
    kills(cloud, KILLS_DEEP, box)


def kills(cloud: Any, rounds: int, box: Box) -> None:
    """So many kills of the tracking process, each once something was acknowledged since the last."""
    rng = random.Random(SEED)
    world = World(cloud)
    done, over = 0, threading.Event()
    with Experiment(world, world.workspace("first", publicNetworkAccess="Enabled")) as experiment:

        def log() -> None:
            number = 0
            while not over.is_set():
                number += 1
                experiment.log(number)

        client = threading.Thread(target=log, daemon=True)
        client.start()
        try:
            while done < rounds and not (done and box.over):
                before = len(experiment.acknowledged)
                eventually(lambda before=before: len(experiment.acknowledged) > before, 60)
                time.sleep(rng.uniform(0.0, 0.2))  # a random moment, not a wait for something
                os.kill(eventually(lambda: processes(cloud).get("tracking"), 10), signal.SIGKILL)
                done += 1
            before = len(experiment.acknowledged)
            eventually(lambda: len(experiment.acknowledged) > before, 60)
        finally:
            over.set()
            client.join(60)
        assert not client.is_alive()
        lost = experiment.acknowledged - experiment.kept()
    box.tell("kills of tracking", done, rounds)
    print(f"{done} kills, {len(experiment.acknowledged)} metrics acknowledged, {len(lost)} lost, seed {SEED}")
    assert done and not lost
