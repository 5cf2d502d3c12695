"""Microsoft.Resources/resourceGroups: what all resources stand in. Enforced: deleting one deletes what is in it.

Source: azure-rest-api-specs resources.json 2024-11-01; names from
learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftresources.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.errors import Problem
from cloister.arm.resource import Change, ResourceType, View, enforced
from cloister.arm.schema import obj, string
from cloister.net.plan import REGIONS, normal_region

NAME = "Microsoft.Resources/resourceGroups"

PROPERTIES = obj(provisioningState=string(read_only=True))


def check(change: Change, view: View) -> Iterator[Problem]:
    """The region exists. That an existing group stays where it is, the engine sees to, as for all types."""
    wanted = normal_region(str(change.row.body.get("location") or ""))
    if change.old is None and wanted not in REGIONS:
        yield Problem(
            "LocationNotAvailableForResourceGroup",
            "location",
            f"The provided location '{wanted}' is not available for resource group. List of available regions is "
            f"'{','.join(REGIONS)}'.",
        )


TYPE = ResourceType(
    name=NAME,
    api_versions=("2019-10-01", "2020-06-01", "2021-04-01", "2022-09-01", "2024-03-01", "2024-11-01", "2025-04-01"),
    coverage=enforced(),
    properties=PROPERTIES,
    scopes=("subscription",),
    top_level=("tags", "managedBy"),
    check=check,
    name_pattern=r"[-\w.()]{0,89}[-\w()]",
    delete_status=202,
    listed=False,
)
