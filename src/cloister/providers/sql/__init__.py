"""Microsoft.Sql: servers and managed instances. Their names resolve; no database answers."""

from __future__ import annotations

from cloister.providers.sql import managed_instances, servers

TYPES = (
    *servers.TYPES,
    *managed_instances.TYPES,
)
"""Every type of this folder."""
