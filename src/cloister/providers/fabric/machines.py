"""Cloister.Fabric/machines: a machine of ``cloister exec``, in a subnet or on the internet, for as long as its command runs.

A type of this cloud's own at the tenant's level: ``/providers/Cloister.Fabric/machines/<name>``. ``place`` is ``internet`` or
a subnet's id, ``address`` an optional wish, ``networkInterface`` the id of one whose address and groups it has instead,
``holder`` the process that it lives with; with ``enableIPForwarding`` it forwards, as an appliance of a route.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from cloister.arm.errors import ArmError, Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.schema import boolean, id_of, integer, obj, string
from cloister.net import plan
from cloister.net.intent import Host, Interface
from cloister.providers.network import addresses, network_interfaces, special_subnets, subnets, virtual_networks
from cloister.providers.network.public_sides import machine_side
from cloister.providers.privatedns import registration

NAME = addresses.MACHINES
INTERNET = "internet"
API_VERSIONS = ("2026-01-01",)

PROPERTIES = obj(
    place=string(required=True, create_only=True),
    address=string(create_only=True, overridable=True),
    networkInterface=id_of(addresses.INTERFACES, create_only=True),
    hostName=string(create_only=True, length=(1, 63)),
    enableIPForwarding=boolean(create_only=True),
    holder=obj(pid=integer(0), start=integer(0)),
    namespace=string(read_only=True),
    number=integer(read_only=True),
    gateway=string(read_only=True),
    prefix=string(read_only=True),
    provisioningState=string(read_only=True),
)


def is_outside(row: Row) -> bool:
    """Whether the machine is on the internet."""
    return str(row.properties.get("place") or "").lower() == INTERNET


def subnet_of(row: Row, view: View) -> Row | None:
    """The subnet that the machine stands in: its interface's, where it has one."""
    card = interface_of(row, view)
    found = view.get(network_interfaces.first(card)[0] if card is not None else row.properties.get("place") or "")
    return found if found is not None and found.type.lower() == subnets.NAME.lower() else None


def interface_of(row: Row, view: View) -> Row | None:
    """The network interface that the machine runs on, if it names one."""
    id = row.properties.get("networkInterface") or ""
    found = view.get(id) if id else None
    return found if found is not None and found.type.lower() == addresses.INTERFACES.lower() else None


def address_of(row: Row, view: View) -> str:
    """The machine's address: its interface's as it is now, else its own."""
    card = interface_of(row, view)
    return network_interfaces.first(card)[1] if card is not None else str(row.facts["address"])


def network_of(subnet: Row, view: View) -> Row | None:
    """The network of a subnet."""
    parent = parse(subnet.id).parent
    return view.get(parent.text) if parent else None


def outside_taken(view: View, but: str) -> set[str]:
    """The internet addresses that machines have."""
    return {str(r.facts.get("address")) for r in view.of_type(NAME) if is_outside(r) and key(r.id) != key(but)}


def check(change: Change, view: View) -> Iterator[Problem]:
    """The place exists, and a wished address can be had."""
    row = change.row
    if change.written is None:
        return
    place = row.properties.get("place") or ""
    wish = row.properties.get("address")
    subnet = None if is_outside(row) else subnet_of(row, view)
    if subnet is None and not is_outside(row):
        yield Problem(
            "InvalidResourceReference",
            "properties.place",
            f"cannot place machine '{row.name}' in '{place}': there is no such subnet; name 'internet' or VNET/SUBNET of "
            "one that exists.",
        )
        return
    if row.properties.get("networkInterface"):
        yield from _interface_problems(row, view)
        return
    if subnet is not None:
        yield from special_subnets.standing_problems(subnet, f"machine '{row.name}'", "properties.place")
    if not wish or (change.old and change.old.facts.get("address") == wish):
        return
    if subnet is not None:
        problem = addresses.wish_problem(wish, subnet, view, row.id, "properties.address")
        if problem:
            yield problem
        return
    found = _ipv4(wish)
    if found is None or found not in plan.INTERNET_MACHINES or int(found) < int(plan.INTERNET_MACHINES.network_address) + 4:
        yield Problem(
            "PrivateIPAddressNotInSubnet",
            "properties.address",
            f"cannot give machine '{row.name}' the address '{wish}': machines of the internet have addresses of "
            f"{plan.INTERNET_MACHINES} from the fourth on; choose one of those.",
        )
    elif wish in outside_taken(view, row.id):
        yield Problem(
            "PrivateIPAddressIsAllocated",
            "properties.address",
            f"cannot give machine '{row.name}' the address '{wish}': another machine has it; choose another.",
        )


def _interface_problems(row: Row, view: View) -> Iterator[Problem]:
    """The interface is somebody's own, in the machine's place, and no other machine runs on it."""
    at, id = "properties.networkInterface", row.properties["networkInterface"]
    card = interface_of(row, view)
    if card is None or card.owner:
        why = f"it belongs to '{card.owner}'" if card else "it was not found"
        yield Problem(
            "InvalidResourceReference",
            at,
            f"cannot run machine '{row.name}' on network interface '{id}': {why}; make one of its own.",
        )
        return
    home, address = network_interfaces.first(card)
    if key(home) != key(row.properties.get("place") or ""):
        yield Problem(
            "InvalidResourceReference",
            "properties.place",
            f"cannot place machine '{row.name}' elsewhere than its network interface '{card.name}': that is in '{home}'; "
            "name that.",
        )
    if row.properties.get("address") not in (None, "", address):
        yield Problem(
            "PrivateIPAddressIsAllocated",
            "properties.address",
            f"cannot give machine '{row.name}' another address than its network interface '{card.name}' has ({address}); "
            "leave it out.",
        )
    for other in view.referring(card.id, NAME):
        if key(other.id) != key(row.id):
            yield Problem(
                "NicInUse",
                at,
                f"cannot run machine '{row.name}' on network interface '{card.name}': '{other.name}' runs on it; end that.",
            )


def _ipv4(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text)
    except ValueError:
        return None


def settle(change: Change, view: View) -> Row:
    """Its number (namespace and NIC) and address, for life."""
    row = change.row
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    if "number" not in facts:
        facts["number"] = view.number("machine")
    if "address" not in facts:
        wish = row.properties.get("address")
        subnet = None if is_outside(row) else subnet_of(row, view)
        card = interface_of(row, view)
        if card is not None:
            facts["address"] = address_of(row, view)
        elif wish:
            facts["address"] = wish
        elif subnet is not None:
            facts["address"] = addresses.choose(subnet, view, row.id, ["address"], {})["address"]
        else:
            facts["address"] = _free_outside(row, view)
    return row.with_facts(**facts)


def _free_outside(row: Row, view: View) -> str:
    taken = outside_taken(view, row.id)
    start = int(plan.INTERNET_MACHINES.network_address)
    for number in range(start + 4, start + plan.INTERNET_MACHINES.num_addresses - 1):
        text = str(IPv4Address(number))
        if text not in taken:
            return text
    raise ArmError(
        400, "SubnetIsFull", f"cannot place machine '{row.name}' on the internet: all its addresses are used; end other machines."
    )


def dns_servers(row: Row, view: View) -> tuple[str, ...]:
    """The name servers of the machine's ``resolv.conf``."""
    if is_outside(row):
        return (str(plan.PUBLIC_DNS),)
    subnet = subnet_of(row, view)
    vnet = network_of(subnet, view) if subnet else None
    card = interface_of(row, view)
    if card is not None and (own := network_interfaces.dns_servers(card)):
        return own
    return (virtual_networks.dns_servers(vnet) if vnet else ()) or (str(plan.AZURE_DNS),)


def _prefix(row: Row, view: View) -> IPv4Network:
    """The prefix that the machine's address lies in."""
    if is_outside(row):
        return plan.INTERNET
    subnet = subnet_of(row, view)
    found = addresses.subnet_prefixes(subnet) if subnet else []
    address = IPv4Address(address_of(row, view))
    return next((prefix for prefix in found if address in prefix), IPv4Network((int(address), 32)))


def realize(row: Row, view: View) -> Iterator[Interface | Host]:
    """The machine's NIC, and its name."""
    network = subnet_id = INTERNET
    if not is_outside(row):
        subnet = subnet_of(row, view)
        vnet = network_of(subnet, view) if subnet else None
        if subnet is None or vnet is None:
            return
        network, subnet_id = vnet.id, subnet.id
    card = interface_of(row, view)
    if row.properties.get("networkInterface") and card is None:
        return
    public = machine_side(card, view)
    yield Interface(
        owner=row.id,
        network=network,
        subnet=subnet_id,
        number=row.facts["number"],
        address=address_of(row, view),
        dns_servers=dns_servers(row, view),
        forwarding=any(some.properties.get("enableIPForwarding") is True for some in (row, card) if some),
        public=public.address,
        public_because=public.because,
        public_open=public.is_open,
        public_idle=public.idle,
        filter=addresses.filter_of(card) if card else "",
        groups=network_interfaces.groups(card) if card else (),
    )
    yield from registration.internal(row, view)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """What ``cloister exec`` needs: the namespace, the address, the name servers."""
    prefix = _prefix(row, view)
    gateway = str(plan.INTERNET_GATEWAY) if is_outside(row) else str(prefix[1] if prefix.num_addresses > 1 else prefix[0])
    return {
        "namespace": f"machine-{row.facts['number']}",
        "number": row.facts["number"],
        "address": address_of(row, view),
        "prefix": str(prefix),
        "gateway": gateway,
        "dnsServers": list(dns_servers(row, view)),
    }


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced("this cloud's own: the machines of cloister exec"),
    properties=PROPERTIES,
    scopes=("tenant", "group"),
    location="none",
    check=check,
    settle=settle,
    realize=realize,
    show=show,
    wakes=registration.wakes,
    listed=False,
    reserved=True,
)
