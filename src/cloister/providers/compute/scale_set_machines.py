"""The machines of a scale set of orchestration mode Uniform: ``virtualMachines/{instance}`` with their network interfaces.

There are ``sku.capacity`` of them, numbered from 0. Each interface of the model stands in its subnet with an address of its own,
which is held like any other; the machines have host names in their network. No system is started. Machines are made and removed
by the capacity alone, the highest numbers first; those of a Flexible set are not made.

Source: learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-instance-ids (numbers, computer names);
azure-rest-api-specs network 2022-01-01, VmssVmNetworkInterfaceList.json and VmssNetworkInterfaceList.json (interfaces).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from cloister.arm.errors import ArmError, Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Change, Derived, ResourceType, Row, View, stored
from cloister.arm.schema import anything, boolean, obj, string
from cloister.limits import SCALE_SET_MACHINES_MAX
from cloister.net.intent import Host, Interface
from cloister.net.names import INTERNAL
from cloister.providers.compute.versions import API_VERSIONS
from cloister.providers.network import addresses
from cloister.providers.privatedns import domain_names

SETS = "Microsoft.Compute/virtualMachineScaleSets"
MACHINES = f"{SETS}/virtualMachines"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Place(NamedTuple):
    """One IP configuration of one machine: ``name`` is its key in ``facts.addresses``."""

    machine: int
    nic: dict[str, Any]
    configuration: dict[str, Any]

    @property
    def name(self) -> str:
        """Machine, interface and configuration."""
        return f"{self.machine}/{self.nic.get('name')}/{self.configuration.get('name')}"

    @property
    def subnet(self) -> str:
        """The id of the subnet that it stands in, "" for none."""
        return str((_inner(self.configuration).get("subnet") or {}).get("id") or "")


def capacity(row: Row) -> int:
    """How many machines the set has; 0 for a Flexible one, whose machines are not made."""
    sku = row.body.get("sku")
    count = sku.get("capacity") if isinstance(sku, dict) else None
    if row.properties.get("orchestrationMode") == "Flexible" or not isinstance(count, int) or isinstance(count, bool):
        return 0
    return max(0, min(count, SCALE_SET_MACHINES_MAX))


def check(change: Change, view: View) -> Iterator[Problem]:
    """The capacity is a number within the limit."""
    sku = change.row.body.get("sku")
    count = sku.get("capacity") if isinstance(sku, dict) else None
    is_whole = isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= SCALE_SET_MACHINES_MAX
    if change.written is not None and count is not None and not is_whole:
        why = f"its sku.capacity is {str(count)[:40]!r}; give a whole number from 0 to {SCALE_SET_MACHINES_MAX}."
        yield Problem("InvalidParameter", "sku.capacity", f"cannot make scale set '{change.row.name}': {why}")


def settle(change: Change, view: View) -> Row:
    """An address for each configuration of each machine: the one it had, or the first free one. Raises ArmError SubnetIsFull."""
    row = change.row
    before, homes = row.facts.get("addresses") or {}, row.facts.get("subnets") or {}
    now: dict[str, str] = {}
    wanted: dict[str, list[str]] = {}
    places = {place.name: place.subnet for place in _places(row)}
    for name, home in places.items():
        if name in before and key(homes.get(name, "")) == key(home):
            now[name] = before[name]
        else:
            wanted.setdefault(home, []).append(name)
    for home, names in wanted.items():
        if (subnet := view.get(home)) is not None:
            now = addresses.choose(subnet, view, row.id, names, now)
    return row.with_facts(addresses=now, subnets=places)


def derive(row: Row, view: View) -> Iterator[Derived]:
    """The machines."""
    profile = row.properties.get("virtualMachineProfile") or {}
    for number in range(capacity(row)):
        id = f"{row.id}/virtualMachines/{number}"
        nics = [{"id": f"{id}/networkInterfaces/{nic.get('name')}", "properties": {"primary": n == 0}} for n, nic in _nics(row)]
        properties = {
            "latestModelApplied": True,
            "modelDefinitionApplied": "VirtualMachineScaleSet",
            "hardwareProfile": {"vmSize": str((row.body.get("sku") or {}).get("name") or "")},
            "osProfile": {"computerName": computer_name(row, number)},
            "storageProfile": profile.get("storageProfile") or {},
            "networkProfile": {"networkInterfaces": nics},
        }
        body = {"location": row.body.get("location"), "sku": row.body.get("sku"), "instanceId": str(number)}
        if (before := view.get(id)) is not None:  # what a PUT of the machine itself said
            body |= {"tags": before.body["tags"]} if before.body.get("tags") else {}
            properties |= {"protectionPolicy": kept} if (kept := before.properties.get("protectionPolicy")) else {}
        yield Derived(id=id, body={**body, "properties": properties})


def amend(row: Row, body: dict[str, Any] | None, view: View, caller: str) -> Row:
    """A PUT of a machine changes its tags and its ``protectionPolicy``; it is not deleted by itself."""
    if body is None:
        why = f"it belongs to a scale set, which has as many machines as its sku.capacity says; lower that of '{row.owner}'."
        raise ArmError(409, "OperationNotAllowed", f"cannot delete machine '{row.name}': {why}")
    changed = {name: value for name, value in row.body.items() if name != "tags"}
    properties = {name: value for name, value in row.properties.items() if name != "protectionPolicy"}
    if body.get("tags"):
        changed["tags"] = body["tags"]
    if (policy := (body.get("properties") or {}).get("protectionPolicy")) is not None:
        properties["protectionPolicy"] = policy
    return msgspec.structs.replace(row, body={**changed, "properties": properties})


def realize(row: Row, view: View) -> Iterator[Interface | Host]:
    """The machines' addresses with their groups, and their names; packets do not come: no system is started."""
    named: set[int] = set()
    for place in _places(row):
        subnet, address = view.get(place.subnet), (row.facts.get("addresses") or {}).get(place.name)
        if subnet is None or not address:
            continue
        network = subnet.id.rsplit("/subnets/", 1)[0]
        yield Interface(
            owner=row.id,
            network=network,
            subnet=subnet.id,
            number=0,
            address=address,
            filter=str((_inner(place.nic).get("networkSecurityGroup") or {}).get("id") or ""),
            groups=addresses.groups_of(_inner(place.configuration)),
        )
        host = computer_name(row, place.machine).lower()
        if place.machine not in named and "." not in host and not domain_names.problem(host):
            named.add(place.machine)
            yield Host(owner=row.id, network=network, address=address, fqdn=f"{host}.{INTERNAL}")


def computer_name(row: Row, number: int) -> str:
    """The prefix of the model, else the set's name, and the number in six digits of base 36."""
    profile = (row.properties.get("virtualMachineProfile") or {}).get("osProfile") or {}
    digits = ""
    for _ in range(6):
        number, rest = divmod(number, len(_DIGITS))
        digits = _DIGITS[rest] + digits
    return f"{profile.get('computerNamePrefix') or row.name}{digits}"


def _inner(item: Any) -> dict[str, Any]:
    found = item.get("properties") if isinstance(item, dict) else None
    return found if isinstance(found, dict) else {}


def _nics(row: Row) -> Iterator[tuple[int, dict[str, Any]]]:
    profile = (row.properties.get("virtualMachineProfile") or {}).get("networkProfile") or {}
    yield from enumerate(profile.get("networkInterfaceConfigurations") or ())


def _places(row: Row) -> Iterator[Place]:
    for number in range(capacity(row)):
        for _, nic in _nics(row):
            for configuration in _inner(nic).get("ipConfigurations") or ():
                yield Place(number, nic, configuration)


def _interface(row: Row, number: int, nic: dict[str, Any], is_first: bool) -> dict[str, Any]:
    """One interface as GET shows it."""
    machine = f"{row.id}/virtualMachines/{number}"
    id, given = f"{machine}/networkInterfaces/{nic.get('name')}", row.facts.get("addresses") or {}
    shown = []
    for n, item in enumerate(_inner(nic).get("ipConfigurations") or ()):
        own = {
            "primary": n == 0,
            "privateIPAddressVersion": "IPv4",
            "privateIPAllocationMethod": "Dynamic",
            **_inner(item),
            "privateIPAddress": given.get(Place(number, nic, item).name, ""),
            "provisioningState": "Succeeded",
        }
        shown.append({"name": item.get("name"), "id": f"{id}/ipConfigurations/{item.get('name')}", "properties": own})
    names = {"dnsServers": [], "appliedDnsServers": [], "internalDomainNameSuffix": INTERNAL}
    properties = {
        "provisioningState": "Succeeded",
        "ipConfigurations": shown,
        "dnsSettings": {**names, **(_inner(nic).get("dnsSettings") or {})},
        "enableAcceleratedNetworking": bool(_inner(nic).get("enableAcceleratedNetworking")),
        "enableIPForwarding": bool(_inner(nic).get("enableIPForwarding")),
        "primary": bool(_inner(nic).get("primary", is_first)),
        "virtualMachine": {"id": machine},
    }
    if group := _inner(nic).get("networkSecurityGroup"):
        properties["networkSecurityGroup"] = group
    return {"id": id, "name": nic.get("name"), "properties": properties}


def interfaces_of_set(row: Row, view: View, api_version: str) -> list[dict[str, Any]]:
    """The interfaces of all machines."""
    return [_interface(row, number, nic, n == 0) for number in range(capacity(row)) for n, nic in _nics(row)]


def interfaces_of_machine(machine: Row, view: View, api_version: str) -> list[dict[str, Any]]:
    """The interfaces of one machine."""
    above = parse(machine.id).parent
    row = view.get(above.text) if above is not None else None
    return [_interface(row, int(machine.name), nic, n == 0) for n, nic in _nics(row)] if row is not None else []


_LACKS = "no system is started; machines come and go by the set's capacity alone"

MACHINE = ResourceType(
    name=MACHINES,
    api_versions=API_VERSIONS,
    coverage=stored(_LACKS),
    properties=obj(
        latestModelApplied=boolean(read_only=True),
        modelDefinitionApplied=string(read_only=True),
        hardwareProfile=anything(),
        osProfile=anything(),
        storageProfile=anything(),
        networkProfile=anything(),
        protectionPolicy=obj(protectFromScaleIn=boolean(), protectFromScaleSetActions=boolean()),
        provisioningState=string(read_only=True),
    ),
    location="optional",
    top_level=("tags", "sku", "instanceId", "zones"),
    listed=False,
    amend=amend,
)


def _listing(name: str, show: Any) -> ResourceType:
    return ResourceType(
        name=name,
        api_versions=API_VERSIONS,
        coverage=stored(_LACKS),
        properties=obj(),
        location="none",
        listing=show,
        listed=False,
    )


TYPES = (
    MACHINE,
    _listing(f"{MACHINES}/networkInterfaces", interfaces_of_machine),
    _listing(f"{SETS}/networkInterfaces", interfaces_of_set),
)
"""The types of this module."""
