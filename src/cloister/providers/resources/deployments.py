"""Microsoft.Resources/deployments: the record of a template deployment. Written by ``control/deployments.py`` alone.

Its requests do not pass as those of a plain resource: they are Routes (a PUT's body is not strict JSON, and PUT starts
work). The type is here so that the records are rows: they are kept, listed and deleted with their resource group.
"""

from __future__ import annotations

from cloister.arm.resource import ResourceType, enforced
from cloister.arm.schema import obj, string

NAME = "Microsoft.Resources/deployments"

TYPE = ResourceType(
    name=NAME,
    api_versions=("2017-05-10", "2019-10-01", "2020-06-01", "2020-10-01", "2021-04-01", "2022-09-01", "2024-03-01", "2025-04-01"),
    coverage=enforced("deployment scripts in templates are not run"),
    properties=obj(mode=string("Incremental", "Complete")),
    scopes=(),  # routes of their own: control/deployment_routes.py
    location="none",
    top_level=("tags",),
    name_pattern=r"[-\w.()]{1,64}",
    listed=False,
)
