"""Microsoft.ManagedIdentity: user assigned identities. Tokens for them are ``services/identity``'s work."""

from __future__ import annotations

from cloister.providers.managedidentity import user_assigned_identities

TYPES = (user_assigned_identities.TYPE, user_assigned_identities.FEDERATED_CREDENTIALS)
"""Every type of this folder."""
