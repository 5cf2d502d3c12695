"""The metadata services of machines: a listening socket in each network's router, plain HTTP, requests handed to control.

A machine asks about itself at 169.254.169.254, which never leaves its network, so the network's namespace and the peer's
address say who asks (sources are not spoofed: strict reverse-path filtering). What it is told is control's work; here are
the sockets, and the two rules that hold before anything is read: the header ``Metadata: true``, and no ``X-Forwarded-For``.

Source: learn.microsoft.com/azure/virtual-machines/instance-metadata-service ("Security and authentication").
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

from cloister.ipc.messages import Origin, Request, Response
from cloister.limits import EDGE_CONNECTIONS_PER_PEER_MAX
from cloister.net.desired import InstanceMetadata
from cloister.services.edge.accepting import Accepting
from cloister.services.edge.conversation import Answer, Answered, Asked, Conversation, Room
from cloister.services.edge.handover import Desk
from cloister.services.edge.target import Unreadable, read_target

log = logging.getLogger("cloister.edge")

PORT = 80


class Holder(Protocol):
    """What is used of the keeper: sockets in namespaces."""

    def socket(self, name: str, namespace: str | None, type: str, address: str, port: int) -> socket.socket: ...
    def drop_socket(self, name: str) -> bool: ...
    def sockets(self) -> list[dict[str, Any]]: ...


class MetadataServices:
    """The listening sockets of all networks and their open conversations. The keeper is asked from a thread of its own."""

    def __init__(self, holder: Callable[[], Holder], control: Desk, room: Room):
        self._open_holder = holder
        self._holder: Holder | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="metadata")
        self._control = control
        self._room = room
        self._listening: dict[str, Accepting] = {}  # by namespace
        self._talking: dict[tuple[str, str], int] = {}  # conversations by namespace and peer
        self._conversations: set[asyncio.Task[None]] = set()

    async def take(self, service: InstanceMetadata) -> str:
        """Listen for a network; ``""`` or why not. A socket that the keeper made anew takes the place of the old one."""
        try:
            sock = await self._ask(self._socket, service)
        except Exception as error:  # the keeper's words, or that it does not answer: the row's owner reads them
            return f"cannot listen for '{service.key}': {error}"
        running = self._listening.get(service.namespace)
        if running is not None and os.fstat(running.sock.fileno()).st_ino == os.fstat(sock.fileno()).st_ino:
            sock.close()
            return ""
        self._stop(service.namespace)
        self._listening[service.namespace] = Accepting(sock, partial(self._taken, service.namespace))
        self._listening[service.namespace].start()
        return ""

    async def release(self, service: InstanceMetadata) -> str:
        """Listen no more; ``""`` or why the keeper still holds the socket."""
        self._stop(service.namespace)
        try:
            await self._ask(self._drop, service)
        except Exception as error:
            return f"cannot close the socket of '{service.key}': {error}"
        return ""

    async def lost(self, services: Iterable[InstanceMetadata]) -> list[InstanceMetadata]:
        """Those of ``services`` that are not listened for: never, or their network was made anew."""
        found = list(services)
        if not found:
            return []
        try:
            kept = await self._ask(self._names)
        except Exception as error:
            log.warning("cannot see which metadata services are there: %s", error)
            return [one for one in found if one.namespace not in self._listening]
        return [one for one in found if one.namespace not in self._listening or _name(one) not in kept]

    def close(self) -> None:
        """Stop listening; the keeper keeps the sockets for the next edge."""
        for namespace in list(self._listening):
            self._stop(namespace)
        for task in list(self._conversations):
            task.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    # --- the keeper's thread

    async def _ask(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def _keeper(self) -> Holder:
        if self._holder is None:
            self._holder = self._open_holder()
        return self._holder

    def _socket(self, service: InstanceMetadata) -> socket.socket:
        return self._keeper().socket(_name(service), service.namespace, "tcp", service.address, PORT)

    def _drop(self, service: InstanceMetadata) -> None:
        self._keeper().drop_socket(_name(service))

    def _names(self) -> set[str]:
        return {one["name"] for one in self._keeper().sockets()}

    # --- conversations

    def _stop(self, namespace: str) -> None:
        accepting = self._listening.pop(namespace, None)
        if accepting is not None:
            accepting.stop()
            accepting.sock.close()

    def _taken(self, namespace: str, sock: socket.socket, address: str) -> None:
        who = namespace, address
        if self._talking.get(who, 0) >= EDGE_CONNECTIONS_PER_PEER_MAX:
            sock.close()
            return
        self._talking[who] = self._talking.get(who, 0) + 1
        task = asyncio.get_running_loop().create_task(self._converse(sock, who))
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)

    async def _converse(self, sock: socket.socket, who: tuple[str, str]) -> None:
        ended = asyncio.Event()
        conversation = Conversation(self._answer(*who), self._room, ended.set)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: conversation, sock)
            await ended.wait()
        except OSError as error:
            log.debug("cannot talk to %s in %s: %s", who[1], who[0], error)
        finally:
            if not conversation.close():
                sock.close()
            self._talking[who] -= 1
            if not self._talking[who]:
                del self._talking[who]

    def _answer(self, namespace: str, address: str) -> Answer:
        async def answer(asked: Asked) -> Answered:
            refused = refusal(asked)
            if refused is not None:
                return Answered(refused)
            try:
                authority, path, query = read_target(asked)
            except Unreadable as error:
                return Answered(_refused(400, f"Bad request. {error}"), True)
            request = Request(
                method=asked.method,
                path=path,
                query=query,
                headers=asked.headers,
                authority=authority,
                origin=Origin(via="metadata", address=address),
                facts={"service": "metadata", "namespace": namespace},
            )
            return Answered(await self._control.http(request, repeatable=True))

        return answer


def refusal(asked: Asked) -> Response | None:
    """What is refused unread: a request that may have been led here from elsewhere."""
    if "x-forwarded-for" in asked.headers:
        return _refused(400, "Bad request. The header 'X-Forwarded-For' is not allowed: ask without a proxy.")
    if asked.headers.get("metadata", "").lower() == "true":
        return None
    if asked.target.lower().startswith(b"/metadata/identity"):
        body = {"error": "bad_request_102", "error_description": "Required metadata header not specified"}
        return Response(status=400, headers={"content-type": "application/json; charset=utf-8"}, body=json.dumps(body).encode())
    return _refused(400, "Bad request. Required metadata header not specified")


def _refused(status: int, text: str) -> Response:
    headers = {"content-type": "application/json; charset=utf-8"}
    return Response(status=status, headers=headers, body=json.dumps({"error": text}).encode())


def _name(service: InstanceMetadata) -> str:
    """What the keeper calls a network's socket."""
    return f"metadata-{service.namespace}"
