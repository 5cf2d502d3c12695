"""Azure's providers: one folder for each, one module for each resource type, joined in one explicit tuple.

Lives here: what may be declared, what the server fills, what the network must hold because of it. Never lives here:
verbs, storage, HTTP (``control/``), packets (``net/``, ``compilers/``). To add a type: write its module, add its ``TYPE``
to the folder's ``TYPES``, add one example under ``tests/types/examples``.
"""

from __future__ import annotations

from cloister.arm.resource import ResourceType
from cloister.providers import (
    authorization,
    containerregistry,
    fabric,
    insights,
    keyvault,
    machinelearning,
    managedidentity,
    network,
    operationalinsights,
    privatedns,
    resources,
    storage,
)

TYPES: tuple[ResourceType, ...] = (
    *resources.TYPES,
    *authorization.TYPES,
    *network.TYPES,
    *privatedns.TYPES,
    *machinelearning.TYPES,
    *storage.TYPES,
    *keyvault.TYPES,
    *containerregistry.TYPES,
    *insights.TYPES,
    *operationalinsights.TYPES,
    *managedidentity.TYPES,
    *fabric.TYPES,
)
"""Every resource type that this cloud knows."""
