"""What a machine is told about itself, whatever somebody wrote into its row."""

from __future__ import annotations

import json
from typing import Any

import pytest
from small_cloud import NET, RG, SUBNET, SmallCloud, run

from cloister.arm.identity import identities_of
from cloister.frontends.instance_metadata import answer
from cloister.ipc.messages import Origin, Request, Response
from cloister.providers.compute import instance_metadata

VM = f"{RG}/providers/Microsoft.Compute/virtualMachines/vm"
CARD = f"{NET}/networkInterfaces/card"
MACHINE = "/providers/Cloister.Fabric/machines/m"


def no_tokens(identities: Any, query: Any, who: str) -> Response:
    return Response(status=200, body=json.dumps([who, len(identities)]).encode())


async def cloud_with(**properties: Any) -> SmallCloud:
    """A virtual machine with these properties, and a machine that runs on its interface."""
    cloud = await SmallCloud().start()
    await cloud.network()
    place = {"name": "one", "properties": {"subnet": {"id": SUBNET}}}
    await cloud.put(CARD, {"location": "eastus2", "properties": {"ipConfigurations": [place]}})
    body = {"networkProfile": {"networkInterfaces": [{"id": CARD}]}, **properties}
    await cloud.put(VM, {"location": "East US 2", "identity": {"type": "SystemAssigned"}, "zones": ["1"], "properties": body})
    await cloud.put(MACHINE, {"properties": {"place": SUBNET, "networkInterface": CARD}})
    return cloud


def asked(cloud: SmallCloud, path: str, address: str = "10.0.0.4", namespace: str = "vnet-1", **query: str) -> Response:
    """The answer to one request."""
    facts = {"service": "metadata", "namespace": namespace}
    query = {"api-version": "2021-02-01", **{name.replace("_", "-"): value for name, value in query.items()}}
    request = Request(method="GET", path=path, query=query, origin=Origin(via="metadata", address=address), facts=facts)
    return answer(request, cloud.engine.view(), no_tokens)


ODD: tuple[dict[str, Any], ...] = (
    {},
    {"securityProfile": "odd", "storageProfile": {"imageReference": [1]}},
    {"securityProfile": {"uefiSettings": 5}, "osProfile": {"linuxConfiguration": {"ssh": {"publicKeys": ["k", None]}}}},
    {"osProfile": {"linuxConfiguration": 7, "windowsConfiguration": "x"}},
)


@pytest.mark.parametrize("properties", ODD)
def test_the_document_is_whole_whatever_the_row_has(properties: dict[str, Any]):
    async def story():
        cloud = await cloud_with(**properties)
        found = json.loads(asked(cloud, "/metadata/instance").body)
        assert found["compute"]["name"] == "vm" and found["compute"]["zone"] == "1" and found["compute"]["location"] == "eastus2"
        assert found["network"]["interface"][0]["ipv4"]["ipAddress"][0]["privateIpAddress"] == "10.0.0.4"

        def leaves(value: Any) -> bool:
            if isinstance(value, dict | list):
                return all(map(leaves, value.values() if isinstance(value, dict) else value))
            return isinstance(value, str)

        assert leaves(found)

    run(story())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/metadata/instance/compute", 200),
        ("/METADATA/Instance/Compute", 200),
        ("/metadata/instance/network/interface/0", 200),
        ("/metadata/instance/network/interface/9", 404),
        ("/metadata/instance/network/interface/-1", 404),
        ("/metadata/instance/network/interface/٣", 404),
        ("/metadata/instance/compute/name", 400),
        ("/metadata/instance/compute/name/deeper", 404),
        ("/metadata/instance/compute//vmId", 400),
        ("/metadata/instance/\x00", 404),
        ("/metadata", 404),
        ("/", 404),
    ],
)
def test_paths(path: str, status: int):
    async def story():
        assert asked(await cloud_with(), path).status == status

    run(story())


def test_who_asks():
    async def story():
        cloud = await cloud_with()
        token = "/metadata/identity/oauth2/token"
        assert json.loads(asked(cloud, token).body) == ["The virtual machine 'vm'", 1]
        for address, namespace in (("10.0.0.5", "vnet-1"), ("10.0.0.4", "vnet-2"), ("10.0.0.4", "internet")):
            assert json.loads(asked(cloud, token, address, namespace).body)[1] == 0
            assert asked(cloud, "/metadata/instance", address, namespace).status == 404
        listed = asked(cloud, "/metadata/instance/compute", format="text").body.decode().splitlines()
        assert "name" in listed and "storageProfile/" in listed
        assert asked(cloud, token, api_version="soon").status == 400
        row = cloud.engine.view().get(VM)
        assert row is not None
        (own,) = identities_of(row, cloud.engine.view())
        assert own.is_own and own.resource == VM and own.principal != own.client
        await cloud.put(VM, {"location": "eastus2", "identity": {"type": "None"}, "properties": row.properties})
        assert json.loads(asked(cloud, token).body)[1] == 0
        machine = instance_metadata.machine_at("vnet-1", "10.0.0.4", cloud.engine.view())
        assert machine is not None and machine.id == MACHINE

    run(story())
