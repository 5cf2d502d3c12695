"""Withdrawing an endpoint in ORDER ends what is open: within 100 ms for the client, within 1 s for the service."""

from __future__ import annotations

import select
import socket
import threading
import time

import pytest
from fabric_world import Edge, World, base, endpoint, eventually, machine, vnet

from cloister.net.desired import Drop, Put, Sever

IDENTITY = "100.64.0.7"
CLIENT_SECONDS = 0.1
SERVICE_SECONDS = 1.0


@pytest.fixture
def approved(world: World) -> World:
    """One network, a machine in it, an approved endpoint."""
    world.put(*base(), *vnet(1), *machine(1, "vnet-1", "10.0.0.4"), *endpoint(7, 1, "10.0.0.5"))
    return world


def withdraw(world: World, edge: Edge | None, severed: str = "10.0.0.5") -> None:
    """What control does, in ORDER; ``edge`` None is one that does not answer; ``severed`` "" is all of the identity."""
    address, route, forward = endpoint(7, 1, "10.0.0.5")
    sever = Sever(namespace="vnet-1", address=severed, identity=IDENTITY)
    assert world.apply(Drop(forward)) == [""]
    if edge:
        edge.sever(IDENTITY)
    assert world.apply(sever) == [""]
    if edge:
        edge.sever(IDENTITY)
    assert world.apply(Drop(route), Drop(address)) == ["", ""]


def opened(world: World) -> socket.socket:
    """A connection through the endpoint that has carried a line each way."""
    made = world.connect("machine-1", "10.0.0.5")
    assert made.recv(100).startswith(b"you are 100.64.0.7")
    made.sendall(b"hello\n")
    assert made.recv(100) == b"hello\n"
    return made


def ended(client: socket.socket) -> float:
    """When the client saw the reset. Fails when it does not."""
    readable, _, _ = select.select([client], [], [], 2.0)
    at = time.monotonic()
    assert readable, "the client has seen nothing"
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    return at


@pytest.mark.parametrize("severed", ["10.0.0.5", ""], ids=["address", "identity"])
def test_an_idle_client_sees_the_end_at_once(approved: World, severed: str) -> None:
    edge = approved.edge()
    client = opened(approved)
    began = time.monotonic()
    withdraw(approved, edge, severed)
    assert ended(client) - began < CLIENT_SECONDS
    eventually(lambda: not edge.peers(), SERVICE_SECONDS)
    assert approved.reach("machine-1", "10.0.0.5") == "EHOSTUNREACH"


def test_a_sending_client_sees_the_end_at_once(approved: World) -> None:
    edge = approved.edge()
    client = opened(approved)
    failed: list[float] = []

    def send() -> None:
        try:
            while True:
                client.sendall(b"x" * 1000)
                client.recv(65536)
        except OSError:
            failed.append(time.monotonic())

    sending = threading.Thread(target=send)
    sending.start()
    began = time.monotonic()
    withdraw(approved, edge)
    sending.join(2.0)
    assert failed, "the client still sends"
    assert failed[0] - began < CLIENT_SECONDS
    eventually(lambda: not edge.peers(), SERVICE_SECONDS)


def test_a_sending_client_sees_the_end_when_the_edge_does_not_answer(approved: World) -> None:
    approved.edge()
    client = opened(approved)
    address, _, forward = endpoint(7, 1, "10.0.0.5")
    began = time.monotonic()
    assert approved.apply(Drop(forward)) == [""]
    assert approved.apply(Sever(namespace="vnet-1", address="10.0.0.5", identity=IDENTITY)) == [""]
    client.sendall(b"still there?\n")
    assert ended(client) - began < CLIENT_SECONDS
    assert approved.reach("machine-1", "10.0.0.5") == "silence", f"{address.key} is still placed, and pending"


def test_a_client_that_closes_after_the_end_is_reset_too(approved: World) -> None:
    """A FIN without connection is stateless as well: without answer the client would repeat it for minutes."""
    approved.edge()
    client = opened(approved)
    approved.drop(endpoint(7, 1, "10.0.0.5")[2])
    assert approved.apply(Sever(namespace="vnet-1", address="10.0.0.5", identity=IDENTITY)) == [""]
    client.shutdown(socket.SHUT_WR)
    ended(client)


@pytest.mark.parametrize("severed", ["10.0.0.5", ""], ids=["address", "identity"])
def test_other_endpoints_connections_stay(approved: World, severed: str) -> None:
    edge = approved.edge()
    approved.put(*endpoint(8, 1, "10.0.0.8"))
    other = approved.connect("machine-1", "10.0.0.8")
    assert other.recv(100) == b"you are 100.64.0.8\n"
    client = opened(approved)
    withdraw(approved, edge, severed)
    ended(client)
    other.sendall(b"still here\n")
    assert other.recv(100) == b"still here\n"


def test_the_same_address_can_be_approved_again(approved: World) -> None:
    edge = approved.edge()
    for _ in range(3):
        client = opened(approved)
        withdraw(approved, edge)
        ended(client)
        approved.put(*endpoint(7, 1, "10.0.0.5"))
        edge.refused.clear()


def test_clients_that_connect_meanwhile_see_the_end_too(approved: World) -> None:
    """Whoever got in before or during the withdrawal is out after it, idle or not; nobody gets in later."""
    edge = approved.edge()
    for _ in range(5):
        held: list[socket.socket] = []
        stop = threading.Event()

        def connect(held: list[socket.socket] = held, stop: threading.Event = stop) -> None:
            while not stop.is_set():
                try:
                    held.append(approved.connect("machine-1", "10.0.0.5", timeout=0.2))
                except OSError:
                    stop.wait(0.001)

        callers = [threading.Thread(target=connect) for _ in range(3)]
        for caller in callers:
            caller.start()
        eventually(lambda held=held: len(held) > 50)  # type: ignore[misc]
        withdraw(approved, edge)
        done = time.monotonic()
        stop.set()
        for caller in callers:
            caller.join()
        time.sleep(max(0.0, done + CLIENT_SECONDS - time.monotonic()))
        poll = select.poll()
        for client in held:
            poll.register(client, select.POLLHUP | select.POLLERR)
        over = {descriptor for descriptor, _ in poll.poll(0)}
        assert [client for client in held if client.fileno() not in over] == []
        assert not edge.peers()
        for client in held:
            client.close()
        edge.refused.clear()
        approved.put(*endpoint(7, 1, "10.0.0.5"))


def test_dropping_all_of_a_network_ends_it(approved: World) -> None:
    edge = approved.edge()
    opened(approved)
    withdraw(approved, edge)
    nic = machine(1, "vnet-1", "10.0.0.4")
    router, uplink, gateway = vnet(1)
    approved.drop(nic[1], gateway, uplink, nic[0], router)
    assert approved.observe() == approved.wanted()
    assert approved.keeper.namespaces() == ["internet", "services"]
    assert approved.apply(Drop(nic[1]), Drop(gateway), Drop(uplink), Drop(router)) == [""] * 4, "dropping twice is dropping once"
    assert approved.apply(Put(uplink))[0].startswith("cannot put uplink vnet-1: there is no network namespace 'vnet-1'")
