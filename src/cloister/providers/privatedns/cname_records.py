"""Microsoft.Network/privateDnsZones/CNAME: a name that is another's alias."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.resource import Change, View
from cloister.arm.schema import obj, string
from cloister.providers.privatedns import record_sets
from cloister.providers.privatedns.record_sets import Entry


def read(properties: dict[str, Any]) -> Iterator[Entry]:
    """The one target."""
    record = properties.get("cnameRecord")
    if record:
        yield record_sets.target("cnameRecord", record.get("cname"))


def check(change: Change, view: View) -> Iterator[Problem]:
    """As every record set; the apex, which has an SOA, is told apart from other conflicts."""
    if change.row.name == record_sets.APEX:
        yield Problem(
            "BadRequest",
            "name",
            "cannot write the CNAME record set '@': a zone's apex has an SOA, and an alias stands alone; choose another name.",
        )
        return
    yield from record_sets.check(change, view, "CNAME", read)


TYPE = record_sets.record_type("CNAME", {"cnameRecord": obj(cname=string(required=True))}, read, check=check)
