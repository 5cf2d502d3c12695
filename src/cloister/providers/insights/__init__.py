"""Microsoft.Insights: components, diagnostic settings, alerts, private link scopes. Stored: nothing takes telemetry yet."""

from __future__ import annotations

from cloister.providers.insights import components, monitor, private_link_scopes

TYPES = (
    components.TYPE,
    *monitor.TYPES,
    *private_link_scopes.TYPES,
)
"""Every type of this folder."""
