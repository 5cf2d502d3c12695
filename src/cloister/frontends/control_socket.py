"""control.sock: what the edge hands over and what the local owner's command line asks.

Peers are checked by uid (``ipc/frames.py``), the socket is 0600. A request for ARM still carries its own token; only the
methods ``token`` and ``principal`` hand out identity, to the user that owns the cloud and to root.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from cloister.arm.catalog import SUBSCRIPTION_TYPE, TENANT_TYPE
from cloister.arm.identity import ManagedIdentity
from cloister.arm.tenants import tenant_of
from cloister.control.explaining import Explainer
from cloister.control.loop import ReconcileLoop
from cloister.control.ports import Caller, Engine
from cloister.control.seed import tenant_rows
from cloister.frontends import instance_metadata
from cloister.ipc.messages import Request, Response


class Identity(Protocol):
    """What the socket needs of the token service and the certificate authority."""

    def is_login(self, request: Request) -> bool: ...
    def login(self, request: Request) -> Response: ...
    def token(self, principal: str, audience: str) -> str:
        """An access token; ``principal`` is a name, client id or object id, ``""`` the owner. Raises LookupError."""
        ...

    def principal(self, name: str, create: bool, tenant: str = "") -> dict[str, str]:
        """``{"client_id", "client_secret", "object_id"}`` of a named principal. Raises LookupError.

        Of one that is not of the cloud's own tenant also ``tenant_id`` and its tenant's ``subscription_id``.
        """
        ...

    def tenant(self, name: str, create: bool) -> dict[str, str]:
        """``tenant_id``, ``subscription_id`` and its owner's credentials of a further tenant. Raises LookupError."""
        ...

    def managed(self, identities: Sequence[ManagedIdentity], query: Mapping[str, str], who: str) -> Response:
        """A token for one of a machine's identities, or the metadata service's error."""
        ...

    def certificate(self, name: str) -> dict[str, str]:
        """``{"chain", "key"}`` for a name that exists. Raises ValueError outside the CA's constraints."""
        ...


class ControlSocket:
    """The methods of ``ipc/messages.py`` over the engine, the loop, the explainer and the identity service."""

    def __init__(self, engine: Engine, loop: ReconcileLoop, explainer: Explainer, identity: Identity):
        self._engine, self._loop, self._explainer, self._identity = engine, loop, explainer, identity
        self._methods: Mapping[str, Callable[[Any], Awaitable[Any]]] = {
            "http": self.http,
            "certificate": self.certificate,
            "token": self.token,
            "principal": self.principal,
            "tenant": self.tenant,
            "tenants": self.tenants,
            "status": self.status,
            "explain": self.explain,
            "ping": self.ping,
        }

    async def handle(self, method: str, params: Any) -> Any:
        """One call. Raises LookupError for a method that is not there."""
        if method not in self._methods:
            raise LookupError(f"cannot call '{method}': the methods are {', '.join(self._methods)}")
        return await self._methods[method](params)

    async def http(self, params: Any) -> Response:
        """An ARM or login request, or what a machine asks about itself."""
        request = msgspec.convert(params, Request)
        if request.facts.get("service") == instance_metadata.SERVICE:
            return instance_metadata.answer(request, self._engine.view(), self._identity.managed)
        if self._identity.is_login(request):
            return self._identity.login(request)
        return await self._engine.handle(request)

    async def certificate(self, params: Any) -> dict[str, str]:
        """A leaf for a name that exists."""
        return self._identity.certificate(str(params["name"]))

    async def token(self, params: Any) -> dict[str, str]:
        """An access token for the local owner, or for another principal of this cloud."""
        asked = params or {}
        audience = asked.get("audience") or "https://management.azure.com/"
        return {"access_token": self._identity.token(asked.get("principal") or "", audience)}

    async def principal(self, params: Any) -> dict[str, str]:
        """A named principal's credentials; made where ``create`` says so."""
        return self._identity.principal(str(params["name"]), bool(params.get("create")), str(params.get("tenant") or ""))

    async def tenant(self, params: Any) -> dict[str, str]:
        """A further tenant by name; made with its subscription and its owner where ``create`` says so.

        ``subscription`` asks for one more subscription of it, which the answer then names.
        """
        name = str(params["name"])
        found = self._identity.tenant(name, bool(params.get("create")))
        if params.get("subscription"):
            found = {**found, "subscription_id": str(uuid.uuid4())}
        owner = Caller(principal=found["object_id"], name=name, client_id=found["client_id"], tenant=found["tenant_id"])
        await tenant_rows(self._engine, name, found["subscription_id"], owner)
        return found

    async def tenants(self, _: Any) -> list[dict[str, Any]]:
        """All tenants with their subscriptions."""
        view = self._engine.view()
        held: dict[str, list[str]] = {row.name: [] for row in view.of_type(TENANT_TYPE)}
        for row in view.of_type(SUBSCRIPTION_TYPE):
            held.setdefault(tenant_of(row.id, view), []).append(row.name)
        names = {row.name: str(row.properties.get("displayName") or "") for row in view.of_type(TENANT_TYPE)}
        return [{"name": names.get(id, ""), "tenant_id": id, "subscriptions": found} for id, found in held.items()]

    async def status(self, _: Any) -> dict[str, Any]:
        """The loop's numbers and how many rows of each type there are."""
        rows = {name: len(self._engine.view().of_type(name)) for name in self._engine.types}
        return {**self._loop.status(), "rows": {name: count for name, count in sorted(rows.items()) if count}}

    async def explain(self, params: Any) -> dict[str, Any]:
        """The verdict on ``{"from", "to", "address"?, "protocol"?}``, as ``explain/trace.py`` has it, its text ``rendered``."""
        more = {name: str(params[name]) for name in ("address", "protocol") if params.get(name)}
        return self._explainer.explain(str(params["from"]), str(params["to"]), **more)

    async def ping(self, _: Any) -> str:
        """Says that control serves."""
        return "pong"
