"""Microsoft.Compute/virtualMachineScaleSets: sets of machines of one model. No system is started.

Their machines are in ``scale_set_machines.py``.

Source: learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/create-or-update
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, boolean, integer, obj, ref, string
from cloister.providers.compute import scale_set_machines
from cloister.providers.compute.machine_profiles import os_profile, storage_profile
from cloister.providers.compute.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Compute/virtualMachineScaleSets"

PROPERTIES = obj(
    upgradePolicy=anything(),
    automaticRepairsPolicy=anything(),
    overprovision=boolean(),
    singlePlacementGroup=boolean(),
    zoneBalance=boolean(),
    platformFaultDomainCount=integer(),
    orchestrationMode=string("Uniform", "Flexible"),
    scaleInPolicy=anything(),
    doNotRunExtensionsOnOverprovisionedVMs=boolean(),
    additionalCapabilities=anything(),
    hostGroup=anything(),
    proximityPlacementGroup=ref("Microsoft.Compute/proximityPlacementGroups"),
    spotRestorePolicy=anything(),
    priorityMixPolicy=anything(),
    constrainedMaximumCapacity=boolean(),
    resiliencyPolicy=anything(),
    zonalPlatformFaultDomainAlignMode=string(),
    skuProfile=anything(),
    virtualMachineProfile=obj(
        osProfile=os_profile(),
        storageProfile=storage_profile(anything()),
        networkProfile=obj(
            healthProbe=anything(),
            networkApiVersion=string(),
            networkInterfaceConfigurations=array(
                obj(
                    name=string(required=True),
                    properties=obj(
                        primary=boolean(),
                        enableAcceleratedNetworking=boolean(),
                        enableIPForwarding=boolean(),
                        networkSecurityGroup=ref("Microsoft.Network/networkSecurityGroups"),
                        dnsSettings=anything(),
                        ipConfigurations=array(
                            obj(
                                name=string(required=True),
                                properties=obj(subnet=ref("Microsoft.Network/virtualNetworks/subnets"), primary=boolean()),
                            )
                        ),
                    ),
                )
            ),
        ),
        securityProfile=anything(),
        diagnosticsProfile=anything(),
        extensionProfile=obj(
            extensions=array(
                obj(
                    name=string(),
                    properties=obj(
                        publisher=string(), type=string(), settings=anything(), protectedSettings=anything(secret=True)
                    ),
                )
            ),
            extensionsTimeBudget=string(),
        ),
        licenseType=string(),
        priority=string("Regular", "Low", "Spot"),
        evictionPolicy=string("Deallocate", "Delete"),
        billingProfile=anything(),
        scheduledEventsProfile=anything(),
        userData=string(secret=True),
        capacityReservation=anything(),
        applicationProfile=anything(),
        hardwareProfile=anything(),
        serviceArtifactReference=anything(),
        securityPostureReference=anything(),
    ),
    uniqueId=string(read_only=True),
    timeCreated=string(read_only=True),
    provisioningState=string(read_only=True),
)

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no system is started; the machines of a Flexible set are not made, those of a Uniform one hold addresses and names",
    check=scale_set_machines.check,
    settle=scale_set_machines.settle,
    derive=scale_set_machines.derive,
    realize=scale_set_machines.realize,
)
