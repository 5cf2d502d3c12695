"""DNS over HTTPS at the edge: what is a question, and what is refused (RFC 8484)."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from typing import Any

import dns.message
import pytest

from cloister.compilers.names import compile_base
from cloister.dns.world import World
from cloister.ipc.frames import Unreachable
from cloister.ipc.messages import Request, Response
from cloister.services.edge import doh
from cloister.services.journal import Journal
from cloister.services.resolver.resolver import Resolver

QUERY = dns.message.make_query("management.azure.com", "A", id=0).to_wire()
TYPE = {"content-type": doh.MEDIA_TYPE}


class Desk:
    """The resolver without its process."""

    def __init__(self, tmp_path: Any):
        self._resolver = Resolver(None, Journal(tmp_path / "journal"))  # type: ignore[arg-type]
        self._resolver.world = World(compile_base())  # type: ignore[arg-type]
        self.down = False

    async def call(self, method: str, params: Any, *, repeatable: bool) -> Any:
        if self.down:
            raise Unreachable("down")
        return await self._resolver.handle(method, params)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def ask(desk: Desk, method: str = "GET", path: str = doh.PATH, **more: Any) -> Response:
    return asyncio.run(doh.answer(Request(method=method, path=path, **more), desk))  # type: ignore[arg-type]


def text(message: bytes) -> str:
    return urlsafe_b64encode(message).decode().rstrip("=")


def test_get_and_post_answer_alike_and_say_how_long(desk):
    for answer in (ask(desk, query={"dns": text(QUERY)}), ask(desk, "POST", headers=TYPE, body=QUERY)):
        assert answer.status == 200
        assert answer.headers == {"content-type": doh.MEDIA_TYPE, "cache-control": "max-age=10"}
        found = dns.message.from_wire(answer.body)
        assert [str(one) for one in found.answer[0]] == ["198.19.0.4"]
    missing = ask(desk, "POST", headers=TYPE, body=dns.message.make_query("no.such.name", "A").to_wire())
    assert missing.status == 200 and dns.message.from_wire(missing.body).rcode() == 3


@pytest.mark.parametrize(
    ("status", "asked"),
    [
        (404, {"path": "/"}),
        (405, {"method": "PUT", "headers": TYPE, "body": QUERY}),
        (415, {"method": "POST", "body": QUERY}),
        (415, {"method": "POST", "headers": {"content-type": "application/json"}, "body": b"{}"}),
        (400, {"method": "POST", "headers": TYPE}),
        (400, {"method": "POST", "headers": TYPE, "body": b"short"}),
        (400, {"method": "POST", "headers": TYPE, "body": b"\0\0\x80" + QUERY[3:]}),
        (413, {"method": "POST", "headers": TYPE, "body": QUERY + bytes(65_535)}),
        (400, {}),
        (400, {"query": {"dns": "a"}}),
        (400, {"query": {"dns": text(QUERY) + "=="}}),
    ],
)
def test_refusals(desk, status, asked):
    answer = ask(desk, **asked)
    assert answer.status == status, answer
    assert b'"cannot ' in answer.body


def test_a_resolver_that_is_down_is_a_503(desk):
    desk.down = True
    assert ask(desk, query={"dns": text(QUERY)}).status == 503
