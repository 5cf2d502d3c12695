"""Run histories live as long as their workspace: a database that belongs to no workspace's row any more is deleted.

What there is is compared with the rows at the start and after every deletion, so a kill between the two loses nothing, and a
workspace that moved to another group keeps its runs. The process that holds the databases deletes them; it is asked until it has.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from cloister.arm.resource import Row, View

log = logging.getLogger("cloister.histories")

WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
AGAIN_SECONDS = (0.2, 1.0, 5.0)  # between attempts to have them deleted; the last again


class Histories:
    """Compares ``kept()``, the guids that have a database, with the rows; ``drop(guid)`` is awaited for each that has none.

    ``drop`` raises where it cannot now; it is tried again.
    """

    def __init__(self, view: Callable[[], View], kept: Callable[[], Collection[str]], drop: Callable[[str], Awaitable[object]]):
        self._view = view
        self._kept = kept
        self._drop = drop
        self._wake = asyncio.Event()
        self._wake.set()  # what a kill left

    def changed(self, id: str, row: Row | None) -> None:
        """A workspace's row came or went; it is on disk."""
        if row is None:
            self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        tries = 0
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                for guid in await asyncio.to_thread(self._kept):
                    if guid not in self._living():  # asked each time: a new workspace may have begun its history meanwhile
                        await self._drop(guid)
                        log.info("history.deleted workspace=%s", guid)
                tries = 0
            except Exception as error:  # whoever holds them: he is tried again
                log.warning("cannot delete the run history of a workspace that is no more: %s", error)
                self._wake.set()
                await asyncio.sleep(AGAIN_SECONDS[min(tries, len(AGAIN_SECONDS) - 1)])
                tries += 1

    def _living(self) -> set[str]:
        return {str(row.facts.get("guid", "")).lower() for row in self._view().of_type(WORKSPACES)}
