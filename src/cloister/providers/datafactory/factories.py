"""Microsoft.DataFactory/factories: data factories. Their names resolve; no pipeline runs.

Source: bicep types microsoft.datafactory 2018-06-01
"""

from __future__ import annotations

from cloister.arm.schema import anything, boolean, obj, string
from cloister.providers.datafactory.versions import API_VERSIONS
from cloister.providers.link_targets import Offer, groups, target

NAME = "Microsoft.DataFactory/factories"

PROPERTIES = obj(
    provisioningState=string(read_only=True),
    createTime=string(read_only=True),
    version=string(read_only=True),
    purviewConfiguration=obj(purviewResourceId=string()),
    repoConfiguration=obj(
        type=string("FactoryGitHubConfiguration", "FactoryVSTSConfiguration", required=True),
        accountName=string(required=True),
        repositoryName=string(required=True),
        collaborationBranch=string(required=True),
        rootFolder=string(required=True),
        lastCommitId=string(),
        disablePublish=boolean(),
    ),
    globalParameters=anything(),
    encryption=obj(keyName=string(required=True), vaultBaseUrl=string(required=True), keyVersion=string(), identity=anything()),
    publicNetworkAccess=string("Enabled", "Disabled"),
)


GROUPS = groups(
    "datafactory",
    Offer("dataFactory", "privatelink.datafactory.azure.net", ("{name}.{region}.datafactory.azure.net",)),
    Offer("portal", "privatelink.adf.azure.com", ("adf.azure.com",)),
)

TYPES = target(
    NAME, API_VERSIONS, PROPERTIES, "datafactory", GROUPS, lacks="no pipeline runs", name_unique="global", put_status=(200, 200)
)
