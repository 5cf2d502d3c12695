"""Microsoft.EventHub: namespaces. Their names resolve; no message is taken."""

from __future__ import annotations

from cloister.providers.eventhub import namespaces

TYPES = (*namespaces.TYPES,)
"""Every type of this folder."""
