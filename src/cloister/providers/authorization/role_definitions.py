"""Microsoft.Authorization/roleDefinitions: a custom role. The built-in ones are no rows (``arm/roles.py``)."""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.errors import Problem
from cloister.arm.ids import key
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.roles import BUILT_IN, DEFINITIONS, built_in
from cloister.arm.schema import array, obj, string
from cloister.providers.authorization.role_assignments import GUID
from cloister.providers.authorization.role_assignments import NAME as ASSIGNMENTS

API_VERSIONS = ("2022-04-01", "2018-01-01-preview", "2015-07-01")

_ACTIONS = array(string(), default=[])
PROPERTIES = obj(
    roleName=string(required=True, length=(1, 128)),
    description=string(length=(0, 1024)),
    type=string("CustomRole", "BuiltInRole", default="CustomRole"),
    assignableScopes=array(string(), required=True),
    permissions=array(
        obj(actions=_ACTIONS, notActions=_ACTIONS, dataActions=_ACTIONS, notDataActions=_ACTIONS), required=True, size=(1, 16)
    ),
    createdOn=string(read_only=True),
    updatedOn=string(read_only=True),
    createdBy=string(read_only=True),
    updatedBy=string(read_only=True),
)


def check(change: Change, view: View) -> Iterator[Problem]:
    """A built-in role cannot be replaced, a title is used once, and there is a scope to assign it in."""
    row = change.row
    if built_in(row.id):
        yield Problem(
            "RoleDefinitionCannotBeModified", "name", f"cannot write the built-in role '{row.name}'; choose another guid.", 403
        )
    if not row.properties["assignableScopes"]:
        yield Problem(
            "MissingAssignableScopes",
            "properties.assignableScopes",
            f"cannot make the role '{row.properties['roleName']}' without a scope; give a subscription's id.",
        )
    for other in view.of_type(DEFINITIONS):
        if key(other.id) != key(row.id) and other.properties["roleName"].lower() == row.properties["roleName"].lower():
            yield Problem(
                "RoleDefinitionWithSameNameExists",
                "properties.roleName",
                f"cannot name a role '{row.properties['roleName']}': '{other.id}' has the name; choose another.",
                409,
            )


def blockers(row: Row, view: View) -> Iterator[str]:
    """Assignments of the role."""
    for assignment in view.of_type(ASSIGNMENTS):
        if key(assignment.properties["roleDefinitionId"]).rsplit("/", 1)[-1] == row.name.lower():
            yield assignment.id


TYPE = ResourceType(
    name=DEFINITIONS,
    coverage=enforced(f"{len(BUILT_IN)} of Azure's built-in roles are known"),
    delete_shows=True,
    api_versions=API_VERSIONS,
    properties=PROPERTIES,
    scopes=("subscription", "group", "resource"),
    location="none",
    top_level=(),
    check=check,
    blockers=blockers,
    in_use_code="RoleDefinitionHasAssignments",
    put_status=(201, 201),
    name_pattern=GUID,
    listed=False,
)
