"""Microsoft.Databricks: workspaces. Their names resolve; no notebook is run."""

from __future__ import annotations

from cloister.providers.databricks import workspaces

TYPES = (*workspaces.TYPES,)
"""Every type of this folder."""
