"""Microsoft.Synapse: workspaces, link hubs. Names resolve; no pool answers."""

from __future__ import annotations

from cloister.providers.synapse import children, private_link_hubs, workspaces

TYPES = (
    *workspaces.TYPES,
    *private_link_hubs.TYPES,
    *children.TYPES,
)
"""Every type of this folder."""
