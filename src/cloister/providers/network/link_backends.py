"""What stands behind a private link service: the TCP ports it offers, and the addresses that each one leads to.

Ports are those of the load balancing rules of its frontends (TCP and All), addresses those of the rules' backend pools:
network interfaces whose configuration names the pool, and addresses written in the pool. A service with
``destinationIPAddress`` leads there; as no rule names its ports, the tag ``cloister-ports`` does (``"80,443"`` if it is missing).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.ids import IdError, key, parse
from cloister.arm.resource import Row, View
from cloister.providers.network import addresses

LOAD_BALANCERS = "Microsoft.Network/loadBalancers"
PORTS_TAG = "cloister-ports"
PORTS_DEFAULT = "80,443"
PORTS_MAX = 64  # of one service
Targets = tuple[tuple[str, int], ...]


def frontends(row: Row) -> list[str]:
    """The ids of the frontends that a service offers."""
    found = row.properties.get("loadBalancerFrontendIpConfigurations") or ()
    return [item["id"] for item in found if isinstance(item, dict) and isinstance(item.get("id"), str)]


def _balancer(frontend: str, view: View) -> Row | None:
    try:
        parent = parse(frontend).parent if frontend.startswith("/") else None
    except IdError:
        return None
    row = view.get(parent.text) if parent is not None else None
    return row if row is not None and row.type.lower() == LOAD_BALANCERS.lower() else None


def _items(row: Row, array: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in row.properties.get(array) or ():
        yield str(item.get("name") or ""), item.get("properties") or {}


def _pools(rule: dict[str, Any]) -> Iterator[str]:
    one, many = rule.get("backendAddressPool"), rule.get("backendAddressPools")
    for item in (*([one] if one else ()), *(many or ())):
        if isinstance(item, dict) and item.get("id"):
            yield item["id"]


def _members(balancer: Row, pool: str, view: View) -> Iterator[str]:
    for name, inner in _items(balancer, "backendAddressPools"):
        if key(f"{balancer.id}/backendAddressPools/{name}") == key(pool):
            for item in inner.get("loadBalancerBackendAddresses") or ():
                address = (item.get("properties") or {}).get("ipAddress") if isinstance(item, dict) else None
                if address:
                    yield address
    for interface in view.referring(pool, addresses.INTERFACES):
        given = interface.facts.get("addresses") or {}
        for n, item in enumerate(interface.properties.get("ipConfigurations") or ()):
            named = (item.get("properties") or {}).get("loadBalancerBackendAddressPools") or ()
            address = given.get(item.get("name") or f"ipconfig{n + 1}")
            if address and any(key(str(one.get("id") or "")) == key(pool) for one in named if isinstance(one, dict)):
                yield address


def _written_ports(row: Row) -> Iterator[int]:
    for text in str((row.body.get("tags") or {}).get(PORTS_TAG) or PORTS_DEFAULT).split(","):
        if text.strip().isdigit() and 0 < int(text) < 65536:
            yield int(text)


def ports(row: Row, view: View) -> dict[int, Targets]:
    """TCP port to where it leads, in port order, ``PORTS_MAX`` at most."""
    found: dict[int, dict[tuple[str, int], None]] = {}
    destination = row.properties.get("destinationIPAddress")
    if destination:
        for port in _written_ports(row):
            found.setdefault(port, {})[destination, port] = None
    for frontend in frontends(row):
        balancer = _balancer(frontend, view)
        if balancer is None:
            continue
        for _, rule in _items(balancer, "loadBalancingRules"):
            named = (rule.get("frontendIPConfiguration") or {}).get("id") or ""
            number = rule.get("frontendPort")
            if key(named) != key(frontend) or rule.get("protocol") not in ("Tcp", "All"):
                continue
            if not isinstance(number, int) or not 0 < number < 65536:
                continue
            leads = found.setdefault(number, {})
            for pool in _pools(rule):
                leads.update({(address, rule.get("backendPort") or number): None for address in _members(balancer, pool, view)})
    return {port: tuple(sorted(found[port])) for port in sorted(found)[:PORTS_MAX]}


def wakes(balancer: Row, view: View) -> Iterator[str]:
    """The services that offer a load balancer's frontends."""
    for service in view.referring(balancer.id, addresses.LINK_SERVICES):
        yield service.id
