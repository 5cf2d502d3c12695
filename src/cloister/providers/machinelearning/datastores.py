"""Microsoft.MachineLearningServices/workspaces/datastores: where a workspace keeps and finds files. Stored.

Source: bicep types microsoft.machinelearningservices 2026-05-01
"""

from __future__ import annotations

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

TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="its storage is not asked whether it is there", location="none")
