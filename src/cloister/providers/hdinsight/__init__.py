"""Microsoft.HDInsight: clusters. Stored: no node is started."""

from __future__ import annotations

from cloister.providers.hdinsight import clusters

TYPES = (clusters.TYPE,)
"""Every type of this folder."""
