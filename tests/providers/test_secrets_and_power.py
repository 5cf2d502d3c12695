"""What clients ask of a workspace's children: keys, secrets, nodes, power; each answer is what the row says."""

from __future__ import annotations

from small_cloud import CONSUMER, RG, WS, SmallCloud, run

API = "2024-04-01"
CLUSTER = f"{RG}/providers/Microsoft.ContainerService/managedClusters/aks1"


async def made(**children: dict) -> SmallCloud:
    """A cloud with a workspace and children of it, written as ``segment__name={properties}``."""
    cloud = await SmallCloud().start()
    await cloud.workspace()
    for place, properties in children.items():
        await cloud.put(f"{WS}/{place.replace('__', '/')}", {"properties": properties}, api=API)
    return cloud


async def posted(cloud: SmallCloud, place: str, body: dict | None = None, **more):
    """The answer of an action of a child."""
    return await cloud.ask("POST", f"{WS}/{place}", body, **{"api": API, **more})


def test_keys_of_endpoints():
    async def story():
        cloud = await made(
            onlineEndpoints__e1={"authMode": "Key"},
            onlineEndpoints__e2={"authMode": "Key", "keys": {"primaryKey": "mine"}},
            onlineEndpoints__e3={"authMode": "AMLToken"},
            batchEndpoints__b1={"authMode": "Key"},
            serverlessEndpoints__s1={"authMode": "Key"},
        )
        first = (await posted(cloud, "onlineEndpoints/e1/listKeys")).body
        assert len({*first.values()}) == 2 and (await posted(cloud, "onlineEndpoints/e1/listkeys")).body == first
        assert "keys" not in (await cloud.get(f"{WS}/onlineEndpoints/e1", api=API))["properties"]
        assert (await posted(cloud, "onlineEndpoints/e2/listKeys")).body["primaryKey"] == "mine"
        for kind in ("batchEndpoints/b1", "serverlessEndpoints/s1"):
            assert set((await posted(cloud, f"{kind}/listKeys")).body) == {"primaryKey", "secondaryKey"}
        asked = {"keyType": "Primary", "keyValue": first["primaryKey"]}
        assert (await posted(cloud, "onlineEndpoints/e1/regenerateKeys", asked)).status == 200
        second = (await posted(cloud, "onlineEndpoints/e1/listKeys")).body
        assert second["primaryKey"] != first["primaryKey"] and second["secondaryKey"] == first["secondaryKey"]
        await posted(cloud, "onlineEndpoints/e1/regenerateKeys", {"keyType": "secondary", "keyValue": "wanted"})
        assert (await posted(cloud, "onlineEndpoints/e1/listKeys")).body["secondaryKey"] == "wanted"
        for place, body in (("e1/regenerateKeys", {"keyType": "Third"}), ("e1/regenerateKeys", None), ("e3/listKeys", None)):
            assert (await posted(cloud, f"onlineEndpoints/{place}", body)).code == "UserError"
        assert (await posted(cloud, "onlineEndpoints/e3/token")).code == "InvalidResourceType"

    run(story())


def test_secrets_are_what_was_written():
    async def story():
        key = {"credentialsType": "AccountKey", "secrets": {"secretsType": "AccountKey", "key": "k"}}
        cloud = await made(
            datastores__d1={"datastoreType": "AzureBlob", "credentials": key},
            datastores__d2={"datastoreType": "AzureBlob", "credentials": {"credentialsType": "None"}},
            connections__c1={"authType": "ApiKey", "category": "ApiKey", "target": "t", "credentials": {"key": "s"}},
        )
        assert (await posted(cloud, "datastores/d1/listSecrets")).body == {"secretsType": "AccountKey", "key": "k"}
        assert (await posted(cloud, "datastores/d2/listSecrets")).code == "UserError"
        told = await posted(cloud, "connections/c1/listsecrets")
        assert told.properties["credentials"] == {"key": "s"} and told.body["name"] == "c1"
        assert "credentials" not in (await cloud.get(f"{WS}/connections/c1", api=API))["properties"]
        refused = await posted(cloud, "connections/c1/listsecrets", caller=CONSUMER)
        assert refused.code == "AuthorizationFailed" and "workspaces/connections/listsecrets/action" in refused.message

    run(story())


def test_power_of_an_instance():
    async def story():
        cloud = await made(
            computes__ci={"computeType": "ComputeInstance", "properties": {"vmSize": "STANDARD_D2_V2"}},
            computes__cpu={"computeType": "AmlCompute", "properties": {"vmSize": "STANDARD_D2_V2"}},
        )
        place = f"{WS}/computes/ci"

        async def state() -> tuple[str, str]:
            inner = (await cloud.get(place, api=API))["properties"]["properties"]
            assert inner["vmSize"] == "STANDARD_D2_V2"
            return inner["state"], inner["lastOperation"]["operationName"]

        assert await state() == ("Running", "Create")
        for action, shown in (("stop", "Stopped"), ("start", "Running"), ("stop", "Stopped"), ("restart", "Running")):
            answer = await posted(cloud, f"computes/ci/{action}")
            assert answer.status == 202 and "azure-asyncoperation" in answer.headers
            assert await state() == (shown, action.capitalize())
        assert (await posted(cloud, "computes/ci/stop", api="2020-06-01")).status == 200
        await cloud.put(place, {"properties": {"computeType": "ComputeInstance", "properties": {"vmSize": "STANDARD_D2_V2"}}})
        assert await state() == ("Stopped", "Stop")
        assert (await posted(cloud, "computes/cpu/start")).code == "UserError"
        assert (await posted(cloud, "computes/cpu/listNodes")).body == {"nodes": []}
        assert (await posted(cloud, "computes/ci/listNodes")).code == "UserError"

    run(story())


def test_keys_of_computes():
    async def story():
        cloud = await made(
            computes__dbr={"computeType": "Databricks", "properties": {"databricksAccessToken": "t"}},
            computes__cpu={"computeType": "AmlCompute"},
            computes__gone={"computeType": "AKS", "resourceId": CLUSTER},
        )
        assert (await posted(cloud, "computes/gone/listKeys")).code == "UserError"
        await cloud.put(CLUSTER, {"location": "eastus2", "properties": {"dnsPrefix": "aks1"}})
        assert "server: https://" in (await posted(cloud, "computes/gone/listKeys")).body["userKubeConfig"]
        told = (await posted(cloud, "computes/dbr/listKeys")).body
        assert told == {"computeType": "Databricks", "databricksAccessToken": "t"}
        login = {"username": "me", "password": "hidden"}
        attached = {"computeType": "VirtualMachine", "properties": {"sshPort": 22, "administratorAccount": login}}
        await cloud.put(f"{WS}/computes/vm", {"properties": attached}, api=API)
        for place in ("dbr", "vm"):
            shown = (await cloud.get(f"{WS}/computes/{place}", api=API))["properties"]["properties"]
            assert shown == ({"sshPort": 22, "administratorAccount": {"username": "me"}} if place == "vm" else {})
        assert (await posted(cloud, "computes/cpu/listKeys")).code == "UserError"

    run(story())


def test_jobs_logs_and_notebooks():
    async def story():
        cloud = await made(
            jobs__j1={"jobType": "Command"},
            onlineEndpoints__e1={"authMode": "Key"},
            onlineEndpoints__e1__deployments__d1={"endpointComputeType": "Managed"},
        )
        assert (await cloud.get(f"{WS}/jobs/j1", api=API))["properties"]["status"] == "NotStarted"
        assert (await posted(cloud, "jobs/j1/cancel")).status == 200
        assert (await cloud.get(f"{WS}/jobs/j1", api=API))["properties"]["status"] == "Canceled"
        assert (await posted(cloud, "onlineEndpoints/e1/deployments/d1/getLogs")).body == {"content": ""}
        shown = (await cloud.get(WS, api=API))["properties"]["notebookInfo"]
        ready = (await posted(cloud, "prepareNotebook")).body
        assert (ready["fqdn"], ready["resourceId"]) == (shown["fqdn"], shown["resourceId"])
        assert ready["notebookPreparationError"]["statusCode"] == 501
        none = (await posted(cloud, "listNotebookKeys")).body
        assert none == (await posted(cloud, "listKeys")).body["notebookAccessKeys"]

    run(story())
