"""Microsoft.OperationalInsights: Log Analytics workspaces."""

from __future__ import annotations

from cloister.providers.operationalinsights import children, workspaces

TYPES = (workspaces.TYPE, *children.TYPES)
"""Every type of this folder."""
