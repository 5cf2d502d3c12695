"""Microsoft.Insights: Application Insights components. Stored: nothing takes telemetry yet."""

from __future__ import annotations

from cloister.providers.insights import components

TYPES = (components.TYPE,)
"""Every type of this folder."""
