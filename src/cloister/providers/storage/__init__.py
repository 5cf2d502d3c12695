"""Microsoft.Storage: accounts and what is in them. The data plane is ``services/blob`` (later)."""

from __future__ import annotations

from cloister.providers.storage import services, storage_accounts

TYPES = (storage_accounts.TYPE, *storage_accounts.CHILDREN, *services.TYPES)
"""Every type of this folder."""
