"""Microsoft.DigitalTwins: instances. Their names resolve; none answers."""

from __future__ import annotations

from cloister.providers.digitaltwins import instances

TYPES = (*instances.TYPES,)
"""Every type of this folder."""
