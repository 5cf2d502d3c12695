"""What stands in a Log Analytics workspace: sources, linked services, tables, searches. Stored.

Source: bicep types microsoft.operationalinsights 2023-09-01
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, integer, obj, string
from cloister.providers.operationalinsights.workspaces import API_VERSIONS
from cloister.providers.plain import plain

SOURCE_NAME = "Microsoft.OperationalInsights/workspaces/dataSources"

SOURCE_PROPERTIES = obj()

SOURCE_TYPE = plain(SOURCE_NAME, API_VERSIONS, SOURCE_PROPERTIES, lacks="nothing takes logs", location="none")

LINKED_SERVICE_NAME = "Microsoft.OperationalInsights/workspaces/linkedServices"

LINKED_SERVICE_PROPERTIES = obj(
    resourceId=string(),
    writeAccessResourceId=string(),
    provisioningState=string("Succeeded", "Deleting", "ProvisioningAccount", "Updating"),
)

LINKED_SERVICE_TYPE = plain(
    LINKED_SERVICE_NAME, API_VERSIONS, LINKED_SERVICE_PROPERTIES, lacks="nothing takes logs", location="none"
)

SEARCH_NAME = "Microsoft.OperationalInsights/workspaces/savedSearches"

SEARCH_PROPERTIES = obj(
    category=string(required=True),
    displayName=string(required=True),
    query=string(required=True),
    functionAlias=string(),
    functionParameters=string(),
    version=integer(),
    tags=array(obj(name=string(required=True), value=string(required=True))),
)

SEARCH_TYPE = plain(SEARCH_NAME, API_VERSIONS, SEARCH_PROPERTIES, lacks="nothing takes logs", location="none")

TABLE_NAME = "Microsoft.OperationalInsights/workspaces/tables"

TABLE_PROPERTIES = obj(
    retentionInDays=integer(4, 730),
    totalRetentionInDays=integer(4, 4383),
    archiveRetentionInDays=integer(read_only=True),
    searchResults=obj(
        query=string(),
        description=string(),
        limit=integer(),
        startSearchTime=string(),
        endSearchTime=string(),
        sourceTable=string(read_only=True),
        azureAsyncOperationId=string(read_only=True),
    ),
    restoredLogs=obj(
        startRestoreTime=string(), endRestoreTime=string(), sourceTable=string(), azureAsyncOperationId=string(read_only=True)
    ),
    resultStatistics=anything(read_only=True),
    plan=string("Basic", "Analytics"),
    lastPlanModifiedDate=string(read_only=True),
    schema=obj(
        name=string(),
        displayName=string(),
        description=string(),
        columns=array(anything()),
        standardColumns=array(anything(), read_only=True),
        categories=array(anything(), read_only=True),
        labels=array(anything(), read_only=True),
        source=string(read_only=True),
        tableType=string(read_only=True),
        tableSubType=string(read_only=True),
        solutions=array(anything(), read_only=True),
    ),
    provisioningState=string(read_only=True),
    retentionInDaysAsDefault=boolean(read_only=True),
    totalRetentionInDaysAsDefault=boolean(read_only=True),
)

TABLE_TYPE = plain(TABLE_NAME, API_VERSIONS, TABLE_PROPERTIES, lacks="nothing takes logs", location="none")

EXPORT_NAME = "Microsoft.OperationalInsights/workspaces/dataExports"

EXPORT_PROPERTIES = obj(
    dataExportId=string(),
    tableNames=array(string(), required=True),
    destination=obj(resourceId=string(required=True), type=string(read_only=True), metaData=anything()),
    enable=boolean(),
    createdDate=string(),
    lastModifiedDate=string(),
)

EXPORT_TYPE = plain(EXPORT_NAME, API_VERSIONS, EXPORT_PROPERTIES, lacks="nothing takes logs", location="none")

TYPES = (
    SOURCE_TYPE,
    LINKED_SERVICE_TYPE,
    SEARCH_TYPE,
    TABLE_TYPE,
    EXPORT_TYPE,
)
"""The types of this module."""
