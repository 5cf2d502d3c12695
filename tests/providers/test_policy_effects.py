"""Append and Modify: what they add to a request, where they refuse it, and what they leave alone."""

from __future__ import annotations

from typing import Any

import pytest
from small_cloud import RG, S, SmallCloud, run

from cloister.arm.policy_effects import changed, operations, path_of, problems
from cloister.control.policy import AUDITED, CHANGED

KIND = "Microsoft.Storage/storageAccounts"
ACCOUNT = f"{RG}/providers/{KIND}/acct1"
BODY: dict[str, Any] = {"location": "eastus2", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
STORAGE = {"field": "type", "equals": KIND}
NAMED_TAG = "[concat('tags[', parameters('tagName'), ']')]"
GROUPS_TAG = "[resourceGroup().tags[parameters('tagName')]]"


def modify(*listed: dict[str, Any], **more: Any) -> dict[str, Any]:
    """``then`` of an effect Modify."""
    return {"effect": "modify", "details": {"roleDefinitionIds": [], "operations": list(listed), **more}}


async def assigned(name: str, then: dict[str, Any], when: Any = STORAGE, parameters: Any = None, **more: Any) -> SmallCloud:
    """A cloud with one policy at the subscription."""
    return await also(await SmallCloud().start(), name, then, when, parameters, **more)


async def also(cloud: SmallCloud, name: str, then: Any, when: Any = STORAGE, parameters: Any = None, **more: Any) -> SmallCloud:
    """One more policy."""
    definition = f"{S}/providers/Microsoft.Authorization/policyDefinitions/{name}"
    declared = {one: {"type": "String"} for one in parameters or {}}
    rule = {"mode": "Indexed", "parameters": declared, "policyRule": {"if": when, "then": then}}
    await cloud.put(definition, {"properties": rule})
    given = {one: {"value": value} for one, value in (parameters or {}).items()}
    assignment = {"policyDefinitionId": definition, "parameters": given, **more}
    await cloud.put(f"{S}/providers/Microsoft.Authorization/policyAssignments/{name}", {"properties": assignment})
    return cloud


def noted(cloud: SmallCloud) -> list[str]:
    return [event.operation for event in cloud.store.log if event.operation in (AUDITED, *CHANGED.values())]


def test_append_adds_a_tag_and_refuses_another_value():
    async def story():
        then = {"effect": "append", "details": [{"field": "tags['made']", "value": "here"}]}
        cloud = await assigned("p", then, {"field": "tags['made']", "notEquals": "here"})
        await cloud.put(ACCOUNT, {**BODY, "tags": {"a": "b"}})
        assert (await cloud.get(ACCOUNT))["tags"] == {"a": "b", "made": "here"}
        assert noted(cloud) == [CHANGED["append"]]
        refused = await cloud.ask("PUT", ACCOUNT, {**BODY, "tags": {"made": "elsewhere"}})
        assert (refused.status, refused.code) == (403, "RequestDisallowedByPolicy")
        assert (await cloud.get(ACCOUNT))["tags"] == {"a": "b", "made": "here"}

    run(story())


def test_modify_sets_and_removes_tags_also_of_a_patch():
    async def story():
        operations = (
            {"operation": "addOrReplace", "field": NAMED_TAG, "value": GROUPS_TAG},
            {"operation": "Remove", "field": "tags.old"},
            {"operation": "add", "field": "tags['kept']", "value": "new"},
        )
        when = {"allOf": [STORAGE, {"field": NAMED_TAG, "notEquals": GROUPS_TAG}, {"value": GROUPS_TAG, "notEquals": ""}]}
        cloud = await assigned("inherit", modify(*operations), when, {"tagName": "cost"})
        await cloud.put(ACCOUNT, {**BODY, "tags": {"cost": "2"}})  # the group has no such tag
        assert (await cloud.get(ACCOUNT))["tags"] == {"cost": "2"}
        await cloud.put(RG, {"location": "eastus2", "tags": {"cost": "1"}})
        await cloud.put(ACCOUNT, {**BODY, "tags": {"cost": "2", "old": "x", "kept": "mine"}})
        assert (await cloud.get(ACCOUNT))["tags"] == {"cost": "1", "kept": "mine"}
        changed = await cloud.ask("PATCH", ACCOUNT, {"tags": {"cost": "3", "old": "y", "kept": "mine"}})
        assert changed.status == 200
        assert (await cloud.get(ACCOUNT))["tags"] == {"cost": "1", "kept": "mine"}
        assert CHANGED["modify"] in noted(cloud)

    run(story())


def test_modify_sets_a_property():
    async def story():
        closed = {"operation": "addOrReplace", "field": f"{KIND}/publicNetworkAccess", "value": "Disabled"}
        cloud = await assigned(
            "close", modify(closed), {"allOf": [STORAGE, {"field": f"{KIND}/publicNetworkAccess", "notEquals": "Disabled"}]}
        )
        await cloud.put(ACCOUNT, BODY)
        assert (await cloud.get(ACCOUNT))["properties"]["publicNetworkAccess"] == "Disabled"
        await cloud.network()  # another type

    run(story())


@pytest.mark.parametrize(("conflict", "status"), [("deny", 403), ("audit", 200)])
def test_two_policies_that_want_different_values(conflict: str, status: int):
    async def story():
        cloud = await assigned("a", modify({"operation": "addOrReplace", "field": "tags['x']", "value": "1"}))
        other = modify({"operation": "addOrReplace", "field": "tags['x']", "value": "2"}, conflictEffect=conflict)
        await also(cloud, "b", other)
        assert (await cloud.ask("PUT", ACCOUNT, BODY)).status in (status, 202)
        if status != 403:
            assert (await cloud.get(ACCOUNT))["tags"] == {"x": "1"}

    run(story())


@pytest.mark.parametrize(
    ("then", "more"),
    [
        ({"effect": "disabled", "details": [{"field": "tags['x']", "value": "1"}]}, {}),
        ({"effect": "append", "details": [{"field": "tags['x']", "value": "1"}]}, {"enforcementMode": "DoNotEnforce"}),
        ({"effect": "append", "details": [{"field": "tags['x']", "value": "1"}]}, {"notScopes": [RG]}),
        ({"effect": "deployIfNotExists", "details": {"type": "Microsoft.Insights/components"}}, {}),
        ({"effect": "[parameters('e')]", "details": {"operations": [{"operation": "odd"}]}}, {"parameters": {"e": "modify"}}),
    ],
)
def test_what_changes_nothing(then: dict[str, Any], more: dict[str, Any]):
    async def story():
        parameters = more.pop("parameters", None)
        cloud = await assigned("p", then, STORAGE, parameters, **more)
        await cloud.put(ACCOUNT, BODY)
        assert "tags" not in await cloud.get(ACCOUNT)

    run(story())


@pytest.mark.parametrize(
    "then",
    [
        {"effect": "append"},
        {"effect": "append", "details": [{"value": "x"}]},
        modify(),
        modify({"operation": "double", "field": "tags['x']", "value": "1"}),
        modify({"operation": "add", "field": "tags['x']"}),
        modify({"operation": "remove", "field": f"{KIND}/publicNetworkAccess"}),
        modify({"operation": "add", "field": f"{KIND}/networkAcls.ipRules[*].value", "value": "1"}),
        modify({"operation": "add", "field": "tags['x']", "value": "1", "condition": {"source": "x"}}),
    ],
)
def test_details_that_are_refused(then: dict[str, Any]):
    async def story():
        cloud = await SmallCloud().start()
        body = {"properties": {"policyRule": {"if": STORAGE, "then": then}}}
        refused = await cloud.ask("PUT", f"{S}/providers/Microsoft.Authorization/policyDefinitions/p", body)
        assert (refused.status, refused.code) == (400, "InvalidPolicyRuleEffectDetails"), refused

    run(story())


def test_items_are_appended_to_arrays():
    rule = {"value": "198.18.0.9"}
    (one,) = operations("append", [{"field": f"{KIND}/networkAcls.ipRules[*]", "value": rule}])
    assert not list(problems("append", [{"field": one.field, "value": rule}]))
    assert path_of(one.field, KIND, ["networkAcls"]) == ["properties", "networkAcls", "ipRules"]
    body = changed(BODY, BODY, one, KIND, ["networkAcls"])
    assert body is not None and body["properties"]["networkAcls"]["ipRules"] == [rule]
    assert changed(body, body, one, KIND, ["networkAcls"]) is None
    assert path_of("Microsoft.KeyVault/vaults/x", KIND, []) == [] and path_of(f"{KIND}/sku.name", KIND, []) == ["sku", "name"]
