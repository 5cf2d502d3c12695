"""An endpoint's path against plain routing and against a proxy, empty and loaded: throughput and new connections."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, Measure, compared, interleaved, require
from bench.lab import SHORT, SHORT_ENDPOINT, STREAM, STREAM_ENDPOINT, Lab, connections, gigabits, lab, network, until

ENDPOINTS_LOADED, RULES_LOADED = 10_000, 200
LOADED = 2  # the number of the network that has them
NEEDED = ("iperf3", "wrk", "nginx", "haproxy")
NGINX = """daemon off; worker_processes 1; pid {folder}/nginx{port}.pid; error_log /dev/null;
events {{ worker_connections 4096; }}
http {{ access_log off; server {{ listen {address}:{port} backlog=4096; return 200 "ok"; }} }}
"""
HAPROXY = """global
  maxconn 4096
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen stream
  bind :7001
  server s 10.9.2.2:5201
listen short
  bind :7002
  server s 10.9.2.2:8080
"""


def measure() -> Iterator[Figure]:
    """All figures of the path. Raises RuntimeError naming what is not installed."""
    require(*NEEDED, packages="iperf3 wrk nginx-light haproxy")
    with lab() as made, tempfile.TemporaryDirectory() as folder:
        made.put(network(0, 0))
        made.put(network(ENDPOINTS_LOADED, RULES_LOADED, number=LOADED))
        made.routed()
        _serve(made, Path(folder))
        throughput: dict[str, Measure] = {
            "endpoint": lambda: gigabits(made, "machine-1", STREAM_ENDPOINT, 443),
            "routed": lambda: gigabits(made, "plain-client", "10.9.2.2", 5201),
            "loaded": lambda: gigabits(made, f"machine-{LOADED}", STREAM_ENDPOINT, 443),
            "haproxy": lambda: gigabits(made, "plain-client", "10.9.1.1", 7001),
        }
        short: dict[str, Measure] = {
            "endpoint": lambda: connections(made, "machine-1", SHORT_ENDPOINT, 443),
            "routed": lambda: connections(made, "plain-client", "10.9.2.2", 8080),
            "loaded": lambda: connections(made, f"machine-{LOADED}", SHORT_ENDPOINT, 443),
            "haproxy": lambda: connections(made, "plain-client", "10.9.1.1", 7002),
        }
        for kind, unit, runs in (("throughput", "Gbit/s", throughput), ("connections", "1/s", short)):
            found = interleaved(runs)
            for other in ("routed", "haproxy"):
                yield compared(f"endpoint_{kind}_vs_{other}", unit, found["endpoint"], other, found[other])
            yield compared(f"endpoint_{kind}_vs_routed_loaded", unit, found["loaded"], "unloaded", found["endpoint"])
            yield compared(f"endpoint_{kind}_loaded_vs_routed", unit, found["loaded"], "routed", found["routed"])


def _serve(made: Lab, folder: Path) -> None:
    """The same servers behind both paths, and the proxy on the routed one."""
    made.start("services", "iperf3", "-s", "-B", STREAM, "-p", "443")
    made.start("plain-server", "iperf3", "-s", "-p", "5201")
    for namespace, address, port in (("services", SHORT, 443), ("plain-server", "10.9.2.2", 8080)):
        config = folder / f"nginx-{port}.conf"
        config.write_text(NGINX.format(folder=folder, address=address, port=port))
        made.start(namespace, "/usr/sbin/nginx", "-c", str(config), "-p", str(folder))
    (folder / "haproxy.cfg").write_text(HAPROXY)
    made.start("plain-router", "/usr/sbin/haproxy", "-db", "-f", str(folder / "haproxy.cfg"))
    for namespace, address, port in (
        ("machine-1", STREAM_ENDPOINT, 443), ("machine-1", SHORT_ENDPOINT, 443), (f"machine-{LOADED}", STREAM_ENDPOINT, 443),
        (f"machine-{LOADED}", SHORT_ENDPOINT, 443), ("plain-client", "10.9.2.2", 5201),
        ("plain-client", "10.9.2.2", 8080), ("plain-client", "10.9.1.1", 7001), ("plain-client", "10.9.1.1", 7002),
    ):  # fmt: skip
        until(lambda at=(namespace, address, port): made.world.reach(*at) == "open")  # type: ignore[misc]
