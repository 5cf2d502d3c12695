"""Intent to the resolver's objects: views, zones, public names. One function for each kind of object.

``compile_base``, ``compile_view``, ``compile_zone`` and ``compile_resource`` each take the intents of one unit (see
``compilers/units.py``), ``compile_names`` takes those of a whole world. All are pure and order nothing but their own
output, so that equal intents give equal objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cloister.net import plan
from cloister.net.desired import Door, Onward, OutsideName, PublicName, ResolverObject, View, ZoneRecords
from cloister.net.intent import (
    AllowedName,
    Endpoint,
    Forwarding,
    Host,
    Intent,
    Network,
    PublicLabel,
    Record,
    ResolverDoor,
    Service,
    Zone,
    ZoneLink,
)
from cloister.net.names import CONTROL_NAMES

SOA_DEFAULT = ("@", "SOA", 3600, ("azureprivatedns.net azureprivatedns-host.microsoft.com 1 3600 300 2419200 10",))
"""What Azure puts at the apex of every private zone; a zone's own SOA record set replaces it."""


def zone_key(zone: str) -> str:
    """The key of the ZoneRecords of the zone with this id."""
    return f"zone {zone.lower()}"


def internet_view() -> View:
    """The resolver of the public internet: no owner, no zones."""
    return View(owner="", namespace="services", address=str(plan.PUBLIC_DNS))


def network_view(
    network: Network, links: Iterable[ZoneLink], hosts: Iterable[Host] = (), forwardings: Iterable[Forwarding] = ()
) -> View:
    """The resolver inside one virtual network: the zones linked to it, by zone id, the names of its addresses, its rules."""
    mine = sorted(links, key=lambda link: (link.zone.lower(), link.owner.lower()))
    return View(
        owner=network.owner,
        namespace=f"vnet-{network.number}",
        address=str(plan.AZURE_DNS),
        links=tuple((zone_key(link.zone), link.redirect) for link in mine),
        because=tuple(link.owner for link in mine),
        hosts=tuple(sorted((host.address, host.fqdn, host.owner) for host in hosts)),
        onward=tuple(
            Onward(suffix=rule.domain, namespace=f"machine-{rule.number}", targets=rule.targets, because=rule.because)
            for rule in sorted(forwardings, key=lambda rule: (rule.domain, rule.because.lower(), rule.number))
        ),
    )


def zone_records(zone: Zone, records: Iterable[Record]) -> ZoneRecords:
    """A private zone with its record sets by name and type, and always an SOA at its apex."""
    found = [(record.name.lower(), record.type, record.ttl, record.values) for record in records]
    if not any(kind == "SOA" for _, kind, _, _ in found):
        found.append(SOA_DEFAULT)
    return ZoneRecords(owner=zone.owner, name=zone.name.lower(), records=tuple(sorted(found)))


def public_names(service: Service, endpoints: Sequence[Endpoint]) -> Iterator[PublicName]:
    """A service's public names; one is an alias into its privatelink zone while an approved endpoint lists it."""
    approved = sorted(
        (one for one in endpoints if one.state == "Approved" and one.target.lower() == service.owner.lower()),
        key=lambda one: one.number,
    )
    for name in service.names:
        by = next((one for one in approved if any(name.fqdn == listed.fqdn for listed in one.names)), None)
        yield PublicName(
            owner=service.owner,
            fqdn=name.fqdn.lower(),
            address=name.address,
            privatelink=name.privatelink.lower() if by else "",
            because=by.because if by else "",
        )


def control_names() -> Iterator[PublicName]:
    """The names of ARM, login and the portal."""
    for fqdn, _, address in CONTROL_NAMES:
        yield PublicName(owner="", fqdn=fqdn, address=address)


def compile_base() -> Iterator[ResolverObject]:
    """What every cloud has: the internet's view and the control plane's names."""
    yield internet_view()
    yield from control_names()


def compile_view(intents: Iterable[Intent]) -> Iterator[ResolverObject]:
    """The views of the networks among ``intents``."""
    found = list(intents)
    links: dict[str, list[ZoneLink]] = {}
    hosts: dict[str, list[Host]] = {}
    rules: dict[str, list[Forwarding]] = {}
    for one in found:
        if isinstance(one, ZoneLink):
            links.setdefault(one.network.lower(), []).append(one)
        elif isinstance(one, Host):
            hosts.setdefault(one.network.lower(), []).append(one)
        elif isinstance(one, Forwarding):
            rules.setdefault(one.network.lower(), []).append(one)
    for network in found:
        if isinstance(network, Network):
            here = network.owner.lower()
            yield network_view(network, links.get(here, ()), hosts.get(here, ()), rules.get(here, ()))


def compile_door(intents: Iterable[Intent]) -> Iterator[ResolverObject]:
    """The inbound endpoints among ``intents``."""
    for one in intents:
        if isinstance(one, ResolverDoor):
            yield Door(
                owner=one.owner, namespace=f"machine-{one.number}", address=one.address, network=f"vnet-{one.network_number}"
            )


def compile_zone(intents: Iterable[Intent]) -> Iterator[ResolverObject]:
    """The zones among ``intents`` with their records; records without their zone are nothing."""
    found = list(intents)
    records: dict[str, list[Record]] = {}
    for record in found:
        if isinstance(record, Record):
            records.setdefault(record.zone.lower(), []).append(record)
    for zone in found:
        if isinstance(zone, Zone):
            yield zone_records(zone, records.get(zone.owner.lower(), ()))


def compile_resource(intents: Iterable[Intent]) -> Iterator[ResolverObject]:
    """The public names of the services and public addresses among ``intents``."""
    found = list(intents)
    endpoints: dict[str, list[Endpoint]] = {}
    for endpoint in found:
        if isinstance(endpoint, Endpoint):
            endpoints.setdefault(endpoint.target.lower(), []).append(endpoint)
        elif isinstance(endpoint, PublicLabel):
            yield PublicName(owner=endpoint.owner, fqdn=endpoint.fqdn, address=endpoint.address)
    for service in found:
        if isinstance(service, Service):
            yield from public_names(service, endpoints.get(service.owner.lower(), ()))


def compile_allowed(intents: Iterable[Intent]) -> Iterator[ResolverObject]:
    """The names of the real internet among ``intents``."""
    for one in intents:
        if isinstance(one, AllowedName):
            yield OutsideName(owner=one.owner, fqdn=one.name, address=one.address)


def compile_names(intents: Iterable[Intent]) -> Iterator[ResolverObject]:
    """All objects of the resolver for a whole world."""
    found = list(intents)
    yield from compile_base()
    yield from compile_view(found)
    yield from compile_door(found)
    yield from compile_zone(found)
    yield from compile_resource(found)
    yield from compile_allowed(found)
