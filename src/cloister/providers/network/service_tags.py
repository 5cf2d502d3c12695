"""The service tags that rules and routes may name, and what is no tag.

Source: learn.microsoft.com/azure/virtual-network/service-tags-overview ("Available service tags").
"""

from __future__ import annotations

from cloister.net.plan import REGIONS

TAGS = frozenset(
    tag.lower()
    for tag in (
        "ActionGroup", "ApiManagement", "ApplicationInsightsAvailability", "AppConfiguration", "AppService",
        "AppServiceManagement", "AutonomousDevelopmentPlatform", "AzureActiveDirectory", "AzureActiveDirectoryDomainServices",
        "AzureAdvancedThreatProtection", "AzureArcInfrastructure", "AzureAttestation", "AzureBackup", "AzureBotService",
        "AzureCloud", "AzureCognitiveSearch", "AzureConnectors", "AzureContainerAppsService", "AzureContainerRegistry",
        "AzureCosmosDB", "AzureDatabricks", "AzureDataExplorerManagement", "AzureDataLake", "AzureDeviceUpdate", "AzureDevOps",
        "AzureDevSpaces", "AzureDigitalTwins", "AzureEventGrid", "AzureFrontDoor.Frontend", "AzureFrontDoor.Backend",
        "AzureFrontDoor.FirstParty", "AzureFrontDoor.MicrosoftSecurity", "AzureHealthcareAPIs", "AzureInformationProtection",
        "AzureIoTHub", "AzureKeyVault", "AzureLoadBalancer", "AzureMachineLearning", "AzureMachineLearningInference",
        "AzureManagedGrafana", "AzureMonitor", "AzureOpenDatasets", "AzurePlatformDNS", "AzurePlatformIMDS", "AzurePlatformLKM",
        "AzureResourceManager", "AzureSecurityCenter", "AzureSentinel", "AzureSignalR", "AzureSiteRecovery", "AzureSphere",
        "AzureSpringCloud", "AzureStack", "AzureTrafficManager", "AzureUpdateDelivery", "AzureWebPubSub", "BatchNodeManagement",
        "ChaosStudio", "CognitiveServicesFrontend", "CognitiveServicesManagement", "DataFactory", "DataFactoryManagement",
        "Dynamics365ForMarketingEmail", "EOPExternalPublishedIPs", "EventHub", "GatewayManager", "GenevaActions",
        "GuestAndHybridManagement", "HDInsight", "Internet", "KustoAnalytics", "LogicApps", "LogicAppsManagement",
        "M365ManagementActivityApi", "Marketplace", "MicrosoftAzureFluidRelay", "MicrosoftCloudAppSecurity",
        "MicrosoftContainerRegistry", "MicrosoftDefenderForEndpoint", "MicrosoftPurviewPolicyDistribution", "OneDsCollector",
        "PowerBI", "PowerPlatformInfra", "PowerPlatformPlex", "PowerQueryOnline", "Scuba", "SerialConsole", "ServiceBus",
        "ServiceFabric", "Sql", "SqlManagement", "Storage", "StorageMover", "StorageSyncService", "VideoIndexer",
        "VirtualDesktop", "VirtualNetwork", "WindowsAdminCenter", "WindowsVirtualDesktop",
    )
)  # fmt: skip
"""Tag names in lower case; most may end in ``.<region>``."""


def is_tag(text: str) -> bool:
    """Whether a text is a service tag, with or without a region."""
    lower = text.lower()
    if lower in TAGS:
        return True
    name, _, region = lower.rpartition(".")
    return name in TAGS and region in REGIONS
