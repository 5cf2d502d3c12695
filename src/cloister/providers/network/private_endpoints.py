"""Microsoft.Network/privateEndpoints: addresses in a subnet that lead to one group of somebody's resource.

The connection's state is not here: it is stored on the connection row at the target (``providers/private_link.py``),
and this row only shows it. The addresses are chosen once and stay for life.

Source: learn.microsoft.com/azure/private-link/private-endpoint-overview and .../private-endpoint-properties.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.ids import parse
from cloister.arm.resource import Change, Derived, ResourceType, Row, View, enforced
from cloister.arm.schema import anything, array, obj, ref, string
from cloister.net import plan
from cloister.net.intent import Endpoint
from cloister.providers import private_link
from cloister.providers.network import addresses, endpoint_rules, private_link_services
from cloister.providers.network.endpoint_rules import NAME, SUBNETS, address_wishes, connection_of, names_of, target_of
from cloister.providers.network.versions import API_VERSIONS

CONNECTION = obj(
    id=string(read_only=True),
    name=string(),
    type=string(read_only=True),
    etag=string(read_only=True),
    properties=obj(
        privateLinkServiceId=string(),
        groupIds=array(string()),
        requestMessage=string(length=(0, 140)),
        privateLinkServiceConnectionState=anything(read_only=True),
        provisioningState=string(read_only=True),
    ),
)

PROPERTIES = obj(
    subnet=ref(SUBNETS, required=True, create_only=True),
    privateLinkServiceConnections=array(CONNECTION, default=[]),
    manualPrivateLinkServiceConnections=array(CONNECTION, default=[]),
    customNetworkInterfaceName=string(create_only=True),
    ipConfigurations=array(
        obj(
            name=string(),
            type=string(read_only=True),
            etag=string(read_only=True),
            properties=obj(groupId=string(), memberName=string(), privateIPAddress=string()),
        ),
        default=[],
    ),
    ipVersionType=string("IPv4", "IPv6", "DualStack"),
    applicationSecurityGroups=array(anything()),
    customDnsConfigs=anything(read_only=True),
    networkInterfaces=array(anything(), read_only=True),
    resourceGuid=string(read_only=True),
    provisioningState=string(read_only=True),
)


def settle(change: Change, view: View) -> Row:
    """Number (its identity on the wire), guid, addresses, and the connection it begins with."""
    row = change.row
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    subnet = view.get(row.properties["subnet"]["id"])
    target = target_of(row, view)
    if "number" not in facts:
        facts["number"] = view.number("endpoint")
        facts["guid"] = view.new_id(f"{row.id} resourceGuid {facts['number']}")
    if "connection" not in facts and target is not None:
        facts["connection"] = _first_connection(row, target, facts, view)
    if target is not None and subnet is not None:
        group = private_link.group_of(target, endpoint_rules.group_id(row), view)
        wanted = private_link.members(group, group.names(target)) if group else ["default"]
        have = facts.get("addresses") or address_wishes(row, wanted)
        if set(wanted) - set(have):
            have = addresses.choose(subnet, view, row.id, wanted, have)
        facts["addresses"] = have
    return row.with_facts(**facts)


def _first_connection(row: Row, target: Row, facts: dict, view: View) -> dict[str, str]:
    """How the connection begins: Approved when automatic and allowed, else Pending."""
    guid = view.new_id(f"{row.id} connection {facts['number']}")
    manual, item = connection_of(row)
    message = (item.get("properties") or {}).get("requestMessage") or ""
    automatic = not manual and view.allowed(private_link.approval_action(target.type), target.id)
    if target.type == private_link_services.NAME:
        automatic = automatic or private_link_services.is_approved(target, parse(row.id).subscription)
    return {
        "id": f"{target.id}/{private_link.CONNECTIONS}/{row.name}.{guid}",
        "guid": guid,
        "status": private_link.APPROVED if automatic else private_link.PENDING,
        "description": private_link.AUTO_APPROVED if automatic else message or private_link.AWAITING,
        "target_created": target.created,
    }


def interface_id(row: Row) -> str:
    """The id of the network interface that the endpoint owns."""
    name = row.properties.get("customNetworkInterfaceName") or f"{row.name}.nic.{row.facts['guid']}"
    return f"{parse(row.id).scope}/providers/Microsoft.Network/networkInterfaces/{name}"


def derive(row: Row, view: View) -> Iterator[Derived]:
    """The endpoint's network interface, and the connection at its target with the state the other side gave it."""
    yield Derived(id=interface_id(row), body=_interface(row, view))
    first = row.facts.get("connection")
    target = target_of(row, view)
    # A target that was deleted and made anew is another resource: the old endpoint has no connection to it.
    if not first or target is None or target.created != first["target_created"]:
        return
    present = view.get(first["id"])
    begun = {"status": first["status"], "description": first["description"], "actionsRequired": "None"}
    body = {
        "properties": {
            "privateEndpoint": {"id": row.id},
            "groupIds": [endpoint_rules.group_id(row)] if endpoint_rules.group_id(row) else [],
            "privateLinkServiceConnectionState": private_link.state(present) if present else begun,
        }
    }
    yield Derived(id=first["id"], body=body)


def _interface(row: Row, view: View) -> dict:
    subnet = {"id": row.properties["subnet"]["id"]}
    fqdns: dict[str, list[str]] = {}
    for name in names_of(row, view):
        fqdns.setdefault(name.member, []).append(name.fqdn)
    configurations = []
    for n, (member, address) in enumerate((row.facts.get("addresses") or {}).items()):
        link = {
            "groupId": endpoint_rules.group_id(row),
            "requiredMemberName": member,
            "fqdns": fqdns.get(member, []),
        }
        configurations.append(
            {
                "name": f"privateEndpointIpConfig.{member}",
                "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
                "properties": {
                    "privateIPAddress": address,
                    "privateIPAllocationMethod": "Static" if address_wishes(row, [member]) else "Dynamic",
                    "privateIPAddressVersion": "IPv4",
                    "primary": n == 0,
                    "subnet": subnet,
                    "privateLinkConnectionProperties": link,
                },
            }
        )
    return {
        "location": row.body.get("location") or "",
        "properties": {
            "privateEndpoint": {"id": row.id},
            "ipConfigurations": configurations,
            "enableAcceleratedNetworking": False,
            "enableIPForwarding": False,
        },
    }


def realize(row: Row, view: View) -> Iterator[Endpoint]:
    """The addresses, and where they lead while the connection is Approved."""
    target = target_of(row, view)
    subnet = view.get(row.properties["subnet"]["id"])
    first = row.facts.get("connection") or {}
    vnet = parse(subnet.id).parent if subnet else None
    network = view.get(vnet.text) if vnet else None
    if subnet is None or network is None:
        return
    group = private_link.group_of(target, endpoint_rules.group_id(row), view) if target else None
    is_service = target is not None and target.type == private_link_services.NAME
    slots = private_link_services.slots(target, view) if is_service and target is not None else {}
    leads = tuple((port, plan.link_slot(slot)) for port, slot in slots.items())
    yield Endpoint(
        owner=row.id,
        network=network.id,
        subnet=subnet.id,
        number=row.facts["number"],
        target=target.id if target else endpoint_rules.target_id(row),
        group=endpoint_rules.group_id(row),
        state=private_link.status(view.get(first.get("id", ""))),
        addresses=tuple((row.facts.get("addresses") or {}).items()),
        names=tuple(group.names(target)) if group and target else (),
        ports=tuple(port for port, _ in leads) if is_service else group.ports if group else (443,),
        because=first.get("id", ""),
        groups=addresses.groups_of(row.properties),
        leads=leads,
    )


def show(row: Row, view: View, api_version: str) -> dict:
    """The connection's state as the target tells it, the names that lead here, and the interface."""
    first = row.facts.get("connection") or {}
    now = private_link.state(view.get(first.get("id", "")))
    out: dict = {
        "resourceGuid": row.facts.get("guid", ""),
        "networkInterfaces": [{"id": interface_id(row)}],
        "customDnsConfigs": [
            {"fqdn": name.fqdn, "ipAddresses": [row.facts["addresses"][name.member]]}
            for name in names_of(row, view)
            if name.member in (row.facts.get("addresses") or {})
        ],
    }
    for array_name in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections"):
        shown = []
        for item in row.properties.get(array_name) or ():
            name = item.get("name") or row.name
            state = {"privateLinkServiceConnectionState": now, "provisioningState": "Succeeded"}
            shown.append(
                {
                    **item,
                    "name": name,
                    "id": f"{row.id}/{array_name}/{name}",
                    "type": f"{NAME}/{array_name}",
                    "properties": {**(item.get("properties") or {}), **state},
                }
            )
        out[array_name] = shown
    return out


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced(),
    properties=PROPERTIES,
    check=endpoint_rules.check,
    settle=settle,
    derive=derive,
    realize=realize,
    show=show,
)
