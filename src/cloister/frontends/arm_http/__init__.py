"""What Resource Manager answers besides resources: metadata, subscriptions, providers, listings, roles, policies, tags,
moves, the activity log, az's extensions, the description of all of it.

Lives here: Routes, each a path and a function that reads the engine and answers. Never lives here: rules about what may
be written (``control/gates.py``, the types), template deployments. To add a route: a function and a Route in one of the
modules, and its name in ``ROUTES`` below.
"""

from __future__ import annotations

from cloister.frontends.arm_http import (
    activity,
    deleted_vaults,
    description,
    extensions,
    metadata,
    moves,
    policies,
    providers,
    resources,
    roles,
    subscriptions,
    tags,
)

_OWN = (
    *metadata.ROUTES,
    *subscriptions.ROUTES,
    *providers.ROUTES,
    *resources.ROUTES,
    *roles.ROUTES,
    *activity.ROUTES,
    *extensions.ROUTES,
    *tags.ROUTES,
    *moves.ROUTES,
    *policies.ROUTES,
    *deleted_vaults.ROUTES,
)
ROUTES = (*_OWN, description.description_route(_OWN))
"""Every route of this frontend."""
