"""A cloud for deployments: the real engine with all real types and a real store; only the data plane is a fake that obeys."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cloister.control.deployments import Deployments
from cloister.providers import TYPES
from tests.control.fake_cloud import SUBSCRIPTION, TENANT, Cloud

SUB = f"/subscriptions/{SUBSCRIPTION}"
GROUP = f"{SUB}/resourceGroups/g1"
__all__ = ["GROUP", "SUB", "SUBSCRIPTION", "TENANT", "DeploymentCloud", "run"]


class DeploymentCloud(Cloud):
    """``put`` a template and follow it to its end."""

    def __init__(self, directory: Path, kinds=TYPES, folders=None):
        self.deployments = Deployments(lambda: self.engine, Late(lambda: self.store), lambda: self.engine.clock(), folders)
        super().__init__(directory, self.deployments.routes(), kinds)
        self.engine.clock = lambda: datetime.now(UTC).isoformat().replace("+00:00", "Z")

    async def put(
        self,
        template: Any,
        name: str = "d1",
        parameters: dict[str, Any] | None = None,
        scope: str = GROUP,
        mode: str = "Incremental",
        **more: Any,
    ) -> tuple[int, Any, dict[str, str]]:
        """PUT a deployment: ``(status, json, headers)``."""
        values = {key: {"value": value} for key, value in (parameters or {}).items()}
        body = {"properties": {"mode": mode, "template": template, "parameters": values}, **more}
        return await self.call("PUT", f"{scope}/providers/Microsoft.Resources/deployments/{name}", body)

    async def deploy(self, template: Any, name: str = "d1", *args: Any, **more: Any) -> dict[str, Any]:
        """PUT and wait: the deployment at its end."""
        status, body, headers = await self.put(template, name, *args, **more)
        assert status in (200, 201), (status, body)
        assert headers["retry-after"] == "1"
        return await self.follow(headers["azure-asyncoperation"], body["id"])

    async def follow(self, url: str, id: str) -> dict[str, Any]:
        """Poll as a client does."""
        path = url.removeprefix("https://management.azure.com").split("?")[0]
        async with asyncio.timeout(20):
            while (await self.ok("GET", path))["status"] in ("Running", "Accepted"):
                pass
        return await self.ok("GET", id)

    async def operations(self, id: str) -> list[dict[str, Any]]:
        return (await self.ok("GET", f"{id}/operations"))["value"]

    async def close(self) -> None:
        await self.deployments.stop()
        await super().close()


class Late:
    """The store, which the cloud makes after its routes."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store(), name)


def run(work, directory: Path, **more: Any) -> Any:
    """Run ``work(cloud)`` on a cloud with one resource group, g1 in eastus2."""

    async def whole() -> Any:
        cloud = await DeploymentCloud(directory, **more).start()
        try:
            await cloud.group()
            return await work(cloud)
        finally:
            await cloud.close()

    return asyncio.run(whole())
