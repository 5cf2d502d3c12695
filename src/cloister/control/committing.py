"""Group commit: what is written while the disk is busy goes to it together, as one transaction and one sync.

``ahead`` are the rows as they will be once all of that is on disk. Only the next writes look at them; everybody else sees the
Index, which gets a group's rows when the disk has them. A group that does not reach the disk takes with it what has gathered
meanwhile, for it may stand on it: none of it was seen by anyone, and those who wrote it look again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import msgspec

from cloister.arm import shortage
from cloister.arm.errors import ArmError
from cloister.arm.ids import key
from cloister.arm.resource import Row
from cloister.control.ports import Commit, Event, Store
from cloister.control.world import Index, Layer

log = logging.getLogger("cloister.store")


T = TypeVar("T")
Changes = list[tuple[str, Row | None, Row | None]]
"""``(key, old, new)`` of each row that changes."""


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """What one request writes."""

    commit: Commit
    rows: Changes


class Outcome(asyncio.Future[BaseException | None]):
    """None when what was written is on disk, else why not. Many wait for one; who is cancelled meanwhile ends when it is set."""

    def cancel(self, msg: Any = None) -> bool:
        """Refused: what has begun to be written is written to the end, and the others wait for the same."""
        return False


class Group:
    """Writes that reach the disk together or not at all, and ``done``, when they have."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.done = Outcome()


class Disk:
    """The way of writes to the store. ``publish`` is called with each of them, in order, once it is on disk.

    ``decides`` says whether what changes decides about other writes: those wait for it to be on disk.
    """

    def __init__(self, index: Index, store: Store, publish: Callable[[Write], None], decides: Callable[[Changes], bool]):
        self.ahead = Layer(index)
        self.revision = 0  # of the newest write, on disk or not
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        self.counters: dict[str, int] = {}
        self._store, self._publish, self._decides = store, publish, decides
        self._turns = asyncio.Lock()
        self._holds_turn = False  # what is written in this turn decides about other writes
        self._kept = 0  # the newest revision that is on disk
        self._gathering: Group | None = None
        self._under_way: Group | None = None

    def start(self, revision: int, counters: dict[str, int]) -> None:
        """Say what the store has."""
        self.revision = self._kept = revision
        self.counters = counters

    async def stop(self) -> None:
        """Let what is under way reach the disk."""
        async with self._turns:
            await self._rest()
            self.thread.shutdown(wait=True)

    async def turn(self, look: Callable[[], T]) -> T:
        """Have ``look`` see ``ahead`` and write; its answer or refusal when all that it saw is on disk.

        What did not get there, or stood on what did not, looks again with nothing under way; then a failure is its own.
        Raises what ``look`` raises, and ArmError 503 or 507 where the store does not take the change.
        """
        lost: BaseException | None = None
        for alone in (False, True):
            async with self._turns:
                if alone:
                    await self._rest()
                self._holds_turn = alone
                answer, refusal = _outcome(look)
                newest = self._gathering or self._under_way
                if self._holds_turn and newest is not None:
                    await newest.done
            lost = await newest.done if newest is not None else None
            if lost is None:
                if refusal is not None:
                    raise refusal
                return answer  # type: ignore[return-value]
        assert lost is not None
        log.error("store.failed reason=%s", lost, exc_info=lost)
        raise _unkept(lost) from lost

    def write(
        self,
        changes: Changes,
        *,
        now: str,
        by: str,
        counters: Mapping[str, int] = {},
        events: Iterable[Event] = (),
        documents: Mapping[str, Any] = {},
    ) -> int:
        """Have it go to disk with the next group; the next turns see its rows already. Only in a turn. Answers the revision."""
        self.revision += 1
        rows = [(place, old, _stamped(old, new, self.revision, now, by)) for place, old, new in changes]
        commit = Commit(
            revision=self.revision,
            put=tuple(new for _, _, new in rows if new is not None),
            drop=tuple(old.id for _, old, new in rows if new is None and old is not None),
            events=tuple(events),
            counters=counters,
            documents=documents,
        )
        self.counters.update(counters)
        self._holds_turn = self._holds_turn or self._decides(rows)
        for place, _, new in rows:
            if new is None:
                self.ahead.drop(place)
            else:
                self.ahead.put(new)
        if self._gathering is None:
            self._gathering = Group()
            asyncio.get_running_loop().call_soon(self._send)
        self._gathering.writes.append(Write(commit=commit, rows=rows))
        return self.revision

    async def _rest(self) -> None:
        """Wait until nothing is on its way, whatever comes of it."""
        while (newest := self._gathering or self._under_way) is not None:
            await newest.done

    def _send(self) -> None:
        """Have what has gathered written, unless something is: then it goes next."""
        if self._under_way is not None or self._gathering is None:
            return
        group, self._gathering = self._gathering, None
        self._under_way = group
        commit = together([one.commit for one in group.writes])
        try:
            written = asyncio.get_running_loop().run_in_executor(self.thread, self._store.commit, commit)
        except RuntimeError as error:  # the process ends: no thread is begun any more
            self._undo(group, error)
        else:
            written.add_done_callback(partial(self._sent, group))

    def _sent(self, group: Group, written: asyncio.Future[None]) -> None:
        error = InterruptedError("the cloud is going down") if written.cancelled() else written.exception()
        if error is None:
            self._arrived(group)
        else:
            log.warning("store.failed revision=%d writes=%d reason=%s", self.revision, len(group.writes), error)
            self._undo(group, error)
        self._send()

    def _arrived(self, group: Group) -> None:
        self._under_way = None
        for write in group.writes:
            self._kept = write.commit.revision
            try:
                self._publish(write)
            except Exception:  # it is on disk all the same, and so are those after it
                log.exception("internal error: bug where revision %d is published", self._kept)
            for place, _, new in write.rows:
                self.ahead.fell(place, new)
        group.done.set_result(None)

    def _undo(self, group: Group, error: BaseException) -> None:
        self.ahead.clear()
        self.revision = self._kept
        gathered, self._gathering, self._under_way = self._gathering, None, None
        for lost in (group, gathered):
            if lost is not None:
                lost.done.set_result(error)


def together(commits: list[Commit]) -> Commit:
    """Several commits as one: of what they write more than once, the last holds."""
    if len(commits) == 1:
        return commits[0]
    put: dict[str, Row] = {}
    drop: dict[str, str] = {}
    counters: dict[str, int] = {}
    documents: dict[str, Any] = {}
    for commit in commits:
        for id in commit.drop:
            put.pop(key(id), None)
            drop[key(id)] = id
        for row in commit.put:
            drop.pop(key(row.id), None)
            put[key(row.id)] = row
        counters.update(commit.counters)
        documents.update(commit.documents)
    return Commit(
        revision=commits[-1].revision,
        put=tuple(put.values()),
        drop=tuple(drop.values()),
        events=tuple(event for commit in commits for event in commit.events),
        counters=counters,
        documents=documents,
    )


def _outcome(look: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return look(), None
    except Exception as error:
        return None, error


def _unkept(error: BaseException) -> ArmError:
    """The answer to a write that the store did not take."""
    if (told := shortage.refusal(error, "control")) is not None:
        return told
    message = "cannot keep the change: the cloud's store did not take it; see the log, free disk space, and try again."
    return ArmError(503, "ServiceUnavailable", message, headers={"retry-after": "5"})


def _stamped(old: Row | None, new: Row | None, revision: int, now: str, by: str) -> Row | None:
    """The row with the time, the person and the revision of this change."""
    if new is None:
        return None
    return msgspec.structs.replace(
        new,
        revision=revision,
        created=(old.created if old is not None else new.created) or now,
        created_by=(old.created_by if old is not None else new.created_by) or by,
        changed=now,
        changed_by=by,
    )
