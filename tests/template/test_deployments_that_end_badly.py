"""What refuses, fails, stops or restarts a deployment, and what is left then."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from cloister.arm.ids import key
from tests.template.pieces import DEPLOYMENTS, ZONES, storage, zone, zone_id
from tests.template.sdk_shapes import nested, template
from tests.template.template_cloud import GROUP, SUB, DeploymentCloud, run


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        (b"{", 400, "InvalidRequestContent", "could not be deserialized"),
        (b"", 400, "InvalidRequestContent", ""),
        (b"[]", 400, "InvalidRequestContent", "'properties'"),
        (b"\xff\xfe", 400, "InvalidRequestContent", "UTF-8"),
        (b'{"properties": {"mode": "Sometimes", "template": {}}}', 400, "InvalidRequestContent", "Sometimes"),
        (b'{"properties": {"mode": "Incremental"}}', 400, "InvalidDeployment", "template"),
        (b'{"properties": {"mode": "Incremental", "template": {}}}', 400, "InvalidTemplate", "$schema"),
        (b'{"properties": {"mode": "Incremental", "template": 7}}', 400, "InvalidRequestContent", "'template'"),
        (b'{"properties": {"templateLink": {"uri": "https://example.org/t.json"}}}', 400, "InvalidContentLink", "example.org"),
        (b"[" * 5000, 400, "InvalidRequestContent", "levels deep"),
        (b" " * (4 * 1024 * 1024 + 1), 413, "RequestEntityTooLarge", ""),
    ],
)
def test_bad_bodies(tmp_path, body, status, code, words):
    async def work(cloud):
        found, answer, _ = await cloud.call("PUT", f"{DEPLOYMENTS}/bad", body)
        assert (found, answer["error"]["code"]) == (status, code), answer
        assert words in answer["error"]["message"]
        assert (await cloud.ok("GET", DEPLOYMENTS))["value"] == []

    run(work, tmp_path)


@pytest.mark.parametrize(
    ("made", "code", "words"),
    [
        (template(zone("[nosuch('a')]")), "InvalidTemplate", "The template function 'nosuch' is not valid."),
        (
            template(zone("[if(false(), nosuch(), 'a.example')]")),
            "InvalidTemplate",
            "The template function 'nosuch' is not valid.",
        ),
        (template(zone("[concat('a']")), "InvalidTemplate", "Unable to parse language expression"),
        (template(zone("[parameters('x')]")), "InvalidTemplate", "The template parameter 'x' is not found"),
        (
            template(zone("a.example", tags={"t": "[variables('v')]"})),
            "InvalidTemplate",
            "Unable to process template language expressions",
        ),
        (
            template(zone("a.example"), parameters={"p": {"type": "string"}}),
            "InvalidTemplate",
            "The value for the template parameter 'p'",
        ),
        (
            template(zone("a.example", dependsOn=["b.example"]), zone("b.example", dependsOn=["a.example"])),
            "InvalidTemplate",
            "Circular dependency detected",
        ),
        (template(zone("a.example", dependsOn=["nothing"])), "InvalidTemplate", "'nothing' is not defined in the template"),
        (template(zone("a.example"), zone("A.example")), "InvalidTemplate", "defined multiple times"),
        (template({**zone("a"), "type": "Microsoft.Nothing/things"}), "InvalidTemplateDeployment", "tracking id"),
        (template({**zone("a"), "type": "Microsoft.Network/nothings"}), "InvalidTemplateDeployment", "tracking id"),
        (template(nested("n", template(zone("a.example")), resourceGroup="absent")), "InvalidTemplateDeployment", "tracking id"),
    ],
)
def test_bad_templates_change_nothing(tmp_path, made, code, words):
    async def work(cloud):
        status, answer, _ = await cloud.put(made)
        assert (status, answer["error"]["code"]) == (400, code), answer
        assert words in answer["error"]["message"], answer
        status, answer, _ = await cloud.call(
            "POST", f"{DEPLOYMENTS}/d1/validate", {"properties": {"mode": "Incremental", "template": made}}
        )
        assert (status, answer["error"]["code"]) == (400, code)
        assert (await cloud.ok("GET", DEPLOYMENTS))["value"] == []
        assert (await cloud.ok("GET", f"{GROUP}/resources"))["value"] == []

    run(work, tmp_path)


def test_failure_half_way_then_again(tmp_path):
    """One resource is refused; what does not wait for it is made; the error nests; a second run mends it."""

    async def work(cloud):
        link = {
            "type": f"{ZONES}/virtualNetworkLinks",
            "apiVersion": "2020-06-01",
            "name": "a.example/link",
            "location": "global",
            "dependsOn": ["a.example"],
            "properties": {
                "registrationEnabled": False,
                "virtualNetwork": {"id": f"{GROUP}/providers/Microsoft.Network/virtualNetworks/absent"},
            },
        }
        made = template(zone("a.example"), link, zone("c.example", dependsOn=["a.example/link"]), zone("d.example"))
        done = await cloud.deploy(made)
        shown = done["properties"]
        assert shown["provisioningState"] == "Failed"
        error = shown["error"]
        assert error["code"] == "DeploymentFailed" and error["target"] == done["id"]
        assert "At least one resource deployment operation failed" in error["message"]
        assert len(error["details"]) == 1 and "absent" in json.dumps(error["details"])
        states = {
            one["properties"]["targetResource"]["resourceName"]: one["properties"] for one in await cloud.operations(done["id"])
        }
        assert set(states) == {"a.example", "a.example/link", "d.example"}
        assert states["a.example/link"]["provisioningState"] == "Failed"
        assert states["a.example/link"]["statusMessage"]["error"]["code"] == error["details"][0]["code"]
        status = await cloud.ok("GET", f"{done['id']}/operationStatuses/any")
        assert status["status"] == "Failed" and status["error"]["code"] == "DeploymentFailed"
        assert (await cloud.call("GET", zone_id("c.example")))[0] == 404

        await cloud.ok(
            "PUT",
            f"{GROUP}/providers/Microsoft.Network/virtualNetworks/absent",
            {"location": "eastus2", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}},
        )
        done = await cloud.deploy(made)
        assert done["properties"]["provisioningState"] == "Succeeded", done["properties"].get("error")
        assert "error" not in done["properties"]
        assert (await cloud.call("GET", zone_id("c.example")))[0] == 200

    run(work, tmp_path)


def test_cancel(tmp_path):
    async def work(cloud):
        cloud.loop.states[key(zone_id("slow.example"))] = ("Updating", "")
        inner = nested("inner", template(zone("slow.example"), zone("b.example", dependsOn=["slow.example"])))
        _, body, headers = await cloud.put(template(inner, zone("c.example", dependsOn=["inner"])))
        await cloud.ok("GET", f"{body['id']}/operationStatuses/1")
        assert (await cloud.call("POST", f"{body['id']}/cancel"))[0] == 204
        cloud.loop.states.clear()
        done = await cloud.follow(headers["azure-asyncoperation"], body["id"])
        assert done["properties"]["provisioningState"] == "Canceled"
        assert (await cloud.ok("GET", f"{DEPLOYMENTS}/inner"))["properties"]["provisioningState"] == "Canceled"
        for name in ("b.example", "c.example"):
            assert (await cloud.call("GET", zone_id(name)))[0] == 404
        status, answer, _ = await cloud.call("POST", f"{body['id']}/cancel")
        assert (status, answer["error"]["code"]) == (409, "DeploymentCannotBeCancelled")

    run(work, tmp_path)


def _holding(folder: Path, text: bytes) -> list[str]:
    """The files that have this text: the store, its log and what else lies there."""
    return [file.name for file in folder.rglob("*") if file.is_file() and text in file.read_bytes()]


def test_restart_in_the_middle(tmp_path):
    """What was answered 201 goes on after control is killed; names made by newGuid and utcNow stay the same."""

    async def work():
        first = await DeploymentCloud(tmp_path).start()
        await first.group()
        first.loop.states[key(zone_id("slow.example"))] = ("Updating", "")
        made = template(
            zone("slow.example"),
            zone("[concat(parameters('id'), '.example')]", dependsOn=["slow.example"], tags={"secret": "[parameters('s')]"}),
            parameters={
                "id": {"type": "string", "defaultValue": "[newGuid()]"},
                "now": {"type": "string", "defaultValue": "[utcNow()]"},
                "s": {"type": "securestring"},
            },
            outputs={
                "id": {"type": "string", "value": "[parameters('id')]"},
                "now": {"type": "string", "value": "[parameters('now')]"},
            },
        )
        _, body, _ = await first.put(made, parameters={"s": "not-in-the-clear"})
        before = (await first.ok("GET", body["id"]))["properties"]["parameters"]
        async with asyncio.timeout(5):
            while (await first.call("GET", zone_id("slow.example")))[0] != 200:
                await asyncio.sleep(0)
        assert not _holding(tmp_path, b"not-in-the-clear"), "not while it runs"
        # Killed: nothing more is written by the first one.
        await first.deployments.stop()
        await first.engine.stop()
        first.store.close()

        second = await DeploymentCloud(tmp_path).start()
        second.loop.states[key(zone_id("slow.example"))] = ("Updating", "")
        assert (await second.ok("GET", body["id"]))["properties"]["provisioningState"] == "Running"
        await second.deployments.resume()
        status, again, _ = await second.put(made, parameters={"s": "not-in-the-clear"})
        assert (status, again["id"]) == (200, body["id"]), "a request whose answer was lost may come again"
        status, refused, _ = await second.put(made, parameters={"s": "other"})
        assert (status, refused["error"]["code"]) == (409, "DeploymentActive")
        second.loop.states.clear()
        done = await second.follow(f"https://management.azure.com{body['id']}/operationStatuses/1", body["id"])
        assert done["properties"]["provisioningState"] == "Succeeded", done
        assert done["properties"]["outputs"]["id"]["value"] == before["id"]["value"]
        assert done["properties"]["outputs"]["now"]["value"] == before["now"]["value"]
        made_zone = await second.ok("GET", zone_id(f"{before['id']['value']}.example"))
        assert made_zone["tags"]["secret"] == "not-in-the-clear"
        assert "not-in-the-clear" not in json.dumps(second.store.documents("deployment/"))
        assert not _holding(tmp_path, b"not-in-the-clear"), "nor afterwards"
        await second.close()
        assert not _holding(tmp_path, b"not-in-the-clear")

    asyncio.run(work())


def test_restarts_are_bounded(tmp_path):
    async def work(cloud):
        done = await cloud.deploy(template(zone("a.example")))
        row = cloud.engine.view().get(done["id"])
        running = row.with_properties(provisioningState="Running").with_facts(attempts=99)
        await cloud.engine.record(put=[running])
        await cloud.deployments.resume()
        shown = (await cloud.ok("GET", done["id"]))["properties"]
        assert shown["provisioningState"] == "Failed" and "run it again" in shown["error"]["message"]

    run(work, tmp_path)


def test_group_deleted_with_its_deployments(tmp_path):
    async def work(cloud):
        await cloud.deploy(template(zone("a.example")))
        cloud.loop.states[key(zone_id("slow.example"))] = ("Updating", "")
        _, body, _ = await cloud.put(template(zone("slow.example")), "slow")
        assert (await cloud.call("DELETE", GROUP))[0] == 202
        cloud.loop.states.clear()
        async with asyncio.timeout(10):
            while cloud.deployments.runs:
                await asyncio.sleep(0)
        await cloud.deployments.resume()
        assert cloud.store.documents("deployment/") == {}
        assert (await cloud.call("GET", body["id"]))[1]["error"]["code"] == "ResourceGroupNotFound"
        await cloud.group()
        assert (await cloud.ok("GET", DEPLOYMENTS))["value"] == []

    run(work, tmp_path)


def test_nested_failure_nests(tmp_path):
    async def work(cloud):
        bad = storage("NOT_A_NAME")
        made = template(nested("outer", template(nested("inner", template(bad)))))
        done = await cloud.deploy(made)
        first = done["properties"]["error"]["details"][0]
        assert first["code"] == "DeploymentFailed" and first["target"].endswith("/outer")
        second = first["details"][0]
        assert second["code"] == "DeploymentFailed" and second["target"].endswith("/inner")
        assert second["details"][0]["target"].endswith("/NOT_A_NAME")

    run(work, tmp_path)


def test_rights_of_the_caller(tmp_path):
    reader = "99999999-9999-9999-9999-999999999999"

    async def work(cloud):
        made = template(zone("a.example"))
        body = {"properties": {"mode": "Incremental", "template": made}}
        status, answer, _ = await cloud.call("PUT", f"{DEPLOYMENTS}/d", body, who=reader)
        assert (status, answer["error"]["code"]) == (403, "AuthorizationFailed")
        roles = f"{GROUP}/providers/Microsoft.Authorization"
        role = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/aaaaaaaa-0000-0000-0000-000000000009"
        definition = {
            "properties": {
                "roleName": "Deployer",
                "assignableScopes": [SUB],
                "permissions": [{"actions": ["Microsoft.Resources/deployments/*"]}],
            }
        }
        await cloud.ok("PUT", role, definition)
        assignment = {
            "properties": {
                "principalId": reader,
                "principalType": "ServicePrincipal",
                "roleDefinitionId": role,
            }
        }
        await cloud.ok("PUT", f"{roles}/roleAssignments/bbbbbbbb-0000-0000-0000-000000000009", assignment)
        status, answer, _ = await cloud.call("PUT", f"{DEPLOYMENTS}/d", body, who=reader)
        assert (status, answer["error"]["code"]) == (403, "InvalidTemplateDeployment"), answer
        assert "Microsoft.Network/privateDnsZones/write" in answer["error"]["message"]
        assert (await cloud.call("GET", zone_id("a.example")))[0] == 404

    run(work, tmp_path)


def test_validate_answers_what_it_would_do(tmp_path):
    async def work(cloud):
        made = template(zone("a.example"), nested("n", template(zone("b.example"))))
        answer = await cloud.ok("POST", f"{DEPLOYMENTS}/v/validate", {"properties": {"mode": "Incremental", "template": made}})
        assert answer["properties"]["provisioningState"] == "Succeeded"
        assert answer["properties"]["validatedResources"] == [{"id": zone_id("a.example")}, {"id": zone_id("b.example")}]
        assert (await cloud.call("GET", zone_id("a.example")))[0] == 404

    run(work, tmp_path)


def test_linked_templates_come_from_allowed_folders(tmp_path):
    folder = tmp_path / "templates"
    folder.mkdir()
    part = nested("part", {})
    part["properties"] = {
        "mode": "Incremental",
        "templateLink": {"relativePath": "parts/zone.json"},
        "parameters": {"name": {"value": "linked.example"}},
    }
    (folder / "main.json").write_text(json.dumps(template(part)))
    (folder / "parts").mkdir()
    (folder / "parts" / "zone.json").write_text(
        "// one zone\n" + json.dumps(template(zone("[parameters('name')]"), parameters={"name": {"type": "string"}}))
    )
    (tmp_path / "outside.json").write_text("{}")

    async def work(cloud):
        body = {"properties": {"mode": "Incremental", "templateLink": {"uri": "https://templates.example/set/main.json?sas=1"}}}
        status, answer, headers = await cloud.call("PUT", f"{DEPLOYMENTS}/linked", body)
        assert status == 201, answer
        done = await cloud.follow(headers["azure-asyncoperation"], answer["id"])
        assert done["properties"]["provisioningState"] == "Succeeded", done["properties"].get("error")
        assert await cloud.ok("GET", zone_id("linked.example"))
        for uri in (
            "https://templates.example/set/../outside.json",
            "https://templates.example/set/%2e%2e/outside.json",
            "https://templates.example/set/",
            "file:///etc/passwd",
        ):
            body["properties"]["templateLink"]["uri"] = uri
            status, answer, _ = await cloud.call("PUT", f"{DEPLOYMENTS}/bad", body)
            assert (status, answer["error"]["code"]) == (400, "InvalidContentLink"), uri

    run(work, tmp_path, folders={"https://templates.example/set": folder})


def test_history_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("cloister.control.deployments.DEPLOYMENTS_PER_SCOPE_MAX", 3)

    async def work(cloud):
        for number in range(5):
            await cloud.deploy(template(zone("a.example")), f"d{number}")
        assert [one["name"] for one in (await cloud.ok("GET", DEPLOYMENTS))["value"]] == ["d4", "d3", "d2"]
        assert len(cloud.store.documents("deployment/")) == 3
        page = await cloud.ok("GET", DEPLOYMENTS, query={"$top": "2"})
        assert len(page["value"]) == 2 and "skiptoken=" in page["nextLink"]

    run(work, tmp_path)
