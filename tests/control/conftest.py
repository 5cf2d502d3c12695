"""Fixtures of the engine's tests."""

from __future__ import annotations

import pytest

from tests.control.fake_cloud import Cloud, run


@pytest.fixture
def in_cloud(tmp_path):
    """Runs ``work(cloud)`` in a fresh cloud that has the group g1."""

    def start(work, routes=()):
        async def whole():
            cloud = await Cloud(tmp_path, routes).start()
            try:
                await cloud.group()
                return await work(cloud)
            finally:
                await cloud.close()

        return run(whole())

    return start
