"""Microsoft.Search: services. Their names resolve; no index answers."""

from __future__ import annotations

from cloister.providers.search import services

TYPES = (*services.TYPES,)
"""Every type of this folder."""
