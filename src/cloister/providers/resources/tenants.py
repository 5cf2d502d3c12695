"""Microsoft.Resources/tenants: the one tenant of this cloud, made at its first start. Stored; PUT only renames it."""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.errors import Problem
from cloister.arm.resource import Change, ResourceType, View, enforced
from cloister.arm.schema import obj, string

NAME = "Microsoft.Resources/tenants"

PROPERTIES = obj(displayName=string(length=(1, 256)), tenantId=string(read_only=True))


def check(change: Change, view: View) -> Iterator[Problem]:
    """There is one tenant, and it is there already."""
    if change.old is None:
        yield Problem(
            "TenantNotFound",
            "",
            f"cannot make the tenant '{change.row.name}': this cloud has one tenant, '{view.tenant_id}'; use that, or start "
            "another cloud with a CLOISTER_HOME of its own.",
            404,
        )


TYPE = ResourceType(
    name=NAME,
    api_versions=("2020-01-01", "2022-12-01"),
    coverage=enforced(),
    properties=PROPERTIES,
    location="none",
    top_level=(),
    check=check,
    listed=False,
)
