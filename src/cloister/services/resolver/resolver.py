"""The resolver itself: holds the world of names, answers from it, and takes edits from control."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Iterable, Sequence
from typing import Any

import dns.exception
import dns.message
import msgspec

from cloister.dns.world import World
from cloister.keeper.client import KeeperRefused
from cloister.net.desired import Desired, Door, Drop, Edit, OutsideName, PublicName, Put, ResolverObject, View, ZoneRecords
from cloister.services.journal import Journal
from cloister.services.resolver.cache import AnswerCache
from cloister.services.resolver.forwarder import Forwarder
from cloister.services.resolver.listener import Listener, Reply
from cloister.services.resolver.sockets import NotNow, Sockets
from cloister.services.resolver.wire import Forwarded, rdata_wire, respond

log = logging.getLogger("cloister.resolver")

EDIT_SECONDS_AT_ONCE = 0.005  # then questions have their turn
PUBLIC = "services"  # the namespace of the internet's view
VIEWS_AT_ONCE = 20  # likewise


class Resolver:
    """Serves ``apply``, ``observe`` and ``ping``, and the sockets of every view it holds."""

    def __init__(self, sockets: Sockets, journal: Journal):
        self.world = World()
        self._sockets = sockets
        self._journal = journal
        self._cache = AnswerCache()
        self._forwarder = Forwarder(sockets)
        self._listeners: dict[str, Listener] = {}
        self._changing = asyncio.Lock()
        self._rewriting: asyncio.Task[None] | None = None

    async def restore(self) -> None:
        """Take up what the journal says. A view whose network is gone is forgotten; control applies what is missing."""
        async with self._changing:
            objects: dict[str, ResolverObject] = {}
            for edit in self._journal.load():
                if isinstance(edit, Put):
                    objects[edit.object.key] = edit.object  # type: ignore[assignment]
                elif isinstance(edit, Drop):
                    objects.pop(edit.object.key, None)
            for thing in objects.values():
                self.world.put(thing)
            places = self._places()
            for place, reason in zip(places, await self._listen(places), strict=True):
                if reason:
                    log.warning("%s", reason)
                    self.world.drop(place)
            await self._write_journal()

    async def handle(self, method: str, params: Any) -> Any:
        """One call over ``resolver.sock``. Raises ValueError for a call that is none of ours."""
        match method:
            case "apply":
                return await self.apply(msgspec.convert(params, list[Edit]))
            case "observe":
                return await self.observe()
            case "ping":
                return {"pid": os.getpid(), "views": len(self._listeners), "cached": len(self._cache)}
            case "public":
                return self._public(params["message"])
        raise ValueError(f"cannot do {method!r}: the resolver knows apply, observe, public and ping")

    def _public(self, message: bytes) -> dict[str, Any]:
        """What the internet's view answers, and for how many seconds: for DNS over HTTPS."""
        reply = self._fresh(PUBLIC, message, True)
        if not isinstance(reply, bytes):  # the internet's view has no rules
            return {"message": None, "ttl": 0}
        with contextlib.suppress(dns.exception.DNSException):
            found = dns.message.from_wire(reply)
            ttls = [one.ttl for section in (found.answer, found.authority) for one in section]
            return {"message": reply, "ttl": min(ttls, default=0)}
        return {"message": reply, "ttl": 0}

    async def apply(self, edits: list[Edit]) -> list[str]:
        """Do each edit in order; ``""`` or why it failed for each. On return all of it is answered from and kept."""
        async with self._changing:
            answers: list[str] = []
            done: list[Edit] = []
            until = time.monotonic() + EDIT_SECONDS_AT_ONCE
            for edit in edits:
                reason = await self._edit(edit)
                answers.append(reason)
                if not reason:
                    done.append(edit)
                if time.monotonic() > until:
                    await asyncio.sleep(0)
                    until = time.monotonic() + EDIT_SECONDS_AT_ONCE
            await self._write_journal(done)
            return answers

    async def observe(self) -> list[Desired]:
        """All that is held and answered from. A view whose network was made anew gets its sockets there."""
        async with self._changing:
            places = self._places()
            failed = [found for found in zip(places, await self._listen(places), strict=True) if found[1]]
            for place, reason in failed:
                if not isinstance(reason, NotNow):  # else what is open goes on
                    self._stop(place.namespace)
            if failed:
                log.warning("%s; so it is with %d of %d", failed[0][1], len(failed), len(places))
            held = self.world.objects()
            return [one for one in held if not isinstance(one, View | Door) or one.namespace in self._listeners]

    def _places(self) -> list[View | Door]:
        """What has sockets."""
        return [*(table.object for table in self.world.views.values()), *self.world.doors.values()]

    async def close(self) -> None:
        """Stop answering. The keeper keeps the sockets for the next resolver."""
        for namespace in list(self._listeners):
            self._stop(namespace)
        if self._rewriting is not None:
            self._rewriting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._rewriting
        self._journal.close()
        self._forwarder.close()
        self._sockets.close()

    # --- edits ---

    async def _edit(self, edit: Edit) -> str:
        if not isinstance(edit, Put | Drop):
            return "cannot sever in the resolver: it holds no connections of others"
        thing = edit.object
        if not isinstance(thing, View | Door | ZoneRecords | PublicName | OutsideName):
            return f"cannot hold '{thing.key}' in the resolver: it is no name, zone, view or door"
        return await (self._put(thing) if isinstance(edit, Put) else self._drop(thing))

    async def _put(self, thing: ResolverObject) -> str:
        reason = self._wrong(thing)
        if not reason and isinstance(thing, View | Door):
            [reason] = await self._listen([thing])
        if not reason:
            self._forget(self.world.put(thing))
            self._rules_changed(thing)
        return reason

    async def _drop(self, thing: ResolverObject) -> str:
        self._forget(self.world.drop(thing))
        self._rules_changed(thing)
        if isinstance(thing, View | Door):
            self._stop(thing.namespace)
            self._cache.drop(thing.namespace)
            try:
                await self._sockets.release(thing)
            except (ConnectionError, KeeperRefused) as error:
                return f"cannot close the sockets of '{thing.key}': {error}"
        return ""

    def _wrong(self, thing: ResolverObject) -> str:
        """Why an object cannot be answered from, or ``""``. Only what differs from what is held is looked at."""
        if isinstance(thing, OutsideName):
            wanted = [("A", thing.address)]
        elif isinstance(thing, PublicName):
            wanted = [("A", thing.address), *([("CNAME", thing.privatelink)] if thing.privatelink else [])]
        elif isinstance(thing, ZoneRecords):
            held = self.world.zone(thing.key)
            old = set(held.records) if held is not None else set()
            wanted = [(kind, value) for entry in thing.records if entry not in old for kind, value in _values(entry)]
        else:
            return ""
        for kind, value in wanted:
            try:
                rdata_wire(kind, value)
            except (dns.exception.DNSException, ValueError) as error:
                return f"cannot hold '{thing.key}': {value!r} is no {kind} record ({error})"
        return ""

    def _rules_changed(self, thing: ResolverObject) -> None:
        """Close what no forwarding rule uses any more."""
        if isinstance(thing, View) and self._forwarder.is_used:
            tables = self.world.views.values()
            self._forwarder.keep_only({rule.namespace for table in tables for rule in table.object.onward})

    def _forget(self, namespaces: Iterable[str]) -> None:
        for namespace in namespaces:
            self._cache.forget(namespace)

    # --- sockets ---

    async def _listen(self, views: Sequence[View | Door]) -> list[str]:
        """Serve views on the sockets that the keeper has for them now; ``""`` or why not, for each."""
        reasons: list[str] = []
        for start in range(0, len(views), VIEWS_AT_ONCE):
            some = views[start : start + VIEWS_AT_ONCE]
            for view, taken in zip(some, await self._sockets.take(some), strict=True):
                reasons.append(taken if isinstance(taken, str) else await self._serve(view, *taken))
        return reasons

    async def _serve(self, view: View | Door, udp: socket.socket, tcp: socket.socket) -> str:
        namespace = view.namespace
        listener = Listener(udp, tcp, self._cache.of(namespace), lambda message, over: self._fresh(namespace, message, over))
        running = self._listeners.get(namespace)
        if running is not None and running.inodes == listener.inodes:
            udp.close()
            tcp.close()
            return ""
        self._stop(namespace)
        try:
            await listener.open()
        except OSError as error:
            listener.close()
            return f"cannot listen for '{view.key}': {error}"
        self._listeners[namespace] = listener
        return ""

    def _stop(self, namespace: str) -> None:
        listener = self._listeners.pop(namespace, None)
        if listener is not None:
            listener.close()

    def _fresh(self, namespace: str, message: bytes, tcp: bool) -> Reply:
        view = self.world.view(namespace)
        if view is None:
            return None
        reply, lasting = respond(message, view, tcp=tcp)
        if isinstance(reply, Forwarded):
            return asyncio.get_running_loop().create_task(self._forwarded(reply))
        if lasting and reply is not None and not tcp:
            self._cache.keep(namespace, message, reply)
        return reply

    async def _forwarded(self, asked: Forwarded) -> bytes:
        assert asked.answer.onward is not None
        return asked.finish(await self._forwarder.ask(asked.answer.onward, asked.answer.asks, asked.kind))

    # --- the journal ---

    async def _write_journal(self, edits: list[Edit] | None = None) -> None:
        """Keep ``edits``; or everything, where they are None or there is no file. A full disk costs only a restart's memory."""
        try:
            if edits is None or not self._journal.open:
                if self._rewriting is not None:
                    await asyncio.wait([self._rewriting])
                await self._journal.rewrite(self.world.objects())
            elif edits:
                self._journal.append(edits)
                if self._journal.full:
                    self._rewriting = asyncio.create_task(self._rewrite())
        except OSError as error:
            self._spoilt(error)

    async def _rewrite(self) -> None:
        try:
            await self._journal.rewrite(self.world.objects())
        except OSError as error:
            self._spoilt(error)

    def _spoilt(self, error: OSError) -> None:
        self._journal.forget()
        log.warning("cannot keep names on disk: %s; a restarted resolver will wait for control", error.strerror or error)


def _values(entry: tuple[str, str, int, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(entry[1], value) for value in entry[3]]
