"""Microsoft.MachineLearningServices: workspaces and what is in them.

Lives here: the workspace (``workspaces.py``), its names (``names.py``), who may reach it (``public_access.py``), its
children. Never lives here: the data plane, which is ``services/workspace`` behind ``services/edge``.
"""

from __future__ import annotations

from cloister.providers.machinelearning import (
    assets,
    computes,
    connections,
    datasets,
    datastores,
    endpoints,
    jobs,
    outbound_rules,
    registries,
    workspaces,
)

TYPES = (
    workspaces.TYPE,
    *workspaces.CHILDREN,
    connections.TYPE,
    computes.TYPE,
    datastores.TYPE,
    *datasets.TYPES,
    *assets.TYPES,
    *jobs.TYPES,
    *endpoints.TYPES,
    outbound_rules.TYPE,
    *registries.TYPES,
)
"""Every type of this folder."""
