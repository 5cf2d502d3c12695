"""PLACE: where a machine stands, as a person writes it."""

from __future__ import annotations

from cloister.cli.cloud import Cloud
from cloister.cli.errors import CliError, UsageError

INTERNET = "internet"
SUBNETS = "Microsoft.Network/virtualNetworks/subnets"


def resolve(cloud: Cloud, place: str) -> str:
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
    known = subnets(cloud)
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


def subnets(cloud: Cloud) -> list[str]:
    """Ids of all subnets of all subscriptions, sorted."""
    found = []
    for subscription in cloud.subscriptions():
        for vnet in cloud.listed(f"/subscriptions/{subscription}/providers/Microsoft.Network/virtualNetworks"):
            found += [subnet["id"] for subnet in vnet["properties"].get("subnets") or []]
    return sorted(found, key=str.lower)


def short(id: str) -> str:
    """A subnet's id as ``GROUP/VNET/SUBNET``."""
    parts = id.strip("/").split("/")
    return f"{parts[3]}/{parts[-3]}/{parts[-1]}"
