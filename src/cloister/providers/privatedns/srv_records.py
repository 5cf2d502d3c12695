"""Microsoft.Network/privateDnsZones/SRV: hosts and ports of a service (RFC 2782)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.schema import array, integer, obj, string
from cloister.providers.privatedns import record_sets
from cloister.providers.privatedns.record_sets import Entry


def read(properties: dict[str, Any]) -> Iterator[Entry]:
    """Each host with priority, weight and port."""
    for at, item in record_sets.items(properties, "srvRecords"):
        lead = f"{item.get('priority', 0)} {item.get('weight', 0)} {item.get('port', 0)} "
        yield record_sets.target(at, item.get("target"), lead)


_NUMBER = integer(0, 65535, default=0)
TYPE = record_sets.record_type(
    "SRV", {"srvRecords": array(obj(priority=_NUMBER, weight=_NUMBER, port=_NUMBER, target=string(required=True)))}, read
)
