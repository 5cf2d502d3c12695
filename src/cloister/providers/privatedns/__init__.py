"""Private DNS: zones, record sets and virtual network links of Microsoft.Network.

Lives here: what may be declared, and the zones, records and links that follow. Never lives here: what a name leads to
(``dns``), or how it is asked (``services/resolver``).
"""

from __future__ import annotations

from cloister.arm.resource import ResourceType
from cloister.providers.privatedns import (
    a_records,
    aaaa_records,
    all_records,
    cname_records,
    links,
    mx_records,
    ptr_records,
    soa_records,
    srv_records,
    txt_records,
    zones,
)

TYPES: tuple[ResourceType, ...] = (
    zones.TYPE,
    links.TYPE,
    a_records.TYPE,
    aaaa_records.TYPE,
    cname_records.TYPE,
    mx_records.TYPE,
    ptr_records.TYPE,
    soa_records.TYPE,
    srv_records.TYPE,
    txt_records.TYPE,
    all_records.TYPE,
)
