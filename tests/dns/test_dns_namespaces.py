"""The resolver with the real keeper: one process answering inside network namespaces, each in its own way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import dns.message
import dns.query
import dns.rcode
import msgspec
import pytest
from dns_process import Process, eventually

from cloister.home import Home
from cloister.keeper.client import Keeper, enter_network
from cloister.net.desired import Desired, Put, View, ZoneRecords
from cloister.net.plan import AZURE_DNS, PUBLIC_DNS

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="making network namespaces needs root"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="ip is not installed (apt package iproute2)"),
]

KEEPER = """
from cloister.home import Home
from cloister.keeper.server import Server
Server(Home.default(), programs=()).run()
"""


@pytest.fixture
def real_keeper(home: Home) -> Iterator[Keeper]:
    process = subprocess.Popen([sys.executable, "-c", KEEPER], env={**os.environ, "CLOISTER_HOME": str(home.root)})
    keeper = Keeper(home.socket("keeper"))
    eventually(keeper.ping, "the keeper answers")
    yield keeper
    keeper.stop()
    process.wait(15)


@pytest.fixture
def process(home: Home, real_keeper: Keeper) -> Iterator[Process]:
    made = Process(home)
    made.start()
    yield made
    made.kill()


def network(keeper: Keeper, name: str, address: str) -> int:
    """A namespace with ``address`` on its loopback, as the fabric makes it."""
    descriptor = keeper.namespace(name)
    inside = ["nsenter", f"--net=/proc/self/fd/{descriptor}", "ip"]
    for words in (["link", "set", "lo", "up"], ["addr", "add", f"{address}/32", "dev", "lo"]):
        subprocess.run([*inside, *words], check=True, pass_fds=[descriptor])
    return descriptor


def inside(descriptor: int, work: Callable[[], Any]) -> Any:
    """``work()`` done by a thread inside the namespace."""
    found: list[Any] = []

    def run() -> None:
        enter_network(descriptor)
        try:
            found.append(work())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def lookup(descriptor: int, name: str, server: str = str(AZURE_DNS), tcp: bool = False) -> str:
    query = dns.message.make_query(name, "A")
    send = dns.query.tcp if tcp else dns.query.udp
    reply = inside(descriptor, lambda: send(query, server, timeout=5))
    return reply.answer[-1][0].to_text() if reply.answer else dns.rcode.to_text(reply.rcode())


def zone(owner: str, address: str) -> ZoneRecords:
    return ZoneRecords(owner=owner, name="corp.test", records=(("www", "A", 10, (address,)),))


def test_one_process_answers_in_every_network(process: Process, real_keeper: Keeper) -> None:
    one, two = network(real_keeper, "vnet-1", str(AZURE_DNS)), network(real_keeper, "vnet-2", str(AZURE_DNS))
    services = network(real_keeper, "services", str(PUBLIC_DNS))
    zones = [zone("/z1", "10.0.0.1"), zone("/z2", "10.0.0.2")]
    views = [
        View(owner=f"/v{n}", namespace=f"vnet-{n}", address=str(AZURE_DNS), links=((linked.key, False),))
        for n, linked in enumerate(zones, 1)
    ]
    process.put(*zones, *views, View(owner="", namespace="services", address=str(PUBLIC_DNS)))
    for tcp in (False, True):
        assert lookup(one, "www.corp.test", tcp=tcp) == "10.0.0.1"
        assert lookup(two, "www.corp.test", tcp=tcp) == "10.0.0.2"
        assert lookup(services, "www.corp.test", str(PUBLIC_DNS), tcp=tcp) == "NXDOMAIN"
    process.kill()
    process.start()
    assert (lookup(one, "www.corp.test"), lookup(two, "www.corp.test")) == ("10.0.0.1", "10.0.0.2")

    process.drop(views[0])
    assert {held["name"] for held in real_keeper.sockets()} == {
        f"dns-{kind}-{name}" for kind in ("udp", "tcp") for name in ("services", "vnet-2")
    }
    with pytest.raises(OSError):
        lookup(one, "www.corp.test", tcp=True)

    real_keeper.drop("vnet-2")
    held = {thing.key for thing in msgspec.convert(process.call("observe"), list[Desired])}
    assert "view vnet-2" not in held and "view services" in held
    assert process.apply(Put(views[1]))[0].startswith("cannot listen for 'view vnet-2'")
    anew = network(real_keeper, "vnet-2", str(AZURE_DNS))
    process.put(views[1])
    assert lookup(anew, "www.corp.test") == "10.0.0.2"
    for descriptor in (one, two, services, anew):
        os.close(descriptor)
