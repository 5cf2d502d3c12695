"""What stands in a data factory: managed networks and their endpoints, runtimes, pipelines. Stored.

Source: bicep types microsoft.datafactory 2018-06-01
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, integer, obj, string
from cloister.providers.datafactory.linked import DATASET_TYPE, LINKED_SERVICE_TYPE
from cloister.providers.datafactory.versions import API_VERSIONS
from cloister.providers.plain import plain

NETWORK_NAME = "Microsoft.DataFactory/factories/managedVirtualNetworks"

NETWORK_PROPERTIES = obj(vNetId=string(read_only=True), alias=string(read_only=True))

NETWORK_TYPE = plain(
    NETWORK_NAME, API_VERSIONS, NETWORK_PROPERTIES, lacks="nothing of it runs", location="none", put_status=(200, 200)
)

ENDPOINT_NAME = "Microsoft.DataFactory/factories/managedVirtualNetworks/managedPrivateEndpoints"

ENDPOINT_PROPERTIES = obj(
    connectionState=obj(
        actionsRequired=string(read_only=True), description=string(read_only=True), status=string(read_only=True)
    ),
    fqdns=array(string()),
    groupId=string(),
    isReserved=boolean(read_only=True),
    privateLinkResourceId=string(),
    provisioningState=string(read_only=True),
)

ENDPOINT_TYPE = plain(
    ENDPOINT_NAME, API_VERSIONS, ENDPOINT_PROPERTIES, lacks="nothing of it runs", location="none", put_status=(200, 200)
)

RUNTIME_NAME = "Microsoft.DataFactory/factories/integrationRuntimes"

RUNTIME_PROPERTIES = obj(type=string("Managed", "SelfHosted", required=True), description=string())

RUNTIME_TYPE = plain(
    RUNTIME_NAME, API_VERSIONS, RUNTIME_PROPERTIES, lacks="nothing of it runs", location="none", put_status=(200, 200)
)

PIPELINE_NAME = "Microsoft.DataFactory/factories/pipelines"

PIPELINE_PROPERTIES = obj(
    description=string(),
    activities=array(
        obj(
            type=string(
                "AppendVariable",
                "AzureDataExplorerCommand",
                "AzureFunctionActivity",
                "AzureMLBatchExecution",
                "AzureMLExecutePipeline",
                "AzureMLUpdateResource",
                "ExecutePipeline",
                "Fail",
                "Filter",
                "ForEach",
                "IfCondition",
                "SetVariable",
                "Switch",
                "Until",
                "Validation",
                "Wait",
                "WebHook",
                "Copy",
                "Custom",
                "DataLakeAnalyticsU-SQL",
                "DatabricksJob",
                "DatabricksNotebook",
                "DatabricksSparkJar",
                "DatabricksSparkPython",
                "Delete",
                "ExecuteDataFlow",
                "ExecuteSSISPackage",
                "ExecuteWranglingDataflow",
                "GetMetadata",
                "HDInsightHive",
                "HDInsightMapReduce",
                "HDInsightPig",
                "HDInsightSpark",
                "HDInsightStreaming",
                "Lookup",
                "Script",
                "SparkJob",
                "SqlServerStoredProcedure",
                "SynapseNotebook",
                "WebActivity",
                required=True,
            ),
            name=string(required=True),
            description=string(),
            state=string("Active", "Inactive"),
            onInactiveMarkAs=string("Succeeded", "Failed", "Skipped"),
            dependsOn=array(anything()),
            userProperties=array(anything()),
        )
    ),
    parameters=anything(),
    variables=anything(),
    concurrency=integer(1),
    annotations=array(anything()),
    runDimensions=anything(),
    folder=obj(name=string()),
    policy=obj(elapsedTimeMetric=anything()),
)

PIPELINE_TYPE = plain(
    PIPELINE_NAME, API_VERSIONS, PIPELINE_PROPERTIES, lacks="nothing of it runs", location="none", put_status=(200, 200)
)

TRIGGER_NAME = "Microsoft.DataFactory/factories/triggers"

TRIGGER_PROPERTIES = obj(
    type=string(
        "BlobEventsTrigger",
        "BlobTrigger",
        "ChainingTrigger",
        "CustomEventsTrigger",
        "ScheduleTrigger",
        "RerunTumblingWindowTrigger",
        "TumblingWindowTrigger",
        required=True,
    ),
    description=string(),
    runtimeState=string(read_only=True),
    annotations=array(anything()),
)

TRIGGER_TYPE = plain(
    TRIGGER_NAME, API_VERSIONS, TRIGGER_PROPERTIES, lacks="nothing of it runs", location="none", put_status=(200, 200)
)

DATAFLOW_NAME = "Microsoft.DataFactory/factories/dataflows"

DATAFLOW_PROPERTIES = obj(
    type=string("Flowlet", "MappingDataFlow", "WranglingDataFlow", required=True),
    description=string(),
    annotations=array(anything()),
    folder=obj(name=string()),
)

DATAFLOW_TYPE = plain(
    DATAFLOW_NAME, API_VERSIONS, DATAFLOW_PROPERTIES, lacks="nothing of it runs", location="none", put_status=(200, 200)
)

CREDENTIAL_NAME = "Microsoft.DataFactory/factories/credentials"

CREDENTIAL_PROPERTIES = obj(
    type=string("ManagedIdentity", "ServicePrincipal", required=True), description=string(), annotations=array(anything())
)

CREDENTIAL_TYPE = plain(
    CREDENTIAL_NAME, API_VERSIONS, CREDENTIAL_PROPERTIES, lacks="nothing of it runs", location="none", put_status=(200, 200)
)

TYPES = (
    NETWORK_TYPE,
    ENDPOINT_TYPE,
    RUNTIME_TYPE,
    LINKED_SERVICE_TYPE,
    DATASET_TYPE,
    PIPELINE_TYPE,
    TRIGGER_TYPE,
    DATAFLOW_TYPE,
    CREDENTIAL_TYPE,
)
"""The types of this module."""
