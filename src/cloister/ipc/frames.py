"""Calls over a unix socket: a 4-byte big-endian length, then msgpack ``[id, method, params]`` or ``[id, ok, result]``.

Many calls may be under way on one connection; answers come in any order. Both sides run as one user, and the server
checks the peer's uid (SO_PEERCRED), so the socket needs no other authentication. A frame is at most
``limits.FRAME_BYTES_MAX`` bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from cloister.limits import FRAME_BYTES_MAX

_pack = msgspec.msgpack.Encoder(enc_hook=str).encode
_unpack = msgspec.msgpack.decode

Handler = Callable[[str, Any], Awaitable[Any]]


class CallFailed(Exception):
    """The other side answered with an error; ``str()`` is its text."""


class Unreachable(ConnectionError):
    """The other process does not answer: it is down, or went down during the call.

    ``sent`` is False when the call certainly never reached it.
    """

    sent = True


def peer_uid(sock: socket.socket) -> int:
    """The uid of the process at the other end of a unix socket."""
    return struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]


async def _read(reader: asyncio.StreamReader) -> Any:
    size = int.from_bytes(await reader.readexactly(4), "big")
    if size > FRAME_BYTES_MAX:
        raise ConnectionError(f"cannot read a frame of {size} bytes: the limit is {FRAME_BYTES_MAX}")
    return _unpack(await reader.readexactly(size))


def _frame(message: Any) -> bytes:
    body = _pack(message)
    return len(body).to_bytes(4, "big") + body


async def serve(path: Path, handler: Handler) -> asyncio.Server:
    """Serve ``handler(method, params)`` at ``path`` (mode 0600; an old socket file is replaced).

    A handler's exception becomes the caller's CallFailed with its text.
    """

    async def answer(writer: asyncio.StreamWriter, number: int, method: str, params: Any) -> None:
        try:
            message = [number, True, await handler(method, params)]
        except Exception as error:
            message = [number, False, f"{error}" or type(error).__name__]
        with contextlib.suppress(ConnectionError):
            writer.write(_frame(message))
            await writer.drain()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks: set[asyncio.Task] = set()
        try:
            if peer_uid(writer.get_extra_info("socket")) not in (os.getuid(), 0):
                return
            while True:
                number, method, params = await _read(reader)
                task = asyncio.create_task(answer(writer, number, method, params))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError, ValueError, msgspec.DecodeError):
            pass
        finally:
            for task in tasks:
                task.cancel()
            writer.close()

    path.unlink(missing_ok=True)
    old = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(connected, path=str(path), limit=FRAME_BYTES_MAX)
    finally:
        os.umask(old)


class Client:
    """An asynchronous caller that connects when needed and again after a loss. Not shared between event loops."""

    def __init__(self, path: Path):
        self.path = path
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task | None = None
        self._waiting: dict[int, asyncio.Future] = {}
        self._number = 0
        self.generation = 0  # how often a connection was made: a change means that the other side may be a new process
        self._connecting = asyncio.Lock()

    async def call(self, method: str, params: Any = None, timeout: float | None = 30.0) -> Any:
        """Call and wait. Raises CallFailed, Unreachable, or TimeoutError after ``timeout`` seconds."""
        async with self._connecting:
            if self._writer is None or self._writer.is_closing():
                await self._connect()
        assert self._writer is not None
        self._number += 1
        number = self._number
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            self._writer.write(_frame([number, method, params]))
            async with asyncio.timeout(timeout):
                return await future
        except ConnectionError as error:
            raise Unreachable(f"cannot reach {self.path.name}: {error}") from error
        finally:
            self._waiting.pop(number, None)

    async def _connect(self) -> None:
        try:
            reader, self._writer = await asyncio.open_unix_connection(str(self.path), limit=FRAME_BYTES_MAX)
        except OSError as error:
            unreachable = Unreachable(f"cannot reach {self.path.name}: {error.strerror or error}")
            unreachable.sent = False
            raise unreachable from error
        self.generation += 1
        self._reading = asyncio.create_task(self._receive(reader, self._writer))

    async def _receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                number, ok, result = await _read(reader)
                future = self._waiting.get(number)
                if future is not None and not future.done():
                    if ok:
                        future.set_result(result)
                    else:
                        future.set_exception(CallFailed(result))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            if self._writer is writer:
                self._writer = None
            waiting, self._waiting = self._waiting, {}
            for future in waiting.values():
                if not future.done():
                    future.set_exception(Unreachable(f"cannot reach {self.path.name}: the connection ended"))

    async def close(self) -> None:
        """Close the connection; a later call opens a new one."""
        if self._reading:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading


def call_blocking(path: Path, method: str, params: Any = None, timeout: float = 30.0) -> Any:
    """One call from ordinary blocking code (the command line, the edge's certificate look-up). Raises as Client.call."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout)
        try:
            sock.connect(str(path))
            sock.sendall(_frame([1, method, params]))
            _, ok, result = _unpack(_exactly(sock, int.from_bytes(_exactly(sock, 4), "big")))
        except TimeoutError:
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
