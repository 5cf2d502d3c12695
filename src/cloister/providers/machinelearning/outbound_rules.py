"""Microsoft.MachineLearningServices/workspaces/outboundRules: what a managed network lets out. Stored.

Source: bicep types microsoft.machinelearningservices 2026-05-01
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, obj, string
from cloister.providers.machinelearning.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.MachineLearningServices/workspaces/outboundRules"

PROPERTIES = obj(
    type=string("FQDN", "PrivateEndpoint", "ServiceTag", required=True),
    category=string("Required", "Recommended", "UserDefined", "Dependency"),
    status=string("Inactive", "Active", "Provisioning", "Deleting", "Failed"),
    errorInformation=string(read_only=True),
    parentRuleNames=array(anything(), read_only=True),
)

TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="no managed network is made yet", location="none")
