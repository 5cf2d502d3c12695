"""HTTP/1.1 on the wire: limits, slow and rude clients, pipelining, and heads that mean two things."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import ssl
import time

import pytest
from edge_cloud import ARM, BY_A, NAME_A, A, Cloud, say
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloister.limits import BODY_BYTES_MAX
from cloister.services.edge import conversation
from cloister.services.edge.measured import Measured
from tests.boxes import examples

HOST = f"host: {ARM}\r\n".encode()


def all_of(sock: ssl.SSLSocket, seconds: float = 5) -> bytes:
    """What comes until the other side ends."""
    sock.settimeout(seconds)
    found = b""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while part := sock.recv(65536):
            found += part
    return found


def exchange(cloud: Cloud, content: bytes, name: str = ARM, source: str = "127.0.0.1") -> bytes:
    """Send raw bytes, then read all."""
    with cloud.tls(name, source) as sock, contextlib.suppress(ConnectionError):
        sock.sendall(content)
        return all_of(sock)
    return b""


def test_a_body_at_the_limit_passes_and_one_beyond_gets_413(shared_edge: Cloud) -> None:
    connection = shared_edge.connect(ARM)
    status, said, _ = say(connection, "/x", "PUT", body=b"x" * BODY_BYTES_MAX)
    assert (status, said["size"]) == (200, BODY_BYTES_MAX)
    status, said, headers = say(connection, "/x", "PUT", body=b"x" * (BODY_BYTES_MAX + 1))
    assert status == 413
    assert said["error"]["code"] == "RequestEntityTooLarge"
    assert "4 MB" in said["error"]["message"]
    assert headers["connection"] == "close"


def test_a_chunked_body_beyond_the_limit_gets_413(shared_edge: Cloud) -> None:
    connection = shared_edge.connect(ARM)
    status, said, _ = say(connection, "/x", "PUT", body=iter([b"x" * 65536] * 80))
    assert (status, said["error"]["code"]) == (413, "RequestEntityTooLarge")
    status, said, _ = say(shared_edge.connect(ARM), "/x", "PUT", body=iter([b"x" * 65536] * 64))
    assert (status, said["size"]) == (200, BODY_BYTES_MAX)


def test_413_comes_before_the_body_where_the_client_asks(shared_edge: Cloud) -> None:
    head = b"PUT /x HTTP/1.1\r\n" + HOST + b"content-length: 99999999\r\nexpect: 100-continue\r\n\r\n"
    start = time.monotonic()
    assert b" 413 " in exchange(shared_edge, head)
    assert time.monotonic() - start < 2


def test_a_body_is_asked_for(shared_edge: Cloud) -> None:
    with shared_edge.tls(ARM) as sock:
        sock.sendall(b"PUT /x HTTP/1.1\r\n" + HOST + b"content-length: 2\r\nexpect: 100-continue\r\n\r\n")
        assert sock.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"{}")
        assert b" 200 OK" in sock.recv(1000)


def test_all_bodies_together_have_a_limit(edge_cloud: Cloud) -> None:
    room = edge_cloud.edge.lines.room
    free, room.free = room.free, 1000
    assert say(edge_cloud.connect(ARM), "/x", "PUT", body=b"x" * 2000)[0] == 503
    assert say(edge_cloud.connect(ARM), "/x", "PUT", body=b"x" * 1000)[0] == 200
    assert room.free == 1000
    room.free = free


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + HOST + b"x: " + b"a" * 70000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"x%d: a\r\n" % n for n in range(9000)) + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"authorization: a\r\nauthorization: b\r\n\r\n", 400),
        (b"GET x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /%ff HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /%00 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /?" + b"a=b&" * 300 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET / HTTP/3.1\r\n" + HOST + b"\r\n", 400),
        (b"rubbish\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"content-length: 3\r\ncontent-length: 4\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"content-length: -3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"transfer-encoding: chunked, x\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"a : b\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ],
)
def test_bad_heads(shared_edge: Cloud, head: bytes, status: int) -> None:
    answer = exchange(shared_edge, head)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
    assert error["message"].startswith(("cannot ", "The request"))
    assert b"Traceback" not in answer


def test_pipelined_requests_are_answered_in_order(shared_edge: Cloud) -> None:
    one = b"".join(b"GET /subscriptions/%d HTTP/1.1\r\n" % n + HOST + b"\r\n" for n in range(40))
    answer = exchange(shared_edge, one + b"GET /last HTTP/1.1\r\nconnection: close\r\n" + HOST + b"\r\n")
    places = [answer.index(b'/subscriptions/%d"' % n) for n in range(40)]
    assert places == sorted(places)
    assert answer.count(b" 200 OK") == 41


def test_what_comes_before_a_broken_head_is_answered(shared_edge: Cloud) -> None:
    answer = exchange(shared_edge, b"GET /first HTTP/1.1\r\n" + HOST + b"\r\n" + b"rubbish\r\n\r\n")
    assert answer.index(b"/first") < answer.index(b" 400 ")


def test_upgrades_are_ignored(shared_edge: Cloud) -> None:
    head = b"GET /first HTTP/1.1\r\n" + HOST + b"connection: upgrade\r\nupgrade: h2c\r\n\r\n"
    answer = exchange(shared_edge, head)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer


def test_head_and_old_http(shared_edge: Cloud) -> None:
    answer = exchange(shared_edge, b"HEAD /x HTTP/1.1\r\nconnection: close\r\n" + HOST + b"\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert b"content-length: 0" not in answer
    answer = exchange(shared_edge, b"GET /x HTTP/1.0\r\n" + HOST + b"\r\n")
    assert b"connection: close" in answer


def test_headers_of_every_answer(shared_edge: Cloud) -> None:
    own = {"x-ms-client-request-id": "mine", "x-ms-return-client-request-id": "true", "x-ms-correlation-request-id": "ours"}
    _, _, headers = shared_edge.ask(ARM, "/x", headers=own)
    assert headers["x-ms-client-request-id"] == "mine"
    assert headers["x-ms-correlation-request-id"] == "ours"
    assert len(headers["x-ms-request-id"]) == 36
    assert headers["date"].endswith("GMT")


def test_slow_clients(edge_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(conversation, "BODY_SECONDS", 0.3)
    monkeypatch.setattr(conversation, "IDLE_SECONDS", 0.3)
    assert exchange(edge_cloud, b"") == b""
    assert b" 408 " in exchange(edge_cloud, b"GET / HTTP/1.1\r\n")
    assert b" 408 " in exchange(edge_cloud, b"PUT / HTTP/1.1\r\n" + HOST + b"content-length: 9\r\n\r\nabc")
    answer = exchange(edge_cloud, b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" not in answer


def test_a_client_that_says_nothing_or_no_tls(edge_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from cloister.services.edge import listener

    monkeypatch.setattr(listener, "HELLO_SECONDS", 0.3)
    for content in (b"", b"\x16", b"\x16\x03\x01\x01\x00" + b"\x01" * 20):
        with socket.create_connection(("127.0.0.1", edge_cloud.port), timeout=5) as sock:
            sock.sendall(content)
            assert sock.recv(100) in (b"", b"\x15\x03\x03\x00\x02\x02\x50", b"\x15\x03\x03\x00\x02\x02\x32")
    for content in (b"GET / HTTP/1.1\r\n\r\n", b"\x80\x2e\x01"):
        with socket.create_connection(("127.0.0.1", edge_cloud.port), timeout=5) as sock:
            sock.sendall(content)
            with contextlib.suppress(ConnectionResetError):
                assert sock.recv(100) == b""
    assert edge_cloud.ask(ARM, "/x")[0] == 200


def test_a_hello_in_pieces(shared_edge: Cloud) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = shared_edge.context().wrap_bio(incoming, outgoing, server_hostname=ARM)
    with socket.create_connection(("127.0.0.1", shared_edge.port), timeout=5) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                for byte in outgoing.read():
                    sock.sendall(bytes((byte,)))
                incoming.write(sock.recv(65536))
        assert tls.version() == "TLSv1.3"


def test_too_many_connections_of_one_peer(edge_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from cloister.services.edge import listener

    monkeypatch.setattr(listener, "EDGE_CONNECTIONS_PER_PEER_MAX", 3)
    held = [edge_cloud.tls(ARM) for _ in range(3)]
    with pytest.raises((ConnectionError, ssl.SSLError)):
        edge_cloud.tls(ARM)
    edge_cloud.tls(NAME_A, BY_A).close()
    held[0].close()
    deadline = time.monotonic() + 5
    while edge_cloud.edge.lines.count > 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    edge_cloud.tls(ARM).close()


TOKENS = (
    b"GET ", b"POST ", b"/", b"/history/v1.0" + A.encode(), b" HTTP/1.1", b"\r\n", b"\r\n\r\n", b"host: ",
    NAME_A.encode(), b":", b" ", b"content-length: ", b"5", b"0", b"transfer-encoding: chunked", b"5\r\nabcde\r\n",
    b"connection: close", b"%2f", b"\x00",
)  # fmt: skip
tokens = st.sampled_from(TOKENS)


@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(tokens | st.binary(max_size=20), max_size=30))
def test_any_bytes_leave_the_edge_well(shared_edge: Cloud, pieces: list[bytes]) -> None:
    with shared_edge.tls(NAME_A, BY_A) as sock:
        sock.sendall(b"".join(pieces) + b"\r\n\r\nG\r\n\r\n")
        socket.socket.shutdown(sock, socket.SHUT_WR)
        answer = all_of(sock)
    for line in answer.split(b"\r\n"):
        if line.startswith(b"HTTP/1.1 "):
            assert not line.startswith(b"HTTP/1.1 5")
    assert not shared_edge.tracking.asked


def test_the_log_cannot_be_flooded(caplog: pytest.LogCaptureFixture) -> None:
    now = [1.0]
    log = Measured(logging.getLogger("flood"), 3, lambda: now[0])
    with caplog.at_level(logging.INFO):
        for number in range(10):
            log.line("refused %d", number)
        now[0] = 2.0
        log.line("refused again")
    assert [text for text in caplog.messages if "refus" in text and "TLS" not in text] == [
        "refused 0",
        "refused 1",
        "refused 2",
        "and 7 refusals more",
        "refused again",
    ]
