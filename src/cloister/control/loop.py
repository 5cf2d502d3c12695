"""The reconcile loop: committed rows -> desired objects -> edits, in ORDER, to the drivers; and what came of it.

One pass at a time. A pass takes all changes that have gathered, recomputes what they touch, compares with what the
drivers hold and applies the difference phase by phase. What a driver holds is read from it when it was first reached,
when it was started anew, when one of its edits failed, and every now and then (foreign edits are repaired). A driver
that cannot be reached ends the pass; it is tried again, and nothing after the missing step is granted meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import msgspec

from cloister.arm.resource import ResourceType, Row, View
from cloister.compilers.between import Narrow, Planned, abroad, parted
from cloister.compilers.diff import difference, same
from cloister.compilers.order import SEVERED, Phase, arrange
from cloister.control.ports import Driver
from cloister.control.realized import Realized
from cloister.ipc.frames import CallFailed, Unreachable
from cloister.limits import EDITS_PER_BATCH_MAX
from cloister.net.desired import (
    Desired,
    EdgeObject,
    Edit,
    FabricObject,
    IdentityRoute,
    PeerLink,
    Publication,
    Put,
    ResolverObject,
    Sever,
)
from cloister.net.intent import Intent

log = logging.getLogger("cloister.loop")

KINDS = {"fabric": FabricObject, "edge": EdgeObject, "resolver": ResolverObject}
OBSERVE_SECONDS = 10.0  # between two readings of a driver that nothing has happened to
OBSERVE_SHARE = 50  # and at least so many times as long as a reading takes: changes wait for one in fifty moments at most
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)


def places(thing: Desired | None) -> frozenset[str]:
    """The namespaces that an object stands in, services aside, and the identity that it is about. A public address stands in the
    internet too: all that send there reach it."""
    if not isinstance(thing, FabricObject):
        return frozenset()
    found = [getattr(thing, name, "") for name in ("namespace", "router", "other", "identity")]
    return frozenset(filter(None, [*found, "internet" if isinstance(thing, Publication) else ""]))


def _waits(phase: Phase, edit: Edit, closed: set[str], open_still: Iterable[Sever]) -> bool:
    """Whether an edit must not be done in this pass."""
    if isinstance(edit, Sever) or phase.verb is Narrow:
        return False
    if isinstance(edit, Put) or phase.grants:
        return bool(places(edit.object) & closed)
    if isinstance(edit.object, IdentityRoute):  # what tells, after a restart, that connections may be open
        return any(sever.identity == edit.object.identity for sever in open_still)
    return False


class DriverLost(Exception):
    """A driver could not be reached in the middle of a pass."""


class Held:
    """What one driver holds, as last read or acknowledged."""

    def __init__(self, name: str, driver: Driver, generation: Callable[[], int]):
        self.name = name
        self.driver = driver
        self.kinds = KINDS[name].__args__
        self.objects: dict[str, Desired] = {}
        self.errors: dict[str, str] = {}
        self.stale = True
        self._generation = generation
        self._seen = -1
        self._read_at = 0.0
        self._took = 0.0

    def due(self) -> bool:
        """Whether it must be read before the next edit."""
        age = time.monotonic() - self._read_at
        return self.stale or self._generation() != self._seen or age > max(OBSERVE_SECONDS, OBSERVE_SHARE * self._took)

    async def read(self) -> set[str]:
        """Read all; answers the keys whose objects differ from what was remembered."""
        began = time.monotonic()
        found = {thing.key: thing for thing in await self.driver.observe()}
        before, self.objects = self.objects, found
        self.stale, self._seen, self._read_at = False, self._generation(), time.monotonic()
        self._took = self._read_at - began
        return {
            key
            for key in before.keys() | found.keys()
            if key not in before or key not in found or not same(before[key], found[key])
        }

    def note(self, edit: Edit, problem: str) -> None:
        """Take in one answer to one edit."""
        if isinstance(edit, Sever):
            if problem:
                self.stale = True
            return
        key = edit.object.key
        if problem:
            self.errors[key] = problem
            self.stale = True
            return
        self.errors.pop(key, None)
        if isinstance(edit, Put):
            self.objects[key] = edit.object
        else:
            self.objects.pop(key, None)

    def forgive(self, desired: Mapping[str, Desired]) -> None:
        """Forget the errors of what is as it should be: there, or not there. An edit may fail and yet have been done."""
        for key in list(self.errors):
            have, want = self.objects.get(key), desired.get(key)
            if have is want is None or (have is not None and want is not None and same(have, want)):
                del self.errors[key]


class ReconcileLoop:
    """See the module. ``view`` answers the rows at the current revision; ``drivers`` are by name; ``given`` as for Realized."""

    def __init__(
        self,
        types: Mapping[str, ResourceType],
        view: Callable[[], View],
        drivers: Mapping[str, Driver],
        generation: Callable[[str], int] = lambda name: 0,
        given: Iterable[Intent] = (),
    ):
        self.realized = Realized(types, given)
        self._types = types
        self._view = view
        self._held = {name: Held(name, driver, partial(generation, name)) for name, driver in drivers.items()}
        self._gathered: dict[str, tuple[Row | None, Row | None]] = {}
        self._dirty: set[str] = set(self.realized.desired)
        self._owed: dict[Sever, None] = {}  # begun in a pass that was cut short, or failed
        self._revision = 0
        self._done = 0
        self._wake = asyncio.Event()
        self._passed = asyncio.Event()  # set, and another one made, at the end of each pass
        self._tries = 0
        self._listeners: dict[str, list[Callable[[str, Row | None], None]]] = {}
        self._moment = 0  # goes up whenever a state may have changed
        self.drift = 0  # objects found changed behind our back since the start

    # --- what the engine asks

    def changed(self, revision: int, rows: Iterable[tuple[str, Row | None, Row | None]]) -> None:
        """See ports.Loop."""
        for id, old, new in rows:
            row = new or old
            kind = row.type.lower() if row else ""
            for listener in self._listeners.get(kind, ()):
                listener(id, new)
            first = self._gathered.get(id.lower())
            self._gathered[id.lower()] = (first[0] if first else old, new)
        self._revision = max(self._revision, revision)
        self._moment += 1
        self._wake.set()

    def listen(self, type: str, listener: Callable[[str, Row | None], None]) -> None:
        """Have ``listener(id, row or None)`` told of every committed change to rows of ``type``."""
        self._listeners.setdefault(type.lower(), []).append(listener)

    def state(self, id: str) -> tuple[str, str]:
        """See ports.Loop."""
        if id.lower() in self._gathered:
            row = self._gathered[id.lower()][1]
            if row is not None and self._realizes(row):
                return "Updating", "not yet applied"
        if reason := self.realized.faults.get(id.lower()):
            return "Failed", reason
        waiting = ""
        for key in self.realized.objects_of(id):
            held = self._of(self.realized.desired[key])
            if key in held.errors:
                return "Failed", held.errors[key]
            if key not in held.objects or not same(held.objects[key], self.realized.desired[key]):
                waiting = f"{key} is not yet applied"
        return ("Updating", waiting) if waiting else ("Succeeded", "")

    def moment(self) -> int:
        """See ports.Loop."""
        return self._moment

    async def applied(self, id: str, revision: int, timeout: float) -> bool:
        """See ports.Loop."""
        if self._done < revision:
            try:
                async with asyncio.timeout(timeout):
                    while self._done < revision:
                        await self._passed.wait()
            except TimeoutError:
                return False
        return self.state(id)[0] != "Updating"

    def look_again(self) -> None:
        """Have every driver read at the next pass, which begins at once."""
        for held in self._held.values():
            held.stale = True
        self._wake.set()

    def status(self) -> dict:
        """Numbers for ``cloister status``: revision, applied revision, objects and errors by driver, drift.

        ``waiting``: objects that are not yet as the rows ask, or not known to be. A revision is applied when a pass took it in;
        what failed in that pass, and what was held back with it, is tried again and counts here until it holds.
        """
        return {
            "revision": self._revision,
            "applied": self._done,
            "waiting": len(self._dirty.union(*(held.errors for held in self._held.values()))),
            "drift": self.drift,
            "drivers": {
                name: {"objects": len(held.objects), "errors": dict(list(held.errors.items())[:20])}
                for name, held in self._held.items()
            },
        }

    # --- the loop

    async def run(self) -> None:
        """Pass after pass, until cancelled."""
        while True:
            try:
                await self._pass()
                unfinished = self._owed or self._dirty or any(held.errors for held in self._held.values())
                self._tries = self._tries + 1 if unfinished else 0
            except (DriverLost, Unreachable, TimeoutError, CallFailed) as error:
                log.warning("pass.ended reason=%s", error)
                self._tries += 1
            except Exception:
                log.exception("internal error: bug in the reconcile loop")
                self._tries += 1
            await self._rest()

    async def _rest(self) -> None:
        pause = RETRY_SECONDS[min(self._tries, len(RETRY_SECONDS)) - 1] if self._tries else OBSERVE_SECONDS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._wake.wait()

    async def _pass(self) -> None:
        self._wake.clear()
        await self._observe()
        revision, gathered = self._revision, self._gathered
        self._gathered = {}
        rows = [(id, old, new) for id, (old, new) in gathered.items()]
        self._dirty |= self.realized.change(self._view(), rows)
        self._moment += 1
        keys = set(self._dirty)
        for held in self._held.values():
            keys |= held.errors.keys()
        edits = self._edits(keys)
        edits += [edit for held in self._held.values() for edit in parted(edits, held.objects)]
        again = {edit.object.key for edit in edits if not isinstance(edit, Sever)}  # also what stays as it is, but for a moment
        self._dirty |= again
        keys |= again
        self._owed |= {edit: None for edit in edits if isinstance(edit, Sever)}
        waiting = await self._apply_all([*(edit for edit in edits if not isinstance(edit, Sever)), *self._owed])
        self._dirty -= keys - waiting
        for held in self._held.values():
            held.forgive(self.realized.desired)
        self._moment += 1
        self._done = max(self._done, revision)
        passed, self._passed = self._passed, asyncio.Event()
        passed.set()

    async def _apply_all(self, edits: list[Planned]) -> set[str]:
        """All edits in ORDER. Answers the keys of those held back: what they stand on, or wait for, failed."""
        closed: set[str] = set()  # namespaces where a restriction failed: nothing is granted there before it holds;
        # and identities that have no way back: a forward would let connections in that nothing tells of when they must end
        open_still: dict[Sever, None] = {}
        waiting: set[str] = set()
        for phase, group in arrange(edits):
            held_back = [edit for edit in group if _waits(phase, edit, closed, open_still)]
            waiting |= {edit.object.key for edit in held_back if not isinstance(edit, Sever)}
            for edit in await self._apply(phase, [edit for edit in group if edit not in held_back] if held_back else group):
                if isinstance(edit, Sever):
                    open_still[edit] = None
                elif phase.guards:
                    closed |= self._joined(places(edit.object))
                elif isinstance(edit, Put) and isinstance(edit.object, IdentityRoute):
                    closed.add(edit.object.identity)
            if phase is SEVERED:
                self._owed = open_still
        return waiting

    async def _observe(self) -> None:
        for held in self._held.values():
            if held.due():
                first = held._seen < 0
                found = await held.read()
                self._moment += 1
                if not first:
                    self.drift += len(found - self._dirty - held.errors.keys())
                self._dirty |= found

    def _joined(self, networks: Iterable[str]) -> set[str]:
        """These routers and all that peerings join them to: what one of them forwards may end in any; and those at the other end
        of the internet: who is reached there, where one of them sends to it, and who sends, where one of them is reached."""
        held = self._held["fabric"].objects.values()
        links = [link for link in held if isinstance(link, PeerLink)]
        found, before = set(networks), 0
        while len(found) != before:
            before = len(found)
            found |= {end for link in links for end in (link.namespace, link.other) if {link.namespace, link.other} & found}
        senders, reached = abroad(held)
        return found.union(*(ends for others, ends in ((senders, reached), (reached, senders)) if others & found))

    def _edits(self, unsorted: set[str]) -> list[Planned]:
        edits: list[Planned] = []
        keys = sorted(unsorted)  # the same rows make the same edits in the same order
        for held in self._held.values():
            mine = {key: thing for key in keys if (thing := self.realized.desired.get(key)) and isinstance(thing, held.kinds)}
            edits += difference(mine, held.objects, [key for key in keys if key in mine or key in held.objects])
        return edits

    async def _apply(self, phase: Phase, edits: list[Edit]) -> list[Edit]:
        """One phase; answers the edits that failed. Raises DriverLost."""
        held = self._held.get(phase.driver)
        if held is None:
            return []
        failed: list[Edit] = []
        for start in range(0, len(edits), EDITS_PER_BATCH_MAX):
            batch = edits[start : start + EDITS_PER_BATCH_MAX]
            try:
                answers = await held.driver.apply(batch)
            except (Unreachable, TimeoutError, CallFailed) as error:
                held.stale = True
                raise DriverLost(f"{phase.name}: {phase.driver}: {error}") from error
            self._moment += 1
            for edit, problem in zip(batch, answers, strict=True):
                held.note(edit, problem)
                if problem:
                    failed.append(edit)
                    log.warning("edit.failed phase=%s edit=%s reason=%s", phase.name, msgspec.json.encode(edit).decode(), problem)
        return failed

    def _of(self, thing: Desired) -> Held:
        return next(held for held in self._held.values() if isinstance(thing, held.kinds))

    def _realizes(self, row: Row) -> bool:
        type = self._types.get(row.type.lower())
        return type is not None and type.realizes
