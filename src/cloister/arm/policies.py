"""Azure's built-in policies on private link and public access, with their real guids.

The rules say in Policy's language what each of them is about; their wording is this project's. Source of guids, titles and
effects: learn.microsoft.com/azure/governance/policy/samples/built-in-policies (read 2026-11).
"""

from __future__ import annotations

from typing import Any

import msgspec

from cloister.arm.ids import key

DEFINITIONS = "Microsoft.Authorization/policyDefinitions"
AUDIT, DENY, DISABLED, IF_NOT_EXISTS = "Audit", "Deny", "Disabled", "AuditIfNotExists"


class BuiltIn(msgspec.Struct, frozen=True, kw_only=True):
    """One policy. ``effects`` may be chosen by ``parameter``; the first is the default."""

    name: str
    title: str
    category: str
    condition: dict[str, Any]
    effects: tuple[str, ...] = (AUDIT, DENY, DISABLED)
    parameter: str = "effect"

    def properties(self) -> dict[str, Any]:
        """As GET shows it."""
        choice = {"type": "String", "allowedValues": list(self.effects), "defaultValue": self.effects[0]}
        return {
            "displayName": self.title,
            "policyType": "BuiltIn",
            "mode": "Indexed",
            "description": self.title + ".",
            "metadata": {"category": self.category},
            "parameters": {self.parameter: {**choice, "metadata": {"displayName": "Effect"}}},
            "policyRule": {"if": self.condition, "then": {"effect": f"[parameters('{self.parameter}')]"}},
        }


def _open(kind: str) -> dict[str, Any]:
    """Public access is not disabled."""
    return {"allOf": [{"field": "type", "equals": kind}, {"field": f"{kind}/publicNetworkAccess", "notEquals": "Disabled"}]}


def _unlinked(kind: str) -> dict[str, Any]:
    """No private endpoint connection is approved."""
    array = f"{kind}/privateEndpointConnections[*]"
    where = {"field": f"{array}.privateLinkServiceConnectionState.status", "equals": "Approved"}
    return {"allOf": [{"field": "type", "equals": kind}, {"count": {"field": array, "where": where}, "less": 1}]}


_ML, _STORAGE = "Microsoft.MachineLearningServices/workspaces", "Microsoft.Storage/storageAccounts"
_VAULT, _REGISTRY = "Microsoft.KeyVault/vaults", "Microsoft.ContainerRegistry/registries"

BUILT_IN: tuple[BuiltIn, ...] = (
    BuiltIn(
        name="438c38d2-3772-465a-a9cc-7a6666a275ce",
        title="Azure Machine Learning Workspaces should disable public network access",
        category="Machine Learning",
        condition=_open(_ML),
    ),
    BuiltIn(
        name="45e05259-1eb5-4f70-9574-baf73e9d219b",
        title="Azure Machine Learning workspaces should use private link",
        category="Machine Learning",
        condition=_unlinked(_ML),
        effects=(AUDIT, DISABLED),
    ),
    BuiltIn(
        name="b2982f36-99f2-4db5-8eff-283140c09693",
        title="Storage accounts should disable public network access",
        category="Storage",
        condition=_open(_STORAGE),
    ),
    BuiltIn(
        name="6edd7eda-6dd8-40f7-810d-67160c639cd9",
        title="Storage accounts should use private link",
        category="Storage",
        condition=_unlinked(_STORAGE),
        effects=(IF_NOT_EXISTS, DISABLED),
    ),
    BuiltIn(
        name="405c5871-3e91-4644-8a63-58e19d68ff5b",
        title="Azure Key Vault should disable public network access",
        category="Key Vault",
        condition=_open(_VAULT),
    ),
    BuiltIn(
        name="a6abeaec-4d90-4a02-805f-6b26c4d3fbe9",
        title="Azure Key Vaults should use private link",
        category="Key Vault",
        condition=_unlinked(_VAULT),
        parameter="audit_effect",
    ),
    BuiltIn(
        name="0fdf0491-d080-4575-b627-ad0e843cba0f",
        title="Public network access should be disabled for Container registries",
        category="Container Registry",
        condition=_open(_REGISTRY),
    ),
    BuiltIn(
        name="e8eef0a8-67cf-4eb4-9386-14b0e78733d4",
        title="Container registries should use private link",
        category="Container Registry",
        condition=_unlinked(_REGISTRY),
        effects=(AUDIT, DISABLED),
    ),
)
_BY_NAME = {policy.name: policy for policy in BUILT_IN}


def built_in(definition_id: str) -> BuiltIn | None:
    """The built-in policy that an id names; built-in ones stand at no scope."""
    place = key(definition_id)
    return _BY_NAME.get(place.rsplit("/", 1)[-1]) if place.startswith(f"/providers/{DEFINITIONS}/".lower()) else None
