"""Microsoft.KeyVault: vaults, access policies, secrets and keys as resources. The data plane is ``services/vault`` (later)."""

from __future__ import annotations

from cloister.providers.keyvault import deleted, policies, secrets, vaults

TYPES = (vaults.TYPE, *vaults.CHILDREN, deleted.TYPE, policies.TYPE, secrets.SECRETS, secrets.KEYS)
"""Every type of this folder."""
