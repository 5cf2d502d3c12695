"""The directory of all tenants: service principals, kept in ``secrets/principals.json`` (0600), and the owner among them.

The owner is made at the first start; its secret stands in ``secrets/owner.json`` (0600), the only place where a secret
is kept in clear, because the cloud's own command line signs in with it.
"""

from __future__ import annotations

import threading
import uuid
from pathlib import Path

import msgspec

from cloister.home import Home
from cloister.private_file import write_private
from cloister.services.identity.secrets import Proofs, hash_secret, make_secret


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A service principal. ``object_id`` is what role assignments name, ``client_id`` what a client signs in with.

    ``kept`` is the hash of its secret, ``""`` for one that cannot sign in with a secret (a managed identity).
    ``tenant`` is ``""`` for the cloud's own.
    """

    client_id: str
    object_id: str
    name: str
    kept: str = ""
    kind: str = "ServicePrincipal"
    tenant: str = ""


class Directory:
    """All principals; ``tenant_id`` is the cloud's own tenant. Thread-safe; on disk before a secret is given away."""

    def __init__(self, path: Path, tenant_id: str):
        self.path = path
        self.tenant_id = tenant_id
        self._lock = threading.Lock()
        self._proofs = Proofs()
        kept = msgspec.json.decode(path.read_bytes(), type=list[Principal]) if path.exists() else []
        self._by_client = {principal.client_id: principal for principal in kept}

    @classmethod
    def open(cls, home: Home, tenant_id: str) -> Directory:
        """The directory of ``home``, made with its owner at the first start."""
        directory = cls(home.secrets / "principals.json", tenant_id)
        if not home.owner_file.exists():
            client_id, secret, _ = directory.create_principal("owner")
            owner = {"client_id": client_id, "client_secret": secret, "tenant_id": tenant_id}
            write_private(home.owner_file, msgspec.json.encode(owner))
        return directory

    def owner(self, home: Home) -> Principal:
        """The owner principal. Raises FileNotFoundError or KeyError where the home was tampered with."""
        return self._by_client[msgspec.json.decode(home.owner_file.read_bytes())["client_id"]]

    @property
    def tenants(self) -> set[str]:
        """The tenants that have principals: the cloud's own, and those the operator made."""
        return {self.tenant_of(one) for one in self._by_client.values()} | {self.tenant_id.lower()}

    def tenant_of(self, principal: Principal) -> str:
        """The tenant that a principal belongs to."""
        return (principal.tenant or self.tenant_id).lower()

    def create_principal(self, name: str, tenant: str = "") -> tuple[str, str, str]:
        """A new service principal: ``(client_id, client_secret, object_id)``; the secret is not kept and not shown again."""
        secret = make_secret()
        made = Principal(
            client_id=str(uuid.uuid4()), object_id=str(uuid.uuid4()), name=name, kept=hash_secret(secret), tenant=tenant
        )
        self._keep(made)
        return made.client_id, secret, made.object_id

    def drop(self, client_id: str) -> None:
        """Remove a principal; tokens it already holds stay valid until they expire, as in Entra."""
        with self._lock:
            self._write({key: value for key, value in self._by_client.items() if key != client_id})

    def find(self, word: str) -> Principal | None:
        """A principal by client id, object id or name (the first of that name)."""
        direct = self._by_client.get(word.lower())
        if direct is not None:
            return direct
        return next((one for one in self._by_client.values() if word in (one.object_id, one.name)), None)

    def all(self) -> list[Principal]:
        """Every principal, in the order they were made."""
        return list(self._by_client.values())

    def proves(self, principal: Principal, secret: str) -> bool:
        """Whether ``secret`` is this principal's."""
        return bool(principal.kept) and self._proofs.matches(principal.client_id, secret, principal.kept)

    def _keep(self, made: Principal) -> None:
        with self._lock:
            self._write({**self._by_client, made.client_id: made})

    def _write(self, principals: dict[str, Principal]) -> None:
        write_private(self.path, msgspec.json.encode(list(principals.values())))
        self._by_client = principals
