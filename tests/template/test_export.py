"""A group as a template: deployed to another group it makes the same again."""

from __future__ import annotations

import json

from tests.template.sdk_shapes import ZONES, private_endpoint, workspace
from tests.template.template_cloud import GROUP, SUB, SUBSCRIPTION, TENANT, run
from tests.template.test_sdk_templates import make_network


def test_what_was_made_comes_back(tmp_path):
    async def work(cloud):
        await make_network(cloud)
        vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/odd"
        tags = {"odd": "[not an expression]", "quote": "it's"}
        body = {
            "location": "eastus2",
            "tags": tags,
            "properties": {"tenantId": TENANT, "sku": {"name": "standard", "family": "A"}, "accessPolicies": []},
        }
        await cloud.ok("PUT", vault, body)
        await cloud.deploy(workspace(SUBSCRIPTION, "g1", TENANT))
        await cloud.deploy(private_endpoint(SUBSCRIPTION, "g1"), "d2")

        exported = (await cloud.ok("POST", f"{SUB}/resourcegroups/g1/exportTemplate", {"resources": ["*"]}))["template"]
        types = [one["type"] for one in exported["resources"]]
        assert "Microsoft.Network/virtualNetworks" in types and "Microsoft.Network/virtualNetworks/subnets" not in types
        assert "Microsoft.Network/networkInterfaces" not in types, "what an endpoint owns comes with the endpoint"
        assert "provisioningState" not in json.dumps(exported)
        endpoint = next(one for one in exported["resources"] if one["type"] == "Microsoft.Network/privateEndpoints")
        assert endpoint["properties"]["subnet"] == {
            "id": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'myvnet', 'default')]"
        }
        assert "[resourceId('Microsoft.Network/virtualNetworks', 'myvnet')]" in endpoint["dependsOn"]

        answer = await cloud.ok(
            "POST", f"{GROUP}/providers/Microsoft.Resources/deployments/w/whatIf", {"properties": {"template": exported}}
        )
        kinds = {
            one["resourceId"]: one for one in answer["properties"]["changes"] if one["changeType"] not in ("NoChange", "Ignore")
        }
        assert not kinds, {id: one.get("delta") for id, one in kinds.items()}

        await cloud.ok("DELETE", GROUP)
        for deleted in (await cloud.ok("GET", f"{SUB}/providers/Microsoft.KeyVault/deletedVaults"))["value"]:
            await cloud.ok("POST", f"{deleted['id']}/purge")
        await cloud.group()
        done = await cloud.deploy(exported, "again")
        assert done["properties"]["provisioningState"] == "Succeeded", done["properties"].get("error")
        assert (await cloud.ok("GET", vault))["tags"] == tags
        link = await cloud.ok("GET", f"{GROUP}/providers/Microsoft.Network/privateDnsZones/{ZONES[0]}/virtualNetworkLinks")
        assert len(link["value"]) == 1

        one = (await cloud.ok("POST", f"{GROUP}/exportTemplate", {"resources": [vault]}))["template"]
        assert [resource["name"] for resource in one["resources"]] == ["odd"]
        assert (await cloud.call("POST", f"{GROUP}/exportTemplate", {"resources": "x"}))[0] == 400

    run(work, tmp_path)
