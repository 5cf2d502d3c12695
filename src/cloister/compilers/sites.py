"""Intent to the edge's objects: sites, policies, identities, permissions. One function for each kind of object.

``compile_base``, ``compile_resource`` and ``compile_grant`` each take the intents of one unit (see ``compilers/units.py``),
``compile_sites`` takes those of a whole world. All are pure, and equal intents give equal objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cloister.net.desired import Caller, EdgeObject, Identity, InstanceMetadata, Outlet, Permission, Policy, Relay, Site, Tenancy
from cloister.net.intent import AllowedName, Endpoint, Grant, Intent, LinkService, Network, Service, Subnet
from cloister.net.intent import Tenancy as TenancyIntent
from cloister.net.names import CONTROL_NAMES
from cloister.net.plan import INSTANCE_METADATA, identity_address, link_slot


def control_sites() -> Iterator[Site]:
    """The names of ARM, login and the portal: no resource behind them, and no endpoint ever leads to them."""
    for fqdn, service, _ in CONTROL_NAMES:
        yield Site(owner="", fqdn=fqdn, service=service)


def sites(service: Service) -> Iterator[Site]:
    """A service's names. Two names may not be one: the first stands."""
    seen = set()
    for name in service.names:
        fqdn = name.fqdn.lower()
        if fqdn not in seen:
            seen.add(fqdn)
            yield Site(owner=service.owner, fqdn=fqdn, service=service.service, resource=service.owner, member=name.member)


def policy(service: Service, endpoints: Sequence[Endpoint]) -> Policy:
    """Who may come in from public addresses, and the connections that are approved."""
    return Policy(
        owner=service.owner,
        resource=service.owner,
        service=service.service,
        public_access=service.public_access,
        because=service.because,
        facts=tuple(sorted({"region": service.region, **dict(service.facts)}.items())),
        endpoints=tuple(sorted({one.because or one.owner for one in endpoints if _leads_to(one, service)})),
        subnets=tuple(sorted(id.lower() for id in service.subnets)),
    )


def identity(endpoint: Endpoint) -> Identity:
    """The source address by which the edge knows an approved endpoint."""
    return Identity(
        owner=endpoint.owner,
        address=identity_address(endpoint.number),
        resource=endpoint.target,
        group=endpoint.group,
        connection=endpoint.because or endpoint.owner,
    )


def permission(grant: Grant) -> Permission:
    """A role assignment as the edge checks it."""
    return Permission(
        owner=grant.owner,
        principal=grant.principal,
        scope=grant.scope,
        actions=grant.actions,
        not_actions=grant.not_actions,
        data_actions=grant.data_actions,
        not_data_actions=grant.not_data_actions,
    )


def _leads_to(endpoint: Endpoint, service: Service) -> bool:
    return endpoint.state == "Approved" and endpoint.target.lower() == service.owner.lower()


def compile_base() -> Iterator[EdgeObject]:
    """What every cloud has."""
    yield from control_sites()


def compile_resource(intents: Iterable[Intent]) -> Iterator[EdgeObject]:
    """Sites and policies of the services among ``intents``, identities of the approved endpoints.

    An endpoint whose target is gone has no identity: nobody is let in for a resource that is not there.
    """
    found = list(intents)
    endpoints: dict[str, list[Endpoint]] = {}
    for one in found:
        if isinstance(one, Endpoint) and one.state == "Approved":
            endpoints.setdefault(one.target.lower(), []).append(one)
    for service in found:
        if isinstance(service, Service):
            mine = endpoints.pop(service.owner.lower(), [])
            yield from sites(service)
            yield policy(service, mine)
            for endpoint in mine:
                yield identity(endpoint)

        elif isinstance(service, LinkService):
            yield from relays(service)
            for endpoint in endpoints.pop(service.owner.lower(), []):
                yield identity(endpoint)


def relays(service: LinkService) -> Iterator[Relay]:
    """Where each port of a private link service leads."""
    for _, slot, targets in service.ports:
        yield Relay(
            owner=service.owner,
            address=link_slot(slot),
            resource=service.owner,
            namespaces=tuple(f"machine-{number}" for number, _ in service.sources),
            targets=targets,
            proxy=service.proxy,
        )


def compile_grant(intents: Iterable[Intent]) -> Iterator[EdgeObject]:
    """The permissions among ``intents``."""
    for one in intents:
        if isinstance(one, Grant):
            yield permission(one)


def compile_tenancy(intents: Iterable[Intent]) -> Iterator[EdgeObject]:
    """Whose tokens count in the subscriptions among ``intents``."""
    for one in intents:
        if isinstance(one, TenancyIntent):
            yield Tenancy(owner=one.owner, subscription=one.owner, tenant=one.tenant)


def compile_allowed(intents: Iterable[Intent]) -> Iterator[EdgeObject]:
    """The ways out to the names among ``intents`` that the operator allows."""
    for one in intents:
        if isinstance(one, AllowedName):
            yield Outlet(owner=one.owner, address=one.address, name=one.name, pins=one.pins)


def compile_callers(intents: Iterable[Intent]) -> Iterator[EdgeObject]:
    """Who asks from a network: its subnets with service endpoints, and its machines, who ask about themselves."""
    for one in intents:
        if isinstance(one, Network):
            yield InstanceMetadata(owner=one.owner, namespace=f"vnet-{one.number}", address=str(INSTANCE_METADATA))
        if isinstance(one, Subnet) and one.service_endpoints:
            yield Caller(owner=one.owner, address=one.identity, subnet=one.owner)


def compile_sites(intents: Iterable[Intent]) -> Iterator[EdgeObject]:
    """All objects of the edge for a whole world."""
    found = list(intents)
    yield from compile_base()
    yield from compile_resource(found)
    yield from compile_grant(found)
    yield from compile_tenancy(found)
    yield from compile_callers(found)
    yield from compile_allowed(found)
