"""Microsoft.DBforMySQL: servers. Their names resolve; no database answers."""

from __future__ import annotations

from cloister.providers.dbformysql import servers

TYPES = (*servers.TYPES,)
"""Every type of this folder."""
