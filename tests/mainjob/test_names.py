"""Names as machines see them: registered ones, and those that a DoH client gets past its network's resolver."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mainjob.world import ML, World, eventually


@pytest.fixture
def world(cloud) -> Iterator[World]:
    """A group of its own, taken away at the end."""
    made = World(cloud)
    try:
        yield made
    finally:
        made.end()


def zone(world: World, name: str, **links: str) -> str:
    """A private zone linked to networks, by link name; those whose name begins with ``r`` register."""
    id = world.id("Microsoft.Network/privateDnsZones", name)
    world.cloud.arm("PUT", id, {"location": "global"}, api_version="2020-06-01")
    for link, network in links.items():
        properties = {"virtualNetwork": {"id": network}, "registrationEnabled": link.startswith("r")}
        body = {"location": "global", "properties": properties}
        world.cloud.arm("PUT", f"{id}/virtualNetworkLinks/{link}", body, api_version="2020-06-01")
    return id


def test_a_machine_is_found_by_the_name_it_registered(world):
    mine, other = world.network("mine"), world.network("other", "10.1.0.0/16", "10.1.0.0/24")
    zone(world, "corp.internal", r1=mine, s1=other)
    with (
        world.machine_at("mine", "10.0.0.20", "--host-name", "db") as db,
        world.machine("mine") as near,
        world.machine("other") as far,
    ):
        assert db.do("own")["address"] == "10.0.0.20"  # machines start side by side: this one is up
        assert near.resolve("db.corp.internal") == "10.0.0.20"
        assert far.resolve("db.corp.internal") == "10.0.0.20"
    with world.machine("mine") as near:
        eventually(lambda: near.resolve("db.corp.internal") == "")


def test_machines_of_a_network_find_each_other_by_host_name_and_by_address(world):
    world.network("mine")
    world.network("other", "10.1.0.0/16", "10.1.0.0/24")

    def names(place: str, what: str) -> list[str]:
        asked = world.cloud.popen(f"{world.group}/{place}/default", ["getent", "hosts", what], stdout=subprocess.PIPE)
        return asked.communicate(timeout=30)[0].split()

    with world.machine_at("mine", "10.0.0.20", "--host-name", "db"):
        eventually(lambda: names("mine", "10.0.0.20") == ["10.0.0.20", "db.internal.cloudapp.net"])
        assert names("mine", "db") == ["10.0.0.20", "db.internal.cloudapp.net"]
        assert names("other", "10.0.0.20") == [] == names("other", "db")


def test_a_doh_client_gets_the_public_address_and_is_refused(world):
    mine = world.network("mine")
    workspace = world.workspace("first")["id"]
    world.names(mine, world.endpoint("pe", mine, workspace)["id"])
    name = world.cloud.arm("GET", workspace, api_version=ML)["properties"]["discoveryUrl"].split("/")[2]
    path = f"/history/v1.0{workspace}/experiments/none"
    with world.machine("mine") as inside, world.machine("internet") as outside:
        assert inside.resolve(name).startswith("10.0.0.")
        assert inside.get(name, path, token=world.token)[0] == 404
        for machine in (inside, outside):
            for method in ("GET", "POST"):
                said = machine.do("doh", server="dns.cloister", name=name, method=method)
                assert said["status"] == 200 and said["type"] == "application/dns-message"
                assert said["address"].startswith("198.19."), said
        assert inside.get(name, path, token=world.token, address=said["address"])[0] == 403


def test_curl_with_doh_is_refused_where_curl_without_is_let_in(world):
    mine = world.network("mine")
    workspace = world.workspace("first")["id"]
    world.names(mine, world.endpoint("pe", mine, workspace)["id"])
    url = world.cloud.arm("GET", workspace, api_version=ML)["properties"]["discoveryUrl"]
    plain = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", url]
    for status, command in (("200", plain), ("403", [*plain, "--doh-url", "https://dns.cloister/dns-query"])):
        done = world.cloud.popen(f"{world.group}/mine/default", command, stdout=subprocess.PIPE)
        assert done.communicate(timeout=30)[0] == status


def dnsmasq(forwards: dict[str, str]) -> list[str]:
    """The command of a dnsmasq that forwards each suffix ("" for all others) to a server and knows nothing else."""
    argv = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--no-resolv", "--no-hosts"]
    argv += ["--pid-file=", "--cache-size=0", "--log-facility=-"]
    return argv + [f"--server=/{suffix}/{server}" if suffix else f"--server={server}" for suffix, server in forwards.items()]


UNBOUND = """server:
  interface: 0.0.0.0
  access-control: 0.0.0.0/0 allow
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-ip6: no
  num-threads: 1
  module-config: "iterator"
remote-control:
  control-enable: no
"""


def unbound(forwards: dict[str, str], folder: Path) -> list[str]:
    """The command of an unbound that does the same. Without validator: nothing here is signed."""
    zones = "".join(f'forward-zone:\n  name: "{suffix}."\n  forward-addr: {server}\n' for suffix, server in forwards.items())
    config = folder / "unbound.conf"
    config.write_text(UNBOUND.format(folder=folder) + zones)
    return [str(PROGRAMS["unbound"]), "-d", "-p", "-c", str(config)]


class NameServer:
    """A user's own name server on a machine."""

    def __init__(self, world: World, network: str, address: str, argv: list[str]):
        place = f"{world.group}/{network}/default"
        self.process = world.cloud.popen(place, argv, options=["--address", address], stderr=subprocess.DEVNULL)

    def __enter__(self) -> NameServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)


def with_name_server(world: World, name: str, address: str) -> str:
    """A network whose machines ask the name server at ``address``."""
    id = world.network(name)
    found = world.cloud.arm("GET", id, api_version="2024-05-01")
    found["properties"]["dhcpOptions"] = {"dnsServers": [address]}
    world.cloud.arm("PUT", id, {key: found[key] for key in ("location", "properties")}, api_version="2024-05-01")
    return id


PROGRAMS = {name: shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") for name in ("dnsmasq", "unbound")}
PACKAGES = {"dnsmasq": "dnsmasq-base", "unbound": "unbound"}
AZURE, PUBLIC = "168.63.129.16", "198.19.0.53"
LONG = pytest.mark.deep(seconds=8)


def needs(program: str) -> pytest.MarkDecorator:
    """Skips where a name server is not installed."""
    return pytest.mark.skipif(PROGRAMS[program] is None, reason=f"{program} is not installed (Debian: {PACKAGES[program]})")


def case(program: str, forwards: dict[str, str], status: int, *marks: pytest.MarkDecorator) -> object:
    """A name server, what it forwards, and what a client gets by the name then: a status, 0 for no answer."""
    to = ", ".join(suffix or "all others" for suffix in forwards)
    return pytest.param(program, forwards, status, id=f"{program}: {to}", marks=[needs(program), *marks])


@pytest.mark.parametrize(
    ("program", "forwards", "status"),
    [
        case("dnsmasq", {"api.azureml.ms": AZURE, "": PUBLIC}, 404),
        case("dnsmasq", {"privatelink.api.azureml.ms": AZURE, "": PUBLIC}, 403),
        case("dnsmasq", {"api.azureml.ms": AZURE}, 404, LONG),
        case("dnsmasq", {"notebooks.azure.net": AZURE}, 0, LONG),
        case("unbound", {"api.azureml.ms": AZURE, "": PUBLIC}, 404),
        case("unbound", {"notebooks.azure.net": AZURE, "": PUBLIC}, 403, LONG),
    ],
)
def test_a_name_server_of_ones_own_must_forward_the_public_suffix(world, tmp_path, program, forwards, status):
    mine = with_name_server(world, "mine", "10.0.0.53")
    workspace = world.workspace("first")["id"]
    world.names(mine, world.endpoint("pe", mine, workspace)["id"])
    name = world.cloud.arm("GET", workspace, api_version=ML)["properties"]["discoveryUrl"].split("/")[2]
    path = f"/history/v1.0{workspace}/experiments/none"
    argv = dnsmasq(forwards) if program == "dnsmasq" else unbound(forwards, tmp_path)
    with NameServer(world, "mine", "10.0.0.53", argv), world.machine("mine") as inside:
        if status:
            eventually(lambda: inside.resolve(name), 10)
        address = inside.resolve(name)
        assert inside.get(name, path, token=world.token)[0] == status
        assert address.startswith({404: "10.0.0.", 403: "198.19.", 0: ""}[status])
        verdict = world.cloud.api.call("explain", {"from": f"{world.group}/mine/default", "to": name})
        assert verdict["disposition"] == "NotKnown"
        assert "10.0.0.53" in verdict["why"] and "api.azureml.ms" in verdict["why"]


def test_nobody_answers_where_the_name_server_is_not(world):
    with_name_server(world, "mine", "10.0.0.53")
    name = "management.azure.com"
    verdict = world.cloud.api.call("explain", {"from": f"{world.group}/mine/default", "to": name})
    assert verdict["disposition"] == "NameNotFound" and "10.0.0.53" in verdict["why"]


RESOLVER = "2022-07-01"


class PrivateResolver:
    """A network ``hub`` with a DNS private resolver: inbound at 10.1.1.4, an outbound endpoint, and a ruleset."""

    def __init__(self, world: World):
        self.world = world
        delegated = [{"name": "d", "properties": {"serviceName": "Microsoft.Network/dnsResolvers"}}]
        subnets = [{"name": "default", "properties": {"addressPrefix": "10.1.0.0/24"}}]
        for name, prefix in (("in", "10.1.1.0/28"), ("out", "10.1.2.0/28")):
            subnets.append({"name": name, "properties": {"addressPrefix": prefix, "delegations": delegated}})
        space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": subnets}
        self.hub = world.id("Microsoft.Network/virtualNetworks", "hub")
        self.put(self.hub, space, "2024-05-01")
        self.resolver = world.id("Microsoft.Network/dnsResolvers", "r")
        self.put(self.resolver, {"virtualNetwork": {"id": self.hub}})
        self.inbound = f"{self.resolver}/inboundEndpoints/in"
        made = self.put(self.inbound, {"ipConfigurations": [{"subnet": {"id": f"{self.hub}/subnets/in"}}]})
        self.address = made["properties"]["ipConfigurations"][0]["privateIpAddress"]
        self.outbound = f"{self.resolver}/outboundEndpoints/out"
        self.put(self.outbound, {"subnet": {"id": f"{self.hub}/subnets/out"}})
        self.ruleset = world.id("Microsoft.Network/dnsForwardingRulesets", "rs")
        self.put(self.ruleset, {"dnsResolverOutboundEndpoints": [{"id": self.outbound}]})

    def put(self, id: str, properties: dict, version: str = RESOLVER) -> dict:
        body = {"location": "eastus2", "properties": properties}
        if "/forwardingRules/" in id or "/virtualNetworkLinks/" in id:
            del body["location"]
        return self.world.cloud.arm("PUT", id, body, api_version=version)

    def rule(self, name: str, domain: str, *servers: str, state: str = "Enabled") -> None:
        targets = [{"ipAddress": server, "port": 53} for server in servers]
        properties = {"domainName": domain, "targetDnsServers": targets, "forwardingRuleState": state}
        self.put(f"{self.ruleset}/forwardingRules/{name}", properties)

    def link(self, network: str) -> None:
        self.put(f"{self.ruleset}/virtualNetworkLinks/{network.rsplit('/')[-1]}", {"virtualNetwork": {"id": network}})

    def peer(self, name: str, network: str) -> None:
        """Both halves of a peering with the hub."""
        for here, there in ((self.hub, network), (network, self.hub)):
            properties = {"remoteVirtualNetwork": {"id": there}, "allowVirtualNetworkAccess": True}
            self.put(f"{here}/virtualNetworkPeerings/{name}", properties, "2024-05-01")


def explained(world: World, place: str, name: str) -> dict:
    return world.cloud.api.call("explain", {"from": f"{world.group}/{place}/default", "to": name})


def test_an_inbound_endpoint_answers_what_its_network_sees(world):
    """A spoke's machines ask the hub's inbound endpoint across a peering, and get the hub's private names."""
    hub = PrivateResolver(world)
    assert hub.address == "10.1.1.4"
    spoke = with_name_server(world, "spoke", hub.address)
    hub.peer("p", spoke)
    made = zone(world, "corp.internal", s=hub.hub)
    record = {"properties": {"ttl": 60, "aRecords": [{"ipv4Address": "10.1.0.77"}]}}
    world.cloud.arm("PUT", f"{made}/A/db", record, api_version="2020-06-01")
    with world.machine("spoke") as far, world.machine("hub") as near:
        eventually(lambda: far.resolve("db.corp.internal") == "10.1.0.77")
        assert near.resolve("db.corp.internal") == "10.1.0.77"
        assert far.resolve("management.azure.com") == "198.19.0.4"
        assert not far.do("tcp", address=hub.address, port=443, seconds=0.3)["reached"]
        verdict = explained(world, "spoke", "db.corp.internal")
        assert verdict["address"] == "10.1.0.77"
        assert any(step["because"] == hub.inbound for step in verdict["steps"])
        record["properties"]["aRecords"][0]["ipv4Address"] = "10.1.0.78"
        world.cloud.arm("PUT", f"{made}/A/db", record, api_version="2020-06-01")
        eventually(lambda: far.resolve("db.corp.internal") == "10.1.0.78")


@needs("dnsmasq")
def test_rules_send_names_to_the_servers_that_know_them(world):
    hub = PrivateResolver(world)
    other = world.network("other", "10.2.0.0/16", "10.2.0.0/24")  # linked, and not peered: rules need no way for packets
    many = [f"--txt-record=many.onprem.example,{n:03}{'x' * 200}" for n in range(20)]
    know = ["--address=/host.onprem.example/10.9.9.9", "--address=/deep.host.onprem.example/10.9.9.1", *many]
    place = f"{world.group}/hub/default"
    base = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--no-resolv", "--no-hosts", "--pid-file="]
    server = world.cloud.popen(place, [*base, *know], options=["--address", "10.1.0.53"], stderr=subprocess.DEVNULL)
    hub.rule("onprem", "onprem.example.", "10.1.0.52", "10.1.0.53")  # the first is silent
    hub.rule("off", "off.example.", "10.1.0.53", state="Disabled")
    hub.link(other)
    try:
        with world.machine("other") as far, world.machine("hub") as near:
            eventually(lambda: far.resolve("host.onprem.example") == "10.9.9.9", 20)
            assert far.resolve("deep.host.onprem.example") == "10.9.9.1"
            assert far.resolve("none.onprem.example") == ""
            assert far.resolve("management.azure.com") == "198.19.0.4"
            assert near.resolve("host.onprem.example") == ""  # the hub has no link
            verdict = explained(world, "other", "host.onprem.example")
            assert verdict["disposition"] == "NotKnown" and "10.1.0.53" in verdict["why"], verdict
            assert any(step["because"].endswith("/forwardingRules/onprem") for step in verdict["steps"])
        command = ["dig", "+time=9", "+tries=1", "+short", "TXT", "many.onprem.example"]
        done = world.cloud.popen(f"{world.group}/other/default", command, stdout=subprocess.PIPE)
        assert len(done.communicate(timeout=30)[0].splitlines()) == 20  # cut off over UDP on both legs, whole over TCP
        zone(world, "onprem.example", s=other)
        with world.machine("other") as far:
            assert far.resolve("host.onprem.example") == ""  # a linked zone comes before any rule
    finally:
        server.terminate()
        server.wait(20)


def test_a_rule_that_leads_back_ends_in_silence_and_nothing_else_stops(world):
    hub = PrivateResolver(world)
    hub.rule("loop", "loop.example.", hub.address)
    hub.link(hub.hub)
    with world.machine("hub") as near:
        near.tell("resolve", name="host.loop.example")
        with world.machine("hub") as beside:
            assert beside.resolve("management.azure.com") == "198.19.0.4"
        assert near.hear()["address"] == ""
    assert explained(world, "hub", "host.loop.example")["disposition"] == "NameNotFound"
