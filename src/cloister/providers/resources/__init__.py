"""Microsoft.Resources: tenants, subscriptions, resource groups, deployments as rows, template specs.

What runs a deployment is ``control/deployments.py``; the listings of tenants, subscriptions and regions are the frontend's.
"""

from __future__ import annotations

from cloister.providers.resources import deployment_scripts, deployments, resource_groups, subscriptions, template_specs, tenants

TYPES = (
    tenants.TYPE,
    subscriptions.TYPE,
    resource_groups.TYPE,
    deployments.TYPE,
    deployment_scripts.TYPE,
    *template_specs.TYPES,
)
"""Every type of this folder."""
