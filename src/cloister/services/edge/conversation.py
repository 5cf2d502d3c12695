"""HTTP/1.1 on one connection: heads and bodies in, answers out, within limits of size and time.

One request at a time is answered; the next ones wait in order. Parsing is httptools' (llhttp, strict): a head that is
ambiguous about its own length is refused. What is asked for goes as a ``Asked`` to ``answer``, whose Response is written.
"""

from __future__ import annotations

import asyncio
import email.utils
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httptools

from cloister.ipc.messages import Response
from cloister.limits import (
    BODY_BYTES_MAX,
    BODY_SECONDS,
    EDGE_BODY_BYTES_MAX,
    HEAD_SECONDS,
    HEADER_BYTES_MAX,
    IDLE_SECONDS,
    PIPELINED_MAX,
    URL_LENGTH_MAX,
    WRITE_SECONDS,
)
from cloister.services.edge import refusals

_DRAIN_BYTES_MAX = 64 * 1024 * 1024  # how much of a body that is too large is read so that the client sees its 413
_DRAIN_SECONDS = 30.0
_DRAIN_PAUSE, _LINGER_PAUSE = 2.0, 0.05  # a client that has been silent for this long is not sending any more
_ONCE = ("host", "authorization", "content-length", "content-type")


@dataclass
class Asked:
    """One request as it stood on the wire; header names are lower case, repeated ones joined by a comma."""

    method: str = ""
    target: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    keeps_alive: bool = True
    refused: Response | None = None  # answered with this instead of being passed on


@dataclass(frozen=True)
class Answered:
    """What to write; ``closes`` ends the connection afterwards."""

    response: Response
    closes: bool = False


Answer = Callable[[Asked], Awaitable[Answered]]


class _Enough(Exception):
    """Stops the parser after a refusal."""


class Room:
    """How much memory the bodies of all connections may take together."""

    def __init__(self, size: int = EDGE_BODY_BYTES_MAX):
        self.free = size

    def take(self, size: int) -> bool:
        """Take ``size`` bytes unless there is no room."""
        if size > self.free:
            return False
        self.free -= size
        return True

    def give(self, asked: Asked | None) -> None:
        """Give back what a request's body took, and drop the body."""
        if asked is not None:
            self.free += len(asked.body)
            asked.body = bytearray()


class Conversation(asyncio.Protocol):
    """One connection. ``answer`` must not raise; ``on_lost`` is called once at the end."""

    def __init__(self, answer: Answer, room: Room, on_lost: Callable[[], None] = lambda: None):
        self._answer = answer
        self._room = room
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._asked: Asked | None = None
        self._queue: deque[Asked] = deque()
        self._work: asyncio.Task[None] | None = None
        self._head_bytes = 0  # received since the head began, a lower bound for what it may still become
        self._header_bytes = 0  # of the headers that are whole
        self._in_head = False
        self._drained = 0
        self._draining = False
        self._writable: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # --- the transport's side --------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS is up."""
        self._transport = transport  # type: ignore[assignment]
        self._wait(HEAD_SECONDS)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection ended; what is under way behind the edge ends with it only if it can."""
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._forget_queue()
        self._room.give(self._asked)
        self._asked = None
        self._on_lost()

    def abort(self) -> bool:
        """Give up the request under way and the connection; False if there is none yet."""
        if self._work is not None:
            self._work.cancel()
        if self._transport is None:
            return False
        self._transport.abort()
        return True

    def close(self) -> bool:
        """End the connection after what is written; False if there is none yet."""
        if self._transport is None:
            return False
        self._transport.close()
        return True

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; whatever is wrong with a head ends the connection after its answer."""
        if self._draining:
            self._drained += len(data)
            if self._drained > _DRAIN_BYTES_MAX:
                self._end()
            return
        if self._asked is None or self._in_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # An offer to change the protocol may be ignored (RFC 9110 7.8); what follows it cannot be read, so this is the last.
            self._queue[-1].keeps_alive, self._draining = False, True
        except httptools.HttpParserCallbackError as error:
            self._refuse(refusals.refusal(400, "BadRequest", f"cannot read the request: {error.__context__}"))
        except httptools.HttpParserError as error:
            self._refuse(refusals.refusal(400, "BadRequest", f"cannot read the request: {error}; send HTTP/1.1"))
        if self._in_head and self._head_bytes > HEADER_BYTES_MAX:
            self._refuse(_long_head())

    # --- the parser's side -----------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A new request's first byte."""
        self._asked = Asked()
        self._in_head = True
        self._header_bytes = 0
        if self._work is None:
            self._wait(HEAD_SECONDS)

    def on_url(self, url: bytes) -> None:
        """A part of the request target."""
        assert self._asked is not None
        self._asked.target += url
        if len(self._asked.target) > URL_LENGTH_MAX:
            text = f"cannot read the request: its URL is longer than {URL_LENGTH_MAX} characters"
            self._refuse(refusals.refusal(414, "RequestUriTooLong", text))
            raise _Enough

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, whole."""
        if not self._in_head or self._asked is None:
            return  # a trailer
        self._header_bytes += len(name) + len(value) + 4
        if self._header_bytes > HEADER_BYTES_MAX:
            self._refuse(_long_head())
            raise _Enough
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        old = self._asked.headers.get(key)
        if old is not None and key in _ONCE:
            raise ValueError(f"the header '{key}' stands there twice")
        self._asked.headers[key] = text if old is None else f"{old}, {text}"

    def on_headers_complete(self) -> None:
        """The head is whole: refuse what is too large before it is sent."""
        asked = self._asked
        assert asked is not None
        self._in_head = False
        self._head_bytes = 0
        asked.method = self._parser.get_method().decode()
        asked.keeps_alive = self._parser.should_keep_alive()
        length = asked.headers.get("content-length", "0")
        if length.isdecimal() and int(length) > BODY_BYTES_MAX:
            self._refuse(refusals.too_large())
            raise _Enough
        if self._work is None:
            self._wait(BODY_SECONDS)
        if asked.headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        assert self._asked is not None
        if not self._room.take(len(body)):
            text = "cannot take the request's body now: too many large ones are under way; try again"
            self._refuse(refusals.refusal(503, "ServerBusy", text, {"retry-after": "1"}))
            raise _Enough
        self._asked.body += body
        if len(self._asked.body) > BODY_BYTES_MAX:
            self._refuse(refusals.too_large())
            raise _Enough

    def on_message_complete(self) -> None:
        """A whole request: answer it after those before it."""
        assert self._asked is not None
        self._enqueue(self._asked)
        self._asked = None

    # --- answering -------------------------------------------------------------------------------------------

    def _refuse(self, response: Response) -> None:
        """Answer what cannot be passed on, after those before it; read and drop what the client still sends."""
        if self._draining:
            return
        asked = self._asked or Asked()
        asked.refused, asked.keeps_alive = response, False
        self._room.give(asked)
        self._asked, self._in_head, self._draining = None, False, True
        self._enqueue(asked)

    def _enqueue(self, asked: Asked) -> None:
        self._queue.append(asked)
        if self._work is None:
            self._work = self._loop.create_task(self._answer_all())
        elif len(self._queue) >= PIPELINED_MAX and self._transport is not None:
            self._transport.pause_reading()

    async def _answer_all(self) -> None:
        try:
            while self._queue and self._transport is not None:
                asked = self._queue.popleft()
                self._deadline = 0.0
                try:
                    answered = Answered(asked.refused, True) if asked.refused else await self._answer(asked)
                finally:
                    self._room.give(asked)
                await self._write(asked, answered)
                if answered.closes or not asked.keeps_alive:
                    self._forget_queue()
                    self._close_after(asked)
                    return
        finally:
            self._work = None
        if self._transport is not None:
            self._transport.resume_reading()
            self._wait(IDLE_SECONDS if self._asked is None else BODY_SECONDS)

    async def _write(self, asked: Asked, answered: Answered) -> None:
        if self._transport is None:
            return
        closes = answered.closes or not asked.keeps_alive
        self._transport.writelines(render(asked, answered.response, closes))
        if self._writable is not None:
            self._wait(WRITE_SECONDS)
            await self._writable
            self._writable = None

    def _close_after(self, asked: Asked) -> None:
        """End the connection so that the client can still read the answer, however much it is still sending."""
        if self._transport is None:
            return
        if not self._draining:
            self._transport.close()
            return
        large = asked.refused is not None and asked.refused.status == 413 and "expect" not in asked.headers
        self._drain(_DRAIN_PAUSE if large else _LINGER_PAUSE, -1, self._loop.time() + _DRAIN_SECONDS)

    def _drain(self, pause: float, before: int, end: float) -> None:
        """Drop what comes until nothing came during a pause; unread bytes at close would cost the client its answer."""
        if self._drained == before or self._loop.time() > end:
            self._end()
        else:
            self._loop.call_later(pause, self._drain, pause, self._drained, end)

    def _forget_queue(self) -> None:
        while self._queue:
            self._room.give(self._queue.popleft())

    def _end(self) -> None:
        if self._transport is not None:
            self._transport.close()

    # --- time ------------------------------------------------------------------------------------------------

    def _wait(self, seconds: float) -> None:
        """From now the client has this long; 0.0 stops the clock while the answer is ours to give."""
        self._deadline = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._late)
        elif self._timer.when() > self._deadline + 1.0:
            self._timer.cancel()
            self._timer = self._loop.call_at(self._deadline, self._late)

    def _late(self) -> None:
        self._timer = None
        if self._transport is None or not self._deadline:
            return
        if self._loop.time() < self._deadline - 0.001:
            self._timer = self._loop.call_at(self._deadline, self._late)
        elif self._asked is not None and not self._draining and self._work is None:
            self._refuse(refusals.refusal(408, "RequestTimeout", "cannot wait longer for the rest of the request; send it again"))
        elif self._writable is not None:
            self._transport.abort()
        else:
            self._end()


def _long_head() -> Response:
    text = f"cannot read the request: its head is longer than {HEADER_BYTES_MAX} bytes"
    return refusals.refusal(431, "RequestHeaderFieldsTooLarge", text)


_no_body = (204, 304)
_LARGE = 64 * 1024
_date: tuple[int, str] = (0, "")


def _date_now() -> str:
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = (now, email.utils.formatdate(now, usegmt=True))
    return _date[1]


def render(asked: Asked, response: Response, closes: bool) -> tuple[bytes, ...]:
    """An answer as bytes, with the headers every Azure answer has. A header that would break the framing is left out.

    A large body stands by itself: to join it to its head would be one more copy.
    """
    status, body = response.status, response.body
    found = {
        name: value
        for name, value in response.headers.items()
        if name not in ("content-length", "connection", "transfer-encoding", "date")
        and not ("\r" in value or "\n" in value or "\r" in name or "\n" in name)
    }
    if "x-ms-request-id" not in found:
        found["x-ms-request-id"] = str(uuid.uuid4())
    if "x-ms-correlation-request-id" not in found:
        given = asked.headers.get("x-ms-correlation-request-id", "")
        found["x-ms-correlation-request-id"] = given if given.isascii() and 0 < len(given) <= 64 else str(uuid.uuid4())
    own = asked.headers.get("x-ms-client-request-id", "")
    if own and asked.headers.get("x-ms-return-client-request-id", "").lower() == "true":
        found["x-ms-client-request-id"] = own
    lines = [f"HTTP/1.1 {status} {refusals.REASONS.get(status, 'Unknown')}", f"date: {_date_now()}"]
    lines += [f"{name}: {value}" for name, value in found.items()]
    if status not in _no_body:
        told = response.headers.get("content-length", "") if asked.method == "HEAD" and not body else ""
        lines.append(f"content-length: {told if told.isdecimal() else len(body)}")
    lines.append("x-content-type-options: nosniff")
    if closes:
        lines.append("connection: close")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
    if asked.method == "HEAD" or status in _no_body:
        return (head,)
    return (head, body) if len(body) > _LARGE else (head + body,)
