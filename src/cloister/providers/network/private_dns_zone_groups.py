"""Microsoft.Network/privateEndpoints/privateDnsZoneGroups: the endpoint's names, written into private zones and kept there.

One group for each endpoint, up to five zones in it. Every name of the endpoint whose ``privatelink`` twin lies in a
zone becomes an A record of that zone, owned by the group: it changes and dies with it.

Source: learn.microsoft.com/azure/private-link/private-endpoint-dns-integration.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.errors import Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Change, Derived, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, id_of, obj, string
from cloister.limits import ZONES_PER_GROUP_MAX
from cloister.providers.network import endpoint_rules
from cloister.providers.network.versions import API_VERSIONS

NAME = f"{endpoint_rules.NAME}/privateDnsZoneGroups"
ZONES = "Microsoft.Network/privateDnsZones"
TTL_SECONDS = 10  # Azure's; short enough that a withdrawn endpoint's address is soon forgotten

PROPERTIES = obj(
    privateDnsZoneConfigs=array(
        obj(
            name=string(),
            properties=obj(privateDnsZoneId=id_of(ZONES), recordSets=anything(read_only=True)),
        ),
        default=[],
    ),
    provisioningState=string(read_only=True),
)


def zone_ids(row: Row) -> list[str]:
    """The zone of each configuration, ``""`` where none is named."""
    items = row.properties.get("privateDnsZoneConfigs") or ()
    return [(item.get("properties") or {}).get("privateDnsZoneId") or "" for item in items]


def check(change: Change, view: View) -> Iterator[Problem]:
    """One group, five zones, each there and named once."""
    row, at = change.row, "properties.privateDnsZoneConfigs"
    if change.written is None:
        return
    parent = parse(row.id).parent
    endpoint = view.get(parent.text) if parent else None
    if endpoint is None:
        name = parent.name if parent else ""
        yield Problem(
            "ParentResourceNotFound",
            "",
            f"cannot make zone group '{row.name}': endpoint '{name}' does not exist; make it first.",
            404,
        )
        return
    for other in view.children(endpoint.id, NAME):
        if key(other.id) != key(row.id):
            yield Problem(
                "PrivateDnsZoneGroupLimitReached",
                "",
                f"cannot make zone group '{row.name}': endpoint '{endpoint.name}' has '{other.name}', and may have one group; "
                "add the zone to that group.",
            )
    wanted = zone_ids(row)
    if len(wanted) > ZONES_PER_GROUP_MAX:
        yield Problem(
            "PrivateDnsZoneConfigLimitReached",
            at,
            f"cannot put {len(wanted)} zones into group '{row.name}': the limit is {ZONES_PER_GROUP_MAX}; remove some.",
        )
    seen: set[str] = set()
    for n, text in enumerate(wanted):
        target = f"{at}[{n}].properties.privateDnsZoneId"
        if not text:
            yield Problem(
                "MissingPrivateDnsZoneId", target, f"cannot read zone group '{row.name}': item {n} names no zone; give its id."
            )
        elif view.get(text) is None:
            yield Problem(
                "InvalidResourceReference",
                target,
                f"cannot put zone '{text}' into group '{row.name}': it was not found; make the private DNS zone first.",
            )
        elif key(text) in seen:
            yield Problem(
                "DuplicatePrivateDnsZone",
                target,
                f"cannot put zone '{text}' into group '{row.name}' twice; remove one of the two.",
            )
        seen.add(key(text))


def records(row: Row, zone_id: str, view: View) -> dict[str, tuple[str, str]]:
    """Relative record name to ``(address, public name)``, for one zone of the group."""
    parent = parse(row.id).parent
    endpoint = view.get(parent.text) if parent else None
    zone = view.get(zone_id)
    if endpoint is None or zone is None:
        return {}
    suffix = "." + zone.name.lower()
    addresses = endpoint.facts.get("addresses") or {}
    out: dict[str, tuple[str, str]] = {}
    for name in endpoint_rules.names_of(endpoint, view):
        twin = name.privatelink.lower()
        if twin.endswith(suffix) and name.member in addresses:
            out.setdefault(twin.removesuffix(suffix), (addresses[name.member], name.fqdn))
    return out


def settle(change: Change, view: View) -> Row:
    """When the group was written, which records it writes, whom it took one from, and which it writes no more.

    A record is lost to a group that was written later; and it goes with the earlier group, too: the end of either of two
    endpoints takes the record of both, until the other group is written again.
    """
    facts = {**(change.old.facts if change.old else {}), **change.row.facts}
    lost, taken = set(facts.get("lost") or ()), dict(facts.get("taken") or {})
    if change.written is not None:
        same = change.old is not None and change.old.properties == change.row.properties and not change.old.facts.get("lost")
        facts["at"] = facts["at"] if same else view.now
        lost = set()
    wrote = [_record_id(zone, name, view) for zone in zone_ids(change.row) for name in records(change.row, zone, view)]
    for id in wrote:
        place, present = key(id), view.get(id)
        other = view.get(present.owner) if present and present.owner and key(present.owner) != key(change.row.id) else None
        if other is not None and other.facts.get("at", "") > facts["at"]:
            lost.add(place)
        elif other is not None:
            taken[place] = other.id
        former = view.get(taken[place]) if place in taken else None
        if place in taken and (former is None or place not in (former.facts.get("wrote") or ())):
            del taken[place]
            if change.written is None:
                lost.add(place)
    kept = {place: id for place, id in sorted(taken.items()) if place in {key(id) for id in wrote}}
    return change.row.with_facts(**{**facts, "lost": sorted(lost), "taken": kept, "wrote": sorted(key(id) for id in wrote)})


def wakes(row: Row, view: View) -> Iterator[str]:
    """The groups that have this one's records now."""
    for place in row.facts.get("wrote") or ():
        present = view.get(place)
        if present is not None and present.owner:
            yield present.owner


def _record_id(zone_id: str, name: str, view: View) -> str:
    zone = view.get(zone_id)
    return f"{zone.id if zone else zone_id}/A/{name}"


def derive(row: Row, view: View) -> Iterator[Derived]:
    """The A records, in each zone that is still there; of two groups that write one name, the later written has it."""
    parent = parse(row.id).parent
    endpoint = view.get(parent.text) if parent else None
    guid = endpoint.facts.get("guid", "") if endpoint else ""
    for zone_id in zone_ids(row):
        zone = view.get(zone_id)
        for name, (address, _) in records(row, zone_id, view).items():
            assert zone is not None and parent is not None
            if key(f"{zone.id}/A/{name}") in (row.facts.get("lost") or ()):
                continue
            made_by = f"created by private endpoint {parent.name} with resource guid {guid}"
            properties = {"ttl": TTL_SECONDS, "aRecords": [{"ipv4Address": address}], "metadata": {"creator": made_by}}
            yield Derived(id=f"{zone.id}/A/{name}", body={"properties": properties}, takes_over=True)


def show(row: Row, view: View, api_version: str) -> dict:
    """Each configuration with the record sets made from it; one without a name has no id, as in Azure's own example."""
    shown = []
    for item, zone_id in zip(row.properties.get("privateDnsZoneConfigs") or (), zone_ids(row), strict=True):
        zone_name = zone_id.rsplit("/", 1)[-1]
        sets = [
            {
                "recordType": "A",
                "recordSetName": name,
                "fqdn": f"{name}.{zone_name}",
                "ttl": TTL_SECONDS,
                "ipAddresses": [address],
                "provisioningState": "Succeeded",
            }
            for name, (address, _) in records(row, zone_id, view).items()
        ]
        own = {"id": f"{row.id}/privateDnsZoneConfigs/{item['name']}"} if item.get("name") else {}
        shown.append({**item, **own, "properties": {**(item.get("properties") or {}), "recordSets": sets}})
    return {"privateDnsZoneConfigs": shown}


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced(),
    properties=PROPERTIES,
    location="none",
    check=check,
    settle=settle,
    derive=derive,
    show=show,
    wakes=wakes,
)
