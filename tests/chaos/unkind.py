"""Drivers that do to control what the world may do: fail an edit, die between two, lose their memory, be slow, be edited."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable

from cloister.drivers.sim.fabric import SimFabric, SimPlain
from cloister.ipc.frames import Unreachable
from cloister.net.desired import Desired, Drop, Edit, Forward, Namespace, Nic, Put, Sever


class Unkind:
    """A driver around one of the simulation. ``odds`` is the chance of mischief at each edit, 0 for none.

    ``connections`` are those that the fabric tracks, ``(namespace, address, identity)``: somebody connects as soon as a forward
    stands, and stays as long as he can.
    """

    def __init__(self, name: str, inner: SimFabric | SimPlain, rng: random.Random, counts: Counter[str]):
        self.name = name
        self.inner = inner
        self.rng = rng
        self.counts = counts
        self.odds = 0.0
        self.generation = 0
        self.connections: set[tuple[str, str, str]] = set()
        self.edited: Callable[[Edit | None], None] = lambda edit: None
        self.busy = asyncio.Lock()

    async def observe(self) -> list[Desired]:
        """As the process would: after what it works on."""
        self._perhaps_away()
        async with self.busy:
            await self._perhaps_slow()
            return await self.inner.observe()

    async def apply(self, edits: list[Edit]) -> list[str]:
        """As the process would: it works on, even when nobody waits for the answer any more."""
        self._perhaps_away()
        return await asyncio.shield(asyncio.ensure_future(self._apply(list(edits))))

    async def _apply(self, edits: list[Edit]) -> list[str]:
        async with self.busy:
            answers = []
            for edit in edits:
                await self._perhaps_slow()
                if self._rolls("died between edits"):
                    self._die()
                if self._rolls("edit failed"):
                    answers.append("cannot apply: made to fail")
                    continue
                answers += await self.inner.apply([edit])
                if not answers[-1]:
                    self._follow(edit)
                self.counts["edits"] += 1
                self.edited(edit)
                if self.rng.random() < self.odds / 4:
                    self.meddle()
            if self._rolls("died before it answered"):
                self._die()
            return answers

    def meddle(self) -> None:
        """Somebody else changes what the fabric holds: all forwards of a network, an interface or a whole network gone."""
        if not isinstance(self.inner, SimFabric):
            return
        held = list(self.inner.objects.values())
        kind = self.rng.choice([Forward, Nic, Namespace])
        chosen = [thing for thing in held if isinstance(thing, kind)]
        if chosen:
            one = self.rng.choice(chosen)
            gone = [one]
            if isinstance(one, Forward):
                gone = [thing for thing in held if isinstance(thing, Forward) and thing.namespace == one.namespace]
            for thing in gone:
                self.inner.edit(Drop(thing))
                self._follow(Drop(thing))
            self.counts["foreign edits"] += 1
            self.edited(None)

    def _follow(self, edit: Edit) -> None:
        """What an edit does to connections: a forward brings one, a Sever ends those of an address or of an identity."""
        if not isinstance(self.inner, SimFabric):
            return
        if isinstance(edit, Sever):
            here = {one for one in self.connections if one[0] == edit.namespace}
            self.connections -= {one for one in here if (one[1] == edit.address if edit.address else one[2] == edit.identity)}
        elif isinstance(edit, Put) and isinstance(edit.object, Forward):
            self.connections.add((edit.object.namespace, edit.object.address, edit.object.identity))
        elif isinstance(edit, Drop) and isinstance(edit.object, Namespace):
            gone = edit.object.name  # without the service network nothing is left at the other end of any
            self.connections = {one for one in self.connections if one[0] != gone and gone != "services"}

    def _rolls(self, what: str) -> bool:
        if self.rng.random() >= self.odds:
            return False
        self.counts[what] += 1
        return True

    def _die(self) -> None:
        self.generation += 1
        if isinstance(self.inner, SimPlain) and self.rng.random() < 0.5:
            self.inner.objects.clear()
            self.counts["memory lost"] += 1
            self.edited(None)
        raise Unreachable(f"cannot reach {self.name}.sock: made to die")

    def _perhaps_away(self) -> None:
        if self._rolls("unreachable"):
            raise Unreachable(f"cannot reach {self.name}.sock: made to be away")

    async def _perhaps_slow(self) -> None:
        if self._rolls("slow"):
            await asyncio.sleep(self.rng.expovariate(1.0))
