"""What private endpoints may lead to, for types whose names follow one pattern: groups, public names, who may come in.

    GROUPS = groups("sql", Offer("sqlServer", "privatelink.database.windows.net", ("{name}.database.windows.net",), (1433,)))
    TYPES = target(NAME, API_VERSIONS, PROPERTIES, "sql", GROUPS, lacks="nothing listens")

Source of groups, zones and names: learn.microsoft.com/azure/private-link/private-endpoint-dns and .../private-endpoint-overview.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from cloister.arm.resource import PrivateLinkGroup, ResourceType, Row, View, enforced
from cloister.arm.schema import Object
from cloister.net.intent import LinkedName, Service
from cloister.net.plan import normal_region, service_address
from cloister.providers import private_link
from cloister.providers.plain import plain


class Offer(msgspec.Struct, frozen=True):
    """One group of a type: its id, its zone, and the public names that it makes private.

    ``{name}`` and ``{region}`` stand for the resource's. The twin of ``{name}.database.windows.net`` in the zone
    ``privatelink.database.windows.net`` is ``{name}.privatelink.database.windows.net``: what comes before the part that the zone
    shares with the name stays.
    """

    group: str
    zone: str
    hosts: tuple[str, ...]
    ports: tuple[int, ...] = (443,)


def _filled(pattern: str, row: Row) -> str:
    return pattern.format(name=row.name.lower(), region=normal_region(str(row.body.get("location") or "")))


def twin(host: str, zone: str) -> str:
    """The name in the private zone that a public name is an alias of."""
    public = zone.split("privatelink.", 1)[-1]
    label = host[: -len(public) - 1] if host.endswith("." + public) else host.split(".", 1)[0]
    return f"{label}.{zone}"


def _names(service: str, offer: Offer) -> Callable[[Row], tuple[LinkedName, ...]]:
    def names(row: Row) -> tuple[LinkedName, ...]:
        address = service_address(service, str(row.body.get("location") or ""))
        hosts = [_filled(host, row) for host in offer.hosts]
        return tuple(LinkedName(offer.group, host, twin(host, _filled(offer.zone, row)), address) for host in hosts)

    return names


def groups(service: str, *offers: Offer) -> tuple[PrivateLinkGroup, ...]:
    """The groups of a type; each has one member of its own name."""
    return tuple(
        PrivateLinkGroup(
            id=offer.group, zones=(offer.zone,), members=(offer.group,), names=_names(service, offer), ports=offer.ports
        )
        for offer in offers
    )


def public_names(found: Iterable[PrivateLinkGroup], row: Row) -> tuple[LinkedName, ...]:
    """All public names of a resource, each once."""
    names = {name.fqdn: name for group in found for name in group.names(row)}
    return tuple(names.values())


def target(
    name: str,
    api_versions: tuple[str, ...],
    properties: Object,
    service: str,
    offered: tuple[PrivateLinkGroup, ...],
    *,
    lacks: str,
    show: Callable[[Row, View, str], dict[str, Any]] | None = None,
    **more: Any,
) -> tuple[ResourceType, ...]:
    """The type with its two private link children. Its names resolve, and ``publicNetworkAccess`` says who may come in."""

    def realize(row: Row, view: View) -> Iterator[Service]:
        access = str(row.properties.get("publicNetworkAccess") or "Enabled")
        yield Service(
            owner=row.id,
            service=service,
            region=normal_region(str(row.body.get("location") or "")),
            names=public_names(offered, row),
            public_access=access.lower() not in ("disabled", "securedbyperimeter"),
            because=f"publicNetworkAccess: {access}",
            facts=(("name", row.name),),
        )

    kind = plain(
        name,
        api_versions,
        properties,
        lacks=lacks,
        coverage=enforced(lacks),
        private_link=offered,
        realize=realize,
        show=show,
        **more,
    )
    return (kind, *private_link.child_types(name, api_versions))
