"""Microsoft.Web: apps and their plans. Names resolve; no app is run."""

from __future__ import annotations

from cloister.providers.web import server_farms, sites

TYPES = (
    *sites.TYPES,
    *server_farms.TYPES,
)
"""Every type of this folder."""
