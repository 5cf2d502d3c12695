"""A cloud in one process and in virtual time: the real engine, store and loop over unkind drivers; and its two judges.

After every edit no flow may pass that the rows of no revision since the last calm allow. At rest, what is held is what a
fresh whole recompute of the rows asks for, and exactly the allowed flows pass.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from cloister.compilers.units import compile_all
from cloister.control.engine import Engine
from cloister.control.loop import ReconcileLoop
from cloister.control.ports import Commit
from cloister.control.realized import Realized
from cloister.drivers.sim.fabric import SimFabric, SimPlain
from cloister.net.desired import Desired, Edit, Forward
from cloister.net.intent import Intent
from cloister.providers import TYPES
from cloister.store.database import DatabaseStore, open_store
from tests.chaos.flows import Passing, allowed, passing
from tests.chaos.unkind import Unkind
from tests.chaos.virtual_time import Inline
from tests.providers.small_cloud import OWNER, RG, SUBSCRIPTION, TENANT, Answer

OWNER_ROLE = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CALM_SECONDS = 600.0  # of virtual time
API = "2024-05-01"
ROLE = {
    "properties": {
        "principalId": OWNER.principal,
        "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{OWNER_ROLE}",
    }
}


class FullDisk:
    """The store; while ``full`` it takes nothing."""

    def __init__(self, path: Path):
        self.inner: DatabaseStore = open_store(path)
        self.full = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def commit(self, commit: Commit) -> None:
        """As the store, or as a full disk answers."""
        if self.full:
            raise OSError(28, "No space left on device")
        self.inner.commit(commit)


class Chaos:
    """The cloud. ``start`` first; ``ask`` sends a request; ``calm`` ends all mischief and checks everything."""

    def __init__(self, seed: int, path: Path, clock: Any):
        self.rng = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.store = FullDisk(path / "rows.db")
        self.clock = clock
        self.fabric, self.edge, self.resolver = SimFabric(), SimPlain(), SimPlain()
        self.drivers = {
            name: Unkind(name, inner, self.rng, self.counts)
            for name, inner in (("fabric", self.fabric), ("edge", self.edge), ("resolver", self.resolver))
        }
        self.drivers["fabric"].edited = self._after
        self._ticks = 0
        self._worlds: dict[int, frozenset[Passing]] = {}
        self._intents: list[Intent] = []
        self._task: asyncio.Task | None = None
        self.problems: list[str] = []

    async def start(self) -> None:
        """The first control, and the scopes that everything stands in."""
        await self._control()
        rows = (
            (f"/subscriptions/{SUBSCRIPTION}", "Microsoft.Resources/subscriptions", {"properties": {}}),
            (RG, "Microsoft.Resources/resourceGroups", {"location": "eastus2", "properties": {}}),
            (
                "/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-000000000000",
                "Microsoft.Authorization/roleAssignments",
                ROLE,
            ),
        )
        from cloister.arm.resource import Row

        await self.engine.record(put=[Row(id=id, type=type, body=body) for id, type, body in rows])

    async def restart(self) -> None:
        """Control dies where it stands, perhaps between the commit and the pass, and comes again with what the store has."""
        self.counts["control restarts"] += 1
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])
        await self._control()

    async def _control(self) -> None:
        types = {type.name.lower(): type for type in TYPES}
        self.loop = ReconcileLoop(types, lambda: self.engine.view(), self.drivers, lambda name: self.drivers[name].generation)
        changed = self.loop.changed

        def told(revision: int, rows: Any) -> None:
            found = list(rows)
            self._note(found)
            changed(revision, found)

        self.loop.changed = told  # type: ignore[method-assign]
        self._judge = Realized(types)
        self.engine = Engine(TYPES, self.store, self.loop, None, [], self._now, TENANT)  # type: ignore[arg-type]
        self.engine.disk.thread = Inline()
        await self.engine.start()
        self.loop.changed(self.engine.revision, [(row.id, None, row) for row in self.engine.index.rows.values()])
        self._task = asyncio.create_task(self.loop.run())

    def _now(self) -> str:
        self._ticks += 1
        return f"2026-11-23T03:{self._ticks // 60000000:02}:{self._ticks // 1000000 % 60:02}.{self._ticks % 1000000:06d}Z"

    def _note(self, rows: list) -> None:
        """One more revision: what its rows allow."""
        self._judge.change(self.engine.view(), rows)
        self._intents = self._judge.intents()
        self._worlds[self.engine.revision] = allowed(self._intents)

    def _after(self, edit: Edit | None) -> None:
        """Judge the flows that pass after one edit."""
        allowed_by_some = frozenset().union(*self._worlds.values())
        for flow in passing(self.fabric, self.edge.objects):
            if flow not in allowed_by_some:
                self.problems.append(f"after {edit} passes {flow}, which no rows allow")

    def mischief(self, odds: float) -> None:
        """The chance of each kind of mischief at each edit, from now on."""
        for driver in self.drivers.values():
            driver.odds = odds

    async def ask(self, method: str, id: str, body: Any = None, api: str = API) -> Answer:
        """One request; never a 500."""
        answer = Answer(await self.engine.perform(method, id, caller=OWNER, api_version=api, body=body))
        self.counts["requests"] += 1
        self.counts["refused"] += answer.status >= 400
        if answer.status >= 500 and not (answer.status == 507 and self.store.full):
            self.problems.append(f"{method} {id} was answered {answer}")
        return answer

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """What is asked meanwhile comes to the drivers in one pass: the fabric does not answer the loop before."""
        async with self.drivers["fabric"].busy:
            self.loop.look_again()
            await asyncio.sleep(0.01)
            yield

    def _has_work(self) -> bool:
        """Whether the loop has something to do, or does not know yet that it is done."""
        told = self.loop.status()
        return told["applied"] < self.engine.revision or bool(told["waiting"])

    async def calm(self) -> None:
        """No more mischief: everything converges, and the rows are what holds."""
        self.mischief(0.0)
        self.loop.look_again()
        wanted: dict[str, Desired] = {}
        try:
            async with asyncio.timeout(CALM_SECONDS):
                while not wanted or self.held() != wanted or self._has_work():
                    await asyncio.sleep(0.5)
                    wanted = self.whole()
        except TimeoutError:
            held = self.held()
            missing, extra = wanted.keys() - held.keys(), held.keys() - wanted.keys()
            other = [key for key in wanted.keys() & held.keys() if wanted[key] != held[key]]
            self.problems.append(f"does not converge: missing {missing}, extra {extra}, other {other}, {self.loop.status()}")
            return
        self._worlds = {self.engine.revision: allowed(self._intents)}
        flows = frozenset(passing(self.fabric, self.edge.objects))
        self.counts["flows at rest"] += len(flows)
        if flows != self._worlds[self.engine.revision]:
            self.problems.append(f"at rest pass {flows ^ self._worlds[self.engine.revision]} or not, against the rows")
        ways = {(f.namespace, f.address, f.identity) for f in self.fabric.objects.values() if isinstance(f, Forward)}
        if left := self.drivers["fabric"].connections - ways:
            self.problems.append(f"open connections were left behind: {left}")
        for row in self.engine.index.rows.values():
            if self.loop.state(row.id)[0] == "Updating":
                self.problems.append(f"{row.id} is {self.loop.state(row.id)} at rest")

    def held(self) -> dict[str, Desired]:
        """All that the three hold, without owners."""
        found = {**self.fabric.objects, **self.edge.objects, **self.resolver.objects}
        return {key: msgspec.structs.replace(thing, owner="") for key, thing in found.items()}

    def whole(self) -> dict[str, Desired]:
        """What the rows ask for: every row realized and every unit compiled afresh."""
        fresh = Realized({type.name.lower(): type for type in TYPES})
        fresh.change(self.engine.view(), [(row.id, None, row) for row in self.engine.index.rows.values()])
        return {key: msgspec.structs.replace(thing, owner="") for key, thing in compile_all(fresh.intents()).items()}

    async def end(self) -> None:
        """Stop."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])
        self.store.close()
