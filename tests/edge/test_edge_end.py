"""How things end: sockets of a withdrawn endpoint, an edge that was killed, processes that are down."""

from __future__ import annotations

import os
import select
import socket
import ssl
import threading
import time

import pytest
from edge_cloud import ARM, BY_A, BY_B, INTERNET, LOGIN, NAME_A, NAME_B, TENANT, A, B, Cloud, say, until

from cloister.net.desired import Drop, Identity, Sever, Site

RUNS = f"/history/v1.0{A}/x"


def identity_of(cloud: Cloud, address: str) -> Identity:
    """The identity held for an address."""
    found = cloud.edge.state.identity(address)
    assert found is not None
    return found


def ended(sock: socket.socket) -> tuple[str, float]:
    """How a socket ends, and after how many seconds. Read below TLS, whose library takes a reset for an end of file."""
    start = time.monotonic()
    assert select.select([sock], [], [], 5)[0], "it did not end"
    try:
        said = "end of file" if os.read(sock.fileno(), 1000) == b"" else "said something"
    except ConnectionResetError:
        said = "reset"
    return said, time.monotonic() - start


@pytest.mark.parametrize("how", ["drop", "sever"])
def test_all_sockets_of_an_endpoint_are_reset_at_once(edge_cloud: Cloud, how: str) -> None:
    idle = edge_cloud.connect(NAME_A, BY_A)
    assert say(idle, RUNS, headers=edge_cloud.bearer())[0] == 200
    busy = edge_cloud.connect(NAME_A, BY_A)
    busy.request("GET", "/history/slow", headers=edge_cloud.bearer())
    until(lambda: any(one.path == "/history/slow" for one in edge_cloud.tracking.asked))
    half_sent = edge_cloud.connect(NAME_A, BY_A)
    half_sent.sock.sendall(b"POST /x HTTP/1.1\r\nhost: ")
    silent = socket.create_connection(("127.0.0.1", edge_cloud.port), source_address=(BY_A, 0))
    part_of_hello = socket.create_connection(("127.0.0.1", edge_cloud.port), source_address=(BY_A, 0))
    part_of_hello.sendall(b"\x16\x03\x01\x02\x00\x01")
    others = [edge_cloud.connect(NAME_B, BY_B), edge_cloud.connect(ARM)]
    until(lambda: edge_cloud.edge.lines.count == 7)
    edit = Drop(identity_of(edge_cloud, BY_A)) if how == "drop" else Sever(namespace="vnet-1", address="10.0.0.4", identity=BY_A)
    waiting = [idle.sock, busy.sock, half_sent.sock, silent, part_of_hello]
    results: list[tuple[str, float]] = []
    threads = [threading.Thread(target=lambda one=one: results.append(ended(one))) for one in waiting]
    for thread in threads:
        thread.start()
    assert edge_cloud.tell("apply", [edit]) == [""]
    for thread in threads:
        thread.join(5)
    assert [said for said, _ in results] == ["reset"] * 5
    assert edge_cloud.edge.lines.count == 2
    for connection, path in zip(others, (f"/history/v1.0{B}", "/subscriptions"), strict=True):
        assert say(connection, path, headers=edge_cloud.bearer())[0] == 200
    if how == "sever":
        assert edge_cloud.ask(NAME_A, RUNS, BY_A, headers=edge_cloud.bearer())[0] == 200


def test_the_client_sees_the_end_within_100_ms(edge_cloud: Cloud) -> None:
    connection = edge_cloud.connect(NAME_A, BY_A)
    say(connection, RUNS, headers=edge_cloud.bearer())
    told = threading.Timer(0.05, edge_cloud.tell, ("apply", [Drop(identity_of(edge_cloud, BY_A))]))
    told.start()
    said, seconds = ended(connection.sock)
    told.join()
    assert said == "reset"
    assert seconds < 0.05 + 0.1


def test_a_dropped_name_is_served_no_more(edge_cloud: Cloud) -> None:
    connection = edge_cloud.connect(NAME_A, BY_A)
    assert say(connection, RUNS, headers=edge_cloud.bearer())[0] == 200
    site = edge_cloud.edge.state.site(NAME_A)
    assert site is not None
    edge_cloud.tell("apply", [Drop(site)])
    assert say(connection, RUNS, headers=edge_cloud.bearer())[0] == 421
    with pytest.raises(ssl.SSLError):
        edge_cloud.tls(NAME_A, BY_A)


def test_a_new_edge_serves_from_its_snapshot_without_control(edge_cloud: Cloud) -> None:
    edge_cloud.ask(NAME_A, RUNS, BY_A, headers=edge_cloud.bearer())
    edge_cloud.tell("apply", [Drop(identity_of(edge_cloud, BY_B))])
    before = edge_cloud.tell("observe")
    edge_cloud.control.stop()
    edge_cloud.stop_edge()
    waiting = socket.create_connection(("127.0.0.1", edge_cloud.port), source_address=(BY_A, 0))  # waits in the keeper's queue
    start = time.monotonic()
    edge_cloud.start()
    with edge_cloud.context().wrap_socket(waiting, server_hostname=NAME_A):
        assert time.monotonic() - start < 1
    assert edge_cloud.ask(NAME_A, RUNS, BY_A, headers=edge_cloud.bearer())[0] == 200
    assert edge_cloud.ask(NAME_B, f"/history/v1.0{B}", BY_B, headers=edge_cloud.bearer())[0] == 403
    assert edge_cloud.tell("observe") == before


@pytest.mark.parametrize("content", [b"", b"\0\0", b"\0\0\0\x09cut", b"\0\0\0\x01\xc1", b"\xff" * 99])
def test_a_damaged_snapshot_counts_as_empty(edge_cloud: Cloud, content: bytes) -> None:
    edge_cloud.stop_edge()
    edge_cloud.home.snapshot("edge").write_bytes(content)
    edge_cloud.start()
    assert edge_cloud.tell("observe") == []


def test_requests_wait_for_a_control_that_restarts(edge_cloud: Cloud) -> None:
    connection = edge_cloud.connect(ARM)
    assert say(connection, "/subscriptions")[0] == 200
    edge_cloud.control.stop()
    again = threading.Timer(0.3, edge_cloud.control.start)
    again.start()
    for method in ("GET", "POST"):
        assert say(connection, "/subscriptions", method)[0] == 200
    again.join()


def test_a_request_that_was_under_way_is_repeated_only_if_that_is_safe(edge_cloud: Cloud) -> None:
    edge_cloud.control.delay = 5.0
    connections = {method: edge_cloud.connect(ARM) for method in ("PUT", "POST")}
    for method, connection in connections.items():
        connection.request(method, "/subscriptions/x", body="{}")
    until(lambda: len(edge_cloud.control.asked) == 2)
    edge_cloud.control.stop()
    edge_cloud.control.delay = 0.0
    edge_cloud.control.start()
    assert connections["PUT"].getresponse().status == 200
    lost = connections["POST"].getresponse()
    assert lost.status == 503
    assert lost.headers["retry-after"] == "1"
    assert b"cannot tell whether" in lost.read()


def test_control_that_stays_down(edge_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_cloud.edge._control, "_wait", 0.3)
    for name in (ARM, LOGIN):
        assert edge_cloud.ask(name, f"/{TENANT}/x")[0] in (200, 404)  # answered: its certificate is there
    edge_cloud.control.stop()
    for name in (ARM, LOGIN):
        status, body, headers = edge_cloud.ask(name, f"/{TENANT}/x")
        assert status == 503
        assert headers["retry-after"] == "1"
        assert body["error"]["code"] == "ServiceUnavailable"


def test_the_tracking_store_is_started_once_when_first_needed(edge_cloud: Cloud) -> None:
    connections = [edge_cloud.connect(NAME_A, BY_A) for _ in range(4)]
    assert edge_cloud.tracking.starts == 0
    for connection in connections:
        connection.request("GET", RUNS, headers=edge_cloud.bearer())
    assert [connection.getresponse().status for connection in connections] == [200] * 4
    assert edge_cloud.tracking.starts >= 1
    assert len(edge_cloud.tracking.asked) == 4


def test_a_name_without_a_certificate_waits_for_control(edge_cloud: Cloud) -> None:
    edge_cloud.control.stop()
    fqdn = "late.workspace.eastus2.api.azureml.ms"
    edge_cloud.apply(Site(owner=A, fqdn=fqdn, service="machinelearning", resource=A, member="default"))
    again = threading.Timer(0.3, edge_cloud.control.start)
    again.start()
    edge_cloud.tls(fqdn).close()
    again.join()


def test_applying_twice_is_applying_once(edge_cloud: Cloud) -> None:
    before = edge_cloud.tell("observe")
    one = identity_of(edge_cloud, BY_A)
    edge_cloud.apply(one, one)
    assert edge_cloud.tell("observe") == before
    assert edge_cloud.tell("apply", [Drop(one), Drop(one)]) == ["", ""]
    connection = edge_cloud.connect(ARM, INTERNET)
    assert say(connection, "/subscriptions")[0] == 200


def test_what_was_applied_in_many_steps_survives_kills(edge_cloud: Cloud) -> None:
    names = [f"n{number}.workspace.eastus2.api.azureml.ms" for number in range(30)]
    sites = [Site(owner=A, fqdn=fqdn, service="machinelearning", resource=A, member="default") for fqdn in names]
    for at, site in enumerate(sites):
        edge_cloud.apply(site)
        if at % 3 == 0:
            edge_cloud.tell("apply", [Drop(site)])
        if at % 10 == 9:
            before = sorted(one["fqdn"] for one in edge_cloud.tell("observe") if one["kind"] == "Site")
            edge_cloud.stop_edge()
            edge_cloud.start()
            assert sorted(one["fqdn"] for one in edge_cloud.tell("observe") if one["kind"] == "Site") == before
    assert {site.fqdn for site in edge_cloud.edge.state.sites()} >= {name for at, name in enumerate(names) if at % 3}
