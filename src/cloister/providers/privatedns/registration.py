"""Machines' host names: below internal.cloudapp.net in their own network, and as A records of the zone that it registers in.

A link with ``registrationEnabled`` owns a record for each host name in its network: a machine's (``hostName``, else its name),
a network interface's (``dnsSettings.internalDnsNameLabel``, else the ``computerName`` of its virtual machine). They come and go
with their machines. A record that the user wrote under the same name stands instead, and the registered one comes back when
the user's is deleted; of two networks with one host name in one zone the first has it. A name that is no host name (of
one label, RFC 1123) is not registered, and has no name below internal.cloudapp.net either.

Source: learn.microsoft.com/azure/dns/private-dns-autoregistration and .../dns-faq-private (overwriting);
learn.microsoft.com/azure/virtual-network/virtual-networks-name-resolution-for-vms-and-role-instances (reverse DNS).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from cloister.arm.ids import IdError, key, parse
from cloister.arm.resource import Derived, Row, View
from cloister.net.intent import Host
from cloister.net.names import INTERNAL
from cloister.providers.privatedns import domain_names

LINKS = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
RECORDS = "Microsoft.Network/privateDnsZones/A"
INTERFACES = "Microsoft.Network/networkInterfaces"
MACHINES = "Cloister.Fabric/machines"
VIRTUAL_MACHINES = "Microsoft.Compute/virtualMachines"
TTL_SECONDS = 10  # Azure's


def is_registered(row: Row) -> bool:
    """Whether a record set is a machine's own."""
    return f"/{LINKS.rsplit('/', 1)[-1].lower()}/" in row.owner.lower()


def network_of(link: Row) -> str:
    """The id of the network that a link joins to its zone."""
    return (link.properties.get("virtualNetwork") or {}).get("id") or ""


def registering(network: str, view: View) -> Iterator[str]:
    """The ids of the links by which a network registers (one, unless rules were broken)."""
    for link in view.referring(network, LINKS):
        if link.properties.get("registrationEnabled") and key(network_of(link)) == key(network):
            yield link.id


def _network_above(subnet: str) -> str:
    try:
        above = parse(subnet).parent if subnet.startswith("/") else None
    except IdError:
        return ""
    return above.text if above is not None else ""


def _configurations(row: Row) -> Iterator[tuple[str, str]]:
    """``(subnet id, address)`` of each address of an interface."""
    given = row.facts.get("addresses") or {}
    for n, item in enumerate(row.properties.get("ipConfigurations") or ()):
        subnet = ((item.get("properties") or {}).get("subnet") or {}).get("id") or ""
        address = given.get(item.get("name") or f"ipconfig{n + 1}")
        if address:
            yield subnet, address


def _computer_name(interface: Row, view: View) -> str:
    return next((_own_name(machine) for machine in view.referring(interface.id, VIRTUAL_MACHINES)), "")


def _own_name(machine: Row) -> str:
    return (machine.properties.get("osProfile") or {}).get("computerName") or machine.name


def _label(interface: Row) -> str:
    return (interface.properties.get("dnsSettings") or {}).get("internalDnsNameLabel") or ""


def _host_name(text: str) -> str:
    """A name in lower case, "" for what is no host name."""
    return "" if not text or "." in text or domain_names.problem(text) else text.lower()


def _host(row: Row, view: View) -> tuple[str, str, str]:
    """``(host name, network id, address)`` of a machine or an interface, ``("", "", "")`` for none."""
    name, place, address = "", "", ""
    if row.type.lower() == MACHINES.lower():
        card = view.get(row.properties.get("networkInterface") or "") if row.properties.get("networkInterface") else None
        if card is not None and (_label(card) or _computer_name(card, view)):
            return "", "", ""  # it is the machine of that interface, which has its name
        name = row.properties.get("hostName") or row.name
        place, address = row.properties.get("place") or "", row.facts.get("address") or ""
    elif row.type.lower() == INTERFACES.lower() and not row.owner:
        name = _label(row) or _computer_name(row, view)
        place, address = next(_configurations(row), ("", ""))  # the primary address alone is registered
    name = _host_name(name) if address else ""
    return (name, _network_above(place), address) if name else ("", "", "")


def internal(row: Row, view: View) -> Iterator[Host]:
    """The name that a machine, or an interface with a label of its own, has in its network whatever is linked there."""
    if row.type.lower() == INTERFACES.lower() and not _label(row):
        return  # its virtual machine has a name, if there is one
    yield from _named(row, *_host(row, view))


def internal_of(machine: Row, view: View) -> Iterator[Host]:
    """The name of a virtual machine, at the first of its interfaces."""
    named = (machine.properties.get("networkProfile") or {}).get("networkInterfaces") or ()
    ids = [item["id"] for item in named if isinstance(item, dict) and item.get("id")]
    card = view.get(ids[0]) if ids else None
    if card is not None and not _label(card):
        place, address = next(_configurations(card), ("", ""))
        yield from _named(machine, _host_name(_own_name(machine)) if address else "", _network_above(place), address)


def _named(row: Row, name: str, network: str, address: str) -> Iterator[Host]:
    if name and network:
        yield Host(owner=row.id, network=network, address=address, fqdn=f"{name}.{INTERNAL}")


def hosts(network: str, view: View) -> dict[str, list[str]]:
    """Host name to addresses, for all machines of a network."""
    found: dict[str, set[str]] = {}
    for row in view.referring(network):
        name, place, address = _host(row, view)
        if name and key(place) == key(network):
            found.setdefault(name, set()).add(address)
    return {name: sorted(found[name], key=IPv4Address) for name in sorted(found)}


def records(link: Row, view: View) -> Iterator[Derived]:
    """The record sets that a registering link owns."""
    zone = parse(link.id).parent
    network = network_of(link)
    if zone is None or not link.properties.get("registrationEnabled") or view.get(network) is None:
        return
    for name, addresses in hosts(network, view).items():
        id = f"{zone.text}/A/{name}"
        present = view.get(id)
        if present is not None and key(present.owner) != key(link.id):
            continue  # the user's, or another network's
        if view.get(f"{zone.text}/CNAME/{name}") is not None:
            continue
        properties = {"ttl": TTL_SECONDS, "aRecords": [{"ipv4Address": address} for address in addresses]}
        yield Derived(id=id, body={"properties": properties})


def wakes(row: Row, view: View) -> Iterator[str]:
    """The links that a machine, an interface, a virtual machine or a record concerns."""
    kind = row.type.lower()
    if kind == RECORDS.lower():
        zone = parse(row.id).parent
        for link in view.children(zone.text, LINKS) if zone is not None else ():
            if link.properties.get("registrationEnabled"):
                yield link.id
        return
    if kind == VIRTUAL_MACHINES.lower():
        named = (row.properties.get("networkProfile") or {}).get("networkInterfaces") or ()
        interfaces = [view.get(item["id"]) for item in named if isinstance(item, dict) and item.get("id")]
        places = {_network_above(place) for nic in interfaces if nic is not None for place, _ in _configurations(nic)}
    elif kind == MACHINES.lower():
        places = {_network_above(row.properties.get("place") or "")}
    elif row.owner:
        return  # an endpoint's interface
    else:
        places = {_network_above(place) for place, _ in _configurations(row)}
    for network in sorted(places - {""}):
        yield from registering(network, view)
