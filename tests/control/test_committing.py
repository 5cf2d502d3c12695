"""Group commit: what shares a transaction, what nobody sees before it is on disk, and what becomes of those that shared one
that failed."""

from __future__ import annotations

import asyncio
import threading

from cloister.arm.resource import Row
from cloister.control.committing import together
from cloister.control.ports import Commit
from tests.control.fake_cloud import GROUP

NETS = f"{GROUP}/providers/Test.Net/nets"
NET = {"location": "eastus2", "properties": {"prefixes": ["x"]}}


class Held:
    """The cloud's store, whose commits wait for ``gate``; ``refuse`` says which it does not take."""

    def __init__(self, cloud):
        self.gate, self.seen = threading.Event(), []
        self.refuse = lambda commit: False
        self.problem = OSError("the disk does not answer")
        self._commit = cloud.store.commit
        cloud.store.commit = self.commit

    def commit(self, commit):
        assert self.gate.wait(10)
        self.seen.append(sorted(row.name for row in commit.put))
        if self.refuse(commit):
            raise self.problem
        self._commit(commit)

    def names(self, *names):
        return lambda commit: any(row.name in names for row in commit.put)


async def begun(cloud, count):
    """Wait until so many rows are on their way."""
    async with asyncio.timeout(10):
        while len(cloud.engine.disk.ahead.keys_below(NETS.lower())) < count:
            await asyncio.sleep(0)


def test_what_gathers_during_a_sync_goes_to_disk_together(in_cloud):
    async def work(cloud):
        held, before = Held(cloud), cloud.engine.revision
        writes = [asyncio.create_task(cloud.call("PUT", f"{NETS}/n{n}", NET)) for n in range(9)]
        await begun(cloud, 9)
        assert not held.seen and (await cloud.call("GET", f"{NETS}/n0"))[0] == 404
        held.gate.set()
        assert [status for status, _, _ in await asyncio.gather(*writes)] == [201] * 9
        assert len(held.seen) < 9 and [name for names in held.seen for name in names] == [f"n{n}" for n in range(9)]
        assert cloud.engine.revision == cloud.store.load()[0] == before + 9
        etags = {(await cloud.call("GET", f"{NETS}/n{n}"))[2]["etag"] for n in range(9)}
        assert len(etags) == 9, "each write has a revision of its own"

    in_cloud(work)


def test_a_write_sees_what_is_on_its_way_and_nobody_is_told_before_it_is_there(in_cloud):
    async def work(cloud):
        await cloud.net("gone")
        held = Held(cloud)
        asked = [
            ("PUT", f"{NETS}/n1", NET),
            ("PUT", f"{NETS}/N1", {**NET, "tags": {"a": "b"}}),
            ("DELETE", f"{NETS}/gone", None),
            ("DELETE", f"{NETS}/gone", None),
            ("PATCH", f"{NETS}/gone", {"tags": {}}),
        ]
        answers = [asyncio.create_task(cloud.call(*what)) for what in asked]
        await begun(cloud, 1)
        for _ in range(20):
            await asyncio.sleep(0)
        assert not any(answer.done() for answer in answers), "neither an answer nor a refusal leaves before the disk has it"
        held.gate.set()
        assert [status for status, _, _ in await asyncio.gather(*answers)] == [201, 200, 200, 204, 404]
        assert (await cloud.call("GET", f"{NETS}/n1"))[1]["tags"] == {"a": "b"}

    in_cloud(work)


def test_of_a_group_that_fails_only_those_fail_that_the_store_does_not_take(in_cloud):
    async def work(cloud):
        held = Held(cloud)
        held.refuse, held.problem = held.names("n2"), OSError(28, "No space left on device")
        writes = [asyncio.create_task(cloud.call("PUT", f"{NETS}/n{n}", NET)) for n in range(5)]
        await begun(cloud, 5)
        held.gate.set()
        assert [status for status, _, _ in await asyncio.gather(*writes)] == [201, 201, 507, 201, 201]
        assert (await cloud.call("GET", f"{NETS}/n2"))[0] == 404
        assert cloud.engine.revision == cloud.store.load()[0] == cloud.engine.disk.revision
        assert {row.name for row in cloud.store.load()[1]} >= {"n0", "n1", "n3", "n4"}

    in_cloud(work)


def test_a_client_that_goes_away_takes_nobody_with_it(in_cloud):
    async def work(cloud):
        held = Held(cloud)
        writes = [asyncio.create_task(cloud.call("PUT", f"{NETS}/n{n}", NET)) for n in range(4)]
        await begun(cloud, 4)
        writes[0].cancel()
        writes[2].cancel()
        held.gate.set()
        ended = await asyncio.gather(*writes, return_exceptions=True)
        assert [one if isinstance(one, BaseException) else one[0] for one in ended[1::2]] == [201, 201]
        assert all(isinstance(one, asyncio.CancelledError) for one in ended[::2])
        for n in range(4):
            assert (await cloud.call("GET", f"{NETS}/n{n}"))[0] == 200, "what has begun to be written is written to the end"
        assert (await cloud.call("PUT", f"{NETS}/n9", NET))[0] == 201

    in_cloud(work)


def test_what_stood_on_a_write_that_failed_is_looked_at_again(in_cloud):
    async def work(cloud):
        held = Held(cloud)
        held.refuse = held.names("n1")
        first = asyncio.create_task(cloud.call("PUT", f"{NETS}/n1", NET))
        await begun(cloud, 1)
        on_it = [
            asyncio.create_task(cloud.call("PATCH", f"{NETS}/n1", {"tags": {"a": "b"}})),
            asyncio.create_task(cloud.call("PUT", f"{NETS}/n1", NET, if_none_match="*")),
            asyncio.create_task(cloud.call("PUT", f"{NETS}/n3", NET)),
        ]
        await begun(cloud, 2)
        held.gate.set()
        assert (await first)[0] == 503
        assert [status for status, _, _ in await asyncio.gather(*on_it)] == [404, 503, 201]
        held.refuse = lambda commit: False
        assert (await cloud.call("PUT", f"{NETS}/n1", NET))[0] == 201

    in_cloud(work)


def test_what_decides_about_others_is_on_disk_before_they_are_looked_at(in_cloud):
    async def work(cloud):
        await cloud.net("n1")
        held, lock = Held(cloud), f"{GROUP}/providers/Microsoft.Authorization/locks/l"
        locking = asyncio.create_task(cloud.call("PUT", lock, {"properties": {"level": "CanNotDelete"}}))
        async with asyncio.timeout(10):
            while cloud.engine.disk.ahead.get(lock.lower()) is None:
                await asyncio.sleep(0)
        deleting = asyncio.create_task(cloud.call("DELETE", f"{NETS}/n1"))
        held.gate.set()
        assert (await locking)[0] == 201
        status, error, _ = await deleting
        assert (status, error["error"]["code"]) == (409, "ScopeLocked")

    in_cloud(work)


def test_several_commits_are_one_where_the_last_word_holds():
    def row(name, **body):
        return Row(id=f"/r/{name}", type="T", body=body)

    first = Commit(revision=4, put=(row("a", n=1), row("b")), counters={"x": 1}, documents={"d": 1, "e": 2})
    second = Commit(revision=5, put=(row("a", n=2),), drop=("/r/B", "/r/c"), counters={"x": 3}, documents={"d": None})
    third = Commit(revision=6, put=(row("c"),), counters={"y": 1})
    found = together([first, second, third])
    assert found.revision == 6 and {one.id: one.body for one in found.put} == {"/r/a": {"n": 2}, "/r/c": {}}
    assert found.drop == ("/r/B",) and found.counters == {"x": 3, "y": 1} and found.documents == {"d": None, "e": 2}
