"""Microsoft.MachineLearningServices/workspaces/onlineEndpoints and batchEndpoints with their deployments. Stored.

Their keys are those of ``endpoint_keys.py``. Source: bicep types microsoft.machinelearningservices 2026-05-01
"""

from __future__ import annotations

import msgspec

from cloister.arm.ids import parse
from cloister.arm.resource import Action, Call, Change, Outcome, Row, View
from cloister.arm.schema import anything, boolean, integer, obj, string
from cloister.providers.machinelearning import endpoint_keys
from cloister.providers.machinelearning.versions import API_VERSIONS
from cloister.providers.plain import plain


def placed(change: Change, view: View) -> Row:
    """An endpoint or a deployment that says no region is in its workspace's."""
    row = change.row
    if row.body.get("location"):
        return row
    above = parse(row.id).parent
    while above is not None and len(above.names) > 1:
        above = above.parent
    workspace = view.get(above.text) if above is not None else None
    return row.with_body(location=workspace.body["location"]) if workspace is not None else row


def endpoint(change: Change, view: View) -> Row:
    """An endpoint's region and its keys."""
    return endpoint_keys.settle(msgspec.structs.replace(change, row=placed(change, view)), view)


def logs(call: Call, view: View) -> Outcome:
    """POST getLogs: no container runs, so none has written a line."""
    return Outcome(body={"content": ""})


NAME = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"

PROPERTIES = obj(
    compute=string(),
    mirrorTraffic=anything(),
    provisioningState=string(read_only=True),
    publicNetworkAccess=string("Enabled", "Disabled"),
    traffic=anything(),
    authMode=string("AMLToken", "Key", "AADToken", required=True),
    description=string(),
    keys=obj(primaryKey=string(secret=True), secondaryKey=string(secret=True), secret=True),
    properties=anything(),
    scoringUri=string(read_only=True),
    swaggerUri=string(read_only=True),
)

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no model is served; keys are made and listed, tokens are not given",
    location="optional",
    settle=endpoint,
    actions=endpoint_keys.ACTIONS,
)

DEPLOYMENT_NAME = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments"

DEPLOYMENT_PROPERTIES = obj(
    endpointComputeType=string("Kubernetes", "Managed", required=True),
    appInsightsEnabled=boolean(),
    dataCollector=obj(
        collections=anything(required=True),
        requestLogging=anything(),
        rollingRate=string("Year", "Month", "Day", "Hour", "Minute"),
    ),
    egressPublicNetworkAccess=string("Enabled", "Disabled"),
    instanceType=string(),
    livenessProbe=obj(
        failureThreshold=integer(), initialDelay=string(), period=string(), successThreshold=integer(), timeout=string()
    ),
    model=string(),
    modelMountPath=string(),
    provisioningState=string(read_only=True),
    readinessProbe=obj(
        failureThreshold=integer(), initialDelay=string(), period=string(), successThreshold=integer(), timeout=string()
    ),
    requestSettings=obj(maxConcurrentRequestsPerInstance=integer(), maxQueueWait=string(), requestTimeout=string()),
    scaleSettings=obj(scaleType=string("Default", "TargetUtilization", required=True)),
    startupProbe=obj(
        failureThreshold=integer(), initialDelay=string(), period=string(), successThreshold=integer(), timeout=string()
    ),
    codeConfiguration=obj(codeId=string(), scoringScript=string(required=True)),
    description=string(),
    environmentId=string(),
    environmentVariables=anything(),
    properties=anything(),
)

DEPLOYMENT_TYPE = plain(
    DEPLOYMENT_NAME,
    API_VERSIONS,
    DEPLOYMENT_PROPERTIES,
    lacks="no model is served; its logs are empty",
    location="optional",
    settle=placed,
    actions={"getLogs": Action(run=logs)},
)

BATCH_NAME = "Microsoft.MachineLearningServices/workspaces/batchEndpoints"

BATCH_PROPERTIES = obj(
    defaults=obj(deploymentName=string()),
    provisioningState=string(read_only=True),
    authMode=string("AMLToken", "Key", "AADToken", required=True),
    description=string(),
    keys=obj(primaryKey=string(secret=True), secondaryKey=string(secret=True), secret=True),
    properties=anything(),
    scoringUri=string(read_only=True),
    swaggerUri=string(read_only=True),
)

BATCH_TYPE = plain(
    BATCH_NAME,
    API_VERSIONS,
    BATCH_PROPERTIES,
    lacks="no model is served; keys are made and listed",
    location="optional",
    settle=endpoint,
    actions=endpoint_keys.LIST,
)

BATCH_DEPLOYMENT_NAME = "Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments"

BATCH_DEPLOYMENT_PROPERTIES = obj(
    compute=string(),
    deploymentConfiguration=obj(deploymentConfigurationType=string("PipelineComponent", required=True)),
    errorThreshold=integer(),
    loggingLevel=string("Info", "Warning", "Debug"),
    maxConcurrencyPerInstance=integer(),
    miniBatchSize=integer(),
    model=obj(referenceType=string("DataPath", "Id", "OutputPath", required=True)),
    outputAction=string("SummaryOnly", "AppendRow"),
    outputFileName=string(),
    provisioningState=string(read_only=True),
    resources=obj(instanceCount=integer(), instanceType=string(), properties=anything()),
    retrySettings=obj(maxRetries=integer(), timeout=string()),
    codeConfiguration=obj(codeId=string(), scoringScript=string(required=True)),
    description=string(),
    environmentId=string(),
    environmentVariables=anything(),
    properties=anything(),
)

BATCH_DEPLOYMENT_TYPE = plain(
    BATCH_DEPLOYMENT_NAME,
    API_VERSIONS,
    BATCH_DEPLOYMENT_PROPERTIES,
    lacks="no model is served",
    location="optional",
    settle=placed,
)

SERVERLESS_NAME = "Microsoft.MachineLearningServices/workspaces/serverlessEndpoints"

SERVERLESS_PROPERTIES = obj(
    authMode=string("Key", "AAD", "KeyAndAAD", required=True),
    contentSafety=obj(contentSafetyStatus=string("Enabled", "Disabled", required=True)),
    endpointState=string(read_only=True),
    inferenceEndpoint=anything(read_only=True),
    marketplaceSubscriptionId=string(read_only=True),
    modelSettings=obj(modelId=string()),
    provisioningState=string(read_only=True),
)

SERVERLESS_TYPE = plain(
    SERVERLESS_NAME,
    API_VERSIONS,
    SERVERLESS_PROPERTIES,
    lacks="no model is served; keys are made and listed",
    location="optional",
    settle=endpoint,
    actions=endpoint_keys.ACTIONS,
)

TYPES = (
    TYPE,
    DEPLOYMENT_TYPE,
    BATCH_TYPE,
    BATCH_DEPLOYMENT_TYPE,
    SERVERLESS_TYPE,
)
"""The types of this module."""
