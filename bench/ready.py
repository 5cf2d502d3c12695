"""How soon what was asked for works: an endpoint at its name, and a record, seen by machines that wait for them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.clouds import Bench, bench_cloud, machine
from bench.figures import Figure, plain, quantile

ZONE = "privatelink.api.azureml.ms"
FEW, MANY = 10, 500
P50_MS, P95_MS, VISIBLE_MS = 50.0, 120.0, 10.0
TRIES = 20  # endpoints measured at each size, so that a p95 can be told
RECORDS = 20


def measure() -> Iterator[Figure]:
    """Endpoints at 10 and at 500 networks that have an endpoint each, and records."""
    with bench_cloud() as bench:
        zone = bench.zone(ZONE, [])
        home, _ = bench.workspace("populated")
        made = 0
        for count in (FEW, MANY):
            while made < count:
                network = bench.network(f"v{made}", made % 250)
                body = bench.endpoint_body(network, home)
                bench.cloud.arm_once("PUT", bench.id("Microsoft.Network/privateEndpoints", f"v{made}"), body)
                made += 1
            if count == FEW:
                yield from _visible(bench, zone)
            taken = _endpoints(bench, zone, count)
            yield plain(f"endpoint_ready_ms_{count}", "ms", taken, "promise", P50_MS)
            yield plain(f"endpoint_ready_p95_ms_{count}", "ms", [quantile(taken, 0.95)], "promise", P95_MS)


def _now() -> float:
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def _visible(bench: Bench, zone: str) -> Iterator[Figure]:
    """From ARM's answer to a record's PUT to the first machine's look-up that finds it; 0 where the look-up was first."""
    network = bench.network("visible", 251)
    link = {"location": "global", "properties": {"virtualNetwork": {"id": network}, "registrationEnabled": False}}
    bench.cloud.arm("PUT", f"{zone}/virtualNetworkLinks/visible", link)
    taken = []
    with machine(f"{network}/subnets/default") as looking:
        for n in range(RECORDS):
            looking.begin(resolve=f"n{n}.{ZONE}", to=f"10.1.2.{n}")
            record = {"properties": {"ttl": 10, "aRecords": [{"ipv4Address": f"10.1.2.{n}"}]}}
            bench.cloud.arm_once("PUT", f"{zone}/A/n{n}", record)
            answered = _now()
            taken.append(1000 * max(0.0, looking.seen() - answered))
    yield plain("dns_visible_ms", "ms", taken, "promise", VISIBLE_MS)


def _endpoints(bench: Bench, zone: str, count: int) -> list[float]:
    """Milliseconds from sending an endpoint's PUT (its zone group follows at once) to the first 200 by its name.

    What is asked for is what an SDK reads first, the workspace's discovery document.
    """
    network = bench.network(f"measured{count}", 252)
    link = {"location": "global", "properties": {"virtualNetwork": {"id": network}, "registrationEnabled": False}}
    bench.cloud.arm("PUT", f"{zone}/virtualNetworkLinks/measured{count}", link)
    taken = []
    group = {"properties": {"privateDnsZoneConfigs": [{"name": "api", "properties": {"privateDnsZoneId": zone}}]}}
    with machine(f"{network}/subnets/default") as asking:
        for n in range(-1, TRIES):  # the first opens connections, and does not count
            workspace, name = bench.workspace(f"w{count}-{n}", publicNetworkAccess="Disabled")
            endpoint = bench.id("Microsoft.Network/privateEndpoints", f"e{count}-{n}")
            asking.begin(ask=name, path="/discovery/private", token=bench.cloud.token(), inside="10.")
            began = _now()
            bench.cloud.arm_once("PUT", endpoint, bench.endpoint_body(network, workspace))
            bench.cloud.arm_once("PUT", f"{endpoint}/privateDnsZoneGroups/default", group)
            taken.append(1000 * (asking.seen() - began))
    return taken[1:]
