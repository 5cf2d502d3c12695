"""Microsoft.Network/virtualNetworks/subnets: a part of a network where machines, interfaces and endpoints stand."""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.errors import Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, boolean, obj, ref, string
from cloister.limits import SUBNETS_PER_VNET_MAX
from cloister.net.intent import Subnet
from cloister.net.plan import subnet_identity
from cloister.providers.network import addresses, associations, delegations, prefixes, special_subnets, virtual_networks
from cloister.providers.network.public_sides import nat_side
from cloister.providers.network.user_routes import user_routes
from cloister.providers.network.versions import API_VERSIONS, FOUR_POLICIES_SINCE

NAME = virtual_networks.SUBNETS
SERVICES_OF_ENDPOINTS = {
    "microsoft.storage": "storage",
    "microsoft.storage.global": "storage",
    "microsoft.keyvault": "keyvault",
    "microsoft.containerregistry": "containerregistry",
}
"""The services of this cloud that know service endpoints.

Source: learn.microsoft.com/azure/virtual-network/virtual-network-service-endpoints-overview.
"""

PROPERTIES = obj(
    addressPrefix=string(),
    addressPrefixes=array(string()),
    privateEndpointNetworkPolicies=string(
        "Disabled", "Enabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled", default="Disabled"
    ),
    privateLinkServiceNetworkPolicies=string("Enabled", "Disabled", default="Enabled"),
    defaultOutboundAccess=boolean(),
    networkSecurityGroup=ref("Microsoft.Network/networkSecurityGroups"),
    routeTable=ref("Microsoft.Network/routeTables"),
    natGateway=ref("Microsoft.Network/natGateways"),
    serviceEndpoints=array(
        obj(
            service=string(),
            locations=array(string()),
            networkIdentifier=anything(),
            provisioningState=string(read_only=True),
        )
    ),
    serviceEndpointPolicies=array(anything()),
    delegations=array(
        obj(
            id=string(read_only=True),
            name=string(),
            type=string(),
            etag=string(read_only=True),
            properties=obj(
                serviceName=string(), actions=array(string(), read_only=True), provisioningState=string(read_only=True)
            ),
        ),
        default=[],
    ),
    sharingScope=string("Tenant", "DelegatedServices"),
    ipAllocations=array(anything()),
    ipamPoolPrefixAllocations=array(anything()),
    serviceGateway=anything(),
    applicationGatewayIPConfigurations=array(anything()),
    privateEndpoints=array(anything(), read_only=True),
    ipConfigurations=array(anything(), read_only=True),
    ipConfigurationProfiles=array(anything(), read_only=True),
    resourceNavigationLinks=array(anything(), read_only=True),
    serviceAssociationLinks=array(anything(), read_only=True),
    purpose=string(read_only=True),
    provisioningState=string(read_only=True),
)


def policies(subnet: Row) -> str:
    """privateEndpointNetworkPolicies of a subnet: what its endpoints obey."""
    return subnet.properties.get("privateEndpointNetworkPolicies") or "Disabled"


def texts(subnet: Row) -> list[tuple[str, str]]:
    """``(target, text)`` of each prefix the user wrote."""
    many = subnet.properties.get("addressPrefixes")
    if many:
        return [(f"properties.addressPrefixes[{n}]", text) for n, text in enumerate(many)]
    one = subnet.properties.get("addressPrefix")
    return [("properties.addressPrefix", one)] if one else []


def check(change: Change, view: View) -> Iterator[Problem]:
    """The prefixes lie in the network, overlap no sibling, and still hold what stands in the subnet."""
    row = change.row
    parent = parse(row.id).parent
    assert parent is not None
    vnet = view.get(parent.text)
    if vnet is None:
        yield Problem(
            "ParentResourceNotFound",
            "",
            f"cannot make subnet '{row.name}': virtual network '{parent.name}' does not exist; make it first.",
            404,
        )
        return
    written = texts(row)
    if not written:
        yield Problem(
            "MissingAddressPrefix",
            "properties.addressPrefix",
            f"cannot make subnet '{row.name}' of '{vnet.name}' without an address prefix; give 'addressPrefix'.",
        )
    space = virtual_networks.address_space(vnet)
    for target, text in written:
        problem = prefixes.notation_problem(text, row.id, target)
        if problem:
            yield problem
        else:
            yield from _place_problems(row, vnet, space, target, text)
    group = addresses.filter_of(row)
    yield from associations.problems(
        f"subnet '{row.name}'",
        "properties.networkSecurityGroup.id",
        [group] if group else [],
        associations.GROUPS,
        vnet.body.get("location") or "",
        view,
    )
    siblings = [s for s in view.children(vnet.id, NAME) if key(s.id) != key(row.id)]
    yield from _overlap_problems(row, vnet, siblings)
    if change.old is not None:
        yield from _held_problems(change, view)
    yield from _gateway_problems(row, vnet, view)
    yield from delegations.change_problems(change, view)
    yield from special_subnets.attached_problems(row)
    if len(siblings) >= SUBNETS_PER_VNET_MAX:
        yield Problem(
            "SubnetsPerVnetLimitReached",
            "",
            f"cannot make subnet '{row.name}': '{vnet.name}' has {SUBNETS_PER_VNET_MAX}, the limit; use a second network.",
        )


def _gateway_problems(row: Row, vnet: Row, view: View) -> Iterator[Problem]:
    """A NAT gateway serves the subnets of one network (learn.microsoft.com/azure/nat-gateway/nat-overview, limitations)."""
    gateway = (row.properties.get("natGateway") or {}).get("id") or ""
    for user in view.referring(gateway, NAME) if gateway else ():
        if key(user.id.rsplit("/subnets/", 1)[0]) != key(vnet.id):
            yield Problem(
                "NatGatewayCannotBeUsedAcrossVirtualNetworks",
                "properties.natGateway.id",
                f"cannot give subnet '{row.name}' the NAT gateway '{gateway}': subnet '{user.id}' of another network has it; use "
                "one NAT gateway for each virtual network.",
            )
            return


def _place_problems(row: Row, vnet: Row, space: list[prefixes.Prefix], target: str, text: str) -> Iterator[Problem]:
    prefix = prefixes.read(text)
    assert prefix is not None
    if prefix.version == 4 and prefix.prefixlen > prefixes.SMALLEST_SUBNET:
        yield Problem(
            "NetcfgInvalidSubnet",
            target,
            f"cannot make subnet '{row.name}' with prefix '{text}': the smallest subnet is /{prefixes.SMALLEST_SUBNET}; "
            "choose a larger one.",
        )
    if not prefixes.inside(prefix, space):
        shown = ", ".join(str(p) for p in space)
        yield Problem(
            "NetcfgInvalidSubnet",
            target,
            f"cannot make subnet '{row.name}' with prefix '{text}': it is not in the address space of virtual network "
            f"'{vnet.name}' ({shown}); choose a prefix of that space, or extend it.",
        )


def _overlap_problems(row: Row, vnet: Row, siblings: list[Row]) -> Iterator[Problem]:
    mine = [(target, text, *prefixes.span(text)) for target, text in texts(row)]
    for sibling in siblings:
        for _, other in texts(sibling):
            version, low, high = prefixes.span(other)
            for target, text, mine_version, first, last in mine:
                if version == mine_version and low <= last and first <= high:
                    yield Problem(
                        "NetcfgSubnetRangesOverlap",
                        target,
                        f"cannot make subnet '{row.name}' with prefix '{text}': it overlaps subnet '{sibling.name}' "
                        f"({other}) in virtual network '{vnet.name}'; choose a free prefix.",
                    )


def _held_problems(change: Change, view: View) -> Iterator[Problem]:
    """A prefix change must keep every address that is in use."""
    assert change.old is not None
    if texts(change.old) == texts(change.row):
        return
    now = addresses.subnet_prefixes(change.row)
    lost = {
        holder: address
        for address, holder in addresses.taken(change.row.id, view).items()
        if not any((found := prefixes.address(address)) is not None and found in prefix for prefix in now)
    }
    if lost:
        shown = ", ".join(f"'{holder}' ({address})" for holder, address in sorted(lost.items())[:5])
        yield Problem(
            "InUsePrefixCannotBeDeleted",
            "properties.addressPrefix",
            f"cannot change the prefix of subnet '{change.row.name}': {shown} would lie outside; delete those first.",
        )


def service_endpoints(row: Row) -> tuple[str, ...]:
    """The services of this cloud that the subnet has service endpoints to."""
    named = (str(item.get("service") or "").lower() for item in row.properties.get("serviceEndpoints") or ())
    return tuple(sorted({SERVICES_OF_ENDPOINTS[name] for name in named if name in SERVICES_OF_ENDPOINTS}))


def settle(change: Change, view: View) -> Row:
    """The number of its identity, for life, once it has a service endpoint."""
    row = change.row
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    if service_endpoints(row) and "identity" not in facts:
        facts["identity"] = view.number("subnet identity")
    return row.with_facts(**facts)


def realize(row: Row, view: View) -> Iterator[Subnet]:
    """One part of the network for each IPv4 prefix."""
    parent = parse(row.id).parent
    vnet = view.get(parent.text) if parent else None
    if vnet is None:
        return
    services = service_endpoints(row) if "identity" in row.facts else ()
    nat_id = (row.properties.get("natGateway") or {}).get("id") or ""
    nat = nat_side(nat_id, view)
    for prefix in addresses.subnet_prefixes(row):
        yield Subnet(
            owner=row.id,
            network=vnet.id,
            prefix=str(prefix),
            default_outbound=row.properties.get("defaultOutboundAccess") is not False,
            endpoint_policies=policies(row),
            routes=user_routes(row, view),
            service_endpoints=services,
            identity=subnet_identity(row.facts["identity"]) if services else "",
            nat=nat.addresses,
            nat_because=nat_id if nat.addresses else "",
            nat_idle=nat.idle,
            filter=addresses.filter_of(row),
        )


def show(row: Row, view: View, api_version: str) -> dict:
    """What stands in the subnet, as Azure lists it; the policies in the two words that older api-versions know."""
    out: dict = {}
    endpoints, configurations = [], []
    for user in view.referring(row.id):
        kind = user.type.lower()
        if kind == addresses.ENDPOINTS.lower():
            endpoints.append({"id": user.id})
        elif kind == addresses.INTERFACES.lower():
            for item in user.properties.get("ipConfigurations") or ():
                if key(((item.get("properties") or {}).get("subnet") or {}).get("id") or "") == key(row.id):
                    configurations.append({"id": f"{user.id}/ipConfigurations/{item.get('name')}"})
    if endpoints:
        out["privateEndpoints"] = endpoints
    if configurations:
        out["ipConfigurations"] = configurations
    if api_version and api_version < FOUR_POLICIES_SINCE and policies(row) != "Disabled":
        out["privateEndpointNetworkPolicies"] = "Enabled"
    return out


def blockers(row: Row, view: View) -> Iterator[str]:
    """Everything that holds an address in the subnet, and what a service has there that it is delegated to."""
    for user in (*addresses.users(row.id, view), *delegations.deployed(row, view)):
        yield user.id


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced(),
    properties=PROPERTIES,
    location="none",
    check=check,
    settle=settle,
    realize=realize,
    show=show,
    blockers=blockers,
    in_use_code="InUseSubnetCannotBeDeleted",
)
