"""Microsoft.ContainerService: managed clusters. Stored: no node is started."""

from __future__ import annotations

from cloister.providers.containerservice import cluster_parts, managed_clusters

TYPES = (managed_clusters.TYPE, *managed_clusters.LINKS, *cluster_parts.TYPES)
"""Every type of this folder."""
