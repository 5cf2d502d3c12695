"""The composition root: the only file that imports everything. ``python -m cloister.app NAME`` is one process of the cloud.

Names: ``control``, ``fabric``, ``edge``, ``resolver``, ``tracking``; and ``init``, which makes what a first start needs and
ends. Each process imports only its own rooms, so that what one holds (the token key, network rights) is not in another.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import signal
import socket
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloister.home import Home
from cloister.keeper import rights
from cloister.net import allowed

if TYPE_CHECKING:
    from cloister.arm.identity import ManagedIdentity
    from cloister.ipc.messages import Request, Response

log = logging.getLogger("cloister.app")

HOST_PORT_FIRST = 8443
_OBJECTS_BETWEEN_PASSES = 50_000


def utc_now() -> str:
    """The time as ARM writes it: ISO 8601, UTC, microseconds."""
    second, fraction = divmod(time.time_ns() // 1000, 1_000_000)
    return f"{_second(second)}.{fraction:06d}Z"


@lru_cache(maxsize=2)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def first_start(home: Home, settings: Mapping[str, Any] = {}) -> dict:
    """Make what is missing of a cloud's identity: tenant, subscription, port, CA, token key, owner. Idempotent.

    ``settings`` are kept in ``cloud.json`` beside what is there: ``allow_unknown_types``, ``template_folders`` (URI prefix to
    folder of linked templates), ``egress`` (names of the real internet, added to those that are there; see ``net/allowed.py``).

    Returns the content of ``cloud.json``.
    """
    from cloister.services.identity.ca import Authority
    from cloister.services.identity.directory import Directory
    from cloister.services.identity.tokens import Mint

    home.make()
    facts = json.loads(home.cloud_file.read_text()) if home.cloud_file.exists() else {}
    facts.setdefault("tenant_id", str(uuid.uuid4()))
    facts.setdefault("subscription_id", str(uuid.uuid4()))
    facts.setdefault("host_port", _free_port())
    facts.update(settings, egress=list(dict.fromkeys([*facts.get("egress", ()), *settings.get("egress", ())])))
    allowed.read(facts["egress"])
    Authority.open(home)
    Mint.open(home, facts["tenant_id"])
    owner = Directory.open(home, facts["tenant_id"]).owner(home)
    facts |= {"client_id": owner.client_id, "object_id": owner.object_id}
    text = json.dumps(facts, indent=2) + "\n"
    if not home.cloud_file.exists() or home.cloud_file.read_text() != text:  # a full disk stops no start
        fresh = home.cloud_file.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(home.cloud_file)
    return facts


def _free_port() -> int:
    """The first free port of 127.0.0.1 from 8443 on."""
    for port in range(HOST_PORT_FIRST, HOST_PORT_FIRST + 200):
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
    raise OSError(f"cannot find a free port from {HOST_PORT_FIRST} on: end what listens there, or set host_port in cloud.json")


class LocalIdentity:
    """The token service and the certificate authority, as control's socket asks for them."""

    def __init__(self, home: Home, tenant_id: str):
        from cloister.services.identity.ca import Authority
        from cloister.services.identity.directory import Directory
        from cloister.services.identity.http import Login, is_login_path
        from cloister.services.identity.tokens import Mint, OwnKeys, Verifier

        self._home = home
        self._authority = Authority.open(home)
        self._mint = Mint.open(home, tenant_id)
        self._directory = Directory.open(home, tenant_id)
        self._login = Login(self._directory, self._mint)
        self._is_login_path = is_login_path
        self._secrets: dict[str, dict[str, str]] = {}
        self.verifier = Verifier(OwnKeys(self._mint))

    def is_login(self, request: Request) -> bool:
        """By the path: login's and ARM's never overlap."""
        return self._is_login_path(request.path)

    def login(self, request: Request) -> Response:
        """Answer a login request."""
        return self._login.answer(request)

    def token(self, principal: str, audience: str) -> str:
        """See frontends.control_socket.Identity."""
        found = self._directory.find(principal) if principal else self._directory.owner(self._home)
        if found is None:
            raise LookupError(f"cannot sign in as '{principal}': no such principal; make it with 'cloister principal create'")
        return self._mint.token(found, audience)

    def managed(self, identities: Sequence[ManagedIdentity], query: Mapping[str, str], who: str) -> Response:
        """See frontends.control_socket.Identity."""
        from cloister.services.identity.managed import answer

        return answer(self._mint, identities, query, who)

    def principal(self, name: str, create: bool, tenant: str = "") -> dict[str, str]:
        """See frontends.control_socket.Identity; a secret is given out only by the control that made it."""
        if (kept := self._named(name)) is not None:
            return kept
        if not create:
            raise LookupError(f"cannot find the principal '{name}': make it with 'cloister principal create {name}'")
        return self._made(name, self.tenant(tenant, create=False) if tenant else {})

    def tenant(self, name: str, create: bool) -> dict[str, str]:
        """See frontends.control_socket.Identity. Its owner is the principal of the same name."""
        kept = self._named(name)
        if kept is None and create:
            return self._made(name, {"tenant_id": str(uuid.uuid4()), "subscription_id": str(uuid.uuid4())})
        if kept is None or kept["client_id"] != kept.get("tenant_owner"):
            why = (
                "no such tenant; 'cloister tenant list' names them"
                if kept is None
                else "a principal has that name; choose another"
            )
            raise LookupError(f"cannot {'add' if create else 'find'} the tenant '{name}': {why}")
        return kept

    def _named(self, name: str) -> dict[str, str] | None:
        kept = self._named_file(name)
        return json.loads(kept.read_text()) if kept.exists() else None

    def _named_file(self, name: str) -> Path:
        return self._home.secrets / "named" / f"{uuid.uuid5(uuid.NAMESPACE_DNS, name)}.json"

    def _made(self, name: str, tenant: Mapping[str, str]) -> dict[str, str]:
        """A new principal, of the cloud's own tenant or of another; of a new one it is the owner."""
        from cloister.private_file import write_private

        client_id, secret, object_id = self._directory.create_principal(name, tenant.get("tenant_id", ""))
        made = {"client_id": client_id, "client_secret": secret, "object_id": object_id}
        if tenant:
            made |= {"tenant_id": tenant["tenant_id"], "subscription_id": tenant["subscription_id"]}
            made["tenant_owner"] = tenant.get("tenant_owner", client_id)
        kept = self._named_file(name)
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(kept, json.dumps(made).encode())
        return made

    def certificate(self, name: str) -> dict[str, str]:
        """See frontends.control_socket.Identity."""
        leaf = self._authority.issue(name)
        return {"chain": leaf.chain, "key": leaf.key}


def _collect_rarely() -> None:
    """Look for unreachable cycles seldom, and never among what was loaded: rows refer to nothing, and hardly anything else does.

    By default each pass over all rows stops every request: 0.17 s at 40,000 rows, and 6 % of the time while many are written.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_PASSES, 10, 100)


async def control(home: Home) -> None:
    """The control process: rows, engine, reconcile loop, deployments, the token key."""
    from cloister.control.deployments import Deployments
    from cloister.control.engine import Engine
    from cloister.control.explaining import Explainer
    from cloister.control.histories import WORKSPACES, Histories
    from cloister.control.loop import ReconcileLoop
    from cloister.control.machines import MACHINES, MachineWatch
    from cloister.control.ports import Caller
    from cloister.control.seed import first_rows
    from cloister.drivers.remote import RemoteDriver
    from cloister.frontends.arm_http import ROUTES
    from cloister.frontends.control_socket import ControlSocket
    from cloister.ipc.frames import serve
    from cloister.providers import TYPES
    from cloister.store.database import open_store

    facts = first_start(home)
    identity = LocalIdentity(home, facts["tenant_id"])
    drivers = {name: RemoteDriver(home.socket(name)) for name in ("fabric", "edge", "resolver")}
    types = {type.name.lower(): type for type in TYPES}
    loop = ReconcileLoop(
        types, lambda: engine.view(), drivers, lambda name: drivers[name].client.generation, allowed.read(facts["egress"])
    )
    store = open_store(home.database)
    folders = {prefix: Path(folder) for prefix, folder in facts.get("template_folders", {}).items()}
    deployments = Deployments(lambda: engine, store, utc_now, folders)
    routes = (*ROUTES, *deployments.routes())
    engine = Engine(
        TYPES, store, loop, identity.verifier, routes, utc_now, facts["tenant_id"], bool(facts.get("allow_unknown_types"))
    )
    await engine.start()
    _collect_rarely()
    owner = Caller(principal=facts["object_id"], name="owner", client_id=facts["client_id"], tenant=facts["tenant_id"])
    await first_rows(engine, facts["subscription_id"], owner)

    async def remove(id: str) -> bool:
        return (await engine.perform("DELETE", id, caller=owner, api_version="2026-01-01")).status < 500

    machines = MachineWatch(remove)
    loop.listen(MACHINES, machines.changed)
    histories = Histories(engine.view, lambda: _kept_histories(home), lambda guid: _drop_history(home, guid))
    loop.listen(WORKSPACES, histories.changed)
    loop.changed(engine.revision, [(row.id, None, row) for row in engine.index.rows.values()])
    socket_server = await serve(
        home.socket("control"), ControlSocket(engine, loop, Explainer(loop, engine.view), identity).handle
    )
    async with socket_server, asyncio.TaskGroup() as tasks:
        tasks.create_task(loop.run())
        tasks.create_task(deployments.resume())
        tasks.create_task(histories.run())


def _kept_histories(home: Home) -> set[str]:
    """The guids that the tracking process has files for; others there belong to no workspace."""
    found = set()
    for path in home.tracking.iterdir():
        with contextlib.suppress(ValueError):
            found.add(str(uuid.UUID(path.name[:36])))
    return found


async def _drop_history(home: Home, guid: str) -> None:
    """Have the tracking process delete a workspace's database; it is started if need be. Raises Unreachable, CallFailed."""
    from cloister.ipc.frames import Client, Unreachable
    from cloister.keeper.client import Keeper

    tracking = Client(home.socket("tracking"))
    try:
        await tracking.call("drop", {"workspace_id": guid})
    except Unreachable:
        await asyncio.to_thread(Keeper(home.socket("keeper")).start, "tracking")
        raise
    finally:
        await tracking.close()


async def _fabric(home: Home) -> None:
    from cloister.drivers.linux.main import run

    await run(home)


async def _edge(home: Home) -> None:
    from cloister.services.edge.main import run

    await run(home)


async def _resolver(home: Home) -> None:
    from cloister.services.resolver.main import run

    await run(home)


async def _tracking(home: Home) -> None:
    from cloister.services.workspace.main import run

    await run(home)


PROCESSES: dict[str, Callable[[Home], Awaitable[None]]] = {
    "control": control,
    "fabric": _fabric,
    "edge": _edge,
    "resolver": _resolver,
    "tracking": _tracking,
}


async def _until_told(run: Callable[[Home], Awaitable[None]], home: Home) -> None:
    """Run until SIGTERM or SIGINT."""
    task = asyncio.ensure_future(run(home))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def main(arguments: list[str]) -> int:
    """Run one process; 2 for a name that is none."""
    name = arguments[0] if arguments else ""
    home = Home.default()
    if name == "init":
        options = argparse.ArgumentParser(prog="cloister.app init")
        options.add_argument("--allow-unknown-types", action="store_true")
        options.add_argument("--allow-egress", action="append", default=[])
        asked = options.parse_args(arguments[1:])
        settings: dict[str, Any] = {"egress": asked.allow_egress}
        if asked.allow_unknown_types:
            settings["allow_unknown_types"] = True
        try:
            print(json.dumps(first_start(home, settings)))
        except ValueError as error:  # what somebody wrote into cloud.json, in words
            print(error, file=sys.stderr)
            return 1
        return 0
    if name not in PROCESSES:
        print(f"cannot start '{name}': the processes are {', '.join(PROCESSES)}", file=sys.stderr)
        return 2
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format=f"%(asctime)s.%(msecs)03dZ {name} %(levelname)s %(name)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )  # fmt: skip
    logging.Formatter.converter = time.gmtime
    import uvloop

    rights.hide()  # programs on machines may run as the same user
    uvloop.run(_until_told(PROCESSES[name], home))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
