"""Policy assignments as gates: what a Deny refuses, what an Audit notes, whom and where they concern."""

from __future__ import annotations

import pytest
from small_cloud import API, NET, RG, WS, S, SmallCloud, endpoint, run

from cloister.control.policy import AUDITED

ACCOUNT = f"{RG}/providers/Microsoft.Storage/storageAccounts/acct1"
BODY = {"location": "eastus2", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
NO_PUBLIC_STORAGE, LINKED_VAULTS = "b2982f36-99f2-4db5-8eff-283140c09693", "a6abeaec-4d90-4a02-805f-6b26c4d3fbe9"
NO_PUBLIC_ML, LINKED_ML = "438c38d2-3772-465a-a9cc-7a6666a275ce", "45e05259-1eb5-4f70-9574-baf73e9d219b"
CLOSED = {**BODY, "properties": {"publicNetworkAccess": "Disabled"}}


def assignment(name: str, effect: str = "", parameter: str = "effect", **more) -> dict:
    chosen = {"parameters": {parameter: {"value": effect}}} if effect else {}
    return {
        "properties": {"policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/{name}", **chosen, **more}
    }


def at(scope: str, name: str = "p1", kind: str = "policyAssignments") -> str:
    return f"{scope}/providers/Microsoft.Authorization/{kind}/{name}"


def audited(cloud: SmallCloud) -> list[str]:
    return [event.resource.rsplit("/", 1)[-1] for event in cloud.store.log if event.operation == AUDITED]


@pytest.mark.parametrize("scope", [S, RG])
def test_deny_refuses_what_does_not_comply_and_nothing_else(scope):
    async def story():
        cloud = await SmallCloud().start()
        await cloud.put(at(scope), assignment(NO_PUBLIC_STORAGE, "Deny", nonComplianceMessages=[{"message": "Close it."}]))
        refused = await cloud.ask("PUT", ACCOUNT, BODY)
        assert (refused.status, refused.code) == (403, "RequestDisallowedByPolicy")
        assert "'acct1' was disallowed by policy" in refused.message and "Close it." in refused.message
        assert NO_PUBLIC_STORAGE in refused.message and at(scope).lower() in refused.message.lower()
        assert (await cloud.ask("GET", ACCOUNT)).status == 404
        await cloud.put(ACCOUNT, CLOSED)
        opened = await cloud.ask("PATCH", ACCOUNT, {"properties": {"publicNetworkAccess": "Enabled"}})
        assert opened.code == "RequestDisallowedByPolicy"
        await cloud.network()
        gone = await cloud.ask("DELETE", at(scope))
        assert gone.status == 200 and gone.body["name"] == "p1"
        await cloud.put(ACCOUNT, BODY)

    run(story())


def test_audit_notes_and_lets_pass():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.put(at(S, "a"), assignment(NO_PUBLIC_STORAGE))  # Audit is its default
        await cloud.put(at(S, "b"), assignment(NO_PUBLIC_STORAGE, "Deny", enforcementMode="DoNotEnforce"))
        await cloud.put(at(S, "c"), assignment(NO_PUBLIC_STORAGE, "Disabled"))
        await cloud.put(ACCOUNT, BODY)
        assert audited(cloud) == ["acct1", "acct1"]
        await cloud.put(ACCOUNT, CLOSED)
        assert len(audited(cloud)) == 2

    run(story())


def test_exempted_scopes_and_other_types():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.put(at(S), assignment(NO_PUBLIC_STORAGE, "Deny", notScopes=[RG]))
        await cloud.put(at(RG, "v"), assignment(LINKED_VAULTS, "Deny", "audit_effect"))
        await cloud.put(ACCOUNT, BODY)
        await cloud.network()

    run(story())


def test_private_link_counts_approved_connections():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.network()
        await cloud.put(at(S), assignment(LINKED_ML))
        await cloud.workspace("ws1")
        assert audited(cloud) == ["ws1"]
        await cloud.put(f"{NET}/privateEndpoints/pe1", endpoint())
        await cloud.ask("PATCH", WS, {"tags": {"a": "b"}})
        assert audited(cloud) == ["ws1"]

    run(story())


def test_workspaces_by_either_property():
    async def story():
        cloud = await SmallCloud().start()
        await cloud.put(at(S), assignment(NO_PUBLIC_ML, "Deny"))
        refused = await cloud.ask("PUT", WS, {"location": "eastus2", "properties": {"publicNetworkAccess": "Enabled"}}, api=API)
        assert refused.code == "RequestDisallowedByPolicy"

    run(story())


def test_custom_policies_and_sets():
    async def story():
        cloud = await SmallCloud().start()
        rule = {"if": {"field": "location", "notIn": "[parameters('places')]"}, "then": {"effect": "deny"}}
        custom, group = at(S, "places", "policyDefinitions"), at(S, "all", "policySetDefinitions")
        await cloud.put(
            custom, {"properties": {"mode": "Indexed", "policyRule": rule, "parameters": {"places": {"type": "Array"}}}}
        )
        members = [{"policyDefinitionId": custom, "parameters": {"places": {"value": "[parameters('where')]"}}}]
        where = {"where": {"type": "Array", "defaultValue": ["westus"]}}
        await cloud.put(group, {"properties": {"policyDefinitions": members, "parameters": where}})
        await cloud.put(at(RG), {"properties": {"policyDefinitionId": group}})
        assert (await cloud.ask("PUT", ACCOUNT, CLOSED)).code == "RequestDisallowedByPolicy"
        parameters = {"where": {"value": ["westus", "eastus2"]}}
        await cloud.put(at(RG), {"properties": {"policyDefinitionId": group, "parameters": parameters}})
        await cloud.put(ACCOUNT, CLOSED)

    run(story())


def test_what_cannot_be_judged_is_not_taken():
    async def story():
        cloud = await SmallCloud().start()
        unknown = {"policyRule": {"if": {"field": "name", "matches": "x"}, "then": {"effect": "deny"}}}
        assert (await cloud.ask("PUT", at(S, "d", "policyDefinitions"), {"properties": unknown})).code == "InvalidPolicyRule"
        for then in ({}, {"effect": 5}, "deny"):
            body = {"properties": {"policyRule": {"if": {"field": "name", "equals": "x"}, "then": then}}}
            assert (await cloud.ask("PUT", at(S, "d", "policyDefinitions"), body)).code == "InvalidPolicyRule"
        assert (await cloud.ask("PUT", at(S), assignment(LINKED_ML, "Deny"))).code == "PolicyParameterValueNotAllowed"
        assert (await cloud.ask("PUT", at(S), assignment(LINKED_ML, "Audit", "e"))).code == "UndefinedPolicyParameter"
        missing = {"properties": {"policyDefinitionId": at(S, "none", "policyDefinitions")}}
        assert (await cloud.ask("PUT", at(S), missing)).code == "PolicyDefinitionNotFound"

    run(story())
