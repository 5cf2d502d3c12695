"""Microsoft.Network/privateDnsZones/A: names to IPv4 addresses.

The records of an endpoint's zone group are rows of this type too, owned by the group. Where two endpoints write one
name, the later one has it, and the end of either takes it away
(learn.microsoft.com/azure/private-link/private-endpoint-dns).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from cloister.arm.schema import array, obj, string
from cloister.providers.privatedns import record_sets, registration
from cloister.providers.privatedns.record_sets import Entry


def read(properties: dict[str, Any]) -> Iterator[Entry]:
    """Each address."""
    for at, item in record_sets.items(properties, "aRecords"):
        text = item.get("ipv4Address") or ""
        try:
            yield Entry(at, str(IPv4Address(text)))
        except AddressValueError:
            yield Entry(at, text, f"is '{text}', which is no IPv4 address; write for example '10.0.0.4'")


TYPE = record_sets.record_type(
    "A",
    {"aRecords": array(obj(ipv4Address=string(required=True)))},
    read,
    wakes=registration.wakes,
    yields_to_writes=registration.is_registered,
)
