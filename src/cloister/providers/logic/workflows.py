"""Microsoft.Logic/workflows. Stored: no workflow is run.

Source: learn.microsoft.com/azure/templates/microsoft.logic/workflows
"""

from __future__ import annotations

from cloister.arm.schema import anything, obj, string
from cloister.providers.plain import plain

API_VERSIONS = ("2019-05-01", "2018-07-01-preview", "2016-06-01", "2016-10-01")

NAME = "Microsoft.Logic/workflows"

PROPERTIES = obj(
    state=string("NotSpecified", "Completed", "Enabled", "Disabled", "Deleted", "Suspended"),
    definition=anything(),
    parameters=anything(),
    accessControl=anything(),
    endpointsConfiguration=anything(),
    integrationAccount=anything(),
    integrationServiceEnvironment=anything(),
    sku=anything(read_only=True),
    version=string(read_only=True),
    accessEndpoint=string(read_only=True),
    createdTime=string(read_only=True),
    changedTime=string(read_only=True),
    provisioningState=string(read_only=True),
)

TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="no workflow is run")
