"""A small cloud for the edge's tests: a real edge in a thread, on loopback, with a fake control and a fake tracking store.

The fakes answer on real unix sockets; login, tokens and certificates are the real ones. Addresses of loopback stand for
ways in: 127.0.0.1 is the internet, 127.0.0.2 the endpoint of workspace A, 127.0.0.3 that of B.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from cloister.home import Home
from cloister.ipc.frames import call_blocking, serve
from cloister.ipc.messages import Request, Response
from cloister.net.desired import EdgeObject, Identity, Permission, Policy, Put, Site, Tenancy
from cloister.services.edge.main import Door, Edge
from cloister.services.identity.ca import Authority
from cloister.services.identity.directory import Directory
from cloister.services.identity.http import Login
from cloister.services.identity.tokens import Mint

TENANT = "11111111-1111-1111-1111-111111111111"
SUBSCRIPTION = "/subscriptions/22222222-2222-2222-2222-222222222222"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
WORKSPACES = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces"
A, B = f"{WORKSPACES}/a", f"{WORKSPACES}/b"
NAME_A, NAME_B = "guid-a.workspace.eastus2.api.azureml.ms", "guid-b.workspace.eastus2.api.azureml.ms"
CERT_A = "guid-a.workspace.eastus2.cert.api.azureml.ms"
NOTEBOOK_A = "ml-a-eastus2-guid-a.eastus2.notebooks.azure.net"
ARM, LOGIN = "management.azure.com", "login.microsoftonline.com"
INTERNET, BY_A, BY_B = "127.0.0.1", "127.0.0.2", "127.0.0.3"
CONNECTION_A, CONNECTION_B = f"{A}/privateEndpointConnections/pe-a", f"{B}/privateEndpointConnections/pe-b"


def world(owner: str, public: bool = False) -> list[EdgeObject]:
    """Two workspaces with an endpoint each, the control plane's names, and one owner of the group."""
    found: list[EdgeObject] = [
        Site(owner="", fqdn=ARM, service="arm"),
        Site(owner="", fqdn=LOGIN, service="login"),
        Tenancy(owner=SUBSCRIPTION, subscription=SUBSCRIPTION, tenant=TENANT),
        Permission(owner=f"{GROUP}/ra", principal=owner, scope=GROUP, actions=("*",)),
    ]
    for id, names, address, connection in (
        (A, ((NAME_A, "default"), (CERT_A, "default"), (NOTEBOOK_A, "notebook")), BY_A, CONNECTION_A),
        (B, ((NAME_B, "default"), ("*.guid-b.inference.eastus2.api.azureml.ms", "inference")), BY_B, CONNECTION_B),
    ):
        for fqdn, member in names:
            found.append(Site(owner=id, fqdn=fqdn, service="machinelearning", resource=id, member=member))
        found.append(policy(id, public, connection))
        found.append(Identity(owner=id, address=address, resource=id, group="amlworkspace", connection=connection))
    return found


def policy(id: str, public: bool, connection: str) -> Policy:
    """A workspace's policy."""
    return Policy(
        owner=id,
        resource=id,
        service="machinelearning",
        public_access=public,
        because=f"publicNetworkAccess: {'Enabled' if public else 'Disabled'}",
        facts=(("region", "eastus2"), ("workspace_id", id[-1])),
        endpoints=(connection,),
    )


class InThread:
    """Runs one coroutine in a loop of its own until ``stop``."""

    def __init__(self, run: Callable[[], Any]):
        self._started = threading.Event()
        self._run = run
        self._thread = threading.Thread(target=lambda: uvloop.run(self._main()), daemon=True)
        self._thread.start()
        self._started.wait(5)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.ensure_future(self._run())
        self._started.set()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    def stop(self) -> None:
        """Cancel and wait; what the coroutine raised is raised here."""
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(10)
        assert not self._thread.is_alive()


@cache
def token_key() -> bytes:
    """One RSA key for all clouds of a run: making one takes long."""
    with tempfile.TemporaryDirectory() as root:
        home = Home(Path(root))
        home.make()
        Mint.open(home, TENANT)
        return (home.secrets / "token-key.pem").read_bytes()


class FakeControl:
    """``control.sock``: real login and certificates; ARM answers what it was asked."""

    def __init__(self, home: Home):
        self.home = home
        self.authority = Authority.open(home)
        (home.secrets / "token-key.pem").write_bytes(token_key())
        self.mint = Mint.open(home, TENANT)
        self.directory = Directory.open(home, TENANT)
        self.login = Login(self.directory, self.mint)
        self.asked: list[Request] = []
        self.delay = 0.0
        self.running: InThread | None = None

    async def handle(self, method: str, params: Any) -> Any:
        if method == "certificate":
            return self.authority.issue(params["name"])._asdict()
        request = msgspec.convert(params, Request)
        self.asked.append(request)
        if request.facts["service"] == "login":
            return self.login.answer(request)
        if self.delay:
            await asyncio.sleep(self.delay)
        if request.path == "/boom":
            raise RuntimeError("a secret detail")
        said = {"path": request.path, "query": request.query, "method": request.method, "size": len(request.body)}
        said |= {"via": request.origin.via, "connection": request.origin.connection, "authority": request.authority}
        return Response(
            status=200, headers={"content-type": "application/json", "x-test": "a\r\nb: c"}, body=json.dumps(said).encode()
        )

    async def _serve(self) -> None:
        server = await serve(self.home.socket("control"), self.handle)
        async with server:
            await asyncio.Event().wait()

    def start(self) -> None:
        self.running = InThread(self._serve)
        until(self.home.socket("control").exists)

    def stop(self) -> None:
        """As a kill: the socket answers no more."""
        if self.running is not None:
            self.running.stop()
            self.running = None
            self.home.socket("control").unlink(missing_ok=True)


class FakeTracking:
    """``tracking.sock``, started when the edge asks for it."""

    def __init__(self, home: Home):
        self.home = home
        self.starts = 0
        self.asked: list[Request] = []
        self.running: InThread | None = None

    def start(self) -> None:
        self.starts += 1
        if self.running is None:
            self.running = InThread(self._serve)

    async def _serve(self) -> None:
        async with await serve(self.home.socket("tracking"), self.handle):
            await asyncio.Event().wait()

    async def handle(self, method: str, params: Any) -> Any:
        request = msgspec.convert(params, Request)
        self.asked.append(request)
        if request.path.startswith("/history/slow"):
            await asyncio.sleep(30)
        said = {"path": request.path, "oid": request.claims["oid"], "facts": request.facts, "via": request.origin.via}
        return Response(status=200, headers={"content-type": "application/json"}, body=json.dumps(said).encode())


class Cloud:
    """Home, fakes, and an edge with a door for the services and one for the host."""

    def __init__(self, root: Path, services: socket.socket | None = None, holder: Callable[[], Any] | None = None):
        """``services`` is a listening socket in place of one on loopback; then the state stays empty. ``holder``: a keeper."""
        self._holder = holder
        self.home = Home(root)
        self.home.make()
        self.control = FakeControl(self.home)
        self.tracking = FakeTracking(self.home)
        self.socks = [services or _listening(), _listening()]
        self.port, self.host_port = (sock.getsockname()[1] for sock in self.socks)
        self.owner = self.control.directory.owner(self.home)
        self.edge: Edge
        self._running: InThread | None = None
        self.control.start()
        self.start()
        if services is None:
            self.apply(*world(self.owner.object_id))

    def start(self) -> None:
        doors = [Door(sock.dup(), host) for sock, host in zip(self.socks, (False, True), strict=True)]
        self.edge = Edge(self.home, [lambda door=door: door for door in doors], self.tracking.start, self._holder)
        self._running = InThread(self.edge.run)
        until(lambda: self._pings())

    def stop_edge(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None

    def stop(self) -> None:
        self.stop_edge()
        self.control.stop()
        if self.tracking.running is not None:
            self.tracking.running.stop()
        for sock in self.socks:
            sock.close()

    def _pings(self) -> bool:
        try:
            return bool(self.tell("ping"))
        except ConnectionError:
            return False

    def tell(self, method: str, params: Any = None) -> Any:
        return call_blocking(self.home.socket("edge"), method, params, 5)

    def apply(self, *objects: EdgeObject) -> None:
        assert set(self.tell("apply", [Put(one) for one in objects])) <= {""}

    def token(self, audience: str = "https://management.azure.com/", **more: Any) -> str:
        return self.control.mint.token(self.owner, audience, **more)

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.home.ca_file))

    def tls(self, name: str | None, source: str = INTERNET, port: int | None = None) -> ssl.SSLSocket:
        """A TLS connection that asks for ``name`` and comes from ``source``."""
        raw = socket.create_connection(("127.0.0.1", port or self.port), timeout=10, source_address=(source, 0))
        context = self.context()
        if name is None:
            context.check_hostname = False
        try:
            return context.wrap_socket(raw, server_hostname=name)
        except BaseException:
            raw.close()
            raise

    def connect(self, name: str, source: str = INTERNET, port: int | None = None) -> http.client.HTTPConnection:
        """A kept-alive HTTP connection."""
        connection = http.client.HTTPConnection(name, timeout=10)
        connection.sock = self.tls(name, source, port)
        return connection

    def ask(self, name: str, path: str, source: str = INTERNET, **more: Any) -> tuple[int, Any, dict[str, str]]:
        """One request on a connection of its own."""
        connection = self.connect(name, source, more.pop("port", None))
        try:
            return say(connection, path, **more)
        finally:
            connection.close()

    def bearer(self, **more: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(**more)}"}


def say(
    connection: http.client.HTTPConnection,
    path: str,
    method: str = "GET",
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, Any, dict[str, str]]:
    """One request: status, decoded body, headers (lower case)."""
    connection.request(method, path, body=body, headers=headers or {})
    response = connection.getresponse()
    content = response.read()
    found = {name.lower(): value for name, value in response.getheaders()}
    return (
        response.status,
        json.loads(content) if "json" in found.get("content-type", "") and content else content.decode(),
        found,
    )


def until(true: Callable[[], Any], seconds: float = 5.0) -> None:
    """Wait until something holds; fails after ``seconds``."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def _listening() -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    sock.listen(256)
    return sock
