"""Microsoft.Authorization/roleAssignments: a role given to a principal at a scope and everything inside it."""

from __future__ import annotations

from collections.abc import Iterator

from cloister.arm.errors import Problem
from cloister.arm.ids import key, parse
from cloister.arm.rbac import Permission, flattened, permissions_of
from cloister.arm.resource import Change, ResourceType, Row, View, enforced
from cloister.arm.roles import DEFINITIONS, built_in
from cloister.arm.schema import obj, string
from cloister.net.intent import Grant

NAME = "Microsoft.Authorization/roleAssignments"
API_VERSIONS = ("2022-04-01", "2020-04-01-preview", "2018-09-01-preview", "2015-07-01")
GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

PROPERTIES = obj(
    roleDefinitionId=string(required=True),
    principalId=string(required=True, pattern=GUID),
    principalType=string(
        "User", "Group", "ServicePrincipal", "ForeignGroup", "Device", "AgentServicePrincipal", "AgentUser", default="User"
    ),
    description=string(),
    condition=string(),
    conditionVersion=string(),
    delegatedManagedIdentityResourceId=string(),
    scope=string(read_only=True),
    createdOn=string(read_only=True),
    updatedOn=string(read_only=True),
    createdBy=string(read_only=True),
    updatedBy=string(read_only=True),
)


def definition(row: Row, view: View) -> tuple[Permission, ...] | None:
    """What the assigned role grants; None if there is no such role."""
    wanted = str(row.properties.get("roleDefinitionId") or "")
    if role := built_in(wanted):
        return role.permissions
    name = key(wanted).rsplit("/", 1)[-1]
    for custom in view.of_type(DEFINITIONS):
        if custom.name.lower() == name:
            return permissions_of(custom.properties.get("permissions"))
    return None


def check(change: Change, view: View) -> Iterator[Problem]:
    """The role exists, the assignment is no second one, and an existing one keeps its role and principal."""
    row, old = change.row, change.old
    scope = parse(row.id).scope
    if definition(row, view) is None:
        yield Problem(
            "RoleDefinitionDoesNotExist",
            "properties.roleDefinitionId",
            f"cannot assign the role '{row.properties['roleDefinitionId']}': it does not exist; list the role definitions "
            "at the scope.",
        )
    for name in ("roleDefinitionId", "principalId"):
        if old is not None and key(old.properties[name]) != key(row.properties[name]):
            yield Problem(
                "RoleAssignmentUpdateNotPermitted",
                f"properties.{name}",
                f"cannot change {name} of the role assignment '{row.name}': Tenant ID, application ID, principal ID, and scope "
                "are not allowed to be updated; delete it and make another.",
                403,
            )
    for other in view.of_type(NAME):
        if key(other.id) != key(row.id) and key(parse(other.id).scope) == key(scope) and _same(other, row):
            yield Problem(
                "RoleAssignmentExists",
                "",
                f"cannot assign the role a second time: The role assignment already exists. The ID of the existing role "
                f"assignment is {other.name.replace('-', '')}.",
                409,
            )


def _same(one: Row, other: Row) -> bool:
    roles = [key(row.properties["roleDefinitionId"]).rsplit("/", 1)[-1] for row in (one, other)]
    principals = [row.properties["principalId"].lower() for row in (one, other)]
    return roles[0] == roles[1] and principals[0] == principals[1]


def realize(row: Row, view: View) -> Iterator[Grant]:
    """The grant, for checks on data at the edge."""
    permissions = definition(row, view)
    if permissions:
        flat = flattened(permissions)
        yield Grant(
            owner=row.id,
            principal=row.properties["principalId"].lower(),
            scope=parse(row.id).scope or "/",
            actions=flat.actions,
            not_actions=flat.not_actions,
            data_actions=flat.data_actions,
            not_data_actions=flat.not_data_actions,
        )


def show(row: Row, view: View, api_version: str) -> dict:
    """The scope, and who made it when."""
    return {
        "scope": parse(row.id).scope or "/",
        "createdOn": row.created,
        "updatedOn": row.changed,
        "createdBy": row.created_by,
        "updatedBy": row.changed_by,
    }


TYPE = ResourceType(
    name=NAME,
    coverage=enforced("conditions are stored"),
    delete_shows=True,
    api_versions=API_VERSIONS,
    properties=PROPERTIES,
    scopes=("subscription", "group", "resource"),
    location="none",
    top_level=(),
    check=check,
    realize=realize,
    show=show,
    put_status=(201, 201),
    name_pattern=GUID,
    listed=False,
)
