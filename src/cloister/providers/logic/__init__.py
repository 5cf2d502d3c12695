"""Microsoft.Logic: workflows. Stored: none is run."""

from __future__ import annotations

from cloister.providers.logic import workflows

TYPES = (workflows.TYPE,)
"""Every type of this folder."""
