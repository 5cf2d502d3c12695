"""Microsoft.DBforMySQL: servers. Their names resolve; no database answers."""

from __future__ import annotations

from cloister.providers.databases import servers

TYPES = servers("Microsoft.DBforMySQL", "mysql", "mysqlServer", "mysql.database.azure.com", 3306)
"""Every type of this folder."""
