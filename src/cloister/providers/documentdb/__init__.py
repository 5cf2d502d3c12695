"""Microsoft.DocumentDB: accounts. Their names resolve; no database answers."""

from __future__ import annotations

from cloister.providers.documentdb import accounts

TYPES = (*accounts.TYPES,)
"""Every type of this folder."""
