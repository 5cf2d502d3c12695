"""The public names of the control plane: what ARM, login and the portal are called, and where each name leads.

``dns.cloister`` is this cloud's own: DNS over HTTPS (RFC 8484) in its internet. No name of a real DoH service is taken.

The resolver answers them (``compilers/names.py``) and the edge ends TLS for them (``compilers/sites.py``). Names are
Azure's own for AzureCloud, lower case, no final dot, so that a client needs no configuration to find this cloud.
"""

from __future__ import annotations

from cloister.net import plan

INTERNAL = "internal.cloudapp.net"
"""Below it every machine has a name inside its own network (learn.microsoft.com/azure/virtual-network/
virtual-networks-name-resolution-for-vms-and-role-instances, reverse DNS considerations)."""

CONTROL_NAMES: tuple[tuple[str, str, str], ...] = (
    ("management.azure.com", "arm", str(plan.RESOURCE_MANAGER)),
    ("login.microsoftonline.com", "login", str(plan.LOGIN)),
    ("login.windows.net", "login", str(plan.LOGIN)),
    ("login.microsoft.com", "login", str(plan.LOGIN)),
    ("portal.azure.com", "portal", str(plan.PORTAL)),
    ("ml.azure.com", "portal", str(plan.PORTAL)),
    ("dns.cloister", "dns", str(plan.PUBLIC_DNS)),
)
"""``(fqdn, service, address)``; services are ``arm``, ``login``, ``portal`` and ``dns``."""
