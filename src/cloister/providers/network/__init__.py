"""Microsoft.Network: networks and what stands in them (private DNS zones are in ``providers/privatedns``).

Lives here: one module for each type, address allocation (``addresses.py``), prefix rules (``prefixes.py``), the rules of
endpoints (``endpoint_rules.py``). Read ``virtual_networks.py`` and ``private_endpoints.py`` first.
"""

from __future__ import annotations

from cloister.providers.network import (
    network_interfaces,
    private_dns_zone_groups,
    private_endpoints,
    subnets,
    virtual_networks,
)

TYPES = (
    virtual_networks.TYPE,
    subnets.TYPE,
    network_interfaces.TYPE,
    private_endpoints.TYPE,
    private_dns_zone_groups.TYPE,
)
"""Every type of this folder."""
