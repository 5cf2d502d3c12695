"""Microsoft.Network/privateDnsZones/MX: where mail for a name goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.schema import array, integer, obj, string
from cloister.providers.privatedns import record_sets
from cloister.providers.privatedns.record_sets import Entry


def read(properties: dict[str, Any]) -> Iterator[Entry]:
    """Each exchange with its preference."""
    for at, item in record_sets.items(properties, "mxRecords"):
        yield record_sets.target(at, item.get("exchange"), f"{item.get('preference', 0)} ")


TYPE = record_sets.record_type(
    "MX", {"mxRecords": array(obj(preference=integer(0, 65535, default=0), exchange=string(required=True)))}, read
)
