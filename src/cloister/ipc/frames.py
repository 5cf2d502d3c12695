"""Calls over a unix socket: a 4-byte big-endian length, then msgpack ``[id, method, params]`` or ``[id, ok, result]``.

Many calls may be under way on one connection; answers come in any order. Both sides run as one user, and the server
checks the peer's uid (SO_PEERCRED), so the socket needs no other authentication. A frame is at most
``limits.FRAME_BYTES_MAX`` bytes.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from cloister.limits import FRAME_BYTES_MAX

_pack_into = msgspec.msgpack.Encoder(enc_hook=str).encode_into
_unpack = msgspec.msgpack.decode

Handler = Callable[[str, Any], Awaitable[Any]]


class CallFailed(Exception):
    """The other side answered with an error; ``str()`` is its text."""


class Unreachable(ConnectionError):
    """The other process does not answer: it is down, or went down during the call.

    ``sent`` is False when the call certainly never reached it; ``listens`` is False when nothing waits at its socket.
    """

    sent = True
    listens = True


def peer_uid(sock: socket.socket) -> int:
    """The uid of the process at the other end of a unix socket."""
    return struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]


def _frame(message: Any) -> bytearray:
    out = bytearray()
    _append(out, message)
    return out


def _append(out: bytearray, message: Any) -> None:
    """One frame more at the end of ``out``; nothing of it where the message cannot be said."""
    start = len(out)
    out += b"\0\0\0\0"
    try:
        _pack_into(message, out, -1)
    except BaseException:
        del out[start:]
        raise
    out[start : start + 4] = (len(out) - start - 4).to_bytes(4, "big")


class _Frames(asyncio.Protocol):
    """One connection. ``on_frame`` gets each message that comes in; what is sent in one turn of the event loop is one write."""

    def __init__(self, on_frame: Callable[[Any], None], on_lost: Callable[[], None]):
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()  # the beginning of a frame
        self._wanted = 4  # how long it must be to go on
        self._out = bytearray()

    @property
    def is_open(self) -> bool:
        """Whether it can still be sent to."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio, as the next two."""
        self._transport = transport  # type: ignore[assignment]
        if peer_uid(transport.get_extra_info("socket")) not in (os.getuid(), 0):
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._on_lost()

    def data_received(self, data: bytes | bytearray) -> None:
        if self._held:
            self._held += data
            if len(self._held) < self._wanted:
                return
            data, self._held = self._held, bytearray()
        try:
            self._read(memoryview(data))
        except (ConnectionError, ValueError, TypeError, msgspec.DecodeError):
            self.close()

    def _read(self, content: memoryview) -> None:
        at, end = 0, len(content)
        self._wanted = 4
        while end - at >= 4 and self.is_open:
            size = int.from_bytes(content[at : at + 4], "big")
            if size > FRAME_BYTES_MAX:
                raise ConnectionError(f"cannot read a frame of {size} bytes: the limit is {FRAME_BYTES_MAX}")
            if end - at - 4 < size:
                self._wanted = 4 + size
                break
            self._on_frame(_unpack(content[at + 4 : at + 4 + size]))
            at += 4 + size
        self._held += content[at:]

    def send(self, message: Any) -> None:
        """Send a message with what else is sent in this turn. Dropped where the connection has ended."""
        if not self._out:
            self._loop.call_soon(self._flush)
        _append(self._out, message)

    def _flush(self) -> None:
        out, self._out = self._out, bytearray()
        if self._transport is not None and out:
            self._transport.write(out)

    def close(self) -> None:
        """End the connection after what was sent."""
        self._flush()
        if self._transport is not None:
            self._transport.close()


class _Served:
    """The calls of one connection to a server; those under way end with it."""

    def __init__(self, handler: Handler):
        self._handler = handler
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._count = 0
        self._loop = asyncio.get_running_loop()
        self.frames = _Frames(self._asked, self._lost)

    def _asked(self, message: Any) -> None:
        number, method, params = message
        self._count += 1
        self._tasks[self._count] = self._loop.create_task(self._answer(self._count, number, method, params))

    async def _answer(self, count: int, number: int, method: str, params: Any) -> None:
        try:
            self.frames.send([number, True, await self._handler(method, params)])
        except Exception as error:
            self.frames.send([number, False, f"{error}" or type(error).__name__])
        finally:
            del self._tasks[count]

    def _lost(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()


async def serve(path: Path, handler: Handler) -> asyncio.AbstractServer:
    """Serve ``handler(method, params)`` at ``path`` (mode 0600; an old socket file is replaced).

    A handler's exception becomes the caller's CallFailed with its text.
    """
    path.unlink(missing_ok=True)
    old = os.umask(0o177)
    try:
        return await asyncio.get_running_loop().create_unix_server(lambda: _Served(handler).frames, path=str(path))
    finally:
        os.umask(old)


class Client:
    """An asynchronous caller that connects when needed and again after a loss. Not shared between event loops."""

    def __init__(self, path: Path):
        self.path = path
        self._frames: _Frames | None = None
        self._waiting: dict[int, asyncio.Future[Any]] = {}  # calls under way on this connection
        self._number = 0
        self.generation = 0  # how often a connection was made: a change means that the other side may be a new process
        self._connecting = asyncio.Lock()

    async def call(self, method: str, params: Any = None, timeout: float | None = 30.0) -> Any:
        """Call and wait. Raises CallFailed, Unreachable, or TimeoutError after ``timeout`` seconds."""
        if self._frames is None or not self._frames.is_open:
            await self._connect()
        assert self._frames is not None
        loop, waiting = asyncio.get_running_loop(), self._waiting
        self._number += 1
        number, future = self._number, loop.create_future()
        late = loop.call_later(timeout, _expire, future) if timeout is not None else None
        waiting[number] = future
        try:
            self._frames.send([number, method, params])
            return await future
        finally:
            waiting.pop(number, None)
            if late is not None:
                late.cancel()

    async def _connect(self) -> None:
        async with self._connecting:
            if self._frames is not None and self._frames.is_open:
                return
            waiting: dict[int, asyncio.Future[Any]] = {}
            frames = _Frames(lambda message: _answered(waiting, message), lambda: self._lost(waiting))
            try:
                await asyncio.get_running_loop().create_unix_connection(lambda: frames, str(self.path))
            except OSError as error:
                raise _not_connected(self.path, error) from error
            self._frames, self._waiting = frames, waiting
            self.generation += 1

    def _lost(self, waiting: dict[int, asyncio.Future[Any]]) -> None:
        for future in waiting.values():
            if not future.done():
                future.set_exception(Unreachable(f"cannot reach {self.path.name}: the connection ended"))

    async def close(self) -> None:
        """Close the connection; a later call opens a new one."""
        if self._frames is not None:
            self._frames.close()


def _answered(waiting: dict[int, asyncio.Future[Any]], message: Any) -> None:
    number, ok, result = message
    future = waiting.get(number)
    if future is not None and not future.done():
        if ok:
            future.set_result(result)
        else:
            future.set_exception(CallFailed(result))


def _expire(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_exception(TimeoutError())


def _not_connected(path: Path, error: OSError) -> Unreachable:
    """Why no connection was made: no socket, or one that a dead process left; else the process has no room for one."""
    unreachable = Unreachable(f"cannot reach {path.name}: {error.strerror or error}")
    unreachable.sent = False
    unreachable.listens = not isinstance(error, FileNotFoundError | ConnectionRefusedError)
    return unreachable


def _connect(sock: socket.socket, path: Path) -> None:
    try:
        sock.connect(str(path))
    except TimeoutError:
        raise
    except OSError as error:
        raise _not_connected(path, error) from error


def call_blocking(path: Path, method: str, params: Any = None, timeout: float = 30.0) -> Any:
    """One call from ordinary blocking code (the command line, the edge's certificate look-up). Raises as Client.call."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout)
        try:
            _connect(sock, path)
            sock.sendall(_frame([1, method, params]))
            _, ok, result = _unpack(_exactly(sock, int.from_bytes(_exactly(sock, 4), "big")))
        except (TimeoutError, Unreachable):
            raise
        except OSError as error:
            raise Unreachable(f"cannot reach {path.name}: {error.strerror or error}") from error
    if not ok:
        raise CallFailed(result)
    return result


def _exactly(sock: socket.socket, size: int) -> bytes:
    if size > FRAME_BYTES_MAX:
        raise ConnectionError(f"cannot read a frame of {size} bytes: the limit is {FRAME_BYTES_MAX}")
    out = bytearray()
    while len(out) < size:
        part = sock.recv(min(size - len(out), 1 << 20))
        if not part:
            raise ConnectionError("the connection ended")
        out += part
    return bytes(out)
