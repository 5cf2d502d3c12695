"""Microsoft.Compute/virtualMachines: machines with their interfaces and disks. No system is started.

A machine of ``cloister exec`` that runs on one's network interface is that machine, and may use its identities.
Source: learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Action, Call, Change, Outcome, Row, View, enforced
from cloister.arm.schema import anything, array, boolean, id_of, integer, obj, ref, string
from cloister.providers.compute.machine_profiles import os_profile, storage_profile
from cloister.providers.compute.versions import API_VERSIONS
from cloister.providers.plain import plain
from cloister.providers.privatedns import registration

NAME = "Microsoft.Compute/virtualMachines"

PROPERTIES = obj(
    hardwareProfile=obj(vmSize=string(), vmSizeProperties=anything()),
    scheduledEventsPolicy=anything(),
    storageProfile=storage_profile(
        obj(
            id=id_of("Microsoft.Compute/disks"),
            storageAccountType=string(),
            diskEncryptionSet=anything(),
            securityProfile=anything(),
        )
    ),
    additionalCapabilities=anything(),
    osProfile=os_profile(),
    networkProfile=obj(
        networkInterfaces=array(
            obj(
                id=id_of("Microsoft.Network/networkInterfaces", required=True),
                properties=obj(primary=boolean(), deleteOption=string("Delete", "Detach")),
            )
        ),
        networkApiVersion=string(),
        networkInterfaceConfigurations=array(anything()),
    ),
    securityProfile=anything(),
    diagnosticsProfile=obj(bootDiagnostics=obj(enabled=boolean(), storageUri=string())),
    availabilitySet=ref("Microsoft.Compute/availabilitySets", create_only=True),
    virtualMachineScaleSet=ref("Microsoft.Compute/virtualMachineScaleSets", create_only=True),
    proximityPlacementGroup=ref("Microsoft.Compute/proximityPlacementGroups"),
    priority=string("Regular", "Low", "Spot"),
    evictionPolicy=string("Deallocate", "Delete"),
    billingProfile=anything(),
    host=anything(),
    hostGroup=anything(),
    licenseType=string(),
    extensionsTimeBudget=string(),
    platformFaultDomain=integer(),
    userData=string(secret=True),
    capacityReservation=anything(),
    applicationProfile=anything(),
    instanceView=anything(read_only=True),
    vmId=string(read_only=True),
    timeCreated=string(read_only=True),
    provisioningState=string(read_only=True),
)


def settle(change: Change, view: View) -> Row:
    """Its id and its creation time, for life."""
    if "vm" in change.row.facts:
        return change.row
    return change.row.with_facts(vm=view.new_id(f"{change.row.id} vmId {view.now}"), created=view.now)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Its id and its creation time."""
    return {"vmId": row.facts["vm"], "timeCreated": row.facts["created"]}


def no_power(call: Call, view: View) -> Outcome:
    """Accepted and without effect: there is no system to start or stop."""
    return Outcome()


TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="",
    coverage=enforced("no system is started: what runs on its interface (exec --nic) is the machine, with its identities"),
    settle=settle,
    show=show,
    realize=registration.internal_of,
    wakes=registration.wakes,
    actions={name: Action(run=no_power) for name in ("start", "powerOff", "deallocate", "restart", "generalize", "redeploy")},
)

EXTENSION_NAME = "Microsoft.Compute/virtualMachines/extensions"

EXTENSION_PROPERTIES = obj(
    publisher=string(),
    type=string(),
    typeHandlerVersion=string(),
    autoUpgradeMinorVersion=boolean(),
    enableAutomaticUpgrade=boolean(),
    forceUpdateTag=string(),
    suppressFailures=boolean(),
    settings=anything(),
    protectedSettings=anything(secret=True),
    protectedSettingsFromKeyVault=anything(),
    provisionAfterExtensions=array(string()),
    instanceView=anything(read_only=True),
    provisioningState=string(read_only=True),
)


EXTENSION_TYPE = plain(EXTENSION_NAME, API_VERSIONS, EXTENSION_PROPERTIES, lacks="no extension is run", location="optional")

TYPES = (
    TYPE,
    EXTENSION_TYPE,
)
"""The types of this module."""
