"""Parameters that a key vault holds, and templates that a template spec holds."""

from __future__ import annotations

import json

import pytest

from tests.control.fake_cloud import TENANT
from tests.template.pieces import DEPLOYMENTS
from tests.template.sdk_shapes import nested, template
from tests.template.template_cloud import GROUP, SUB, run

VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/vault-of-secrets"
SPEC = f"{GROUP}/providers/Microsoft.Resources/templateSpecs/landing"
HIDDEN = "hidden-in-the-vault"
TAKES = {"password": {"type": "securestring"}}
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
OTHER = "22222222-2222-4222-8222-222222222222"
ASSIGNMENT = "33333333-3333-4333-8333-333333333333"


def refers(vault: str = VAULT, name: str = "password", **more):
    return {"password": {"reference": {"keyVault": {"id": vault}, "secretName": name, **more}}}


def tells(value: str = "[parameters('password')]", **more):
    """A template that tells what it was given."""
    return template(parameters=TAKES, outputs={"told": {"type": "string", "value": value}}, **more)


async def vault(cloud, is_open: bool = True) -> None:
    properties = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}
    body = {"location": "eastus2", "properties": {**properties, "enabledForTemplateDeployment": is_open}}
    await cloud.ok("PUT", VAULT, body)
    await cloud.ok("PUT", f"{VAULT}/secrets/password", {"properties": {"value": HIDDEN}})
    await cloud.ok("PUT", f"{VAULT}/secrets/off", {"properties": {"value": "x", "attributes": {"enabled": False}}})


async def put(cloud, made, parameters, name: str = "d1", **more):
    body = {"properties": {"mode": "Incremental", "template": made, "parameters": parameters}}
    return await cloud.call("PUT", f"{DEPLOYMENTS}/{name}", body, **more)


async def done(cloud, answer):
    status, body, headers = answer
    assert status in (200, 201), body
    return (await cloud.follow(headers["azure-asyncoperation"], body["id"]))["properties"]


def test_a_parameter_is_read_from_a_vault(tmp_path):
    async def work(cloud):
        await vault(cloud)
        shown = await done(cloud, await put(cloud, tells(), refers()))
        assert shown["outputs"]["told"]["value"] == HIDDEN
        assert shown["parameters"]["password"] == {"type": "SecureString", "reference": refers()["password"]["reference"]}
        version = (await cloud.ok("GET", f"{VAULT}/secrets/password"))["properties"]["secretUriWithVersion"].rsplit("/", 1)[1]
        shown = await done(cloud, await put(cloud, tells(), refers(secretVersion=version), "d2"))
        assert shown["outputs"]["told"]["value"] == HIDDEN
        own = "[string(deployment().properties.parameters)]"
        shown = await done(cloud, await put(cloud, tells(own), refers(), "d3"))
        assert json.loads(shown["outputs"]["told"]["value"]) == refers()
        status, answer, _ = await cloud.call("POST", f"{DEPLOYMENTS}/d4/validate", {
            "properties": {"mode": "Incremental", "template": tells(), "parameters": refers()}})  # fmt: skip
        assert status == 200 and HIDDEN not in json.dumps(answer)
        assert HIDDEN not in json.dumps(cloud.store.documents("deployment/"))

    run(work, tmp_path)


@pytest.mark.parametrize(
    ("parameters", "code", "words"),
    [
        (refers(f"{VAULT}x"), "KeyVaultParameterReferenceNotFound", "could not be found"),
        (refers(GROUP), "KeyVaultParameterReferenceNotFound", "could not be found"),
        (refers("nothing"), "KeyVaultParameterReferenceNotFound", "could not be found"),
        (refers(name="other"), "KeyVaultParameterReferenceSecretRetrieveFailed", "'NotFound'"),
        (refers(secretVersion="0" * 32), "KeyVaultParameterReferenceSecretRetrieveFailed", "'NotFound'"),
        (refers(name="off"), "KeyVaultParameterReferenceSecretRetrieveFailed", "disabled secret"),
        ({"password": {"reference": {}}}, "KeyVaultParameterReferenceNotFound", "could not be found"),
        ({"password": {"reference": 1}}, "KeyVaultParameterReferenceNotFound", "could not be found"),
        (refers(name=""), "InvalidTemplate", "secretName"),
    ],
)
def test_what_cannot_be_read_is_told_and_nothing_begins(tmp_path, parameters, code, words):
    async def work(cloud):
        await vault(cloud)
        status, body, _ = await put(cloud, tells(), parameters)
        assert status == 400 and body["error"]["code"] == code and words in body["error"]["message"], body
        assert (await cloud.call("GET", f"{DEPLOYMENTS}/d1"))[0] == 404

    run(work, tmp_path)


def test_a_vault_must_be_open_to_deployments_and_the_caller_may_use_it(tmp_path):
    async def work(cloud):
        await vault(cloud, is_open=False)
        status, body, _ = await put(cloud, tells(), refers())
        assert status == 400 and body["error"]["code"] == "KeyVaultParameterReferenceSecretRetrieveFailed"
        assert "Forbidden" in body["error"]["message"] and "enabledForTemplateDeployment" in body["error"]["message"]
        await vault(cloud)
        other = await cloud.group("g2")
        for scope, role in ((other, CONTRIBUTOR), (GROUP, READER)):
            definition = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{role}"
            assigned = {"properties": {"roleDefinitionId": definition, "principalId": OTHER, "principalType": "ServicePrincipal"}}
            await cloud.ok("PUT", f"{scope}/providers/Microsoft.Authorization/roleAssignments/{ASSIGNMENT}", assigned)
        body = {"properties": {"mode": "Incremental", "template": tells(), "parameters": refers()}}
        path = f"{other}/providers/Microsoft.Resources/deployments/d1"
        status, answer, _ = await cloud.call("PUT", path, body, who=OTHER)
        assert (status, answer["error"]["code"]) == (403, "KeyVaultParameterReferenceAuthorizationFailed")
        assert "VAULTS/DEPLOY/ACTION" in answer["error"]["message"] and VAULT in answer["error"]["message"]

    run(work, tmp_path)


def test_a_nested_deployment_reads_a_vault_that_its_parent_makes(tmp_path):
    async def work(cloud):
        made = template(
            {
                "type": "Microsoft.KeyVault/vaults",
                "apiVersion": "2023-07-01",
                "name": "vault-of-secrets",
                "location": "eastus2",
                "properties": {
                    "tenantId": TENANT,
                    "sku": {"family": "A", "name": "standard"},
                    "accessPolicies": [],
                    "enabledForTemplateDeployment": True,
                },
            },
            {
                "type": "Microsoft.KeyVault/vaults/secrets",
                "apiVersion": "2023-07-01",
                "name": "vault-of-secrets/password",
                "dependsOn": ["vault-of-secrets"],
                "properties": {"value": HIDDEN},
            },
            nested("inside", tells(), apiVersion="2022-09-01", dependsOn=["[resourceId('Microsoft.KeyVault/vaults/secrets', "
                   "'vault-of-secrets', 'password')]"]),
            outputs={"told": {"type": "string", "value": "[reference('inside').outputs.told.value]"}},
        )  # fmt: skip
        inside = made["resources"][2]["properties"]
        inside["expressionEvaluationOptions"] = {"scope": "inner"}
        inside["parameters"] = refers("[resourceId('Microsoft.KeyVault/vaults', 'vault-of-secrets')]")
        shown = await done(cloud, await put(cloud, made, {}))
        assert shown["provisioningState"] == "Succeeded", shown
        assert shown["outputs"]["told"]["value"] == HIDDEN
        below = (await cloud.ok("GET", f"{DEPLOYMENTS}/inside"))["properties"]
        assert below["parameters"]["password"]["reference"]["keyVault"]["id"] == VAULT
        inside["parameters"] = refers(name="other")
        shown = await done(cloud, await put(cloud, made, {}))
        (error,) = shown["error"]["details"]
        assert error["code"] == "KeyVaultParameterReferenceSecretRetrieveFailed"

    run(work, tmp_path)


def linked(path: str):
    """A nested deployment of a template beside this one; its output is this one's."""
    inner = nested("inside" + path.replace("/", "-"), {}, apiVersion="2022-09-01")
    inner["properties"] = {"mode": "Incremental", "templateLink": {"relativePath": path}}
    value = f"[reference('{inner['name']}').outputs.told.value]"
    return template(inner, outputs={"told": {"type": "string", "value": value}})


async def spec(cloud, main, **parts) -> str:
    await cloud.ok("PUT", SPEC, {"location": "eastus2", "properties": {"description": "all of it"}})
    beside = [{"path": path, "template": part} for path, part in parts.items()]
    body = {"location": "eastus2", "properties": {"mainTemplate": main, "linkedTemplates": beside}}
    return (await cloud.ok("PUT", f"{SPEC}/versions/1.0", body))["id"]


async def deploy(cloud, link, name: str = "d1"):
    return await cloud.call("PUT", f"{DEPLOYMENTS}/{name}", {"properties": {"mode": "Incremental", "templateLink": link}})


def test_a_template_spec_is_deployed_by_its_id(tmp_path):
    async def work(cloud):
        last = template(outputs={"told": {"type": "string", "value": "from the last"}})
        parts = {"parts/first.json": linked("last.json"), "parts/last.json": last}
        id = await spec(cloud, linked("parts/first.json"), **parts)
        shown = await done(cloud, await deploy(cloud, {"id": id}))
        assert shown["provisioningState"] == "Succeeded", shown
        assert shown["outputs"]["told"]["value"] == "from the last"
        assert shown["templateLink"] == {"id": id}
        below = (await cloud.ok("GET", f"{DEPLOYMENTS}/insidelast.json"))["properties"]["templateLink"]
        assert below["relativePath"] == "last.json"
        assert list((await cloud.ok("GET", SPEC))["properties"]["versions"]) == ["1.0"]
        assert (await cloud.ok("POST", f"{DEPLOYMENTS}/d1/exportTemplate"))["template"] == linked("parts/first.json")
        assert [one["name"] for one in (await cloud.ok("GET", f"{SPEC}/versions"))["value"]] == ["1.0"]
        await cloud.ok("DELETE", SPEC)
        assert (await cloud.call("GET", id))[0] == 404

    run(work, tmp_path)


def test_a_template_spec_that_is_not_there_or_lacks_a_part(tmp_path):
    async def work(cloud):
        id = await spec(cloud, linked("other.json"))
        for link, status, code in (
            ({"id": f"{SPEC}/versions/2.0"}, 404, "ResourceNotFound"),
            ({"id": SPEC}, 400, "InvalidContentLink"),
            ({"id": 1}, 400, "InvalidContentLink"),
        ):
            found, body, _ = await deploy(cloud, link)
            assert (found, body["error"]["code"]) == (status, code), body
        shown = await done(cloud, await deploy(cloud, {"id": id}))
        (error,) = shown["error"]["details"]
        assert error["code"] == "InvalidContentLink" and "other.json" in error["message"]
        status, body, _ = await cloud.call(
            "PUT", f"{SPEC}/versions/1.1", {"location": "eastus2", "properties": {"mainTemplate": []}}
        )
        assert status == 400 and body["error"]["message"].startswith("cannot ")
        status, body, _ = await cloud.call("PUT", f"{SPEC}x/versions/1", {"location": "eastus2", "properties": {}})
        assert (status, body["error"]["code"]) == (404, "ParentResourceNotFound")

    run(work, tmp_path)
