"""Intent -> kernel objects: namespaces, uplinks, gateways, NICs, endpoint addresses and their forwards.

The shape (measured in the design's fabric notes): a router namespace per VNet with one uplink to ``services``, a veth
and a /32 route for each NIC, a ``local`` /32 route and two nftables map elements for each endpoint address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from cloister.compilers.egress import compile_egress, compile_publications, compile_service_endpoints, public_routes
from cloister.net import plan
from cloister.net.desired import (
    Egress,
    EndpointAddress,
    FabricObject,
    Forward,
    Gateway,
    IdentityRoute,
    Namespace,
    Nic,
    Publication,
    Uplink,
)
from cloister.net.intent import Endpoint, Intent, Interface, Network, Subnet

INTERNET = "internet"
SERVICES = "services"


def compile_base() -> Iterator[FabricObject]:
    """What every cloud has: the service network and the internet's router."""
    yield Namespace(owner="", name=SERVICES, role="services")
    yield Namespace(owner="", name=INTERNET, role="internet")
    yield Uplink(owner="", namespace=INTERNET, routes=(str(plan.INTERNET_MACHINES), f"{plan.PUBLIC_ADDRESSES}"))
    yield Gateway(owner="", namespace=INTERNET, prefix=str(plan.INTERNET), address=str(plan.INTERNET_GATEWAY))


def compile_network(intents: Iterable[Intent]) -> Iterator[FabricObject]:
    """All kernel objects of one network, from its own intents: Network, Subnets, Interfaces, Endpoints.

    Without its Network nothing holds (a subnet whose VNet is going away). Interfaces of the internet come without a
    Network: its router is part of the base.
    """
    found = list(intents)
    networks = [i for i in found if isinstance(i, Network)]
    subnets = [i for i in found if isinstance(i, Subnet)]
    if networks:
        yield from _router(networks[0], subnets, [i for i in found if isinstance(i, Interface)])
    for intent in found:
        if isinstance(intent, Interface) and intent.number:
            if intent.network == INTERNET:
                yield from _nic(intent, INTERNET, str(plan.INTERNET))
            elif networks and (prefix := _prefix_of(intent.address, intent.subnet, subnets)):
                yield from _nic(intent, router_name(networks[0]), prefix)
        elif isinstance(intent, Endpoint) and networks and any(i.owner.lower() == intent.subnet.lower() for i in subnets):
            yield from _endpoint(intent, router_name(networks[0]))


def _prefix_of(address: str, subnet: str, subnets: Iterable[Subnet]) -> str:
    """The prefix of a subnet (which may have several) that an address lies in; "" for none."""
    mine = (i.prefix for i in subnets if i.owner.lower() == subnet.lower())
    return next((prefix for prefix in mine if IPv4Address(address) in IPv4Network(prefix)), "")


def router_name(network: Network) -> str:
    """The namespace of a network's router."""
    return f"vnet-{network.number}"


def gateway_address(prefix: str) -> str:
    """The first usable address of a subnet: Azure reserves it for the default gateway."""
    return str(IPv4Network(prefix)[1])


def _router(network: Network, subnets: list[Subnet], nics: list[Interface]) -> Iterator[FabricObject]:
    name = router_name(network)
    outbound = plan.outbound_address(network.number)
    public: list[Egress | Publication] = [*compile_egress(name, subnets, nics), *compile_publications(name, subnets, nics)]
    yield Namespace(owner=network.owner, name=name, role="vnet", outbound=outbound)
    yield Uplink(owner=network.owner, namespace=name, routes=public_routes(public, outbound))
    yield from public
    yield from compile_service_endpoints(name, subnets, nics)
    for subnet in subnets:
        yield Gateway(
            owner=subnet.owner,
            namespace=name,
            prefix=subnet.prefix,
            address=gateway_address(subnet.prefix),
            outbound=subnet.default_outbound,
        )


def _nic(interface: Interface, router: str, prefix: str) -> Iterator[FabricObject]:
    machine = f"machine-{interface.number}"
    gateway = str(plan.INTERNET_GATEWAY) if router == INTERNET else gateway_address(prefix)
    yield Namespace(owner=interface.owner, name=machine, role="machine")
    yield Nic(
        owner=interface.owner,
        router=router,
        machine=machine,
        number=interface.number,
        address=interface.address,
        prefix_length=IPv4Network(prefix).prefixlen,
        gateway=gateway,
        forwarding=interface.forwarding,
    )


def _endpoint(endpoint: Endpoint, router: str) -> Iterator[FabricObject]:
    for _, address in endpoint.addresses:
        yield EndpointAddress(owner=endpoint.owner, namespace=router, address=address)
    if endpoint.state != "Approved":
        return
    identity = plan.identity_address(endpoint.number)
    yield IdentityRoute(owner=endpoint.owner, namespace=router, identity=identity)
    for _, address in endpoint.addresses:
        for port, slot in endpoint.leads:
            yield Forward(
                owner=endpoint.owner,
                namespace=router,
                address=address,
                port=port,
                to_address=slot,
                to_port=plan.EDGE_PORT,
                identity=identity,
            )
    leads_to = {name.member: name.address for name in endpoint.names}
    for member, address in endpoint.addresses:
        if member not in leads_to:
            continue
        for port in endpoint.ports:
            yield Forward(
                owner=endpoint.owner,
                namespace=router,
                address=address,
                port=port,
                to_address=leads_to[member],
                to_port=port,
                identity=identity,
            )
