"""Microsoft.Network/privateLinkServices: one's own service, offered to endpoints of others, who never see its network.

An endpoint's packets come out of the service's NAT address: that of its first IP configuration. What stands behind each
port is in ``link_backends.py``. Consumers connect by id, or by alias, which needs no rights on the service: ``visibility`` says
which subscriptions may use it (``*``: all), ``autoApproval`` whose requests need no decision.

Source: learn.microsoft.com/azure/private-link/private-link-service-overview; privateLinkService.json 2022-01-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import key
from cloister.arm.resource import Action, Call, Change, Outcome, PrivateLinkGroup, ResourceType, Row, View, listening
from cloister.arm.schema import anything, array, boolean, obj, ref, string
from cloister.limits import LINK_SERVICE_ADDRESSES_MAX
from cloister.net.intent import Interface, LinkedName, LinkService
from cloister.net.plan import normal_region
from cloister.providers import private_link
from cloister.providers.network import addresses, link_backends, subnets
from cloister.providers.network.versions import API_VERSIONS

NAME = addresses.LINK_SERVICES

PROPERTIES = obj(
    loadBalancerFrontendIpConfigurations=array(anything()),
    destinationIPAddress=string(),
    ipConfigurations=array(
        obj(
            id=string(read_only=True),
            name=string(),
            type=string(read_only=True),
            etag=string(read_only=True),
            properties=obj(
                subnet=ref(subnets.NAME),
                privateIPAddress=string(overridable=True),
                privateIPAllocationMethod=string("Dynamic", "Static", default="Dynamic"),
                privateIPAddressVersion=string("IPv4", "IPv6", default="IPv4"),
                primary=boolean(),
                provisioningState=string(read_only=True),
            ),
        ),
        default=[],
    ),
    visibility=obj(subscriptions=array(string(), default=[])),
    autoApproval=obj(subscriptions=array(string(), default=[])),
    fqdns=array(string(), default=[]),
    enableProxyProtocol=boolean(default=False),
    accessMode=string("Default", "Restricted"),
    alias=string(read_only=True),
    networkInterfaces=array(anything(), read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


def no_names(row: Row) -> tuple[LinkedName, ...]:
    """A private link service has no public name; its consumers choose their own."""
    return ()


GROUP = PrivateLinkGroup(id="", zones=(), members=("default",), names=no_names)


def subscription_of(id: str) -> str:
    """The subscription in an id, lower case."""
    parts = id.lower().split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "subscriptions" else ""


def _lists(row: Row, name: str, subscription: str) -> bool:
    found = (row.properties.get(name) or {}).get("subscriptions") or ()
    return any(one == "*" or one.lower() == subscription.lower() for one in found)


def is_visible(row: Row, subscription: str) -> bool:
    """Whether endpoints of a subscription may ask for the service by its alias."""
    return subscription.lower() == subscription_of(row.id) or _lists(row, "visibility", subscription)


def is_approved(row: Row, subscription: str) -> bool:
    """Whether a subscription's requests need no decision."""
    return _lists(row, "autoApproval", subscription)


def by_alias(text: str, subscription: str, view: View) -> Row | None:
    """The service with this alias, if the subscription may see it."""
    if not text.lower().endswith(".azure.privatelinkservice"):
        return None
    found = (row for row in view.of_type(NAME) if alias(row).lower() == text.lower())
    return next((row for row in found if is_visible(row, subscription)), None)


def slots(row: Row, view: View) -> dict[int, int]:
    """TCP port to the number of its slot."""
    given = row.facts.get("slots") or {}
    return {port: given[str(port)] for port in link_backends.ports(row, view) if str(port) in given}


def check(change: Change, view: View) -> Iterator[Problem]:
    """Its source addresses lie in subnets of its region that let it be there."""
    row = change.row
    if change.written is None:
        return
    yield from _list_problems(row)
    items = row.properties.get("ipConfigurations") or ()
    if not items:
        yield Problem(
            "PrivateLinkServiceMustHaveIpConfiguration",
            "properties.ipConfigurations",
            f"cannot make private link service '{row.name}' without an IP configuration; give one with a subnet.",
        )
    networks = {key(home.rsplit("/subnets/", 1)[0]) for item in items if (home := _home(item))}
    if len(networks) > 1 or len(items) > LINK_SERVICE_ADDRESSES_MAX:
        yield Problem(
            "PrivateLinkServiceIpConfigurationsInvalid",
            "properties.ipConfigurations",
            f"cannot give private link service '{row.name}' these IP configurations: name at most "
            f"{LINK_SERVICE_ADDRESSES_MAX}, in subnets of one virtual network.",
        )
    for n, item in enumerate(items):
        inner = item.get("properties") or {}
        at = f"properties.ipConfigurations[{n}].properties"
        text = _home(item)
        subnet = view.get(text)
        if subnet is None:
            yield Problem(
                "InvalidResourceReference",
                f"{at}.subnet.id",
                f"cannot place private link service '{row.name}' in subnet '{text}': it was not found; make it first.",
            )
            continue
        if subnet.properties.get("privateLinkServiceNetworkPolicies") != "Disabled":
            yield Problem(
                "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled",
                f"{at}.subnet.id",
                f"cannot place private link service '{row.name}' in subnet '{subnet.name}': the subnet has private link "
                "service network policies enabled; set its privateLinkServiceNetworkPolicies to Disabled.",
            )
        if inner.get("privateIPAllocationMethod") == "Static":
            problem = addresses.wish_problem(inner.get("privateIPAddress") or "", subnet, view, row.id, f"{at}.privateIPAddress")
            if problem:
                yield problem


def _home(item: dict[str, Any]) -> str:
    """The subnet of one IP configuration."""
    return str(((item.get("properties") or {}).get("subnet") or {}).get("id") or "")


def _list_problems(row: Row) -> Iterator[Problem]:
    """Who is approved without a decision must see the service."""
    approved = (row.properties.get("autoApproval") or {}).get("subscriptions") or ()
    for n, one in enumerate(approved):
        if not is_visible(row, one):
            yield Problem(
                "PrivateLinkServiceAutoApprovalSubscriptionNotVisible",
                f"properties.autoApproval.subscriptions[{n}]",
                f"cannot approve subscription '{one}' for private link service '{row.name}' by itself: its visibility does not "
                "list it; add it there too.",
            )


def settle(change: Change, view: View) -> Row:
    """Its alias, an address for each configuration, a place on the wire, a slot for each port that it offers."""
    row = change.row
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    facts.setdefault("guid", view.new_id(f"{row.id} resourceGuid {view.now}"))
    before, homes = facts.get("addresses") or {}, facts.get("subnets") or {}
    now: dict[str, str] = {}
    places: dict[str, str] = {}
    for n, item in enumerate(row.properties.get("ipConfigurations") or ()):
        name, inner = item.get("name") or f"ipconfig{n + 1}", item.get("properties") or {}
        home = (inner.get("subnet") or {}).get("id") or ""
        subnet = view.get(home)
        places[name] = home
        if inner.get("privateIPAllocationMethod") == "Static":
            now[name] = inner.get("privateIPAddress") or ""
        elif name in before and key(homes.get(name, "")) == key(home):
            now[name] = before[name]
        elif subnet is not None:
            now = addresses.choose(subnet, view, row.id, [name], now)
    numbers = dict(facts.get("numbers") or {})
    facts["numbers"] = {name: numbers[name] if name in numbers else view.number("machine") for name in now}
    given = dict(facts.get("slots") or {})
    for port in link_backends.ports(row, view):
        if str(port) not in given:
            given[str(port)] = view.number("link slot")
    connected = sorted(connection.owner for connection in private_link.connections(row, view))
    return row.with_facts(**{**facts, "addresses": now, "subnets": places, "slots": given, "connected": connected})


def realize(row: Row, view: View) -> Iterator[Interface | LinkService]:
    """A NIC at each NAT address, and where each port leads. They are of one network."""
    homes, numbers, given = row.facts.get("subnets") or {}, row.facts.get("numbers") or {}, slots(row, view)
    sources: list[tuple[int, str]] = []
    network = ""
    for name, address in (row.facts.get("addresses") or {}).items():
        subnet = view.get(homes.get(name) or "")
        if subnet is None or not address or name not in numbers:
            continue
        network = network or subnet.id.rsplit("/subnets/", 1)[0]
        sources.append((numbers[name], address))
        yield Interface(owner=row.id, network=network, subnet=subnet.id, number=numbers[name], address=address)
    if not sources:
        return
    yield LinkService(
        owner=row.id,
        network=network,
        sources=tuple(sources),
        ports=tuple((port, given[port], targets) for port, targets in link_backends.ports(row, view).items() if port in given),
        proxy=bool(row.properties.get("enableProxyProtocol")),
    )


def blockers(row: Row, view: View) -> Iterator[str]:
    """The endpoints that are connected to it."""
    for id in row.facts.get("connected") or ():  # its connections went with it already
        if view.get(id) is not None:
            yield id


def visibility(call: Call, view: View) -> Outcome:
    """POST .../checkPrivateLinkServiceVisibility: whether endpoints of this subscription may ask for an alias."""
    text = str((call.body or {}).get("privateLinkServiceAlias") or "") if isinstance(call.body, dict) else ""
    return Outcome(body={"visible": by_alias(text, subscription_of(call.row.id), view) is not None})


def alias(row: Row) -> str:
    """The name that consumers without the id connect by."""
    return f"{row.name}.{row.facts['guid']}.{normal_region(row.body.get('location') or '')}.azure.privatelinkservice"


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The alias, the addresses, the connections."""
    given = row.facts.get("addresses") or {}
    shown = []
    for n, item in enumerate(row.properties.get("ipConfigurations") or ()):
        name = item.get("name") or f"ipconfig{n + 1}"
        inner = {**(item.get("properties") or {}), "privateIPAddress": given.get(name), "provisioningState": "Succeeded"}
        shown.append({**item, "name": name, "id": f"{row.id}/ipConfigurations/{name}", "properties": inner})
    return {
        "alias": alias(row),
        "ipConfigurations": shown,
        "networkInterfaces": [],
        "privateEndpointConnections": private_link.shown_connections(row, view),
    }


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    properties=PROPERTIES,
    check=check,
    settle=settle,
    realize=realize,
    show=show,
    blockers=blockers,
    private_link=(GROUP,),
    in_use_code="PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted",
    scope_actions={"checkPrivateLinkServiceVisibility": Action(run=visibility)},
    coverage=listening("TCP alone; ports of destinationIPAddress by the tag cloister-ports"),
)
CONNECTIONS = private_link.child_types(NAME, API_VERSIONS)[0]
