"""Microsoft.ApiManagement: services. Their names resolve; none answers."""

from __future__ import annotations

from cloister.providers.apimanagement import services

TYPES = (*services.TYPES,)
"""Every type of this folder."""
