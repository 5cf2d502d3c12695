"""What all record sets of a private zone share: name rules, limits, conflicts, the record in the zone.

Each type's own module says how its records are written, and builds its ``TYPE`` with ``record_type``.

Source: learn.microsoft.com/azure/dns/private-dns-privatednszone, learn.microsoft.com/azure/dns/dns-zones-records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from cloister.arm.errors import ArmError, Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import Field, anything, boolean, integer, obj, string
from cloister.limits import RECORD_SETS_PER_ZONE_MAX, RECORDS_PER_SET_MAX
from cloister.net.intent import Record
from cloister.providers.privatedns import domain_names, registration
from cloister.providers.privatedns.versions import API_VERSIONS

ZONES = "Microsoft.Network/privateDnsZones"
KINDS = ("A", "AAAA", "CNAME", "MX", "PTR", "SOA", "SRV", "TXT")
TYPE_NAMES = frozenset(f"{ZONES}/{kind}" for kind in KINDS)
TTL_DEFAULT = 3600  # what Azure's own tools write where the user says nothing
TTL_MAX = 2_147_483_647
APEX = "@"
SUFFIX_QUERY = "$recordsetnamesuffix"  # ends in .suffix: the published description of RecordSets_ListByType


class Entry(NamedTuple):
    """One record as the user wrote it: where it stands, its presentation form, and what is wrong with it (or ``""``)."""

    at: str
    value: str
    wrong: str = ""


Reader = Callable[[dict[str, Any]], Iterable[Entry]]
"""A type's own part: the records in ``properties``."""


def record_type(kind: str, fields: dict[str, Field], read: Reader, **hooks: Any) -> ResourceType:
    """The resource type of record sets of one kind. ``fields`` are its own properties, ``hooks`` replace the shared ones."""

    def checked(change: Change, view: View) -> Iterator[Problem]:
        return check(change, view, kind, read)

    def realized(row: Row, view: View) -> Iterator[Record]:
        return realize(row, kind, read)

    shared: dict[str, Any] = {"suffix_query": SUFFIX_QUERY, "check": checked, "realize": realized, "show": show}
    return ResourceType(
        name=f"{ZONES}/{kind}",
        api_versions=API_VERSIONS,
        coverage=enforced(),
        properties=obj(
            fields,
            ttl=integer(1, TTL_MAX, default=TTL_DEFAULT),
            metadata=anything(),
            fqdn=string(read_only=True),
            isAutoRegistered=boolean(read_only=True),
        ),
        location="none",
        top_level=("etag",),
        **(shared | hooks),
    )


def zone_of(row: Row, view: View) -> Row | None:
    """The zone that a record set or link stands in."""
    parent = parse(row.id).parent
    return view.get(parent.text) if parent is not None else None


def without_zone(row: Row) -> Problem:
    """The problem of a record set or link whose zone does not exist."""
    parent = parse(row.id).parent
    zone = parent.name if parent is not None else ""
    return Problem(
        "ParentResourceNotFound", "", f"cannot make '{row.name}': private DNS zone '{zone}' does not exist; make it first.", 404
    )


def check(change: Change, view: View, kind: str, read: Reader) -> Iterator[Problem]:
    """The zone exists; the name may stand in it and collides with no alias; records are few enough and well formed."""
    row = change.row
    zone = zone_of(row, view)
    if zone is None:
        yield without_zone(row)
        return
    if change.old is None:
        yield from _name_problems(row, zone)
        yield from _alias_problems(row, zone, kind, view)
        if sum(1 for child in view.children(zone.id) if child.type in TYPE_NAMES and key(child.id) != key(row.id)) >= (
            RECORD_SETS_PER_ZONE_MAX
        ):
            yield _problem(row, kind, f"zone '{zone.name}' has {RECORD_SETS_PER_ZONE_MAX} record sets, the limit; delete one.")
    yield from record_problems(row, kind, read)


def record_problems(row: Row, kind: str, read: Reader) -> Iterator[Problem]:
    """What is wrong with the records themselves."""
    entries = list(read(row.properties))
    if len(entries) > RECORDS_PER_SET_MAX:
        yield _problem(row, kind, f"it has {len(entries)} records, and may have {RECORDS_PER_SET_MAX}; remove some.")
    for entry in entries:
        if entry.wrong:
            yield _problem(row, kind, f"{entry.at} {entry.wrong}.", f"properties.{entry.at}")
    metadata = row.properties.get("metadata")
    if metadata is not None and not (isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values())):
        yield _problem(row, kind, "metadata must be an object of strings; write each value in quotes.", "properties.metadata")


def _problem(row: Row, kind: str, why: str, target: str = "", code: str = "BadRequest", status: int = 400) -> Problem:
    return Problem(code, target, f"cannot write the {kind} record set '{row.name}': {why}", status)


def _name_problems(row: Row, zone: Row) -> Iterator[Problem]:
    kind = row.type.rsplit("/", 1)[-1]
    if row.name == APEX:
        return
    wrong = domain_names.problem(row.name, wildcard=True)
    if not wrong and row.name.endswith("."):
        wrong = "ends in a dot; it is relative to its zone, so leave that off"
    if not wrong and len(row.name) + 1 + len(zone.name) > domain_names.NAME_LENGTH_MAX:
        wrong = f"makes a name of over {domain_names.NAME_LENGTH_MAX} characters with '{zone.name}'; choose a shorter one"
    if wrong:
        yield _problem(row, kind, f"its name {wrong}.", "name")


def _alias_problems(row: Row, zone: Row, kind: str, view: View) -> Iterator[Problem]:
    """A name with a CNAME has nothing else (RFC 1034, 3.6.2), and the apex, which has an SOA, has no CNAME."""
    for other in KINDS if kind == "CNAME" else ("CNAME",):
        if other != kind and view.get(f"{zone.id}/{other}/{row.name}") is not None:
            why = f"'{row.name}' has a record set of type {other} in '{zone.name}', and an alias stands alone; delete one."
            yield _problem(row, kind, why, "name", "Conflict", 409)
            return


def realize(row: Row, kind: str, read: Reader) -> Iterator[Record]:
    """The record set in its zone; an empty one is nothing on the wire."""
    parent = parse(row.id).parent
    values = tuple(dict.fromkeys(entry.value for entry in read(row.properties) if not entry.wrong))
    if values and parent is not None:
        ttl = row.properties.get("ttl", TTL_DEFAULT)
        yield Record(owner=row.id, zone=parent.text, name=row.name.lower(), type=kind, ttl=ttl, values=values)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The full name, with its final dot, and whether a machine registered it."""
    parent = parse(row.id).parent
    zone = parent.name if parent is not None else ""
    fqdn = f"{zone}." if row.name == APEX else f"{row.name}.{zone}."
    return {"fqdn": fqdn, "isAutoRegistered": registration.is_registered(row)}


def refuse(problems: Iterable[Problem]) -> None:
    """Raise ArmError if there are any."""
    found = list(problems)
    if found:
        raise ArmError.of(found)


def items(properties: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """``(path, item)`` of each object in a list property."""
    for n, item in enumerate(properties.get(name) or ()):
        yield f"{name}[{n}]", item


def target(at: str, text: str | None, lead: str = "") -> Entry:
    """A record that leads to a domain name, with what stands before it in presentation form."""
    wrong = domain_names.problem(text or "", wildcard=True)
    return Entry(at, f"{lead}{(text or '').removesuffix('.')}", wrong)
