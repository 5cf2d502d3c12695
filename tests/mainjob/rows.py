"""What a cloud's rows ask of the kernel, computed afresh from its database, beside what the kernel holds."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from cloister.app import utc_now
from cloister.control.engine import Engine
from cloister.control.realized import Realized
from cloister.home import Home
from cloister.ipc.frames import call_blocking
from cloister.net.desired import Desired, EdgeObject, FabricObject, ResolverObject
from cloister.providers import TYPES
from cloister.store.database import open_store

KINDS = {"fabric": FabricObject, "edge": EdgeObject, "resolver": ResolverObject}


class _Idle:
    """A loop that nothing is told to."""

    def changed(self, revision: int, rows: Any) -> None:
        pass

    def state(self, id: str) -> tuple[str, str]:
        return "Succeeded", ""

    def moment(self) -> int:
        return 0

    async def applied(self, id: str, revision: int, timeout: float) -> bool:
        return True


def wanted(home: Home, tenant_id: str) -> dict[str, dict[str, Desired]]:
    """The objects that the rows on disk ask for, by driver and key, without owners."""
    store = open_store(home.database)
    engine = Engine(TYPES, store, _Idle(), None, (), utc_now, tenant_id)  # type: ignore[arg-type]
    asyncio.run(engine.start())
    realized = Realized(engine.types)
    realized.change(engine.view(), [(row.id, None, row) for row in engine.index.rows.values()])
    store.close()
    return {
        name: {key: _nameless(thing) for key, thing in realized.desired.items() if isinstance(thing, kind.__args__)}
        for name, kind in KINDS.items()
    }


def held(home: Home) -> dict[str, dict[str, Desired]]:
    """The objects that each driver reads from the world now, likewise."""
    out = {}
    for name in KINDS:
        found = msgspec.convert(call_blocking(home.socket(name), "observe"), list[Desired])
        out[name] = {thing.key: _nameless(thing) for thing in found}
    return out


def _nameless(thing: Desired) -> Desired:
    return msgspec.structs.replace(thing, owner="")
