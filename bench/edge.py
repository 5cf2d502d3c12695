"""The whole edge over TLS, from a machine by an endpoint, against nginx behind an endpoint just so: handshakes, bytes."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.clouds import LOCATION, Bench, bench_cloud, cloister, multiply
from bench.figures import Figure, compared, interleaved, plain, require
from bench.lab import STREAM, STREAM_ENDPOINT, Lab, lab, network, until

ZONE = "privatelink.api.azureml.ms"
HANDSHAKES = 1_000.0
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
PAGE = 1_000  # resources in the large answer
NGINX = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 4096; }}
http {{ access_log off; server {{
  listen {address}:443 ssl backlog=4096;
  ssl_certificate {certificate}; ssl_certificate_key {certificate};
  ssl_protocols TLSv1.3; ssl_session_tickets off; ssl_session_cache off;
  root {folder}; default_type application/json;
}} }}
"""


def measure() -> Iterator[Figure]:
    """Both figures. Neither server offers resumption, so that every handshake is a full one of TLS 1.3.

    The client costs more for each connection than either server, and shares the processors with it: by the clock both would
    be measured by the client. So the two are compared by the second of the server's own processor time (each is one
    process); what the edge does by the clock stands beside the promised number, and what the client cost after it.
    """
    require("wrk", "nginx", packages="wrk nginx-light")
    with bench_cloud() as bench, lab() as made, tempfile.TemporaryDirectory() as folder:
        bench.put(IDENTITIES, "pattern", {"location": LOCATION})
        multiply(bench, [bench.id(IDENTITIES, "pattern")], PAGE)
        vnet, name = _private_workspace(bench)
        subnet, arm = f"{vnet}/subnets/default", f"{bench.id(IDENTITIES, '')[:-1]}"
        large = f"https://management.azure.com{arm}?api-version=2024-05-01"
        token = f"Authorization: Bearer {bench.cloud.token()}"
        Path(folder, "large").write_bytes(bench.cloud.http("GET", arm).body)
        Path(folder, "small").write_bytes(b"{" + b'"key":"https://name",' * 20 + b'"end":""}')
        os.chmod(folder, 0o755)
        program = _nginx(made, Path(folder), bench.home.certificates / f"{name}.pem")
        servers = {"edge": bench.child("edge"), "nginx": _worker(program)}
        closing = ("-c64", "-H", "Connection: close")
        clock: list[float] = []
        client: list[float] = []
        handshakes = interleaved(
            {
                "edge": lambda: _capacity(
                    servers["edge"], lambda: _clocked(subnet, clock, client, *closing, f"https://{name}/discovery/private")
                ),
                "nginx": lambda: _capacity(servers["nginx"], lambda: _wrk(made, *closing, f"https://{STREAM_ENDPOINT}/small")),
            }
        )
        yield compared("edge_handshakes_vs_nginx", "1/s", handshakes["edge"], "nginx", handshakes["nginx"])
        yield plain("edge_handshakes", "1/s", clock, "promise", HANDSHAKES)
        yield plain("edge_handshakes_client_ms", "ms", client)
        bytes_ = interleaved(
            {
                "edge": lambda: _edge(subnet, "-c4", "-H", token, large)[1],
                "nginx": lambda: _wrk(made, "-c4", f"https://{STREAM_ENDPOINT}/large")[1],
            }
        )
        yield compared("edge_bytes_vs_nginx", "MiB/s", bytes_["edge"], "nginx", bytes_["nginx"])


def _private_workspace(bench: Bench) -> tuple[str, str]:
    """A network with an endpoint to a workspace and its name: the network's id, the workspace's name."""
    vnet = bench.network("vnet", 1)
    zone = bench.zone(ZONE, [vnet])
    workspace, name = bench.workspace("workspace", publicNetworkAccess="Disabled")
    endpoint = bench.id("Microsoft.Network/privateEndpoints", "endpoint")
    bench.cloud.arm("PUT", endpoint, bench.endpoint_body(vnet, workspace))
    group = {"properties": {"privateDnsZoneConfigs": [{"name": "api", "properties": {"privateDnsZoneId": zone}}]}}
    bench.cloud.arm("PUT", f"{endpoint}/privateDnsZoneGroups/default", group)
    until((bench.home.certificates / f"{name}.pem").exists)
    return vnet, name


def _nginx(made: Lab, folder: Path, certificate: Path) -> int:
    own = folder / "leaf.pem"
    shutil.copyfile(certificate, own)
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, address=STREAM, certificate=own))
    made.put(network(0, 0))
    program = made.start("services", "/usr/sbin/nginx", "-c", str(config), "-p", str(folder))
    until(lambda: made.world.reach("machine-1", STREAM_ENDPOINT, 443) == "open")
    return program


def _worker(program: int) -> int:
    """The pid of nginx's one worker."""
    return int(Path(f"/proc/{program}/task/{program}/children").read_text().split()[0])


def _capacity(server: int, run: Callable[[], tuple[float, float, int]]) -> float:
    """Connections for each second of the server's own processor time: one client cannot make as many as a server can take."""
    before = _processor(server)
    done = run()[2]
    return done / (_processor(server) - before)


def _processor(pid: int) -> float:
    """Seconds of processor time that a process has used, proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _clocked(place: str, clock: list[float], client: list[float], *argv: str) -> tuple[float, float, int]:
    """As ``_edge``; adds the connections a second by the clock, and the client's processor time for each (ms)."""
    timed = "TIMEFORMAT='processor %U %S'; { time wrk -t1 -d1s \"$@\"; } 2>&1"
    told = cloister("exec", "--from", place, "--", "bash", "-c", timed, "wrk", *argv)
    used = re.search(r"processor ([\d.]+) ([\d.]+)", told)
    assert used is not None, told
    found = _told(lambda: told)
    clock.append(found[0])
    client.append(1000 * (float(used[1]) + float(used[2])) / found[2])
    return found


def _edge(place: str, *argv: str) -> tuple[float, float, int]:
    return _told(lambda: cloister("exec", "--from", place, "--", "wrk", "-t1", "-d1s", *argv))


def _wrk(made: Lab, *argv: str) -> tuple[float, float, int]:
    return _told(lambda: made.run("machine-1", "wrk", "-t1", "-d1s", *argv))


def _told(run: Callable[[], str]) -> tuple[float, float, int]:
    """Requests and MiB a second, and requests in all; every answer must be 200."""
    told = run()
    assert "Non-2xx" not in told, told
    size = re.search(r"Transfer/sec:\s+([\d.]+)(KB|MB|GB)", told)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    count = re.search(r"(\d+) requests in", told)
    assert size is not None and rate is not None and count is not None, told
    return float(rate[1]), float(size[1]) * {"KB": 1 / 1024, "MB": 1.0, "GB": 1024.0}[size[2]], int(count[1])
