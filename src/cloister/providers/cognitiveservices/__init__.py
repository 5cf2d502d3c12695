"""Microsoft.CognitiveServices: accounts. Their names resolve; no model answers."""

from __future__ import annotations

from cloister.providers.cognitiveservices import accounts

TYPES = (*accounts.TYPES,)
"""Every type of this folder."""
