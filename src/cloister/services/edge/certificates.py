"""A TLS context for each name that exists: leaves come from control's CA, are kept in files, and serve without control.

A leaf is fetched in the background when its site is put, so that the first client finds it; one that is missing at a
handshake is fetched then. Files are 0600, key and certificate together; a leaf of another CA or near its end is fetched
again.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from cloister.home import Home
from cloister.limits import CONTEXTS_MAX, LEAF_RENEW_DAYS
from cloister.private_file import write_private
from cloister.services.edge.hello import UNRECOGNIZED_NAME

log = logging.getLogger("cloister.edge")

Fetch = Callable[[str], Awaitable[dict[str, str]]]
"""A name -> ``{"chain", "key"}``, PEM; raises ConnectionError or another exception where control cannot."""

_FETCHES_AT_ONCE = 4


class Certificates:
    """TLS contexts by certificate name (a site's fqdn, or ``localhost``)."""

    def __init__(self, home: Home, fetch: Fetch):
        self._home = home
        self._fetch = fetch
        self._contexts: OrderedDict[str, tuple[ssl.SSLContext, datetime.datetime]] = OrderedDict()
        self._fetching: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(_FETCHES_AT_ONCE)

    async def context(self, name: str) -> ssl.SSLContext:
        """The context for ``name``; waits for control if there is no leaf yet. Raises ConnectionError, TimeoutError, ..."""
        known = self._contexts.get(name)
        if known is not None and known[1] > _now():
            self._contexts.move_to_end(name)
            return known[0]
        end = self._usable_until(name)
        if end is None:
            await self._fetched(name)
            end = self._usable_until(name)
            if end is None:
                raise ConnectionError(f"cannot use the certificate of '{name}': it is not of this cloud's CA")
        context = make_context(self.path(name), name)
        self._contexts[name] = (context, end)
        if len(self._contexts) > CONTEXTS_MAX:
            self._contexts.popitem(last=False)
        return context

    def prefetch(self, name: str) -> None:
        """Fetch the leaf of ``name`` in the background unless there is one. Failure is left to the first handshake."""
        if not self.path(name).exists():
            self._start(name)

    def path(self, name: str) -> Path:
        """Where the leaf of ``name`` is kept."""
        return self._home.certificates / f"{name.replace('*', '_any')}.pem"

    async def close(self) -> None:
        """End what is being fetched."""
        for task in list(self._fetching.values()):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task

    async def _fetched(self, name: str) -> None:
        await asyncio.shield(self._start(name))

    def _start(self, name: str) -> asyncio.Task[None]:
        task = self._fetching.get(name)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._bring(name))
            self._fetching[name] = task
            task.add_done_callback(lambda done: self._ended(name, done))
        return task

    def _ended(self, name: str, done: asyncio.Task[None]) -> None:
        self._fetching.pop(name, None)
        if not done.cancelled() and done.exception() is not None:
            log.info("cannot get the certificate of %s yet: %s", name, done.exception())

    async def _bring(self, name: str) -> None:
        async with self._room:
            found = await self._fetch(name)
            write_private(self.path(name), f"{found['key']}{found['chain']}".encode(), durable=False)

    def _usable_until(self, name: str) -> datetime.datetime | None:
        """When the kept leaf must be replaced; None if there is none that this cloud's clients would take."""
        try:
            leaf = x509.load_pem_x509_certificate(self.path(name).read_bytes())
            leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(self._home.ca_file.read_bytes()))
        except (OSError, ValueError, TypeError, InvalidSignature):
            return None
        end = leaf.not_valid_after_utc - datetime.timedelta(days=LEAF_RENEW_DAYS)
        return end if end > _now() else None


def make_context(path: Path, name: str) -> ssl.SSLContext:
    """A server context with the leaf in ``path``: TLS 1.2 or 1.3, HTTP/1.1, no resumption, no other name.

    Without session tickets nothing of a connection outlives it, also not one by a withdrawn endpoint.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(path)

    def same_name(_object: ssl.SSLObject, asked: str | None, _context: ssl.SSLContext) -> int | None:
        return None if covers(name, (asked or "").lower().removesuffix(".")) else UNRECOGNIZED_NAME

    context.sni_callback = same_name  # type: ignore[assignment]
    return context


def covers(fqdn: str, name: str) -> bool:
    """Whether a certificate's name stands for what the client asked: equal, one label for ``*``, anything local."""
    if fqdn == "localhost":
        return name in ("", "localhost", "127.0.0.1")
    return name == fqdn.lower() or (fqdn.startswith("*.") and name.partition(".")[2] == fqdn[2:].lower())


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
