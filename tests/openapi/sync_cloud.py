"""A cloud in memory with all types and all routes, asked one request after another from plain code."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloister.control.deployments import Deployments
from cloister.ipc.messages import Request, Response
from cloister.providers import TYPES
from tests.control.fake_cloud import OWNER, SUBSCRIPTION, Cloud

LINKED = {"https://example.com/": Path(__file__).parent / "linked"}
"""Where linked templates may come from: the address that the published examples name."""


@dataclass
class Reply:
    """An answer: status, parsed body, headers."""

    status: int
    json: Any
    headers: dict[str, str]

    @property
    def ok(self) -> bool:
        """Whether it is a success."""
        return self.status < 300

    @property
    def text(self) -> str:
        """The body as text."""
        return json.dumps(self.json)

    @property
    def code(self) -> str:
        """The code of an error."""
        return self.json["error"]["code"] if isinstance(self.json, dict) and "error" in self.json else ""


class SyncCloud:
    """The real engine with the real types; nothing is applied anywhere, and all is applied at once."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        deployments = Deployments(lambda: self.cloud.engine, _Late(self), lambda: self.cloud.engine.clock(), LINKED)  # type: ignore[arg-type]
        self.deployments = deployments
        self.cloud = Cloud(routes=deployments.routes(), kinds=TYPES)
        self.run(self.cloud.start(SUBSCRIPTION))

    def run(self, work: Any) -> Any:
        """What a coroutine gives."""
        return self._loop.run_until_complete(work)

    def ask(self, method: str, path: str, body: Any, version: str, query: dict[str, str] | None = None) -> Reply:
        """One request of the owner's."""
        return Reply(*self.run(self.cloud.call(method, path, body, version=version, query=query)))

    def handle(self, request: Request) -> Response:
        """One request as it comes from the edge."""
        return self.run(self.cloud.engine.handle(request))

    def settle(self) -> None:
        """Let deployments that were begun come to their end."""

        async def ended() -> None:
            async with asyncio.timeout(20):
                while self.deployments.runs:
                    await asyncio.gather(*(run.over.wait() for run in list(self.deployments.runs.values())))
                    await asyncio.sleep(0)

        self.run(ended())

    def close(self) -> None:
        """Stop it."""
        self.run(self.deployments.stop())
        self.run(self.cloud.close())
        self._loop.close()

    def __enter__(self) -> SyncCloud:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


class _Late:
    """The store, which the cloud makes after its routes."""

    def __init__(self, cloud: SyncCloud):
        self._of = cloud

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of.cloud.store, name)


__all__ = ["OWNER", "SUBSCRIPTION", "Reply", "SyncCloud"]
