"""Microsoft.Compute: machines, disks, keys. Stored: no system is started; the machines in networks are those of ``exec``."""

from __future__ import annotations

from cloister.providers.compute import (
    disks,
    placement,
    scale_set_machines,
    ssh_public_keys,
    virtual_machine_scale_sets,
    virtual_machines,
)

TYPES = (
    *virtual_machines.TYPES,
    *placement.TYPES,
    disks.TYPE,
    virtual_machine_scale_sets.TYPE,
    *scale_set_machines.TYPES,
    ssh_public_keys.TYPE,
)
"""Every type of this folder."""
