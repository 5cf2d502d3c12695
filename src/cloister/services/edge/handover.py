"""Handing requests on: to control (ARM, login) and to the processes of data planes, and what to do while they are down.

A process that is down is being restarted by the keeper, so a request waits for it a while. A request that may have been
begun is sent again only if doing it twice is doing it once (RFC 9110 9.2.2).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from cloister.ipc.frames import CallFailed, Client, Unreachable
from cloister.ipc.messages import Request, Response
from cloister.services.edge import refusals

log = logging.getLogger("cloister.edge")

IDEMPOTENT = frozenset(("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"))

_PAUSE = 0.05


class Desk:
    """One process behind the edge. ``start``, if given, is called when it does not answer; ``wait`` is how long to try."""

    def __init__(
        self,
        client: Client,
        *,
        called: str,
        wait: float,
        limit: float,
        start: Callable[[], Awaitable[None]] | None = None,
    ):
        self._client = client
        self._called = called
        self._wait = wait
        self._limit = limit
        self._start = start
        self._starting: asyncio.Task[None] | None = None

    async def http(self, request: Request, *, repeatable: bool = False) -> Response:
        """Hand a request over; always an answer. ``repeatable`` says that sending it twice does no harm."""
        try:
            found = await self.call("http", request, repeatable=repeatable or request.method in IDEMPOTENT)
            return msgspec.convert(found, Response)
        except TimeoutError:
            return refusals.late(self._called, self._limit)
        except Unreachable as error:
            return refusals.unavailable(self._called, self._wait) if not error.sent else refusals.uncertain(self._called)
        except (CallFailed, msgspec.ValidationError) as error:
            log.error("%s failed on %s %s: %s", self._called, request.method, request.path, error)
            return refusals.broken(self._called)

    async def call(self, method: str, params: Any, *, repeatable: bool) -> Any:
        """Call, waiting for the process while it is down. Raises Unreachable, CallFailed, TimeoutError."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._wait
        while True:
            try:
                return await self._client.call(method, params, self._limit)
            except Unreachable as error:
                if error.sent and not repeatable:
                    raise
                if loop.time() >= end:
                    error.sent = False
                    raise
                await self._wake()
                await asyncio.sleep(_PAUSE)

    async def _wake(self) -> None:
        """Ask for the process to be started, once at a time."""
        if self._start is None:
            return
        if self._starting is None or self._starting.done():
            self._starting = asyncio.get_running_loop().create_task(self._try_start(self._start))
        await asyncio.shield(self._starting)

    async def _try_start(self, start: Callable[[], Awaitable[None]]) -> None:
        try:
            await start()
        except Exception as error:  # whatever the keeper said: the request is answered with 503 when the wait is over
            log.warning("cannot start %s: %s", self._called, error)

    async def close(self) -> None:
        """Close the connection to the process."""
        await self._client.close()
