"""What stands in a managed cluster: agent pools, maintenance windows. Stored: no node is started.

Source: bicep types microsoft.containerservice 2025-05-01
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, id_of, integer, obj, string
from cloister.providers.containerservice.versions import API_VERSIONS
from cloister.providers.plain import plain

POOL_NAME = "Microsoft.ContainerService/managedClusters/agentPools"

POOL_PROPERTIES = obj(
    eTag=string(read_only=True),
    count=integer(),
    vmSize=string(),
    osDiskSizeGB=integer(0, 2048),
    osDiskType=string("Managed", "Ephemeral"),
    kubeletDiskType=string("OS", "Temporary"),
    workloadRuntime=string("OCIContainer", "WasmWasi"),
    messageOfTheDay=string(),
    vnetSubnetID=id_of("Microsoft.Network/virtualNetworks/subnets"),
    podSubnetID=id_of("Microsoft.Network/virtualNetworks/subnets"),
    podIPAllocationMode=string("DynamicIndividual", "StaticBlock"),
    maxPods=integer(),
    osType=string("Linux", "Windows"),
    osSKU=string("Ubuntu", "AzureLinux", "CBLMariner", "Windows2019", "Windows2022", "Ubuntu2204"),
    maxCount=integer(),
    minCount=integer(),
    enableAutoScaling=boolean(),
    scaleDownMode=string("Delete", "Deallocate"),
    type=string("VirtualMachineScaleSets", "AvailabilitySet", "VirtualMachines"),
    mode=string("System", "User", "Gateway"),
    orchestratorVersion=string(),
    currentOrchestratorVersion=string(read_only=True),
    nodeImageVersion=string(read_only=True),
    upgradeSettings=obj(
        maxSurge=string(),
        maxUnavailable=string(),
        drainTimeoutInMinutes=integer(1, 1440),
        nodeSoakDurationInMinutes=integer(0, 30),
        undrainableNodeBehavior=string("Cordon", "Schedule"),
    ),
    provisioningState=string(read_only=True),
    powerState=obj(code=string("Running", "Stopped")),
    availabilityZones=array(string()),
    enableNodePublicIP=boolean(),
    nodePublicIPPrefixID=string(),
    scaleSetPriority=string("Spot", "Regular"),
    scaleSetEvictionPolicy=string("Delete", "Deallocate"),
    spotMaxPrice=integer(),
    tags=anything(),
    nodeLabels=anything(),
    nodeTaints=array(string()),
    proximityPlacementGroupID=string(),
    kubeletConfig=obj(
        cpuManagerPolicy=string(),
        cpuCfsQuota=boolean(),
        cpuCfsQuotaPeriod=string(),
        imageGcHighThreshold=integer(),
        imageGcLowThreshold=integer(),
        topologyManagerPolicy=string(),
        allowedUnsafeSysctls=array(string()),
        failSwapOn=boolean(),
        containerLogMaxSizeMB=integer(),
        containerLogMaxFiles=integer(2),
        podMaxPids=integer(),
    ),
    linuxOSConfig=obj(
        sysctls=anything(), transparentHugePageEnabled=string(), transparentHugePageDefrag=string(), swapFileSizeMB=integer()
    ),
    enableEncryptionAtHost=boolean(),
    enableUltraSSD=boolean(),
    enableFIPS=boolean(),
    gpuInstanceProfile=string("MIG1g", "MIG2g", "MIG3g", "MIG4g", "MIG7g"),
    creationData=obj(sourceResourceId=string()),
    capacityReservationGroupID=string(),
    hostGroupID=string(),
    networkProfile=obj(
        nodePublicIPTags=array(anything()), allowedHostPorts=array(anything()), applicationSecurityGroups=array(string())
    ),
    windowsProfile=obj(disableOutboundNat=boolean()),
    securityProfile=obj(enableVTPM=boolean(), enableSecureBoot=boolean()),
    gpuProfile=obj(driver=string("Install", "None")),
    gatewayProfile=obj(publicIPPrefixSize=integer(28, 31)),
    virtualMachinesProfile=obj(scale=anything()),
    virtualMachineNodesStatus=array(obj(size=string(), count=integer())),
    status=obj(provisioningError=anything(read_only=True)),
)

POOL_TYPE = plain(POOL_NAME, API_VERSIONS, POOL_PROPERTIES, lacks="no node is started", location="none", delete_status=202)

MAINTENANCE_NAME = "Microsoft.ContainerService/managedClusters/maintenanceConfigurations"

MAINTENANCE_PROPERTIES = obj(
    timeInWeek=array(
        obj(
            day=string("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
            hourSlots=array(integer(0, 23)),
        )
    ),
    notAllowedTime=array(obj(start=string(), end=string())),
    maintenanceWindow=obj(
        schedule=anything(required=True),
        durationHours=integer(4, 24, required=True),
        utcOffset=string(),
        startDate=string(),
        startTime=string(required=True),
        notAllowedDates=array(anything()),
    ),
)

MAINTENANCE_TYPE = plain(
    MAINTENANCE_NAME, API_VERSIONS, MAINTENANCE_PROPERTIES, lacks="no node is started", location="none", put_status=(200, 200)
)

TYPES = (
    POOL_TYPE,
    MAINTENANCE_TYPE,
)
"""The types of this module."""
