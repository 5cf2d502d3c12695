"""DNS private resolver: its endpoints in subnets, and rulesets that send names of linked networks elsewhere.

Lives here: what may be declared. Never lives here: whom a question is sent to (``dns``), or sockets (``services/resolver``).
An endpoint is a platform's machine: it has a NIC in its subnet, so routes, peerings and security rules hold for it.
"""

from __future__ import annotations

from cloister.arm.resource import ResourceType
from cloister.providers.dnsresolver import (
    forwarding_rules,
    forwarding_rulesets,
    inbound_endpoints,
    outbound_endpoints,
    resolvers,
    ruleset_links,
)

TYPES: tuple[ResourceType, ...] = (
    resolvers.TYPE,
    inbound_endpoints.TYPE,
    outbound_endpoints.TYPE,
    forwarding_rulesets.TYPE,
    forwarding_rules.TYPE,
    ruleset_links.TYPE,
)
"""Every type of this folder."""
