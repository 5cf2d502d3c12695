"""Microsoft.Network/privateDnsZones/AAAA: names to IPv6 addresses."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import AddressValueError, IPv6Address
from typing import Any

from cloister.arm.schema import array, obj, string
from cloister.providers.privatedns import record_sets
from cloister.providers.privatedns.record_sets import Entry


def read(properties: dict[str, Any]) -> Iterator[Entry]:
    """Each address, shortened as RFC 5952 says."""
    for at, item in record_sets.items(properties, "aaaaRecords"):
        text = item.get("ipv6Address") or ""
        try:
            address = IPv6Address(text)
        except AddressValueError:
            address = None
        if address is None or "%" in text:
            yield Entry(at, text, f"is '{text}', which is no IPv6 address; write for example '2001:db8::4'")
        else:
            yield Entry(at, str(address))


TYPE = record_sets.record_type("AAAA", {"aaaaRecords": array(obj(ipv6Address=string(required=True)))}, read)
