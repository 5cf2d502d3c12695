"""Microsoft.OperationalInsights: Log Analytics workspaces."""

from __future__ import annotations

from cloister.providers.operationalinsights import workspaces

TYPES = (workspaces.TYPE,)
"""Every type of this folder."""
