"""Microsoft.Network/privateDnsZones/SOA: the one record set that a zone makes itself, and keeps.

It belongs to its zone. A PUT or PATCH may change its times and e-mail address, never its host; it cannot be deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import ArmError, Problem
from cloister.arm.resource import Change, Row, View
from cloister.arm.schema import integer, obj, string
from cloister.providers.privatedns import record_sets
from cloister.providers.privatedns.record_sets import APEX, Entry

HOST = "azureprivatedns.net"
DEFAULT: dict[str, Any] = {
    "host": HOST,
    "email": "azureprivatedns-host.microsoft.com",
    "serialNumber": 1,
    "refreshTime": 3600,
    "retryTime": 300,
    "expireTime": 2419200,
    "minimumTtl": 10,
}
"""What Azure writes into a new zone."""

_TIMES = ("serialNumber", "refreshTime", "retryTime", "expireTime", "minimumTtl")


def read(properties: dict[str, Any]) -> Iterator[Entry]:
    """The one record."""
    record = {**DEFAULT, **(properties.get("soaRecord") or {}), "host": HOST}
    email = record_sets.target("soaRecord.email", record["email"])
    yield Entry("soaRecord", " ".join((HOST, email.value, *(str(record[name]) for name in _TIMES))), email.wrong)


def check(change: Change, view: View) -> Iterator[Problem]:
    """Reached only where the zone's own is not meant, or there is no zone."""
    if record_sets.zone_of(change.row, view) is None:
        yield record_sets.without_zone(change.row)
        return
    yield Problem(
        "BadRequest",
        "name",
        f"cannot write the SOA record set '{change.row.name}': a zone has one, at its apex; write '@'.",
    )


def amend(row: Row, body: dict[str, Any] | None, view: View, caller: str) -> Row:
    """The zone's SOA with what a direct PUT or PATCH changes. Raises ArmError for DELETE and for wrong values."""
    if body is None:
        raise ArmError(
            400,
            "BadRequest",
            "cannot delete the SOA record set '@': it lives as long as its zone; delete the zone, or change the record set.",
        )
    written = body.get("properties") or {}
    record = {**(row.properties.get("soaRecord") or DEFAULT), **(written.get("soaRecord") or {}), "host": HOST}
    ttl = written.get("ttl", row.properties.get("ttl", record_sets.TTL_DEFAULT))
    properties = {**row.properties, **written, "ttl": ttl, "soaRecord": record}
    new = row.with_body(properties=properties)
    record_sets.refuse(record_sets.record_problems(new, "SOA", read))
    return new


def of_zone(zone_id: str, view: View) -> tuple[str, dict[str, Any]]:
    """Id and body of a zone's SOA: as it stands, or as Azure makes it."""
    id = f"{zone_id}/SOA/{APEX}"
    held = view.get(id)
    return id, held.body if held is not None else {"properties": {"ttl": record_sets.TTL_DEFAULT, "soaRecord": DEFAULT}}


_SECONDS = integer(0, record_sets.TTL_MAX)
TYPE = record_sets.record_type(
    "SOA",
    {
        "soaRecord": obj(
            host=string(),
            email=string(),
            serialNumber=integer(0, 2**32 - 1),
            refreshTime=_SECONDS,
            retryTime=_SECONDS,
            expireTime=_SECONDS,
            minimumTtl=_SECONDS,
        )
    },
    read,
    check=check,
    amend=amend,
)
