"""A control process small enough to read: the socket's calls, with machines that are real namespaces of a real keeper."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from cloister.home import Home
from cloister.ipc.frames import serve
from cloister.ipc.messages import Request, Response
from cloister.keeper.client import Keeper

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
FACTS = {"tenant_id": "00000000-0000-4000-8000-000000000002", "subscription_id": SUBSCRIPTION, "host_port": 8443}
OWNER = {"client_id": "owner-id", "client_secret": "owner-secret", "tenant_id": FACTS["tenant_id"]}


def answer(status: int, body: Any = None, **headers: str) -> Response:
    """A JSON answer; header names with underscores for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, headers=named, body=b"" if body is None else json.dumps(body).encode())


class FakeControl:
    """Serves ``control.sock`` in a thread. ``routes`` maps ``(method, path)`` in lower case to a body, Response or function."""

    def __init__(self, home: Home):
        self.home = home
        home.make()
        home.cloud_file.write_text(json.dumps(FACTS))
        home.owner_file.write_text(json.dumps(OWNER))
        home.ca_file.write_text("ca")
        home.bundle_file.write_text("bundle")
        self.requests: list[Request] = []
        self.routes: dict[tuple[str, str], Any] = {}
        self.machines: dict[str, dict[str, Any]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> FakeControl:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(serve(self.home.socket("control"), self._handle), self._loop).result(5)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def on(self, method: str, path: str, reply: Any) -> None:
        """What a request is answered with: JSON (200), a Response, or a function of the request."""
        self.routes[method.lower(), path.lower()] = reply

    async def _handle(self, method: str, params: Any) -> Any:
        calls: dict[str, Callable[[Any], Any]] = {
            "http": self._http,
            "token": lambda asked: {"access_token": f"token-of-{asked.get('principal', 'owner')}"},
            "principal": lambda asked: {"client_id": f"{asked['name']}-id", "client_secret": f"{asked['name']}-secret"},
            "status": lambda _: {"revision": 7, "rows": {"Microsoft.Network/virtualNetworks": 2}, "drift": []},
            "explain": lambda asked: {"flow": asked, "disposition": "Delivered", "rendered": "Delivered: it arrives"},
            "ping": lambda _: "pong",
        }
        return calls[method](params)

    def _http(self, params: Any) -> Response:
        request = msgspec.convert(params, Request)
        self.requests.append(request)
        if request.path.startswith("/providers/Cloister.Fabric/machines/"):
            return self._machine(request)
        reply = self.routes.get((request.method.lower(), request.path.lower()))
        if callable(reply):
            reply = reply(request)
        if reply is None:
            return answer(404, {"error": {"code": "ResourceNotFound", "message": f"cannot find {request.path}"}})
        return reply if isinstance(reply, Response) else answer(200, reply)

    def _machine(self, request: Request) -> Response:
        name = request.path.rpartition("/")[2]
        if request.method == "DELETE":
            Keeper(self.home.socket("keeper")).drop(self.machines.pop(name)["namespace"])
            return answer(200)
        written = json.loads(request.body)["properties"]
        namespace = f"machine-{len(self.machines) + 1}"
        os.close(Keeper(self.home.socket("keeper")).namespace(namespace))
        address = written.get("address", "10.0.0.4")
        made = {**written, "namespace": namespace, "address": address, "dnsServers": ["168.63.129.16"]}
        self.machines[name] = made
        return answer(201, {"id": request.path, "properties": {**made, "provisioningState": "Succeeded"}})
