"""What stands in a Synapse workspace: pools, firewall rules, keys, integration runtimes. Stored.

Source: bicep types microsoft.synapse 2021-06-01
"""

from __future__ import annotations

from cloister.arm.schema import array, boolean, integer, obj, string
from cloister.providers.plain import plain
from cloister.providers.synapse.versions import API_VERSIONS

SQL_POOL_NAME = "Microsoft.Synapse/workspaces/sqlPools"

SQL_POOL_PROPERTIES = obj(
    maxSizeBytes=integer(),
    collation=string(),
    sourceDatabaseId=string(secret=True),
    recoverableDatabaseId=string(),
    provisioningState=string(read_only=True),
    status=string(read_only=True),
    restorePointInTime=string(),
    createMode=string("Default", "PointInTimeRestore", "Recovery", "Restore", secret=True),
    creationDate=string(read_only=True),
    storageAccountType=string("GRS", "LRS"),
    sourceDatabaseDeletionDate=string(),
)

SQL_POOL_TYPE = plain(
    SQL_POOL_NAME, API_VERSIONS, SQL_POOL_PROPERTIES, lacks="nothing of it runs or filters", location="optional"
)

SPARK_POOL_NAME = "Microsoft.Synapse/workspaces/bigDataPools"

SPARK_POOL_PROPERTIES = obj(
    provisioningState=string(read_only=True),
    autoScale=obj(minNodeCount=integer(), enabled=boolean(), maxNodeCount=integer()),
    creationDate=string(read_only=True),
    autoPause=obj(delayInMinutes=integer(), enabled=boolean()),
    isComputeIsolationEnabled=boolean(),
    isAutotuneEnabled=boolean(),
    sessionLevelPackagesEnabled=boolean(),
    cacheSize=integer(),
    dynamicExecutorAllocation=obj(enabled=boolean(), minExecutors=integer(), maxExecutors=integer()),
    sparkEventsFolder=string(),
    nodeCount=integer(),
    libraryRequirements=obj(time=string(read_only=True), content=string(), filename=string()),
    customLibraries=array(
        obj(
            name=string(),
            path=string(),
            containerName=string(),
            uploadedTimestamp=string(read_only=True),
            type=string(),
            provisioningStatus=string(read_only=True),
            creatorId=string(read_only=True),
        )
    ),
    sparkConfigProperties=obj(
        time=string(read_only=True), content=string(), filename=string(), configurationType=string("File", "Artifact")
    ),
    sparkVersion=string(),
    defaultSparkLogFolder=string(),
    nodeSize=string("None", "Small", "Medium", "Large", "XLarge", "XXLarge", "XXXLarge"),
    nodeSizeFamily=string("None", "MemoryOptimized", "HardwareAcceleratedFPGA", "HardwareAcceleratedGPU"),
    lastSucceededTimestamp=string(read_only=True),
)

SPARK_POOL_TYPE = plain(
    SPARK_POOL_NAME, API_VERSIONS, SPARK_POOL_PROPERTIES, lacks="nothing of it runs or filters", location="optional"
)

FIREWALL_RULE_NAME = "Microsoft.Synapse/workspaces/firewallRules"

FIREWALL_RULE_PROPERTIES = obj(endIpAddress=string(), provisioningState=string(read_only=True), startIpAddress=string())

FIREWALL_RULE_TYPE = plain(
    FIREWALL_RULE_NAME, API_VERSIONS, FIREWALL_RULE_PROPERTIES, lacks="nothing of it runs or filters", location="none"
)

IDENTITY_CONTROL_NAME = "Microsoft.Synapse/workspaces/managedIdentitySqlControlSettings"

IDENTITY_CONTROL_PROPERTIES = obj(
    grantSqlControlToManagedIdentity=obj(desiredState=string("Enabled", "Disabled"), actualState=string(read_only=True))
)

IDENTITY_CONTROL_TYPE = plain(
    IDENTITY_CONTROL_NAME, API_VERSIONS, IDENTITY_CONTROL_PROPERTIES, lacks="nothing of it runs or filters", location="none"
)

RUNTIME_NAME = "Microsoft.Synapse/workspaces/integrationRuntimes"

RUNTIME_PROPERTIES = obj(type=string("Managed", "SelfHosted", required=True), description=string())

RUNTIME_TYPE = plain(RUNTIME_NAME, API_VERSIONS, RUNTIME_PROPERTIES, lacks="nothing of it runs or filters", location="none")

KEY_NAME = "Microsoft.Synapse/workspaces/keys"

KEY_PROPERTIES = obj(isActiveCMK=boolean(), keyVaultUrl=string())

KEY_TYPE = plain(KEY_NAME, API_VERSIONS, KEY_PROPERTIES, lacks="nothing of it runs or filters", location="none")

ADMINISTRATOR_NAME = "Microsoft.Synapse/workspaces/administrators"

ADMINISTRATOR_PROPERTIES = obj(tenantId=string(), login=string(), administratorType=string(), sid=string())

ADMINISTRATOR_TYPE = plain(
    ADMINISTRATOR_NAME,
    API_VERSIONS,
    ADMINISTRATOR_PROPERTIES,
    lacks="nothing of it runs or filters",
    location="none",
    put_status=(200, 200),
)

TYPES = (
    SQL_POOL_TYPE,
    SPARK_POOL_TYPE,
    FIREWALL_RULE_TYPE,
    IDENTITY_CONTROL_TYPE,
    RUNTIME_TYPE,
    KEY_TYPE,
    ADMINISTRATOR_TYPE,
)
"""The types of this module."""
