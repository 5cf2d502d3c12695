"""Pieces of templates that several tests use."""

from __future__ import annotations

from tests.template.template_cloud import GROUP

ZONES = "Microsoft.Network/privateDnsZones"
DEPLOYMENTS = f"{GROUP}/providers/Microsoft.Resources/deployments"


def zone(name, **more):
    return {"type": ZONES, "apiVersion": "2020-06-01", "name": name, "location": "global", "properties": {}, **more}


def storage(name, **more):
    return {
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2023-01-01",
        "name": name,
        "location": "[resourceGroup().location]",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "properties": {},
        **more,
    }


def zone_id(name, group=GROUP):
    return f"{group}/providers/{ZONES}/{name}"
