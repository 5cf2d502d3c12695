"""Cloister.Fabric: this cloud's own types, which Azure does not have. Reserved: no Azure client meets them."""

from __future__ import annotations

from cloister.providers.fabric import machines

TYPES = (machines.TYPE,)
"""Every type of this folder."""
