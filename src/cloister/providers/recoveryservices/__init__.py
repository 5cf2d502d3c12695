"""Microsoft.RecoveryServices: vaults. Stored: nothing is backed up."""

from __future__ import annotations

from cloister.providers.recoveryservices import vaults

TYPES = (*vaults.TYPES,)
"""Every type of this folder."""
