"""PLACE: where a machine stands, as a person writes it."""

from __future__ import annotations

from cloister.cli.cloud import Cloud
from cloister.cli.errors import CliError, UsageError

INTERNET = "internet"
SUBNETS = "Microsoft.Network/virtualNetworks/subnets"


def resolve(cloud: Cloud, place: str, principal: str = "") -> str:
    """``internet``, or the id of the one subnet meant by ``VNET/SUBNET``, ``GROUP/VNET/SUBNET`` or a subnet's id.

    Raises UsageError for another form, CliError where nothing or more than one subnet has the name.
    """
    if place.lower() == INTERNET:
        return INTERNET
    if place.lower().startswith("/subscriptions/"):
        return place.rstrip("/")
    wanted = [part for part in place.strip("/").lower().split("/") if part]
    if len(wanted) not in (2, 3):
        raise UsageError(f"cannot find the place '{place}': write internet, VNET/SUBNET, GROUP/VNET/SUBNET or a subnet's id")
    known = subnets(cloud, principal)
    found = [id for id in known if short(id).lower().split("/")[-len(wanted) :] == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        names = {short(id) for id in found}
        choices = sorted(names) if len(names) == len(found) else found  # one group name in two subscriptions: whole ids
        raise CliError(f"cannot tell which '{place}' is meant: write one of {', '.join(choices)}")
    raise CliError(
        f"cannot find the place '{place}': "
        + (f"the subnets are {', '.join(short(id) for id in known)}" if known else "there is no subnet yet; make a network first")
    )


def interface(cloud: Cloud, name: str, principal: str = "") -> tuple[str, str]:
    """The ids of the one network interface meant by ``NAME``, ``GROUP/NAME`` or an id, and of its subnet.

    Raises CliError where nothing or more than one has the name.
    """
    wanted = name.strip("/").lower().split("/")
    found = []
    for subscription in cloud.subscriptions(principal):
        path = f"/subscriptions/{subscription}/providers/Microsoft.Network/networkInterfaces"
        for nic in cloud.listed(path, principal=principal):
            parts = nic["id"].strip("/").lower().split("/")
            if parts == wanted or [parts[3], parts[-1]][-len(wanted) :] == wanted:
                found.append(nic)
    if len(found) != 1:
        choices = f": write one of {', '.join(nic['id'] for nic in found)}" if found else "; make one first, or leave --nic out"
        raise CliError(f"cannot {'tell which' if found else 'find the'} network interface '{name}'{choices}")
    inner = [item["properties"] for item in found[0]["properties"]["ipConfigurations"]]
    return found[0]["id"], next((one for one in inner if one.get("primary")), inner[0])["subnet"]["id"]


def subnets(cloud: Cloud, principal: str = "") -> list[str]:
    """Ids of all subnets of all subscriptions that a principal sees, sorted."""
    found = []
    for subscription in cloud.subscriptions(principal):
        path = f"/subscriptions/{subscription}/providers/Microsoft.Network/virtualNetworks"
        for vnet in cloud.listed(path, principal=principal):
            found += [subnet["id"] for subnet in vnet["properties"].get("subnets") or []]
    return sorted(found, key=str.lower)


def short(id: str) -> str:
    """A subnet's id as ``GROUP/VNET/SUBNET``."""
    parts = id.strip("/").split("/")
    return f"{parts[3]}/{parts[-3]}/{parts[-1]}"
