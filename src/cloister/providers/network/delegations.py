"""Delegated subnets: kept for the resources of one service, and delegated as long as anything is in them.

Source: learn.microsoft.com/azure/virtual-network/subnet-delegation-overview; the codes of
learn.microsoft.com/troubleshoot/azure/virtual-network (subnets that cannot be deleted or changed) and of Azure's own answers:
"Delegations of subnet ... cannot be changed from [] to [...] because it is being used by the resource ...". Machines of this
cloud may stand in a delegated subnet: they are the only ones that can, in the place of the service's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.errors import Problem
from cloister.arm.ids import key
from cloister.arm.resource import Change, Row, View
from cloister.providers.network import addresses


def services(subnet: Row) -> tuple[str, ...]:
    """The services that a subnet is delegated to."""
    found = ((item.get("properties") or {}).get("serviceName") for item in subnet.properties.get("delegations") or ())
    return tuple(str(name) for name in found if name)


def standing_problems(subnet: Row, what: str, target: str) -> Iterator[Problem]:
    """Why ``what`` (in words) may not stand in a subnet, if that is delegated."""
    if named := services(subnet):
        yield Problem(
            "SubnetIsDelegatedAndCannotBeUsed",
            target,
            f"cannot place {what} in subnet '{subnet.name}': it is delegated to {', '.join(named)}, whose resources alone may "
            "stand there; choose another subnet, or take the delegation away.",
        )


def change_problems(change: Change, view: View) -> Iterator[Problem]:
    """A subnet that is in use keeps its delegations as they are."""
    if change.old is None or sorted(map(key, services(change.old))) == sorted(map(key, services(change.row))):
        return
    user = next(iter([*addresses.users(change.row.id, view), *deployed(change.old, view)]), None)
    if user is not None:
        before, after = (", ".join(services(row)) for row in (change.old, change.row))
        yield Problem(
            "SubnetDelegationsCannotChangeWhenSubnetUsedByResource",
            "properties.delegations",
            f"cannot change the delegations of subnet '{change.row.name}' from [{before}] to [{after}]: it is being used by "
            f"'{user.id}'; delete that first.",
        )


def deployed(subnet: Row, view: View) -> Iterator[Row]:
    """The resources of the services that the subnet is delegated to, which name it."""
    providers = {name.lower().split("/", 1)[0] for name in services(subnet)}
    for row in view.referring(subnet.id):
        if row.type.lower().split("/", 1)[0] in providers - {"microsoft.network"}:
            yield row
