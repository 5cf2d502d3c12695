"""Microsoft.Network/privateDnsZones/PTR: addresses, as names below in-addr.arpa and ip6.arpa, to names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.schema import array, obj, string
from cloister.providers.privatedns import record_sets
from cloister.providers.privatedns.record_sets import Entry


def read(properties: dict[str, Any]) -> Iterator[Entry]:
    """Each name."""
    for at, item in record_sets.items(properties, "ptrRecords"):
        yield record_sets.target(at, item.get("ptrdname"))


TYPE = record_sets.record_type("PTR", {"ptrRecords": array(obj(ptrdname=string(required=True)))}, read)
