"""Microsoft.Cdn: Front Door profiles. Stored."""

from __future__ import annotations

from cloister.providers.cdn import profiles

TYPES = (*profiles.TYPES,)
"""Every type of this folder."""
