"""Microsoft.Insights/: diagnostic settings, action groups, alerts, autoscale, data collection, workbooks. Stored.

Source: learn.microsoft.com/azure/templates/microsoft.insights
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, id_of, integer, obj, string
from cloister.providers.insights.versions import API_VERSIONS
from cloister.providers.plain import plain

DIAGNOSTIC_NAME = "Microsoft.Insights/diagnosticSettings"

DIAGNOSTIC_PROPERTIES = obj(
    storageAccountId=id_of("Microsoft.Storage/storageAccounts"),
    serviceBusRuleId=string(),
    eventHubAuthorizationRuleId=string(),
    eventHubName=string(),
    workspaceId=id_of("Microsoft.OperationalInsights/workspaces"),
    marketplacePartnerId=string(),
    logAnalyticsDestinationType=string(),
    logs=array(obj(category=string(), categoryGroup=string(), enabled=boolean(required=True), retentionPolicy=anything())),
    metrics=array(obj(category=string(), timeGrain=string(), enabled=boolean(required=True), retentionPolicy=anything())),
)

DIAGNOSTIC_TYPE = plain(
    DIAGNOSTIC_NAME,
    API_VERSIONS,
    DIAGNOSTIC_PROPERTIES,
    lacks="no log is sent",
    scopes=("resource",),
    location="optional",
    put_status=(200, 200),
    listed=False,
)

ACTION_GROUP_NAME = "Microsoft.Insights/actionGroups"

ACTION_GROUP_PROPERTIES = obj(
    groupShortName=string(required=True),
    enabled=boolean(),
    emailReceivers=array(anything()),
    smsReceivers=array(anything()),
    webhookReceivers=array(anything()),
    armRoleReceivers=array(anything()),
    azureAppPushReceivers=array(anything()),
    itsmReceivers=array(anything()),
    automationRunbookReceivers=array(anything()),
    voiceReceivers=array(anything()),
    logicAppReceivers=array(anything()),
    azureFunctionReceivers=array(anything()),
    eventHubReceivers=array(anything()),
)

ACTION_GROUP_TYPE = plain(ACTION_GROUP_NAME, API_VERSIONS, ACTION_GROUP_PROPERTIES, lacks="nobody is told")

ACTIVITY_ALERT_NAME = "Microsoft.Insights/activityLogAlerts"

ACTIVITY_ALERT_PROPERTIES = obj(
    scopes=array(string(), required=True),
    condition=anything(required=True),
    actions=anything(),
    enabled=boolean(),
    description=string(),
)

ACTIVITY_ALERT_TYPE = plain(ACTIVITY_ALERT_NAME, API_VERSIONS, ACTIVITY_ALERT_PROPERTIES, lacks="nobody is told")

METRIC_ALERT_NAME = "Microsoft.Insights/metricAlerts"

METRIC_ALERT_PROPERTIES = obj(
    description=string(),
    severity=integer(0, 4, required=True),
    enabled=boolean(required=True),
    scopes=array(string(), required=True),
    evaluationFrequency=string(required=True),
    windowSize=string(),
    criteria=anything(required=True),
    autoMitigate=boolean(),
    actions=array(anything()),
    targetResourceType=string(),
    targetResourceRegion=string(),
    lastUpdatedTime=string(read_only=True),
)

METRIC_ALERT_TYPE = plain(METRIC_ALERT_NAME, API_VERSIONS, METRIC_ALERT_PROPERTIES, lacks="nobody is told")

AUTOSCALE_NAME = "Microsoft.Insights/autoscaleSettings"

AUTOSCALE_PROPERTIES = obj(
    profiles=array(anything(), required=True),
    notifications=array(anything()),
    enabled=boolean(),
    name=string(),
    targetResourceUri=string(),
    targetResourceLocation=string(),
    predictiveAutoscalePolicy=anything(),
)

AUTOSCALE_TYPE = plain(AUTOSCALE_NAME, API_VERSIONS, AUTOSCALE_PROPERTIES, lacks="nothing is scaled")

COLLECTION_RULE_NAME = "Microsoft.Insights/dataCollectionRules"

COLLECTION_RULE_PROPERTIES = obj(
    description=string(),
    dataCollectionEndpointId=string(),
    streamDeclarations=anything(),
    dataSources=anything(),
    destinations=anything(),
    dataFlows=array(anything()),
    agentSettings=anything(),
    references=anything(),
    immutableId=string(read_only=True),
    provisioningState=string(read_only=True),
)

COLLECTION_RULE_TYPE = plain(COLLECTION_RULE_NAME, API_VERSIONS, COLLECTION_RULE_PROPERTIES, lacks="nothing is collected")

COLLECTION_ENDPOINT_NAME = "Microsoft.Insights/dataCollectionEndpoints"

COLLECTION_ENDPOINT_PROPERTIES = obj(
    description=string(),
    immutableId=string(),
    configurationAccess=anything(),
    logsIngestion=anything(),
    metricsIngestion=anything(),
    networkAcls=anything(),
    provisioningState=string(read_only=True),
)

COLLECTION_ENDPOINT_TYPE = plain(
    COLLECTION_ENDPOINT_NAME, API_VERSIONS, COLLECTION_ENDPOINT_PROPERTIES, lacks="nothing is collected"
)

COLLECTION_ASSOCIATION_NAME = "Microsoft.Insights/dataCollectionRuleAssociations"

COLLECTION_ASSOCIATION_PROPERTIES = obj(
    description=string(),
    dataCollectionRuleId=string(),
    dataCollectionEndpointId=string(),
    provisioningState=string(read_only=True),
)

COLLECTION_ASSOCIATION_TYPE = plain(
    COLLECTION_ASSOCIATION_NAME,
    API_VERSIONS,
    COLLECTION_ASSOCIATION_PROPERTIES,
    lacks="nothing is collected",
    scopes=("resource",),
    location="none",
    listed=False,
)

WORKBOOK_NAME = "Microsoft.Insights/workbooks"

WORKBOOK_PROPERTIES = obj(
    name=string(required=True),
    serializedData=string(required=True),
    version=string(),
    workbookId=string(required=True),
    kind=string("user", "shared", required=True),
    timeModified=string(read_only=True),
    category=string(required=True),
    tags=array(string()),
    userId=string(required=True),
    sourceResourceId=string(),
)

WORKBOOK_TYPE = plain(WORKBOOK_NAME, API_VERSIONS, WORKBOOK_PROPERTIES, lacks="no page is drawn")

TYPES = (
    DIAGNOSTIC_TYPE,
    ACTION_GROUP_TYPE,
    ACTIVITY_ALERT_TYPE,
    METRIC_ALERT_TYPE,
    AUTOSCALE_TYPE,
    COLLECTION_RULE_TYPE,
    COLLECTION_ENDPOINT_TYPE,
    COLLECTION_ASSOCIATION_TYPE,
    WORKBOOK_TYPE,
)
"""The types of this module."""
