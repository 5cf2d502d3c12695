"""Microsoft.Resources/tenants: the cloud's own, made at its first start, and those the operator adds. PUT only renames one."""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.errors import Problem
from cloister.arm.resource import Change, ResourceType, View, enforced
from cloister.arm.schema import obj, string

NAME = "Microsoft.Resources/tenants"

PROPERTIES = obj(displayName=string(length=(1, 256)), tenantId=string(read_only=True))


def check(change: Change, view: View) -> Iterator[Problem]:
    """Tenants are made by the operator: each has principals of its own, which no PUT can make."""
    if change.old is None:
        yield Problem(
            "TenantNotFound",
            "",
            f"cannot make the tenant '{change.row.name}': a tenant is made by 'cloister tenant add NAME', which gives it its id.",
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
