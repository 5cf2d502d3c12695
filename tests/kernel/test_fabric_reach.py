"""What packets do: through approved endpoints, to public addresses, and nowhere else."""

from __future__ import annotations

import socket
import struct

import pytest
from fabric_world import BLOB, World, base, endpoint, eventually, machine, vnet

from cloister.drivers.linux import rtnetlink as rt
from cloister.net import plan
from cloister.net.desired import Put


@pytest.fixture
def two(world: World) -> World:
    """Two networks of one range, machines in both and on the internet; an approved endpoint in the first network."""
    world.put(
        *base(),
        *vnet(1),
        *vnet(2, outbound=False),
        *machine(1, "vnet-1", "10.0.0.4"),
        *machine(2, "vnet-2", "10.0.0.4"),
        *machine(3, "internet", "198.18.0.4", 16, "198.18.0.1"),
        *machine(4, "vnet-1", "10.0.0.6"),
        *machine(5, "internet", "198.18.0.5", 16, "198.18.0.1"),
        *endpoint(7, 1, "10.0.0.5"),
    )
    world.edge()
    return world


def listen(world: World, namespace: str, address: str, port: int) -> socket.socket:
    """A listening socket in a namespace."""
    made = world.socket(namespace)
    made.bind((address, port))
    made.listen(8)
    return made


def test_an_approved_endpoint_leads_to_its_service_with_its_identity(two: World) -> None:
    assert two.greeting("machine-1", "10.0.0.5") == "you are 100.64.0.7"
    assert two.greeting("machine-4", "10.0.0.5") == "you are 100.64.0.7"


def test_public_addresses_are_reached_from_behind_the_networks_own(two: World) -> None:
    assert two.greeting("machine-1", BLOB) == "you are 198.18.128.1"
    assert two.greeting("machine-3", BLOB) == "you are 198.18.0.4"
    assert two.reach("machine-2", BLOB) == "silence", "a subnet without default outbound access"


def test_the_second_network_of_the_same_range_has_no_way(two: World) -> None:
    assert two.reach("machine-2", "10.0.0.5") == "EHOSTUNREACH", "nothing is at that address there"


def test_an_endpoint_without_forward_is_silent(two: World) -> None:
    address, route, forward = endpoint(8, 1, "10.0.0.8")
    two.put(address)
    assert two.reach("machine-1", "10.0.0.8") == "silence"
    two.put(route, forward)
    assert two.greeting("machine-1", "10.0.0.8") == "you are 100.64.0.8"
    assert two.reach("machine-1", "10.0.0.8", 80) == "silence", "a port that is not forwarded"


def test_a_forward_without_the_way_back_is_silent(two: World) -> None:
    address, _, forward = endpoint(8, 1, "10.0.0.8")
    two.put(address, forward)
    assert two.reach("machine-1", "10.0.0.8") == "silence"


def test_machines_of_one_network_reach_each_other_and_not_those_of_another(two: World) -> None:
    listen(two, "machine-4", "10.0.0.6", 22)
    listen(two, "machine-2", "10.0.0.4", 22)
    listen(two, "machine-5", "198.18.0.5", 22)
    assert two.reach("machine-1", "10.0.0.6", 22) == "open"
    assert two.reach("machine-2", "10.0.0.6", 22) == "EHOSTUNREACH"
    assert two.reach("machine-3", "198.18.0.5", 22) == "open"
    assert two.reach("machine-1", "198.18.0.5", 22) == "open"
    assert two.reach("machine-2", "198.18.0.5", 22) == "silence", "a subnet without default outbound access"
    assert two.reach("machine-1", "198.51.100.7", 22) == "ENETUNREACH", "only the cloud's own internet is outside"
    for other in ("198.18.128.2", "198.18.128.1"):
        assert two.reach("machine-3", other, 22) in ("silence", "EHOSTUNREACH", "ENETUNREACH")


NOTHING = {"silence", "ENETUNREACH", "EHOSTUNREACH"}


def test_a_machine_reaches_nothing_of_the_fabric(two: World) -> None:
    """The router listens at 8081 and at 53, services at 8080 too: only the resolver's 53 is open to machines."""
    dns, public_dns = str(plan.AZURE_DNS), str(plan.PUBLIC_DNS)
    two.edge(port=8080, name="other")
    two.keeper.socket("admin", "vnet-1", "tcp", "0.0.0.0", 8081).close()
    two.keeper.socket("dns", "vnet-1", "tcp", dns, 53).close()
    two.keeper.socket("public-dns", "services", "tcp", public_dns, 53).close()
    assert two.reach("machine-1", dns, 53) == "open"
    assert two.reach("machine-1", public_dns, 53) == "open"
    assert two.reach("machine-1", "127.0.0.1", 8081) == "ECONNREFUSED"
    own = [(address, 8081) for address in ("10.0.0.1", dns, "169.254.0.2", "10.0.0.5")]
    services = [(address, 8080) for address in ("169.254.0.1", "100.64.0.7", "100.64.0.1", BLOB, public_dns, "10.0.0.5")]
    uplinks = [(address, 443) for address in ("169.254.0.1", "169.254.0.2", "100.64.0.7", "198.18.128.1", "198.18.128.2")]
    assert set(two.reaches("machine-1", [*own, *services, *uplinks]).values()) <= NOTHING
    assert set(two.reaches("machine-3", [*services, *uplinks, ("198.18.0.1", 443), ("198.18.0.1", 8081)]).values()) <= NOTHING


def test_a_machine_does_not_reach_the_host(two: World) -> None:
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        listener.listen(8)
        port = listener.getsockname()[1]
        hosts = [(address, port) for _, address, _ in rt.addresses(rt.Channel(0)) if not address.startswith("127.")]
        for machine_name in ("machine-1", "machine-3"):
            assert set(two.reaches(machine_name, hosts).values()) <= NOTHING


def datagram(source: str, destination: str, port: int, payload: bytes) -> bytes:
    """A UDP packet with any source (RFC 768, RFC 791; the kernel fills in the IP checksum)."""
    udp = struct.pack(">HHHH", 5353, port, 8 + len(payload), 0) + payload
    addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0) + addresses + udp


def test_spoofed_sources_are_dropped(two: World) -> None:
    dns = two.keeper.socket("dns", "services", "udp", str(plan.PUBLIC_DNS), 53)
    peer = two.socket("machine-4", socket.SOCK_DGRAM)
    peer.bind(("10.0.0.6", 9))
    peer.setblocking(False)

    def send(namespace: str, source: str, to: str, port: int, mark: bytes) -> None:
        raw = two.socket(namespace, socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw.sendto(datagram(source, to, port, mark), (to, 0))

    def arrived(at: socket.socket) -> bytes:
        try:
            return at.recv(100)
        except BlockingIOError:
            return b""

    for source in ("10.0.0.6", "10.0.0.99", "10.0.0.5", "198.18.128.2", "100.64.0.7", "198.19.0.53"):
        send("machine-1", source, "10.0.0.6", 9, b"spoofed")
        send("machine-1", source, str(plan.PUBLIC_DNS), 53, b"spoofed")
    for source in ("198.18.0.5", "198.18.128.1", "100.64.0.7", "198.18.0.1"):
        send("machine-3", source, str(plan.PUBLIC_DNS), 53, b"spoofed")
    send("machine-1", "10.0.0.4", "10.0.0.6", 9, b"true")
    assert eventually(lambda: arrived(peer)) == b"true"
    send("machine-1", "10.0.0.4", str(plan.PUBLIC_DNS), 53, b"true")
    assert eventually(lambda: arrived(dns)) == b"true"
    assert arrived(dns) == b""
    dns.close()


def test_a_gateway_is_not_a_way_out_of_a_private_subnet(two: World) -> None:
    gateway = next(item for item in vnet(2) if item.key.startswith("gateway"))
    assert two.apply(Put(gateway)) == [""]
    assert two.greeting("machine-2", BLOB) == "you are 198.18.128.2"
    two.put(*vnet(2, outbound=False))
    assert two.reach("machine-2", BLOB) == "silence"
