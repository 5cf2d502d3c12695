"""Policy's language, word by word, and the built-in rules."""

from __future__ import annotations

import pytest

from cloister.arm.policies import BUILT_IN, built_in
from cloister.arm.policy import filled, fits, unknown_words, values_of

KIND = "Microsoft.Storage/storageAccounts"


def connection(status):
    return {"name": status, "type": "x/y", "properties": {"privateLinkServiceConnectionState": {"status": status}}}


ACCOUNT = {
    "type": KIND, "name": "one", "location": "eastus2", "tags": {"Env": "Prod"}, "sku": {"name": "Standard_LRS"},
    "properties": {
        "publicNetworkAccess": "Enabled", "supportsHttpsTrafficOnly": True, "age": 3,
        "networkAcls": {"ipRules": [{"value": "1.2.3.4"}, {"value": "1.2.3.5"}]},
        "privateEndpointConnections": [connection("Approved"), connection("Pending")],
    },
}  # fmt: skip
STATUS = f"{KIND}/privateEndpointConnections[*].privateLinkServiceConnectionState.status"


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ({"field": "type", "equals": KIND.upper()}, True),
        ({"field": f"{KIND}/publicNetworkAccess", "notEquals": "disabled"}, True),
        ({"field": f"{KIND}/none", "notEquals": "Disabled"}, True),
        ({"field": f"{KIND}/none", "exists": "false"}, True),
        ({"field": f"{KIND}/supportsHttpsTrafficOnly", "equals": "true"}, True),
        ({"field": f"{KIND}/sku.name", "like": "standard_*"}, True),
        ({"field": f"{KIND}/sku.name", "notLike": "Premium*"}, True),
        ({"field": "location", "in": ["westus", "EastUS2"]}, True),
        ({"field": "location", "notIn": ["westus"]}, True),
        ({"field": "tags['env']", "equals": "prod"}, True),
        ({"field": "tags.Env", "contains": "ro"}, True),
        ({"field": "tags", "containsKey": "ENV"}, True),
        ({"field": f"{KIND}/age", "greater": 2}, True),
        ({"field": f"{KIND}/age", "lessOrEquals": 2}, False),
        ({"field": f"{KIND}/networkAcls.ipRules[*].value", "like": "1.2.3.*"}, True),
        ({"field": f"{KIND}/networkAcls.ipRules[*].value", "equals": "1.2.3.4"}, False),  # all of them must
        ({"field": "Microsoft.KeyVault/vaults/publicNetworkAccess", "exists": True}, False),
        ({"value": "a", "equals": "A"}, True),
        ({"count": {"field": f"{KIND}/networkAcls.ipRules[*]"}, "equals": 2}, True),
        ({"count": {"field": STATUS.rsplit(".", 2)[0], "where": {"field": STATUS, "equals": "Approved"}}, "equals": 1}, True),
        ({"not": {"anyOf": [{"field": "name", "equals": "two"}, {"field": "kind", "exists": True}]}}, True),
        ({"allOf": [{"field": "name", "equals": "one"}, {"field": "name", "equals": "two"}]}, False),
    ],
)
def test_conditions(condition, wanted):
    assert list(unknown_words(condition)) == []
    assert fits(condition, ACCOUNT) is wanted


@pytest.mark.parametrize(
    "condition",
    [
        None, {}, {"field": "name"}, {"field": "name", "equals": "a", "like": "b"}, {"allOf": {"field": "name"}},
        {"field": "name", "matchInsensitively": "a"}, {"value": "[utcNow()]", "equals": "a"},
        {"value": "[concat(]", "equals": "a"}, {"value": "[toLower()]", "equals": "a"},
        {"source": "action", "equals": "a"}, {"count": {"value": [1]}, "equals": 1}, {"anyOf": [], "not": {}},
    ],
)  # fmt: skip
def test_what_is_not_known_is_told(condition):
    assert list(unknown_words(condition))


def test_parameters_and_values():
    rule = {"if": [{"field": "location", "in": "[parameters('Places')]"}], "then": "[ parameters('effect') ]"}
    assert filled(rule, {"places": ["a"], "effect": "Deny"}) == {"if": [{"field": "location", "in": ["a"]}], "then": "Deny"}
    assert values_of(ACCOUNT, STATUS) == ["Approved", "Pending"]


@pytest.mark.parametrize("policy", BUILT_IN, ids=lambda policy: policy.title)
def test_built_in_rules(policy):
    assert list(unknown_words(policy.condition)) == []
    assert built_in(f"/providers/Microsoft.Authorization/policyDefinitions/{policy.name.upper()}") is policy
    kind = policy.condition["allOf"][0]["equals"]
    bare = {"type": kind, "properties": {"publicNetworkAccess": "Enabled", "privateEndpointConnections": [connection("Pending")]}}
    good = {
        "type": kind,
        "properties": {"publicNetworkAccess": "Disabled", "privateEndpointConnections": [connection("Approved")]},
    }
    assert fits(policy.condition, bare) and not fits(policy.condition, good)
    assert not fits(policy.condition, {**bare, "type": "Microsoft.Network/virtualNetworks"})
