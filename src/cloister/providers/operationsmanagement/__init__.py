"""Microsoft.OperationsManagement: solutions of Log Analytics. Stored."""

from __future__ import annotations

from cloister.providers.operationsmanagement import solutions

TYPES = (solutions.TYPE,)
"""Every type of this folder."""
