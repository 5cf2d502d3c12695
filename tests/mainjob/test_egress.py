"""Out of the cloud, to names that the operator allows: a server on this host's loopback stands for the real internet."""

from __future__ import annotations

import datetime
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conftest import RunningCloud, make_cloud
from tests.mainjob.world import NETWORK, Machine, World, eventually

HERE = "127.77.0.1"
NAMES = [f"files.test={HERE}", f"*.wild.test={HERE}", "rebound.invalid"]


def certificate(folder: Path) -> tuple[str, str]:
    """A self-signed certificate and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "files.test")])
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(begin).not_valid_after(begin + datetime.timedelta(days=3650))
    paths = folder / "chain.pem", folder / "key.pem"
    paths[0].write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return str(paths[0]), str(paths[1])


class Real(http.server.BaseHTTPRequestHandler):
    """The real internet: says who was asked for."""

    def do_GET(self) -> None:
        body = f"real {self.headers['Host']} {self.server.server_port}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Iterator[None]:
    """Web servers at ports 80 and 443 of a loopback address."""
    try:
        servers = [http.server.ThreadingHTTPServer((HERE, port), Real) for port in (80, 443)]
    except OSError as error:
        pytest.skip(f"cannot listen at {HERE}:80 and 443: {error}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(tmp_path_factory.mktemp("real")))
    servers[1].socket = context.wrap_socket(servers[1].socket, server_side=True)
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def open_cloud(real) -> Iterator[RunningCloud]:
    """A cloud whose operator allows a few names."""
    yield from make_cloud(*(f"--allow-egress={name}" for name in NAMES))


@pytest.fixture
def world(open_cloud) -> Iterator[World]:
    made = World(open_cloud)
    try:
        yield made
    finally:
        made.end()


def get(machine: Machine, name: str, scheme: str = "https", asked: str = "", seconds: float = 5) -> str:
    """What a machine gets from a name; "" where it gets nothing."""
    return machine.do("fetch", scheme=scheme, name=name, asked=asked or name, seconds=seconds)["body"].strip()


def explained(world: World, place: str, to: str) -> dict:
    """``cloister explain``."""
    return json.loads(world.cloud.cloister("explain", "--from", f"{world.group}/{place}/default", "--to", to, "--json").stdout)


def test_allowed_names_are_reached_and_nothing_else(world):
    world.network("open")
    with world.machine("open") as inside, world.machine("internet") as outside:
        for machine in (inside, outside):
            assert get(machine, "files.test") == "real files.test 443"
            assert get(machine, "files.test", "http") == "real files.test 80"
        assert get(inside, "a.wild.test") == "real a.wild.test 443"
        for name in ("wild.test", "a.b.wild.test", "elsewhere.test"):
            assert not get(inside, name)
        assert not get(inside, "files.test", asked="a.wild.test")  # the address of one name carries no other
        assert "cannot leave the cloud" in get(inside, "files.test", "http", asked="evil.test")
        assert not get(inside, "rebound.invalid", seconds=1)  # allowed, and nowhere
    told = explained(world, "open", "files.test")
    assert told["disposition"] == "Delivered" and "operator's egress list" in told["why"]
    told = explained(world, "open", "elsewhere.test")
    assert told["disposition"] == "NameNotFound"
    assert "cannot leave the cloud: elsewhere.test is not on the operator's egress list" in told["why"]
    log = world.cloud.home.log_file.read_text()
    assert f"egress name=files.test address={HERE} port=443 for=198.18." in log
    assert "refused egress name='a.wild.test' of='files.test'" in log


def test_a_networks_own_rules_and_routes_hold(world):
    world.network("shut", defaultOutboundAccess=False)
    network = world.network("ruled")
    with world.machine("shut") as shut:
        assert not get(shut, "files.test", seconds=0.4)
    assert explained(world, "shut", "files.test")["disposition"] == "NoRoute"
    rules = []
    for priority, access, tag in ((100, "Allow", "AzureCloud"), (200, "Deny", "Internet")):
        inner = {
            "priority": priority, "direction": "Outbound", "access": access, "protocol": "*", "sourcePortRange": "*",
            "sourceAddressPrefix": "*", "destinationAddressPrefix": tag, "destinationPortRange": "*",
        }  # fmt: skip
        rules.append({"name": tag, "properties": inner})
    group = world.id("Microsoft.Network/networkSecurityGroups", "group")
    world.cloud.arm("PUT", group, {"location": "eastus2", "properties": {"securityRules": rules}}, api_version=NETWORK)
    subnet = {"properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": group}}}
    with world.machine("ruled") as ruled:
        assert get(ruled, "files.test")
        world.cloud.arm("PUT", f"{network}/subnets/default", subnet, api_version=NETWORK)
        eventually(lambda: not get(ruled, "files.test", seconds=0.4))  # the tag AzureCloud is not the way out
    told = explained(world, "ruled", "files.test")
    assert told["disposition"] == "DeniedOutbound" and told["steps"][-1]["because"].endswith("securityRules/Internet")


def test_names_are_added_when_the_cloud_is_started(open_cloud):
    refused = open_cloud.cloister("up", "--allow-egress", "more.test", check=False)
    assert refused.returncode and "while the cloud is up" in refused.stderr
    wrong = open_cloud.cloister("up", "--allow-egress", "https://files.test", check=False)
    assert wrong.returncode and "cannot allow egress to 'https://files.test'" in wrong.stderr
    assert json.loads(open_cloud.home.cloud_file.read_text())["egress"] == NAMES


def test_what_is_taken_out_of_the_list_is_gone(open_cloud):
    open_cloud.cloister("down")
    facts = json.loads(open_cloud.home.cloud_file.read_text())
    open_cloud.home.cloud_file.write_text(json.dumps({**facts, "egress": ["a b"]}))
    wrong = open_cloud.cloister("up", "--detach", check=False)
    assert wrong.returncode and "cannot allow egress to 'a b'" in wrong.stderr and "Traceback" not in wrong.stderr
    open_cloud.home.cloud_file.write_text(json.dumps({**facts, "egress": NAMES[1:]}))
    open_cloud.cloister("up", "--detach")
    world = World(open_cloud)
    with world.machine("internet") as outside:
        assert get(outside, "a.wild.test") == "real a.wild.test 443"
        assert not get(outside, "files.test")
        assert outside.do("fetch", scheme="https", name="198.19.127.3", asked="files.test", seconds=1)["body"] == ""
    assert NAMES[1] in open_cloud.cloister("status").stdout
    world.end()
