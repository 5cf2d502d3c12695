"""Microsoft.ManagedIdentity: user assigned identities. Machines get their tokens by 169.254.169.254."""

from __future__ import annotations

from cloister.providers.managedidentity import user_assigned_identities

TYPES = (user_assigned_identities.TYPE, user_assigned_identities.FEDERATED_CREDENTIALS)
"""Every type of this folder."""
