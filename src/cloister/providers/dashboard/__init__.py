"""Microsoft.Dashboard: Grafana. Names resolve; no page is drawn."""

from __future__ import annotations

from cloister.providers.dashboard import grafana

TYPES = (*grafana.TYPES,)
"""Every type of this folder."""
