"""What a virtual machine is told about itself: the document of /metadata/instance, and which machine asks.

A machine of ``cloister exec`` that runs on a virtual machine's network interface is that virtual machine. Primitives are
text, what does not apply is "". Source: learn.microsoft.com/azure/virtual-machines/instance-metadata-service ("Instance
metadata"), schema of 2021-02-01.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

from cloister.arm.ids import parse
from cloister.arm.resource import Row, View
from cloister.net.plan import normal_region
from cloister.providers.compute.virtual_machines import NAME as VIRTUAL_MACHINES
from cloister.providers.fabric import machines
from cloister.providers.network import addresses, network_interfaces
from cloister.providers.network.public_sides import machine_side


def machine_at(namespace: str, address: str, view: View) -> Row | None:
    """The machine that has an address in the network whose router is ``namespace``."""
    for row in view.of_type(machines.NAME):
        subnet = None if machines.is_outside(row) else machines.subnet_of(row, view)
        network = machines.network_of(subnet, view) if subnet is not None else None
        if network is not None and f"vnet-{network.facts['number']}" == namespace and machines.address_of(row, view) == address:
            return row
    return None


def virtual_machine_of(machine: Row, view: View) -> Row | None:
    """The virtual machine that a machine is: the one whose network interface it runs on."""
    card = machines.interface_of(machine, view)
    found = view.referring(card.id, VIRTUAL_MACHINES) if card is not None else []
    return found[0] if found else None


def document(row: Row, view: View) -> dict[str, Any]:
    """All of it, as JSON."""
    cards = [
        view.get(str(item.get("id"))) for item in (row.properties.get("networkProfile") or {}).get("networkInterfaces") or ()
    ]
    return {
        "compute": _compute(row),
        "network": {"interface": [_interface(card, view) for card in cards if card is not None]},
    }


def _compute(row: Row) -> dict[str, Any]:
    id, properties = parse(row.id), row.properties
    storage, system = _object(properties.get("storageProfile")), _object(properties.get("osProfile"))
    image, disk = _object(storage.get("imageReference")), _object(storage.get("osDisk"))
    linux, plan, tags = (_object(one) for one in (system.get("linuxConfiguration"), row.body.get("plan"), row.body.get("tags")))
    boot = _object(_object(properties.get("securityProfile")).get("uefiSettings"))
    return {
        "azEnvironment": "AzurePublicCloud",
        "customData": "",
        "evictionPolicy": _text(properties.get("evictionPolicy")),
        "isHostCompatibilityLayerVm": "false",
        "licenseType": _text(properties.get("licenseType")),
        "location": normal_region(str(row.body.get("location") or "")),
        "name": row.name,
        "offer": _text(image.get("offer")),
        "osProfile": {
            "adminUsername": _text(system.get("adminUsername")),
            "computerName": _text(system.get("computerName")),
            "disablePasswordAuthentication": _text(linux.get("disablePasswordAuthentication")),
        },
        "osType": _text(disk.get("osType")) or ("Windows" if system.get("windowsConfiguration") else "Linux"),
        "placementGroupId": "",
        "plan": {name: _text(plan.get(name)) for name in ("name", "product", "publisher")},
        "platformFaultDomain": _text(properties.get("platformFaultDomain", 0)),
        "platformUpdateDomain": "0",
        "priority": _text(properties.get("priority")),
        "provider": "Microsoft.Compute",
        "publicKeys": [
            {name: _text(one.get(name)) for name in ("keyData", "path")}
            for one in map(_object, _list(_object(linux.get("ssh")).get("publicKeys")))
        ],
        "publisher": _text(image.get("publisher")),
        "resourceGroupName": id.resource_group,
        "resourceId": row.id,
        "securityProfile": {
            "secureBootEnabled": _text(boot.get("secureBootEnabled", False)),
            "virtualTpmEnabled": _text(boot.get("vTpmEnabled", False)),
        },
        "sku": _text(image.get("sku")),
        "storageProfile": {
            "dataDisks": [_disk(_object(one)) for one in _list(storage.get("dataDisks"))],
            "imageReference": {name: _text(image.get(name)) for name in ("id", "offer", "publisher", "sku", "version")},
            "osDisk": {**_disk(disk), "osType": _text(disk.get("osType"))},
        },
        "subscriptionId": id.subscription,
        "tags": ";".join(f"{name}:{value}" for name, value in tags.items()),
        "tagsList": [{"name": name, "value": _text(value)} for name, value in tags.items()],
        "userData": "",
        "version": _text(image.get("version")),
        "vmId": row.facts["vm"],
        "vmScaleSetName": "",
        "vmSize": _text(_object(properties.get("hardwareProfile")).get("vmSize")),
        "zone": _text(next(iter(_list(row.body.get("zones"))), "")),
    }


def _disk(disk: dict[str, Any]) -> dict[str, Any]:
    found = {name: _text(disk.get(name)) for name in ("caching", "createOption", "diskSizeGB", "lun", "name")}
    managed = _object(disk.get("managedDisk"))
    return {**found, "managedDisk": {name: _text(managed.get(name)) for name in ("id", "storageAccountType")}}


def _interface(card: Row, view: View) -> dict[str, Any]:
    home, address = network_interfaces.first(card)
    subnet = view.get(home)
    within = [prefix for prefix in addresses.subnet_prefixes(subnet) if IPv4Address(address) in prefix] if subnet else []
    return {
        "ipv4": {
            "ipAddress": [{"privateIpAddress": address, "publicIpAddress": machine_side(card, view).address}],
            "subnet": [{"address": str(prefix.network_address), "prefix": str(prefix.prefixlen)} for prefix in within],
        },
        "ipv6": {"ipAddress": []},
        "macAddress": "",
    }


def _object(value: Any) -> dict[str, Any]:
    """What a user wrote as an object; some members of a machine are taken as they come."""
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None or isinstance(value, dict | list) else str(value)
