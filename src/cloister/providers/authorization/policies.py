"""Microsoft.Authorization/policyDefinitions, policySetDefinitions and policyAssignments. Stored.

Source: learn.microsoft.com/azure/governance/policy/concepts/definition-structure
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Row, View
from cloister.arm.schema import anything, array, obj, string
from cloister.providers.authorization.versions import API_VERSIONS
from cloister.providers.plain import plain

DEFINITION_NAME = "Microsoft.Authorization/policyDefinitions"

DEFINITION_PROPERTIES = obj(
    policyType=string("NotSpecified", "BuiltIn", "Custom", "Static"),
    mode=string(),
    displayName=string(),
    description=string(),
    policyRule=anything(),
    metadata=anything(),
    parameters=anything(),
    version=string(),
    versions=array(string()),
)

DEFINITION_TYPE = plain(
    DEFINITION_NAME, API_VERSIONS, DEFINITION_PROPERTIES, lacks="no write is judged by it yet", location="none", listed=False
)

SET_NAME = "Microsoft.Authorization/policySetDefinitions"

SET_PROPERTIES = obj(
    policyType=string("NotSpecified", "BuiltIn", "Custom", "Static"),
    displayName=string(),
    description=string(),
    metadata=anything(),
    parameters=anything(),
    policyDefinitions=array(
        obj(
            policyDefinitionId=string(required=True),
            parameters=anything(),
            policyDefinitionReferenceId=string(),
            groupNames=array(string()),
        ),
        required=True,
    ),
    policyDefinitionGroups=array(anything()),
    version=string(),
    versions=array(string()),
)

SET_TYPE = plain(SET_NAME, API_VERSIONS, SET_PROPERTIES, lacks="no write is judged by it yet", location="none", listed=False)

ASSIGNMENT_NAME = "Microsoft.Authorization/policyAssignments"

ASSIGNMENT_PROPERTIES = obj(
    displayName=string(),
    policyDefinitionId=string(required=True),
    definitionVersion=string(),
    scope=string(read_only=True),
    notScopes=array(string()),
    parameters=anything(),
    description=string(),
    metadata=anything(),
    enforcementMode=string("Default", "DoNotEnforce", "Enroll", default="Default"),
    nonComplianceMessages=array(anything()),
    resourceSelectors=array(anything()),
    overrides=array(anything()),
)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The scope on which it stands."""
    return {"scope": row.id.rsplit("/providers/", 1)[0]}


ASSIGNMENT_TYPE = plain(
    ASSIGNMENT_NAME,
    API_VERSIONS,
    ASSIGNMENT_PROPERTIES,
    lacks="no write is judged by it yet",
    location="optional",
    listed=False,
    show=show,
)

TYPES = (
    DEFINITION_TYPE,
    SET_TYPE,
    ASSIGNMENT_TYPE,
)
"""The types of this module."""
