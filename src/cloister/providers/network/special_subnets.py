"""Subnets that Azure reserves by their name: what may not stand in them, and what may not be attached to them.

Source: learn.microsoft.com/azure/bastion/configuration-settings#subnet ("User defined routes aren't supported"),
learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings#gwsub ("never deploy anything else to it"),
learn.microsoft.com/azure/firewall/firewall-faq.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.errors import Problem
from cloister.arm.resource import Row

SERVICES = {
    "gatewaysubnet": "virtual network gateways",
    "azurebastionsubnet": "Azure Bastion",
    "azurefirewallsubnet": "Azure Firewall",
    "azurefirewallmanagementsubnet": "Azure Firewall",
    "routeserversubnet": "Azure Route Server",
}
"""Names in lower case, and whom the subnet is kept for."""


def attached_problems(subnet: Row) -> Iterator[Problem]:
    """What a reserved subnet may not have."""
    name = subnet.name.lower()
    if name == "azurebastionsubnet" and (subnet.properties.get("routeTable") or {}).get("id"):
        yield Problem(
            "RouteTableCannotBeAttachedForAzureBastionSubnet",
            "properties.routeTable.id",
            f"cannot attach a route table to subnet '{subnet.name}': Azure Bastion does not support user-defined routes; leave "
            "routeTable out.",
        )
    if name == "gatewaysubnet" and (subnet.properties.get("natGateway") or {}).get("id"):
        yield Problem(
            "NatGatewayCannotBeAttachedToGatewaySubnet",
            "properties.natGateway.id",
            f"cannot attach a NAT gateway to subnet '{subnet.name}': gateways have public addresses of their own; leave "
            "natGateway out.",
        )


def standing_problems(subnet: Row, what: str, target: str) -> Iterator[Problem]:
    """Why ``what`` (in words) may not stand in a subnet, if it is a reserved one."""
    service = SERVICES.get(subnet.name.lower())
    if service:
        yield Problem(
            "SubnetIsReservedForService",
            target,
            f"cannot place {what} in subnet '{subnet.name}': it is kept for {service}; choose another subnet.",
        )
