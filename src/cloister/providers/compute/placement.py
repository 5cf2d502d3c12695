"""Microsoft.Compute/availabilitySets and proximityPlacementGroups: which machines stand apart or together. Stored.

Source: learn.microsoft.com/rest/api/compute/availability-sets/create-or-update
"""

from __future__ import annotations

from cloister.arm.schema import anything, array, integer, obj, ref, string
from cloister.providers.compute.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.Compute/availabilitySets"

PROPERTIES = obj(
    platformFaultDomainCount=integer(1, 5),
    platformUpdateDomainCount=integer(1, 20),
    proximityPlacementGroup=ref("Microsoft.Compute/proximityPlacementGroups"),
    scheduledEventsPolicy=anything(),
    virtualMachines=array(anything(), read_only=True),
    statuses=array(anything(), read_only=True),
)

TYPE = plain(
    NAME,
    API_VERSIONS,
    PROPERTIES,
    lacks="no machine is placed by it",
    used_by=("Microsoft.Compute/virtualMachines",),
    put_status=(200, 200),
)

PROXIMITY_NAME = "Microsoft.Compute/proximityPlacementGroups"

PROXIMITY_PROPERTIES = obj(
    proximityPlacementGroupType=string("Standard", "Ultra"),
    intent=anything(),
    colocationStatus=anything(),
    virtualMachines=array(anything(), read_only=True),
    virtualMachineScaleSets=array(anything(), read_only=True),
    availabilitySets=array(anything(), read_only=True),
)

PROXIMITY_TYPE = plain(
    PROXIMITY_NAME,
    API_VERSIONS,
    PROXIMITY_PROPERTIES,
    lacks="no machine is placed by it",
    used_by=(
        "Microsoft.Compute/virtualMachines",
        "Microsoft.Compute/availabilitySets",
        "Microsoft.Compute/virtualMachineScaleSets",
    ),
)

TYPES = (
    TYPE,
    PROXIMITY_TYPE,
)
"""The types of this module."""
