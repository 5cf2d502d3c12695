"""Microsoft.Network: networks and what stands in them (private DNS zones are in ``providers/privatedns``).

Lives here: one module for each type, address allocation (``addresses.py``), prefix rules (``prefixes.py``), the rules of
endpoints (``endpoint_rules.py``). Read ``virtual_networks.py`` and ``private_endpoints.py`` first.
"""

from __future__ import annotations

from cloister.providers.network import (
    application_security_groups,
    nat_gateways,
    network_interfaces,
    network_security_groups,
    private_dns_zone_groups,
    private_endpoints,
    private_link_services,
    public_ip_addresses,
    route_tables,
    routes,
    security_rules,
    subnets,
    virtual_network_peerings,
    virtual_networks,
)

TYPES = (
    virtual_networks.TYPE,
    subnets.TYPE,
    virtual_network_peerings.TYPE,
    network_interfaces.TYPE,
    private_endpoints.TYPE,
    private_dns_zone_groups.TYPE,
    private_link_services.TYPE,
    private_link_services.CONNECTIONS,
    network_security_groups.TYPE,
    security_rules.TYPE,
    application_security_groups.TYPE,
    route_tables.TYPE,
    routes.TYPE,
    public_ip_addresses.TYPE,
    nat_gateways.TYPE,
)
"""Every type of this folder."""
