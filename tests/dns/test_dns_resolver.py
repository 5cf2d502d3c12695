"""The resolver process with real sockets on the loopback: edits, answers, cache, TCP, restart."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import msgspec
import pytest
from dns_process import Process, eventually
from fake_keeper import FakeKeeper

from cloister.compilers.names import compile_base
from cloister.home import Home
from cloister.limits import DNS_TCP_CONNECTIONS_MAX
from cloister.net.desired import Desired, Drop, Namespace, PublicName, Put, Sever, View, ZoneRecords

SOA = ("@", "SOA", 3600, ("azureprivatedns.net azureprivatedns-host.microsoft.com 1 3600 300 2419200 10",))


def zone(*records: tuple, owner: str = "/corp", name: str = "corp.test") -> ZoneRecords:
    return ZoneRecords(owner=owner, name=name, records=(SOA, *records))


def a(name: str, *addresses: str) -> tuple:
    return (name, "A", 3600, addresses)


def view(namespace: str, *zones: ZoneRecords) -> View:
    return View(
        owner=f"/{namespace}", namespace=namespace, address="168.63.129.16", links=tuple((linked.key, False) for linked in zones)
    )


def ask(port: int, name: str, kind: str = "A", **options: object) -> dns.message.Message:
    query = dns.message.make_query(name, kind, **options)  # type: ignore[arg-type]
    return dns.query.udp(query, "127.0.0.1", port=port, timeout=5)


def address(port: int, name: str) -> str:
    reply = ask(port, name)
    return reply.answer[-1][0].to_text() if reply.answer else dns.rcode.to_text(reply.rcode())


@pytest.fixture
def ports(keeper: FakeKeeper, resolver: Process) -> dict[str, int]:
    """Two networks linked to one zone, a third without links, and the internet."""
    corp = zone(a("www", "10.0.0.4"))
    resolver.put(*compile_base(), corp, view("vnet-1", corp), view("vnet-2", corp), view("vnet-3"))
    return keeper.ports


def test_each_network_has_its_own_answers(ports: dict[str, int]) -> None:
    assert address(ports["vnet-1"], "www.corp.test") == "10.0.0.4"
    assert address(ports["vnet-3"], "www.corp.test") == "NXDOMAIN"
    assert {address(port, "management.azure.com") for port in ports.values()} == {"198.19.0.4"}
    assert len(ports) == 4


def test_a_change_is_seen_at_once_by_the_views_it_touches(resolver: Process, ports: dict[str, int]) -> None:
    for n in range(5, 30):
        for namespace in ("vnet-1", "vnet-2"):  # ask twice, so that the second answer is a kept one
            assert address(ports[namespace], "www.corp.test") == address(ports[namespace], "www.corp.test") == f"10.0.0.{n - 1}"
        resolver.put(zone(a("www", f"10.0.0.{n}")))
    assert address(ports["vnet-3"], "www.corp.test") == "NXDOMAIN"
    kept = resolver.call("ping")["cached"]
    assert kept
    resolver.put(view("vnet-3", zone()))
    assert address(ports["vnet-3"], "www.corp.test") == "10.0.0.29"
    resolver.put(view("vnet-1"))
    assert address(ports["vnet-1"], "www.corp.test") == "NXDOMAIN"
    assert address(ports["vnet-2"], "www.corp.test") == "10.0.0.29"
    resolver.drop(zone())
    assert address(ports["vnet-2"], "www.corp.test") == "NXDOMAIN"


def test_a_change_forgets_only_the_answers_it_touches(resolver: Process, ports: dict[str, int]) -> None:
    for port in ports.values():
        address(port, "management.azure.com")
    assert resolver.call("ping")["cached"] == 4
    resolver.put(zone(a("www", "10.0.0.9")))
    assert resolver.call("ping")["cached"] == 2
    resolver.put(zone(a("www", "10.0.0.9")))
    assert resolver.call("ping")["cached"] == 2
    resolver.put(PublicName(owner="/x", fqdn="new.azure.com", address="198.19.0.8"))
    assert resolver.call("ping")["cached"] == 0
    assert address(ports["vnet-1"], "new.azure.com") == "198.19.0.8"


def test_a_private_link_alias_appears_and_goes(resolver: Process, ports: dict[str, int]) -> None:
    twin = zone(a("mine", "10.0.0.5"), owner="/blob", name="privatelink.blob.core.windows.net")
    plain = PublicName(owner="/sa", fqdn="mine.blob.core.windows.net", address="198.19.20.2")
    resolver.put(twin, plain, view("vnet-1", twin))
    for _ in range(2):
        assert address(ports["vnet-1"], plain.fqdn) == "198.19.20.2"
        resolver.put(msgspec.structs.replace(plain, privatelink="mine.privatelink.blob.core.windows.net"))
        assert (address(ports["vnet-1"], plain.fqdn), address(ports["vnet-2"], plain.fqdn)) == ("10.0.0.5", "198.19.20.2")
        resolver.put(plain)


def test_applying_twice_is_applying_once_and_observing_shows_what_is_held(resolver: Process, ports: dict[str, int]) -> None:
    things = {one.key: one for one in msgspec.convert(resolver.call("observe"), list[Desired])}
    assert {"view services", "view vnet-1", "zone /corp", "name management.azure.com"} <= things.keys()
    resolver.put(*things.values())
    assert {one.key: one for one in msgspec.convert(resolver.call("observe"), list[Desired])} == things
    resolver.drop(*things.values())
    resolver.drop(*things.values())
    assert resolver.call("observe") == []


def test_the_sockets_of_a_dropped_view_are_closed(resolver: Process, keeper: FakeKeeper, ports: dict[str, int]) -> None:
    port = ports["vnet-1"]
    with socket.create_connection(("127.0.0.1", port)) as open_connection:
        open_connection.settimeout(5)
        resolver.drop(view("vnet-1"))
        with pytest.raises(ConnectionResetError):
            if open_connection.recv(1) == b"":
                raise ConnectionResetError
    assert not any(name.endswith("vnet-1") for name in keeper.sockets)
    eventually(lambda: _refused(port), "the port is closed")


def _refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", port))
        return True
    return False


def test_what_cannot_be_held_is_told_one_by_one(resolver: Process, keeper: FakeKeeper, ports: dict[str, int]) -> None:
    keeper.gone.add("vnet-9")
    answers = resolver.apply(
        Put(zone(("bad", "A", 10, ("10.0.0.1", "no address")))),
        Put(zone(a("www", "10.0.0.77"))),
        Put(view("vnet-9")),
        Put(Namespace(owner="/v", name="vnet-1", role="vnet")),
        Sever(namespace="vnet-1", address="10.0.0.1", identity="100.64.0.1"),
        Put(zone(("other", "CNAME", 10, ("x" * 64 + ".test",)), owner="/o")),
        Put(PublicName(owner="/p", fqdn="p.test", address="198.19.0.1", privatelink="y" * 64 + ".test")),
        Drop(view("vnet-77")),
    )
    assert [bool(answer) for answer in answers] == [True, False, True, True, True, True, True, False]
    assert all(answer.startswith("cannot ") for answer in answers if answer)
    assert address(ports["vnet-1"], "www.corp.test") == "10.0.0.77"
    assert "vnet-9" not in str(resolver.call("observe"))


def test_a_network_made_anew_gets_its_sockets(resolver: Process, keeper: FakeKeeper, ports: dict[str, int]) -> None:
    keeper.drop_namespace("vnet-1")
    assert "view vnet-1" not in {one.key for one in msgspec.convert(resolver.call("observe"), list[Desired])}
    keeper.gone.clear()
    assert "view vnet-1" in {one.key for one in msgspec.convert(resolver.call("observe"), list[Desired])}
    assert address(keeper.ports["vnet-1"], "www.corp.test") == "10.0.0.4"


def test_a_killed_resolver_answers_again_as_it_did(resolver: Process, keeper: FakeKeeper, ports: dict[str, int]) -> None:
    for n in range(5):
        resolver.put(zone(a("www", f"10.0.1.{n}")), PublicName(owner="/n", fqdn=f"n{n}.test", address="198.19.0.1"))
        resolver.drop(PublicName(owner="/n", fqdn=f"n{n - 1}.test", address="198.19.0.1"))
        before = sorted(map(str, resolver.call("observe")))
        resolver.kill()
        resolver.start()
        assert sorted(map(str, resolver.call("observe"))) == before
        assert address(ports["vnet-2"], "www.corp.test") == f"10.0.1.{n}"
        assert address(ports["vnet-2"], f"n{n}.test") == "198.19.0.1"


def test_questions_wait_in_the_kept_socket_while_the_resolver_is_down(resolver: Process, ports: dict[str, int]) -> None:
    resolver.kill()
    query = dns.message.make_query("www.corp.test", "A")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(10)
        asker.sendto(query.to_wire(), ("127.0.0.1", ports["vnet-1"]))
        resolver.start()
        assert dns.message.from_wire(asker.recv(512)).answer[0][0].to_text() == "10.0.0.4"


def test_a_journal_cut_short_or_spoilt_is_taken_as_far_as_it_goes(
    home: Home, resolver: Process, keeper: FakeKeeper, ports: dict[str, int]
) -> None:
    path = home.snapshot("resolver")
    resolver.put(zone(a("www", "10.0.2.2")))
    whole = path.read_bytes()
    for content in (whole[:-3], whole + b"\0\0\0\7garbage", whole + b"\0\0", b"\xff" * 40, b""):
        resolver.kill()
        path.write_bytes(content)
        resolver.start()
        resolver.put(*compile_base(), zone(a("www", "10.0.2.3")), view("vnet-1", zone()))
        assert address(keeper.ports["vnet-1"], "www.corp.test") == "10.0.2.3"


def test_the_journal_does_not_grow_for_ever(home: Home, resolver: Process, ports: dict[str, int]) -> None:
    big = [a(f"host{n}", "10.0.0.4") for n in range(2000)]
    for n in range(40):
        resolver.put(zone(*big, a("www", f"10.0.3.{n}")))
    assert home.snapshot("resolver").stat().st_size < 4 << 20
    assert home.snapshot("resolver").stat().st_mode & 0o777 == 0o600
    resolver.kill()
    resolver.start()
    assert address(ports["vnet-1"], "www.corp.test") == "10.0.3.39"


# --- TCP --------------------------------------------------------------------------------------------------------


def framed(query: dns.message.Message) -> bytes:
    wire = query.to_wire()
    return len(wire).to_bytes(2, "big") + wire


def receive(sock: socket.socket) -> dns.message.Message:
    def exactly(count: int) -> bytes:
        out = b""
        while len(out) < count:
            part = sock.recv(count - len(out))
            assert part, "the connection ended"
            out += part
        return out

    return dns.message.from_wire(exactly(int.from_bytes(exactly(2), "big")))


@pytest.fixture
def tcp(ports: dict[str, int]):
    with socket.create_connection(("127.0.0.1", ports["vnet-1"]), timeout=10) as made:
        yield made


def test_questions_in_a_row_on_one_connection(tcp: socket.socket) -> None:
    queries = [dns.message.make_query("www.corp.test", "A", id=n) for n in range(1000)]
    tcp.sendall(b"".join(map(framed, queries)))
    assert [receive(tcp).id for _ in queries] == list(range(1000))


def test_a_question_in_pieces(tcp: socket.socket) -> None:
    for byte in framed(dns.message.make_query("www.corp.test", "A")):
        tcp.sendall(bytes([byte]))
    assert receive(tcp).answer[0][0].to_text() == "10.0.0.4"


def test_a_truncated_answer_comes_whole_over_tcp(resolver: Process, ports: dict[str, int]) -> None:
    resolver.put(zone(("long", "TXT", 10, tuple(f'"{n}{"x" * 200}"' for n in range(20)))))
    query = dns.message.make_query("long.corp.test", "TXT")
    reply, over_tcp = dns.query.udp_with_fallback(query, "127.0.0.1", port=ports["vnet-1"], timeout=5)
    assert over_tcp and len(reply.answer[0]) == 20


def test_nonsense_over_tcp_ends_the_connection_or_is_refused(tcp: socket.socket, ports: dict[str, int]) -> None:
    tcp.sendall((12).to_bytes(2, "big") + b"\0\1\1\0" + b"\0" * 8)
    assert receive(tcp).rcode() == dns.rcode.FORMERR
    tcp.sendall(b"\0\3abc")
    with pytest.raises((ConnectionResetError, AssertionError)):
        receive(tcp)
    assert address(ports["vnet-1"], "www.corp.test") == "10.0.0.4"


def test_too_many_connections_cost_the_longest_idle_one(ports: dict[str, int]) -> None:
    query = dns.message.make_query("www.corp.test", "A")
    connections = [socket.create_connection(("127.0.0.1", ports["vnet-1"]), timeout=10) for _ in range(DNS_TCP_CONNECTIONS_MAX)]
    try:
        for one in connections:
            one.sendall(framed(query))
            receive(one)
        with socket.create_connection(("127.0.0.1", ports["vnet-1"]), timeout=10) as late:
            late.sendall(framed(query))
            receive(late)
        with pytest.raises((ConnectionResetError, BrokenPipeError, AssertionError)):
            connections[0].sendall(framed(query))
            receive(connections[0])
        connections[-1].sendall(framed(query))
        assert receive(connections[-1]).answer
    finally:
        for one in connections:
            one.close()


def test_a_client_that_does_not_read_holds_nobody_up(resolver: Process, tcp: socket.socket, ports: dict[str, int]) -> None:
    resolver.put(zone(("long", "TXT", 10, tuple(f'"{n}{"x" * 200}"' for n in range(20))), a("www", "10.0.0.4")))
    tcp.setblocking(False)
    question = framed(dns.message.make_query("long.corp.test", "TXT"))
    try:
        for _ in range(100_000):
            tcp.send(question)
    except BlockingIOError:
        pass
    begun = time.monotonic()
    assert address(ports["vnet-1"], "www.corp.test") == "10.0.0.4"
    assert time.monotonic() - begun < 2


# --- other clients ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("dig") is None, reason="dig is not installed (apt package dnsutils)")
def test_dig_reads_the_answers(ports: dict[str, int]) -> None:
    def dig(*words: str) -> str:
        command = ["dig", "@127.0.0.1", "-p", str(ports["vnet-1"]), "+time=5", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    whole = dig("+nsid", "WWW.corp.test")
    assert "status: NOERROR" in whole and "flags: qr rd ra;" in whole and "WWW.corp.test.\t\t10\tIN\tA\t10.0.0.4" in whole
    assert "NSID" not in whole and "COOKIE" not in whole and "WARNING" not in whole
    assert dig("+short", "+tcp", "www.corp.test").strip() == "10.0.0.4"
    assert "status: NXDOMAIN" in dig("use-application-dns.net")
    assert "status: REFUSED" in dig("-c", "CH", "-t", "TXT", "version.bind")
    assert "Transfer failed" in dig("corp.test", "AXFR")
