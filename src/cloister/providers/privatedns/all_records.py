"""Microsoft.Network/privateDnsZones/ALL: the listing of a zone's record sets of every type (``GET .../ALL``)."""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import ResourceType, Row, View, enforced
from cloister.arm.schema import obj
from cloister.providers.privatedns import record_sets
from cloister.providers.privatedns.versions import API_VERSIONS


def listing(zone: Row, view: View, api_version: str) -> list[dict[str, Any]]:
    """Each record set as its own GET shows it, by name and type, the apex first."""
    rows = [row for row in view.children(zone.id) if row.type in record_sets.TYPE_NAMES]
    rows.sort(key=lambda row: (row.name != record_sets.APEX, row.name.lower(), row.type))
    return [
        {
            "id": row.id,
            "name": row.name,
            "type": row.type,
            "properties": {**row.properties, **record_sets.show(row, view, api_version)},
        }
        for row in rows
    ]


TYPE = ResourceType(
    name=f"{record_sets.ZONES}/ALL",
    api_versions=API_VERSIONS,
    properties=obj(),
    location="none",
    listing=listing,
    suffix_query=record_sets.SUFFIX_QUERY,
    listed=False,
    coverage=enforced(),
)
