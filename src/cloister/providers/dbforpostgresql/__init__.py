"""Microsoft.DBforPostgreSQL: servers. Their names resolve; no database answers."""

from __future__ import annotations

from cloister.providers.databases import servers

TYPES = servers("Microsoft.DBforPostgreSQL", "postgresql", "postgresqlServer", "postgres.database.azure.com", 5432)
"""Every type of this folder."""
