"""Calls between processes: many at once, large ones, broken ones, and what a lost connection means."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from cloister.ipc.frames import CallFailed, Client, Unreachable, call_blocking, serve
from cloister.limits import FRAME_BYTES_MAX


async def _handler(method: str, params: Any) -> Any:
    if method == "wait":
        await asyncio.Event().wait()
    if method == "refuse":
        raise LookupError("cannot find it")
    return 1 << 70 if method == "unsayable" else params


@pytest.fixture
def served(tmp_path: Path) -> Callable[[Callable[[Client, Path], Awaitable[None]]], None]:
    def run(work: Callable[[Client, Path], Awaitable[None]]) -> None:
        async def main() -> None:
            path = tmp_path / "s"
            server, client = await serve(path, _handler), Client(path)
            assert path.stat().st_mode & 0o777 == 0o600
            await asyncio.wait_for(work(client, path), 20)
            await client.close()
            server.close()

        asyncio.run(main())

    return run


def test_many_calls_and_large_ones_share_a_connection(served):
    async def work(client: Client, path: Path) -> None:
        sizes = [0, 1, 5_000_000, 3, 700_000, 2]
        found = await asyncio.gather(*(client.call("echo", b"x" * size) for size in sizes))
        assert [len(one) for one in found] == sizes and client.generation == 1
        assert await asyncio.to_thread(call_blocking, path, "echo", {"a": [1, None]}) == {"a": [1, None]}

    served(work)


def test_failures_are_the_callers_own(served):
    async def work(client: Client, path: Path) -> None:
        for method in ("refuse", "unsayable"):
            with pytest.raises(CallFailed):
                await client.call(method)
        with pytest.raises(TimeoutError):
            await client.call("wait", timeout=0.01)
        assert await client.call("echo", 7) == 7 and client.generation == 1

    served(work)


def test_a_lost_connection_ends_the_calls_on_it_and_the_next_makes_another(served):
    async def work(client: Client, path: Path) -> None:
        waiting = asyncio.create_task(client.call("wait"))
        assert await client.call("echo", 1) == 1
        await client.close()
        assert await client.call("echo", 2) == 2 and client.generation == 2
        with pytest.raises(Unreachable) as lost:
            await waiting
        assert lost.value.sent

    served(work)


@pytest.mark.parametrize(
    "sent", [(FRAME_BYTES_MAX + 1).to_bytes(4, "big"), b"\0\0\0\0", b"\0\0\0\x02\xc1\xc1", b"\0\0\0\x01\x07"]
)
def test_what_is_no_call_ends_its_connection_only(served, sent: bytes):
    async def work(client: Client, path: Path) -> None:
        def ask() -> bytes:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(10)
                sock.connect(str(path))
                sock.sendall(sent)
                return sock.recv(100)

        assert await asyncio.to_thread(ask) == b""
        assert await client.call("echo", 1) == 1

    served(work)


def test_no_server_is_told_from_a_lost_one(tmp_path: Path):
    with pytest.raises(Unreachable) as found:
        asyncio.run(Client(tmp_path / "nobody").call("echo"))
    assert not found.value.sent and not found.value.listens


def test_a_dead_server_is_told_from_one_that_closes(tmp_path: Path):
    def asked(path: Path) -> Unreachable:
        with pytest.raises(Unreachable) as found:
            call_blocking(path, "echo", None, 5.0)
        return found.value

    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert not asked(path).listens  # bound and not listening, as a socket whose process died
        server.listen(1)
        server.settimeout(5)
        closing = threading.Thread(target=lambda: server.accept()[0].close(), daemon=True)
        closing.start()
        closed = asked(path)
        closing.join(5)
    assert closed.listens and closed.sent
