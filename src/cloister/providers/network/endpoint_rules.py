"""What a private endpoint may be: its parts as the body has them, and every rule about them.

Source: learn.microsoft.com/azure/private-link/private-endpoint-overview, azure-rest-api-specs privateEndpoint.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import IdError, key, parse
from cloister.arm.resource import Change, Row, View
from cloister.limits import ENDPOINTS_PER_VNET_MAX
from cloister.net.intent import LinkedName
from cloister.net.plan import normal_region
from cloister.providers import private_link
from cloister.providers.network import (
    addresses,
    application_group_members,
    associations,
    delegations,
    private_link_services,
    special_subnets,
    subnets,
)
from cloister.providers.network.versions import POLICIES_OBEYED_SINCE

NAME = "Microsoft.Network/privateEndpoints"
SUBNETS = subnets.NAME


def connection_of(row: Row) -> tuple[bool, dict[str, Any]]:
    """``(manual, item)`` of an endpoint's one connection; an empty item where there is none."""
    for manual, name in ((False, "privateLinkServiceConnections"), (True, "manualPrivateLinkServiceConnections")):
        for item in row.properties.get(name) or ():
            return manual, item
    return False, {}


def target_id(row: Row) -> str:
    """The id (or alias) that the connection asks for."""
    return (connection_of(row)[1].get("properties") or {}).get("privateLinkServiceId") or ""


def group_id(row: Row) -> str:
    """The groupId that the connection asks for, ``""`` for a private link service."""
    groups = (connection_of(row)[1].get("properties") or {}).get("groupIds") or []
    return groups[0] if groups else ""


def target_of(row: Row, view: View) -> Row | None:
    """The row that the endpoint leads to."""
    wanted = target_id(row)
    if wanted.startswith("/"):
        return view.get(wanted)
    first = row.facts.get("connection")
    if first:  # an alias is looked up once: who sees it now does not matter to those that are connected
        return view.get(str(first["id"]).rsplit(f"/{private_link.CONNECTIONS}/", 1)[0])
    return private_link_services.by_alias(wanted, parse(row.id).subscription, view) if wanted else None


def names_of(row: Row, view: View) -> tuple[LinkedName, ...]:
    """The public names that the endpoint makes private."""
    target = target_of(row, view)
    group = private_link.group_of(target, group_id(row), view) if target else None
    return tuple(group.names(target)) if group and target else ()


def address_wishes(row: Row, members: Iterable[str]) -> dict[str, str]:
    """Static addresses by member, from ``ipConfigurations``; where there is but one member (a private link service), it needs no
    name."""
    wanted = {member.lower(): member for member in members}
    only = next(iter(wanted.values())) if len(wanted) == 1 else ""
    out = {}
    for item in row.properties.get("ipConfigurations") or ():
        inner = item.get("properties") or {}
        name = str(inner.get("memberName") or "").lower()
        member = wanted.get(name) if name else only
        if member and inner.get("privateIPAddress"):
            out[member] = inner["privateIPAddress"]
    return out


def check(change: Change, view: View) -> Iterator[Problem]:
    """All rules, in the order in which a person would fix them."""
    if change.written is None:
        return
    row = change.row
    gone = _disconnected(change, view)
    if gone:
        yield gone
        return
    yield from _subnet_problems(change, view)
    yield from _connection_problems(change, view)
    yield from _group_problems(change, view)
    if change.old is not None:
        yield from _changed(change.old, row)


def _disconnected(change: Change, view: View) -> Problem | None:
    """An endpoint whose connection was removed cannot be used again, only deleted."""
    first = change.old.facts.get("connection") if change.old else None
    if not first or private_link.status(view.get(first["id"])) != private_link.DISCONNECTED:
        return None
    id = parse(change.row.id)
    return Problem(
        "PrivateEndpointConnectionDisconnected",
        "properties.privateLinkServiceConnections",
        f"cannot update private endpoint '{id.name}': its connection to '{target_id(change.old or change.row)}' was "
        "removed by that resource's owner and is Disconnected for good; delete the endpoint and make it anew: "
        f"az network private-endpoint delete -g {id.resource_group} -n {id.name} "
        f"(or: cloister rest DELETE '{id.text}?api-version=2024-05-01').",
        409,
    )


def _subnet_problems(change: Change, view: View) -> Iterator[Problem]:
    row, at = change.row, "properties.subnet.id"
    text = (row.properties.get("subnet") or {}).get("id") or ""
    try:
        wanted = parse(text)
    except IdError as error:
        yield Problem("LinkedInvalidPropertyId", at, f"cannot place private endpoint '{row.name}': {error}; give a subnet's id.")
        return
    subnet = view.get(text)
    vnet = view.get(wanted.parent.text) if wanted.parent else None
    if subnet is None or vnet is None:
        missing = f"virtual network '{wanted.parent.name}'" if vnet is None and wanted.parent else f"subnet '{wanted.name}'"
        yield Problem(
            "InvalidResourceReference",
            at,
            f"cannot place private endpoint '{row.name}' in '{text}': {missing} was not found; make it first, in this region.",
        )
        return
    mine = parse(row.id)
    if mine.subscription.lower() != wanted.subscription.lower():
        yield Problem(
            "InvalidResourceReference",
            at,
            f"cannot place private endpoint '{row.name}' in '{text}': an endpoint is in the subscription of its network; "
            f"make it in '{wanted.subscription}'.",
        )
    here, there = (normal_region(r.body.get("location") or "") for r in (row, vnet))
    if here != there:
        yield Problem(
            "InvalidResourceReference",
            at,
            f"cannot place private endpoint '{row.name}' of region '{here}' in virtual network '{vnet.name}' of '{there}': "
            f"both must be in one region; make the endpoint in '{there}'.",
        )
    yield from special_subnets.standing_problems(subnet, f"private endpoint '{row.name}'", at)
    if change.old is None:
        yield from delegations.standing_problems(subnet, f"private endpoint '{row.name}'", at)
    if subnets.policies(subnet) != "Disabled" and change.api_version and change.api_version[:10] < POLICIES_OBEYED_SINCE:
        yield Problem(
            "PrivateEndpointCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled",
            at,
            f"cannot create private endpoint '{row.id}' in subnet '{subnet.id}': the subnet has private endpoint network "
            "policies enabled; set its privateEndpointNetworkPolicies to Disabled, or use an api-version of "
            f"{POLICIES_OBEYED_SINCE} or later, whose endpoints obey them.",
        )
    for n, item in enumerate(row.properties.get("ipConfigurations") or () if change.old is None else ()):
        wish = (item.get("properties") or {}).get("privateIPAddress")
        if wish:
            place = f"properties.ipConfigurations[{n}].properties.privateIPAddress"
            problem = addresses.wish_problem(wish, subnet, view, row.id, place)
            if problem:
                yield problem
    if change.old is None:
        others = sum(1 for other in view.referring(vnet.id, NAME) if key(other.id) != key(row.id))
        if others >= ENDPOINTS_PER_VNET_MAX:
            yield Problem(
                "PrivateEndpointsPerVnetLimitReached",
                at,
                f"cannot place private endpoint '{row.name}' in '{vnet.name}': it has {ENDPOINTS_PER_VNET_MAX}, the limit; "
                "use another network.",
            )


def _group_problems(change: Change, view: View) -> Iterator[Problem]:
    """Its application security groups: there, in its region, of its network."""
    row, at = change.row, "properties.applicationSecurityGroups"
    who, named = f"private endpoint '{row.name}'", addresses.groups_of(row.properties)
    text = (row.properties.get("subnet") or {}).get("id") or ""
    location = row.body.get("location") or ""
    yield from associations.problems(who, at, named, associations.APPLICATION_GROUPS, location, view)
    yield from application_group_members.joining_problems(row, who, text, named, at, view)


def _connection_problems(change: Change, view: View) -> Iterator[Problem]:
    row = change.row
    arrays = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
    count = sum(len(row.properties.get(name) or ()) for name in arrays)
    manual, item = connection_of(row)
    at = f"properties.{arrays[manual]}"
    if count != 1:
        yield Problem(
            "InvalidPrivateEndpointConnections",
            at,
            f"cannot make private endpoint '{row.name}' with {count} connections: give exactly one, in "
            "'privateLinkServiceConnections' or in 'manualPrivateLinkServiceConnections'.",
        )
        return
    at += "[0].properties"
    wanted = target_id(row)
    if not wanted:
        yield _missing_parameter(row, item, "privateLinkServiceId", at)
        return
    target = target_of(row, view)
    if target is None:
        yield _no_target(row, wanted, at)
        return
    if not wanted.startswith("/") and not manual:
        yield Problem(
            "PrivateLinkServiceAliasRequiresManualConnection",
            at,
            f"cannot connect private endpoint '{row.name}' to the alias '{wanted}' automatically: an alias says nothing of "
            "rights; put the connection into 'manualPrivateLinkServiceConnections', or name the service by its id.",
        )
    known = view.type(target.type)
    groups = known.private_link if known else ()
    if not groups:
        yield Problem(
            "InvalidPrivateLinkServiceId",
            f"{at}.privateLinkServiceId",
            f"cannot connect private endpoint '{row.name}' to '{wanted}': resources of type '{target.type}' have no private "
            "link; name another resource.",
        )
        return
    asked = (item.get("properties") or {}).get("groupIds") or []
    if not asked:
        if any(group.id for group in groups):
            yield _missing_parameter(row, item, "groupIds", at)
    elif len(asked) > 1 or private_link.group_of(target, str(asked[0]), view) is None:
        shown = ", ".join(f"'{group.id}'" for group in groups)
        yield Problem(
            "InvalidGroupId",
            f"{at}.groupIds",
            f"cannot connect private endpoint '{row.name}' to '{target.name}' with groupIds {asked}: "
            f"'{target.type}' offers {shown}; give one of them.",
        )
    elif asked[0] and not names_of(row, view):
        yield Problem(
            "PrivateEndpointNotSupportedByTarget",
            f"{at}.privateLinkServiceId",
            f"cannot connect private endpoint '{row.name}' to '{asked[0]}' of '{target.name}': its kind or sku has none (a "
            "registry needs sku Premium, a storage account a kind and sku with that service); change that resource.",
        )


def _missing_parameter(row: Row, item: dict, name: str, at: str) -> Problem:
    return Problem(
        "MissingParameterOnPrivateLinkServiceConnection",
        f"{at}.{name}",
        f"cannot make private endpoint '{row.name}': its connection '{item.get('name') or row.name}' lacks '{name}'; give it.",
    )


def _no_target(row: Row, wanted: str, at: str) -> Problem:
    if wanted.lower().endswith(".azure.privatelinkservice"):
        return Problem(
            "InvalidPrivateLinkServiceId",
            f"{at}.privateLinkServiceId",
            f"cannot connect private endpoint '{row.name}' to '{wanted}': no private link service with this alias is visible to "
            f"subscription '{parse(row.id).subscription}'; correct the alias, or have its owner add that to 'visibility'.",
        )
    try:
        known = wanted.startswith("/") and bool(parse(wanted).names)
    except IdError:
        known = False
    if not known:
        return Problem(
            "InvalidPrivateLinkServiceId",
            f"{at}.privateLinkServiceId",
            f"cannot connect private endpoint '{row.name}' to '{wanted}': that is no resource id; give the id of the resource.",
        )
    return Problem(
        "InvalidResourceReference",
        f"{at}.privateLinkServiceId",
        f"cannot connect private endpoint '{row.name}': the resource '{wanted}' was not found; make it first, or correct the id.",
    )


def _changed(old: Row, new: Row) -> Iterator[Problem]:
    """What may not change once the endpoint is there."""
    at = "properties.privateLinkServiceConnections[0].properties"
    custom = "properties.customNetworkInterfaceName"
    before, after = connection_of(old), connection_of(new)
    told = (
        (f"{at}.privateLinkServiceId", "its target", target_id(old), target_id(new)),
        (f"{at}.groupIds", "its groupId", group_id(old), group_id(new)),
        ("location", "its region", *(normal_region(r.body.get("location") or "") for r in (old, new))),
        (custom, "its interface's name", *(r.properties.get("customNetworkInterfaceName") or "" for r in (old, new))),
        (at, "its approval", "manual" if before[0] else "automatic", "manual" if after[0] else "automatic"),
    )
    for target, what, was, now in told:
        if now and key(was) != key(now):
            yield Problem(
                "PropertyChangeNotAllowed",
                target,
                f"cannot change {what} of private endpoint '{new.name}' from '{was}' to '{now}': it is fixed at creation; "
                "delete the endpoint and make it anew, or choose another name.",
                409,
            )
    was_wished, now_wished = (address_wishes(r, r.facts.get("addresses") or old.facts.get("addresses") or {}) for r in (old, new))
    if now_wished != was_wished and any(old.facts.get("addresses", {}).get(m) != a for m, a in now_wished.items()):
        yield Problem(
            "PropertyChangeNotAllowed",
            "properties.ipConfigurations",
            f"cannot change the addresses of private endpoint '{new.name}': they are fixed at creation; "
            "delete the endpoint and make it anew.",
            409,
        )
