"""Microsoft.DataFactory: factories. Names resolve; no pipeline runs."""

from __future__ import annotations

from cloister.providers.datafactory import children, factories

TYPES = (
    *factories.TYPES,
    *children.TYPES,
)
"""Every type of this folder."""
