"""Azure's regions with the names people read: ``eastus2`` is East US 2.

Source: learn.microsoft.com/azure/reliability/regions-list. A region of ``net/plan.py`` that is not spelled here shows its
own name.
"""

from __future__ import annotations

from cloister.net import plan

_COUNTRIES = {
    "us": "US", "canada": "Canada", "brazil": "Brazil", "europe": "Europe", "uk": "UK", "france": "France",
    "germany": "Germany", "switzerland": "Switzerland", "norway": "Norway", "sweden": "Sweden", "poland": "Poland",
    "italy": "Italy", "spain": "Spain", "uae": "UAE", "southafrica": "South Africa", "india": "India", "japan": "Japan",
    "korea": "Korea", "asia": "Asia", "australia": "Australia", "qatar": "Qatar", "israel": "Israel", "mexico": "Mexico",
    "newzealand": "New Zealand",
}  # fmt: skip
_DIRECTIONS = {
    "northcentral": "North Central", "southcentral": "South Central", "westcentral": "West Central", "southeast": "Southeast",
    "north": "North", "south": "South", "east": "East", "west": "West", "central": "Central",
}  # fmt: skip


def display_name(region: str) -> str:
    """What people call a region.

    >>> [display_name(name) for name in ("eastus2", "germanywestcentral", "southeastasia", "northeurope", "centralindia")]
    ['East US 2', 'Germany West Central', 'Southeast Asia', 'North Europe', 'Central India']
    """
    name = region.rstrip("0123456789")
    number = region[len(name) :]
    for spelled, country in _COUNTRIES.items():
        rest = name.removeprefix(spelled) if name.startswith(spelled) else name.removesuffix(spelled)
        if rest != name and rest in _DIRECTIONS:
            words = [country, _DIRECTIONS[rest]] if name.startswith(spelled) else [_DIRECTIONS[rest], country]
            return " ".join([*words, number] if number else words)
    return region


REGIONS: tuple[tuple[str, str], ...] = tuple((name, display_name(name)) for name in plan.REGIONS)
"""``(name, display name)`` of every region."""
