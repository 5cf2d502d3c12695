"""Microsoft.ServiceBus: namespaces. Their names resolve; no message is taken."""

from __future__ import annotations

from cloister.providers.servicebus import namespaces

TYPES = (*namespaces.TYPES,)
"""Every type of this folder."""
