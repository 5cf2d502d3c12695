"""Microsoft.MachineLearningServices: workspaces and what is in them.

Lives here: the workspace (``workspaces.py``), its names (``names.py``), who may reach it (``public_access.py``), its
children. Never lives here: the data plane, which is ``services/workspace`` behind ``services/edge``.
"""

from __future__ import annotations

from cloister.providers.machinelearning import computes, connections, workspaces

TYPES = (workspaces.TYPE, *workspaces.CHILDREN, connections.TYPE, computes.TYPE)
"""Every type of this folder."""
