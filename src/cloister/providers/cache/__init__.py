"""Microsoft.Cache: caches. Their names resolve; none answers."""

from __future__ import annotations

from cloister.providers.cache import redis

TYPES = (*redis.TYPES,)
"""Every type of this folder."""
