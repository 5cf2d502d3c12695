"""Microsoft.Authorization/locks: what stands at the scope or inside it cannot be deleted, or not be changed at all."""

from __future__ import annotations

from cloister.arm.resource import ResourceType, enforced
from cloister.arm.schema import array, obj, string

NAME = "Microsoft.Authorization/locks"
API_VERSIONS = ("2020-05-01", "2016-09-01", "2015-01-01")

PROPERTIES = obj(
    level=string("CanNotDelete", "ReadOnly", required=True),
    notes=string(length=(0, 512)),
    owners=array(obj(applicationId=string())),
)

TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced(),
    properties=PROPERTIES,
    scopes=("subscription", "group", "resource"),
    location="none",
    top_level=(),
    put_status=(201, 200),
    listed=False,
)
