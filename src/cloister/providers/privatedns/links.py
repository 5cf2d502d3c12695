"""Microsoft.Network/privateDnsZones/virtualNetworkLinks: which network sees a zone, and whether it registers there.

Source: learn.microsoft.com/azure/dns/private-dns-virtual-network-links, .../private-dns-fallback.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Change, Derived, ResourceType, Row, View, enforced
from cloister.arm.schema import boolean, obj, ref, string
from cloister.limits import LINKS_PER_ZONE_MAX, LINKS_WITH_REGISTRATION_PER_ZONE_MAX, PRIVATE_ZONES_PER_VNET_MAX
from cloister.net.intent import Host, ZoneLink
from cloister.providers.privatedns import record_sets, registration, zones
from cloister.providers.privatedns.registration import network_of
from cloister.providers.privatedns.versions import API_VERSIONS, REDIRECT_SINCE

NAME = zones.LINKS
NETWORKS = "Microsoft.Network/virtualNetworks"
REDIRECT = "NxDomainRedirect"

PROPERTIES = obj(
    virtualNetwork=ref(NETWORKS, required=True, create_only=True),
    registrationEnabled=boolean(default=False),
    resolutionPolicy=string("Default", REDIRECT),
    virtualNetworkLinkState=string(read_only=True),
    provisioningState=string(read_only=True),
)


def check(change: Change, view: View) -> Iterator[Problem]:
    """Zone and network exist, the network sees no other zone of this name, registers in one, and limits hold."""
    row = change.row
    zone = record_sets.zone_of(row, view)
    if zone is None:
        yield record_sets.without_zone(row)
        return
    if row.body.get("location") not in (None, "global"):
        yield _problem(row, "LocationNotAvailableForResourceType", "location", "links are not regional; write 'global'.")
    network = network_of(row)
    if not network:
        return
    if view.get(network) is None:
        why = f"virtual network '{network}' was not found; make it first, or correct the id."
        yield _problem(row, "InvalidResourceReference", "properties.virtualNetwork.id", why)
        return
    others = [
        link for link in view.referring(network, NAME) if key(link.id) != key(row.id) and key(network_of(link)) == key(network)
    ]
    yield from _policy_problems(change, zone)
    yield from _overlap_problems(row, zone, others)
    if row.properties.get("registrationEnabled"):
        yield from _registration_problems(row, others)
    yield from _limit_problems(change, zone, others, view)


def _problem(row: Row, code: str, target: str, why: str, status: int = 400) -> Problem:
    return Problem(code, target, f"cannot make virtual network link '{row.name}': {why}", status)


def _zone_name(link: Row) -> str:
    parent = parse(link.id).parent
    return parent.name if parent is not None else ""


def _policy_problems(change: Change, zone: Row) -> Iterator[Problem]:
    policy, at = change.row.properties.get("resolutionPolicy"), "properties.resolutionPolicy"
    if change.wrote("resolutionPolicy") and change.api_version and change.api_version < REDIRECT_SINCE:
        why = f"api-version {change.api_version} has no resolutionPolicy; use {REDIRECT_SINCE} or later."
        yield _problem(change.row, "BadRequest", at, why)
    if policy == REDIRECT and "privatelink" not in zone.name.lower().split("."):
        why = f"{REDIRECT} is for privatelink zones, and '{zone.name}' is none; leave resolutionPolicy at 'Default'."
        yield _problem(change.row, "BadRequest", at, why)


def _overlap_problems(row: Row, zone: Row, others: list[Row]) -> Iterator[Problem]:
    for other in others:
        if _zone_name(other).lower() == zone.name.lower():
            why = (
                f"a virtual network cannot be linked to multiple zones with overlapping namespaces; '{network_of(row)}' is "
                f"linked to '{_zone_name(other)}' by '{other.id}' already; delete that link first."
            )
            yield _problem(row, "BadRequest", "properties.virtualNetwork.id", why)
            return


def _registration_problems(row: Row, others: list[Row]) -> Iterator[Problem]:
    for other in others:
        if other.properties.get("registrationEnabled"):
            why = (
                f"a virtual network registers in one private DNS zone only, and '{network_of(row)}' registers in "
                f"'{_zone_name(other)}' by '{other.id}'; set registrationEnabled of one of the two to false."
            )
            yield _problem(row, "Conflict", "properties.registrationEnabled", why, 409)
            return


def _limit_problems(change: Change, zone: Row, others: list[Row], view: View) -> Iterator[Problem]:
    row = change.row
    siblings = [link for link in view.children(zone.id, NAME) if key(link.id) != key(row.id)]
    if change.old is None and len(siblings) >= LINKS_PER_ZONE_MAX:
        yield _problem(row, "BadRequest", "", f"zone '{zone.name}' has {LINKS_PER_ZONE_MAX} links, the limit; delete one.")
    if change.old is None and len(others) >= PRIVATE_ZONES_PER_VNET_MAX:
        why = f"'{network_of(row)}' is linked to {PRIVATE_ZONES_PER_VNET_MAX} zones, the limit; delete a link."
        yield _problem(row, "BadRequest", "properties.virtualNetwork.id", why)
    registering = sum(bool(link.properties.get("registrationEnabled")) for link in siblings)
    if row.properties.get("registrationEnabled") and registering >= LINKS_WITH_REGISTRATION_PER_ZONE_MAX:
        why = (
            f"zone '{zone.name}' has {LINKS_WITH_REGISTRATION_PER_ZONE_MAX} links with registration, the limit; "
            "set registrationEnabled to false."
        )
        yield _problem(row, "BadRequest", "properties.registrationEnabled", why)


def derive(row: Row, view: View) -> Iterator[Derived]:
    """The records of the network's machines, where they register here."""
    yield from registration.records(row, view)


def realize(row: Row, view: View) -> Iterator[ZoneLink | Host]:
    """The network sees the zone, as long as both are there; the names of registered addresses."""
    parent = parse(row.id).parent
    network = view.get(network_of(row))
    if parent is not None and network is not None:
        yield ZoneLink(
            owner=row.id,
            zone=parent.text,
            network=network.id,
            redirect=row.properties.get("resolutionPolicy") == REDIRECT,
            registration=bool(row.properties.get("registrationEnabled")),
        )
        if row.properties.get("registrationEnabled"):
            for record in view.owned_by(row.id):
                for item in record.properties.get("aRecords") or ():
                    fqdn = f"{record.name}.{parent.name}".lower()
                    yield Host(owner=row.id, network=network.id, address=item["ipv4Address"], fqdn=fqdn)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The link's state, and the policy where the api-version knows it."""
    shown: dict[str, Any] = {"virtualNetworkLinkState": "Completed"}
    if api_version >= REDIRECT_SINCE:
        shown["resolutionPolicy"] = row.properties.get("resolutionPolicy") or "Default"
    return shown


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced(),
    properties=PROPERTIES,
    location="global",
    check=check,
    derive=derive,
    realize=realize,
    show=show,
    goes_with=network_of,
)
