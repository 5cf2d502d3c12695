"""Deployments as a client sees them: verbs, states, outputs, order, scopes."""

from __future__ import annotations

import asyncio
import json

import msgspec

from cloister.arm.ids import key
from tests.control.fake_cloud import Cloud
from tests.template.pieces import DEPLOYMENTS, storage, zone, zone_id
from tests.template.sdk_shapes import nested, template
from tests.template.template_cloud import GROUP, SUB, run


def test_states_outputs_and_verbs(tmp_path):
    async def work(cloud):
        made = template(
            storage("[parameters('name')]"),
            parameters={"name": {"type": "string"}, "secret": {"type": "securestring"}},
            variables={"id": "[resourceId('Microsoft.Storage/storageAccounts', parameters('name'))]"},
            outputs={
                "blob": {"type": "string", "value": "[reference(parameters('name')).primaryEndpoints.blob]"},
                "key": {"type": "string", "value": "[listKeys(parameters('name'), '2023-01-01').keys[0].keyName]"},
                "place": {
                    "type": "string",
                    "value": "[reference(variables('id'), '2023-01-01', 'Full').location]",
                },
                "secret": {"type": "securestring", "value": "[parameters('secret')]"},
            },
        )
        status, body, headers = await cloud.put(made, "first", {"name": "stout1", "secret": "hidden"}, tags={"by": "test"})
        assert status == 201 and body["properties"]["provisioningState"] == "Accepted"
        assert headers["retry-after"] == "1" and int(headers["retry-after-ms"]) > 0
        done = await cloud.follow(headers["azure-asyncoperation"], body["id"])
        shown = done["properties"]
        assert shown["provisioningState"] == "Succeeded", shown
        assert shown["outputs"]["blob"]["value"] == "https://stout1.blob.core.windows.net/"
        assert shown["outputs"]["key"] == {"type": "String", "value": "key1"}
        assert shown["outputs"]["place"]["value"] == "eastus2"
        assert shown["outputs"]["secret"] == {"type": "SecureString"}
        assert shown["parameters"]["secret"] == {"type": "SecureString"}
        assert shown["parameters"]["name"] == {"type": "String", "value": "stout1"}
        assert shown["outputResources"] == [{"id": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stout1"}]
        assert shown["mode"] == "Incremental" and shown["correlationId"] and shown["duration"].startswith("PT")
        assert done["tags"] == {"by": "test"}
        assert shown["providers"][0]["namespace"] == "Microsoft.Storage"
        assert "hidden" not in json.dumps(cloud.store.documents("deployment/"))

        assert (await cloud.call("HEAD", f"{DEPLOYMENTS}/first"))[0] == 204
        assert (await cloud.call("HEAD", f"{DEPLOYMENTS}/other"))[0] == 404
        assert (await cloud.ok("POST", f"{DEPLOYMENTS}/first/exportTemplate"))["template"] == made
        operation = (await cloud.operations(done["id"]))[0]
        assert (await cloud.ok("GET", operation["id"]))["operationId"] == operation["operationId"]
        assert operation["properties"]["statusCode"] in ("OK", "Created", "Accepted")
        status, body, _ = await cloud.put(made, "first", {"name": "stout1", "secret": "hidden"})
        assert status == 200
        await cloud.follow(f"https://management.azure.com{DEPLOYMENTS}/first/operationStatuses/x", body["id"])
        assert (await cloud.call("DELETE", f"{DEPLOYMENTS}/first"))[0] == 204
        assert (await cloud.call("DELETE", f"{DEPLOYMENTS}/first"))[0] == 204
        status, body, _ = await cloud.call("GET", f"{DEPLOYMENTS}/first")
        assert status == 404 and body["error"]["code"] == "DeploymentNotFound"
        assert cloud.store.documents("deployment/") == {}

    run(work, tmp_path)


def test_body_as_azure_cli_sends_it(tmp_path):
    text = """{"properties": {"parameters": {}, "mode": "Incremental", template:{
      // a comment of the template's author
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0", /* more */
      "resources": [ {"type": "Microsoft.Network/privateDnsZones", "apiVersion": "2020-06-01", "name": "a.example",
        "location": "global", "properties": {}, }, ],
    }}}"""

    async def work(cloud):
        status, body, headers = await cloud.call("PUT", f"{DEPLOYMENTS}/az", text.encode())
        assert status == 201, body
        done = await cloud.follow(headers["azure-asyncoperation"], body["id"])
        assert done["properties"]["provisioningState"] == "Succeeded"
        assert await cloud.ok("GET", zone_id("a.example"))

    run(work, tmp_path)


def test_asynchronous_resources(tmp_path):
    """A resource that comes to rest later holds up what waits for it; one that ends Failed fails the deployment."""

    async def work(cloud):
        slow, bad = key(zone_id("slow.example")), key(zone_id("bad.example"))
        cloud.loop.states[slow] = ("Updating", "")
        made = template(zone("slow.example"), zone("after.example", dependsOn=["slow.example"]))
        status, body, headers = await cloud.put(made)
        assert status == 201
        assert (await cloud.ok("GET", f"{body['id']}/operationStatuses/1"))["status"] == "Running"
        assert (await cloud.ok("GET", body["id"]))["properties"]["provisioningState"] == "Running"
        assert (await cloud.call("GET", zone_id("after.example")))[0] == 404
        states = [one["properties"]["provisioningState"] for one in await cloud.operations(body["id"])]
        assert states == ["Running"]
        status, answer, _ = await cloud.put(made)
        assert (status, answer["error"]["code"]) == (409, "DeploymentActive")
        assert (await cloud.call("DELETE", body["id"]))[0] == 409
        cloud.loop.states[slow] = ("Succeeded", "")
        done = await cloud.follow(headers["azure-asyncoperation"], body["id"])
        assert done["properties"]["provisioningState"] == "Succeeded"

        cloud.loop.states[bad] = ("Failed", "the fabric said no")
        done = await cloud.deploy(template(zone("bad.example")), "d2")
        detail = done["properties"]["error"]["details"][0]
        assert detail["code"] == "ResourceDeploymentFailure" and "the fabric said no" in json.dumps(detail)

    run(work, tmp_path)


def test_subscription_level(tmp_path):
    async def work(cloud):
        made = template(
            {
                "type": "Microsoft.Resources/resourceGroups",
                "apiVersion": "2021-04-01",
                "name": "g2",
                "location": "[deployment().location]",
            },
            {
                **nested(
                    "inner",
                    template(
                        storage("stinner"),
                        outputs={
                            "where": {"type": "string", "value": "[resourceGroup().location]"},
                            "id": {"type": "string", "value": "[resourceId('Microsoft.Storage/storageAccounts', 'stinner')]"},
                        },
                    ),
                    resourceGroup="g2",
                    dependsOn=["[resourceId('Microsoft.Resources/resourceGroups', 'g2')]"],
                ),
            },
            outputs={
                "where": {"type": "string", "value": "[reference('inner').outputs.where.value]"},
                "id": {"type": "string", "value": "[reference('inner').outputs.id.value]"},
            },
        )
        made["resources"][1]["properties"]["expressionEvaluationOptions"] = {"scope": "inner"}
        status, answer, _ = await cloud.put(made, scope=SUB)
        assert (status, answer["error"]["code"]) == (400, "InvalidDeployment")
        done = await cloud.deploy(made, scope=SUB, location="westus2")
        shown = done["properties"]
        assert shown["provisioningState"] == "Succeeded", shown.get("error")
        assert done["location"] == "westus2"
        assert shown["outputs"]["where"]["value"] == "westus2"
        assert shown["outputs"]["id"]["value"] == f"{SUB}/resourceGroups/g2/providers/Microsoft.Storage/storageAccounts/stinner"
        status, answer, _ = await cloud.put(made, scope=SUB, location="eastus2")
        assert (status, answer["error"]["code"]) == (409, "InvalidDeploymentLocation")
        assert [one["name"] for one in (await cloud.ok("GET", f"{SUB}/providers/Microsoft.Resources/deployments"))["value"]] == [
            "d1"
        ]
        inner = await cloud.ok("GET", f"{SUB}/resourceGroups/g2/providers/Microsoft.Resources/deployments/inner")
        assert inner["properties"]["provisioningState"] == "Succeeded"

    run(work, tmp_path)


def test_complete_mode(tmp_path):
    async def work(cloud):
        for name in ("keep.example", "drop.example", "nested.example"):
            await cloud.ok("PUT", zone_id(name), {"location": "global", "properties": {}})
        network = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v"
        await cloud.ok(
            "PUT",
            network,
            {
                "location": "eastus2",
                "properties": {
                    "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                    "subnets": [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}}],
                },
            },
        )
        link = f"{zone_id('drop.example')}/virtualNetworkLinks/l"
        await cloud.ok(
            "PUT", link, {"location": "global", "properties": {"registrationEnabled": False, "virtualNetwork": {"id": network}}}
        )
        made = template(
            zone("keep.example"),
            zone("new.example", condition=True),
            zone("off.example", condition=False),
            nested("n", template(zone("nested.example"))),
        )
        done = await cloud.deploy(made, mode="Complete")
        assert done["properties"]["provisioningState"] == "Succeeded", done["properties"].get("error")
        left = {one["name"] for one in (await cloud.ok("GET", f"{GROUP}/resources"))["value"]}
        assert left == {"keep.example", "new.example", "nested.example"}

    run(work, tmp_path)


def test_serial_loop_and_parallel_resources(tmp_path):
    """Order and overlap, seen at the engine: serial batches never overlap, the rest does."""

    async def work(cloud):
        under_way: set[str] = set()
        seen: list[frozenset[str]] = []
        original = cloud.engine.perform

        async def perform(method, id, **more):
            name = id.rsplit("/", 1)[-1]
            if method == "PUT":
                under_way.add(name)
                seen.append(frozenset(under_way))
                await asyncio.sleep(0.01)
            try:
                return await original(method, id, **more)
            finally:
                under_way.discard(name)

        cloud.engine.perform = perform
        serial = zone(
            "[format('s{0}.example', copyIndex())]", copy={"name": "loop", "count": 4, "mode": "serial", "batchSize": 2}
        )
        parallel = zone("[format('p{0}.example', copyIndex())]", copy={"name": "other", "count": 3})
        last = zone("last.example", dependsOn=["loop", "other"])
        done = await cloud.deploy(template(serial, parallel, last))
        assert done["properties"]["provisioningState"] == "Succeeded"
        pairs = {frozenset(name for name in moment if name.startswith("s")) for moment in seen}
        assert frozenset({"s0.example", "s1.example"}) in pairs and frozenset({"s2.example", "s3.example"}) in pairs
        assert not any(len(pair & {"s0.example", "s1.example"}) and len(pair & {"s2.example", "s3.example"}) for pair in pairs)
        assert any({"p0.example", "p1.example", "p2.example"} <= moment for moment in seen)
        assert seen[-1] == {"last.example"}

    run(work, tmp_path)


def test_references_by_an_id_without_its_scope(tmp_path):
    async def work(cloud):
        await cloud.deploy(template(storage("strelative")))
        value = "[reference('Microsoft.Storage/storageAccounts/strelative', '2023-01-01').primaryEndpoints.blob]"
        done = await cloud.deploy(template(outputs={"blob": {"type": "string", "value": value}}), "second")
        assert done["properties"]["outputs"]["blob"]["value"] == "https://strelative.blob.core.windows.net/"
        for name in ("strelative", "Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts/a/b"):
            value = f"[reference('{name}', '2023-01-01').x]"
            done = await cloud.deploy(template(outputs={"x": {"type": "string", "value": value}}), "third")
            assert "is not defined in the template" in json.dumps(done["properties"]["error"])

    run(work, tmp_path)


def test_groups_keep_their_place(tmp_path):
    async def work(cloud: Cloud):
        status, answer, _ = await cloud.call("PUT", GROUP, {"location": "westus"})
        assert (status, answer["error"]["code"]) == (409, "InvalidResourceGroupLocation")
        status, answer, _ = await cloud.call("PUT", f"{SUB}/resourceGroups/g3", {"location": "atlantis"})
        assert (status, answer["error"]["code"]) == (400, "LocationNotAvailableForResourceGroup")
        for name in ("ends.", "a b", "x" * 91):
            assert (await cloud.call("PUT", f"{SUB}/resourceGroups/{name}", {"location": "westus"}))[0] == 400, name
        assert (await cloud.ok("PATCH", GROUP, {"tags": {"a": "b"}}))["tags"] == {"a": "b"}
        second = "/subscriptions/44444444-4444-4444-4444-444444444444"
        assert (await cloud.call("PUT", second, {"properties": {"displayName": "Second"}}))[0] == 201
        await cloud.ok("PUT", f"{second}/resourceGroups/g1", {"location": "eastus"})
        names = [
            one["displayName"] for one in (await cloud.ok("GET", f"{second}/resourceGroups"))["value"] if "displayName" in one
        ]
        assert names == []

    run(work, tmp_path)


def test_row_round_trip():
    """What is kept of a caller can be read back."""
    from cloister.control.ports import Caller

    caller = Caller(principal="p", name="n", client_id="c", tenant="t")
    assert msgspec.convert(msgspec.to_builtins(caller), Caller) == caller
