"""Microsoft.MachineLearningServices/workspaces/datastores: where a workspace keeps and finds files. Stored.

Source: bicep types microsoft.machinelearningservices 2026-05-01; listSecrets: mfe.json 2022-05-01. That a datastore without
credentials is refused with ``UserError``, the code of the service's other refusals, is this cloud's choice.
"""

from __future__ import annotations

from cloister.arm.errors import ArmError
from cloister.arm.resource import Action, Call, Outcome, View
from cloister.arm.schema import anything, boolean, obj, string
from cloister.providers.machinelearning.versions import API_VERSIONS
from cloister.providers.plain import plain

KINDS = ("AzureBlob", "AzureDataLakeGen1", "AzureDataLakeGen2", "AzureFile", "OneLake")
FIRST_KINDS = ("blob", "file", "adls", "adls-gen2", "dbfs", "sqldb", "mysqldb", "psqldb")
"""What the first preview (2020-05-01-preview) calls them, with its members beside the kind."""

NAME = "Microsoft.MachineLearningServices/workspaces/datastores"

PROPERTIES = obj(
    datastoreType=string(*KINDS, *FIRST_KINDS, required=True),
    credentials=obj(credentialsType=string(), secrets=anything(secret=True), default={"credentialsType": "None"}),
    accountKey=string(secret=True),
    sasToken=string(secret=True),
    clientSecret=string(secret=True),
    password=string(secret=True),
    isDefault=boolean(read_only=True),
    description=string(),
    properties=anything(),
    tags=anything(),
)


def list_secrets(call: Call, view: View) -> Outcome:
    """POST listSecrets: the credentials as they were written."""
    credentials = call.row.properties.get("credentials") or {}
    kind = credentials.get("credentialsType") or "None"
    if kind == "None":
        raise ArmError(
            400,
            "UserError",
            f"cannot give the secrets of datastore '{call.row.name}': it was made without credentials; write it again with some.",
        )
    written = credentials.get("secrets")
    return Outcome(body={"secretsType": kind, **(written if isinstance(written, dict) else {})})


TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="its storage is not asked whether it is there",
    location="none",
    actions={"listSecrets": Action(run=list_secrets)},
)
