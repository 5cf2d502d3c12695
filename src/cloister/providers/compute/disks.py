"""Microsoft.Compute/disks: managed disks. Stored: no bytes are kept.

Source: learn.microsoft.com/rest/api/compute/disks/create-or-update
"""

from __future__ import annotations

from cloister.arm.schema import anything, boolean, integer, obj, string
from cloister.providers.plain import plain

API_VERSIONS = (
    "2024-03-02",
    "2023-10-02",
    "2023-04-02",
    "2023-01-02",
    "2022-07-02",
    "2022-03-02",
    "2021-12-01",
    "2020-12-01",
    "2020-09-30",
    "2019-07-01",
    "2018-06-01",
    "2017-03-30",
)

NAME = "Microsoft.Compute/disks"

PROPERTIES = obj(
    creationData=obj(
        createOption=string(
            "Empty",
            "Attach",
            "FromImage",
            "Import",
            "Copy",
            "Restore",
            "Upload",
            "CopyStart",
            "ImportSecure",
            "UploadPreparedSecure",
            "CopyFromSanSnapshot",
            required=True,
        ),
        sourceResourceId=string(),
        sourceUri=string(),
        storageAccountId=string(),
        imageReference=anything(),
        required=True,
        create_only=True,
    ),
    diskSizeGB=integer(0),
    osType=string("Windows", "Linux"),
    hyperVGeneration=string("V1", "V2"),
    encryption=anything(),
    networkAccessPolicy=string("AllowAll", "AllowPrivate", "DenyAll"),
    publicNetworkAccess=string("Enabled", "Disabled"),
    diskAccessId=string(),
    maxShares=integer(),
    tier=string(),
    burstingEnabled=boolean(),
    diskState=string(read_only=True),
    uniqueId=string(read_only=True),
    timeCreated=string(read_only=True),
    provisioningState=string(read_only=True),
)

TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="no bytes are kept", used_by=("Microsoft.Compute/virtualMachines",))
