"""The two templates of azureml-core, whole, over the real engine and the real types."""

from __future__ import annotations

from tests.template import sdk_shapes
from tests.template.template_cloud import GROUP, SUB, SUBSCRIPTION, TENANT, run

NETWORK = f"{GROUP}/providers/Microsoft.Network"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/myworkspace"


async def make_network(cloud):
    body = {
        "location": "eastus2",
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [
                {"name": "default", "properties": {"addressPrefix": "10.0.0.0/24", "privateEndpointNetworkPolicies": "Disabled"}}
            ],
        },
    }
    await cloud.ok("PUT", f"{NETWORK}/virtualNetworks/myvnet", body)


def test_workspace_then_endpoint(tmp_path):
    async def work(cloud):
        await make_network(cloud)
        made = await cloud.deploy(sdk_shapes.workspace(SUBSCRIPTION, "g1", TENANT), "Microsoft.MachineLearningServices_123")
        assert made["properties"]["provisioningState"] == "Succeeded", made["properties"].get("error")
        assert (await cloud.ok("GET", WORKSPACE))["properties"]["provisioningState"] == "Succeeded"
        assert (await cloud.ok("GET", f"{SUB}/resourcegroups/DefaultResourceGroup-eastus2"))["location"] == "eastus2"

        short = f"{SUB}/resourcegroups/g1/deployments/Microsoft.MachineLearningServices_123/operations"
        listed = (await cloud.ok("GET", short))["value"]
        names = [one["properties"]["targetResource"]["resourceName"] for one in listed]
        assert names[-2:] == ["DeployResourceGroup-cccc", "DeployLogWorkspace-dddd"], names
        assert names.index("myworkspace") < 4
        for one in listed:
            assert one["properties"]["provisioningState"] == "Succeeded"
            assert one["properties"]["duration"].startswith("PT") and one["properties"]["duration"].endswith("S")
            assert one["properties"]["targetResource"]["id"].startswith(SUB)

        endpoint = await cloud.deploy(sdk_shapes.private_endpoint(SUBSCRIPTION, "g1"), "Microsoft.PrivateEndpoint_7")
        assert endpoint["properties"]["provisioningState"] == "Succeeded", endpoint["properties"].get("error")
        connections = (await cloud.ok("GET", WORKSPACE))["properties"]["privateEndpointConnections"]
        assert connections[0]["properties"]["privateEndpoint"]["id"].endswith("/myprivateendpoint")
        links = await cloud.ok("GET", f"{NETWORK}/privateDnsZones/{sdk_shapes.ZONES[0]}/virtualNetworkLinks")
        assert len(links["value"]) == 1
        assert (await cloud.ok("GET", f"{NETWORK}/privateEndpoints/myprivateendpoint/privateDnsZoneGroups/default"))[
            "name"
        ] == "default"

        again = await cloud.deploy(sdk_shapes.private_endpoint(SUBSCRIPTION, "g1"), "Microsoft.PrivateEndpoint_8")
        assert again["properties"]["provisioningState"] == "Succeeded", again["properties"].get("error")
        connections = (await cloud.ok("GET", WORKSPACE))["properties"]["privateEndpointConnections"]
        assert len(connections) == 1

        listed = await cloud.ok(
            "GET", f"{SUB}/providers/Microsoft.Resources/deployments/", query={"$filter": "provisioningState eq 'Succeeded'"}
        )
        assert [one["name"] for one in listed["value"]] == ["DeployResourceGroup-cccc"]
        status, _, _ = await cloud.call("DELETE", listed["value"][0]["id"])
        assert status == 204

    run(work, tmp_path)
