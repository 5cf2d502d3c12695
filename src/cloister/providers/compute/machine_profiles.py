"""What the bodies of machines and of scale sets have in common: the profiles of their system and of their disks.

Source: learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update, .../virtual-machine-scale-sets/create-or-update
"""

from __future__ import annotations

from cloister.arm.schema import Field, Object, anything, array, boolean, integer, obj, string

_CACHING = ("None", "ReadOnly", "ReadWrite")
_SOURCES = ("FromImage", "Empty", "Attach", "Copy", "Restore")


def os_profile() -> Object:
    """``osProfile``."""
    return obj(
        computerName=string(),
        computerNamePrefix=string(),
        adminUsername=string(create_only=True),
        adminPassword=string(secret=True),
        customData=string(secret=True),
        windowsConfiguration=anything(),
        linuxConfiguration=anything(),
        secrets=array(anything()),
        allowExtensionOperations=boolean(),
        requireGuestProvisionSignal=boolean(),
    )


def storage_profile(managed: Field) -> Object:
    """``storageProfile``; ``managed`` is what stands in ``managedDisk``."""
    return obj(
        imageReference=anything(),
        osDisk=obj(
            osType=string("Windows", "Linux"),
            name=string(),
            vhd=anything(),
            image=anything(),
            caching=string(*_CACHING),
            createOption=string(*_SOURCES),
            diskSizeGB=integer(0),
            managedDisk=managed,
            writeAcceleratorEnabled=boolean(),
            diffDiskSettings=anything(),
            encryptionSettings=anything(),
            deleteOption=string("Delete", "Detach"),
        ),
        dataDisks=array(
            obj(
                lun=integer(0, 63, required=True),
                name=string(),
                vhd=anything(),
                image=anything(),
                caching=string(*_CACHING),
                createOption=string(*_SOURCES, required=True),
                diskSizeGB=integer(0),
                managedDisk=managed,
                writeAcceleratorEnabled=boolean(),
                toBeDetached=boolean(),
                detachOption=string("ForceDetach"),
                deleteOption=string("Delete", "Detach"),
            )
        ),
        diskControllerType=string("SCSI", "NVMe"),
    )
