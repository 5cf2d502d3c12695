"""Microsoft.MachineLearningServices/workspaces/connections: addresses and credentials of other systems. Stored.

Source: bicep types microsoft.machinelearningservices 2024-10-01 (WorkspaceConnectionPropertiesV2).
"""

from __future__ import annotations

from cloister.arm.resource import Action, Call, Outcome, ResourceType, View, stored
from cloister.arm.schema import anything, array, boolean, obj, string
from cloister.providers.machinelearning.versions import API_VERSIONS
from cloister.providers.machinelearning.workspaces import NAME as WORKSPACES

AUTH_TYPES = (
    "AAD", "AccessKey", "AccountKey", "ApiKey", "CustomKeys", "ManagedIdentity", "None", "OAuth2", "PAT", "SAS",
    "ServicePrincipal", "UsernamePassword",
)  # fmt: skip


def list_secrets(call: Call, view: View) -> Outcome:
    """POST listsecrets: the connection with the credentials that it was written with."""
    row = call.row
    return Outcome(body={"id": row.id, "name": row.name, "type": row.type, "properties": row.properties})


TYPE = ResourceType(
    name=f"{WORKSPACES}/connections",
    api_versions=API_VERSIONS,
    coverage=stored("nothing connects"),
    properties=obj(
        authType=string(*AUTH_TYPES, required=True),
        category=string(),
        target=string(),
        value=string(),
        valueFormat=string("JSON"),
        credentials=anything(secret=True),
        metadata=anything(),
        expiryTime=string(),
        isSharedToAll=boolean(),
        sharedUserList=array(string()),
        group=string(read_only=True),
        createdByWorkspaceArmId=string(read_only=True),
    ),
    location="none",
    put_status=(200, 200),
    actions={"listsecrets": Action(run=list_secrets)},
)
