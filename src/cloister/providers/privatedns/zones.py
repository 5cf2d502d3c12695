"""Microsoft.Network/privateDnsZones: names of one domain, seen in the networks that a link joins to it.

Source: learn.microsoft.com/azure/dns/private-dns-privatednszone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Change, Derived, ResourceType, Row, View, enforced
from cloister.arm.schema import integer, obj, string
from cloister.limits import (
    LINKS_PER_ZONE_MAX,
    LINKS_WITH_REGISTRATION_PER_ZONE_MAX,
    PRIVATE_ZONES_PER_SUBSCRIPTION_MAX,
    RECORD_SETS_PER_ZONE_MAX,
    ZONE_LABELS_MAX,
)
from cloister.net.intent import Zone
from cloister.providers.privatedns import domain_names, record_sets, soa_records
from cloister.providers.privatedns.versions import API_VERSIONS

NAME = record_sets.ZONES
LINKS = f"{NAME}/virtualNetworkLinks"

RESERVED = frozenset(
    {
        "azclient.ms", "azure.com", "cloudapp.net", "core.windows.net", "microsoft.com", "msidentity.com", "trafficmanager.net",
        "windows.net",
    }
)  # fmt: skip
"""Zones that Azure refuses, because its own services would vanish from a network linked to one."""

_COUNT = integer(read_only=True)
PROPERTIES = obj(
    maxNumberOfRecordSets=_COUNT,
    numberOfRecordSets=_COUNT,
    maxNumberOfVirtualNetworkLinks=_COUNT,
    numberOfVirtualNetworkLinks=_COUNT,
    maxNumberOfVirtualNetworkLinksWithRegistration=_COUNT,
    numberOfVirtualNetworkLinksWithRegistration=_COUNT,
    internalId=string(read_only=True),
    provisioningState=string(read_only=True),
)


def check(change: Change, view: View) -> Iterator[Problem]:
    """The name is a domain of two labels or more, not one of Azure's own; the location is global."""
    row = change.row
    if row.body.get("location") not in (None, "global"):
        yield Problem(
            "LocationNotAvailableForResourceType",
            "location",
            f"cannot make private DNS zone '{row.name}' in '{row.body['location']}': zones are not regional; write 'global'.",
        )
    if change.old is not None:
        return
    wrong = domain_names.problem(row.name)
    labels = row.name.count(".") + 1
    if not wrong and labels < 2:
        wrong = "does not have enough labels; a zone has two or more, such as 'contoso.internal'"
    elif not wrong and labels > ZONE_LABELS_MAX:
        wrong = f"has {labels} labels; a zone may have {ZONE_LABELS_MAX}"
    elif row.name.lower() in RESERVED:
        wrong = "is reserved for Azure's own services; use a zone below it, such as the privatelink zone you need"
    if wrong:
        yield Problem("BadRequest", "name", f"cannot make private DNS zone '{row.name[:300]}': its name {wrong}.")
    mine = parse(row.id).subscription.lower()
    others = [zone for zone in view.of_type(NAME) if key(zone.id) != key(row.id) and parse(zone.id).subscription.lower() == mine]
    if len(others) >= PRIVATE_ZONES_PER_SUBSCRIPTION_MAX:
        yield Problem(
            "BadRequest",
            "",
            f"cannot make private DNS zone '{row.name}': the subscription has {PRIVATE_ZONES_PER_SUBSCRIPTION_MAX}, the limit; "
            "delete one that is not used.",
        )


def derive(row: Row, view: View) -> Iterator[Derived]:
    """The SOA at the apex, as the user may have changed it."""
    id, body = soa_records.of_zone(row.id, view)
    yield Derived(id=id, body=body)


def realize(row: Row, view: View) -> Iterator[Zone]:
    """The zone itself; its record sets come from their own rows."""
    yield Zone(owner=row.id, name=row.name.lower())


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """How much is in the zone, and how much may be."""
    below = view.children(row.id)
    links = [child for child in below if child.type == LINKS]
    return {
        "maxNumberOfRecordSets": RECORD_SETS_PER_ZONE_MAX,
        "numberOfRecordSets": sum(child.type in record_sets.TYPE_NAMES for child in below),
        "maxNumberOfVirtualNetworkLinks": LINKS_PER_ZONE_MAX,
        "numberOfVirtualNetworkLinks": len(links),
        "maxNumberOfVirtualNetworkLinksWithRegistration": LINKS_WITH_REGISTRATION_PER_ZONE_MAX,
        "numberOfVirtualNetworkLinksWithRegistration": sum(bool(link.properties.get("registrationEnabled")) for link in links),
    }


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
    nested=(LINKS,),
)
