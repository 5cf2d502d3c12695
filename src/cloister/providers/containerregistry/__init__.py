"""Microsoft.ContainerRegistry: registries. The data plane is ``services/registry`` (later)."""

from __future__ import annotations

from cloister.providers.containerregistry import registries

TYPES = (registries.TYPE, *registries.CHILDREN, registries.REPLICATIONS)
"""Every type of this folder."""
