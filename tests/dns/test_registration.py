"""Autoregistration: machines' names in the zone of a registering link, on the real engine."""

from __future__ import annotations

from tests.dns.test_privatedns import API, CORP, Zones
from tests.providers.small_cloud import NET, SUBNET, VNET, run

FABRIC = "/providers/Cloister.Fabric/machines"
NIC = f"{NET}/networkInterfaces"


async def machine(cloud: Zones, name: str, subnet: str = SUBNET) -> None:
    await cloud.put(f"{FABRIC}/{name}-row", {"properties": {"place": subnet, "hostName": name}}, api="2026-01-01")


async def registered(cloud: Zones) -> dict[str, tuple[list[str], bool]]:
    found = (await cloud.ask("GET", f"{CORP}/A", api=API)).body["value"]
    return {
        row["name"]: ([item["ipv4Address"] for item in row["properties"]["aRecords"]], row["properties"]["isAutoRegistered"])
        for row in found
    }


async def linked() -> Zones:
    cloud = await Zones().start()
    answer = await cloud.link(CORP, "v", registrationEnabled=True)
    assert answer.status in (200, 201, 202), answer
    return cloud


def test_machines_register_and_leave():
    async def story():
        cloud = await linked()
        await machine(cloud, "Web")
        assert await registered(cloud) == {"web": (["10.0.0.4"], True)}
        assert cloud.lookup("web.corp.internal") == ["10.0.0.4"]
        assert set(cloud.lookup("4.0.0.10.in-addr.arpa", "PTR")) == {"web.corp.internal.", "web.internal.cloudapp.net."}
        assert cloud.lookup("4.0.0.10.in-addr.arpa", "PTR", network=2) == ["NXDOMAIN"]
        assert (await cloud.get(CORP, api=API))["properties"]["numberOfVirtualNetworkLinksWithRegistration"] == 1
        await cloud.delete(f"{FABRIC}/web-row")
        assert await registered(cloud) == {}
        assert cloud.lookup("4.0.0.10.in-addr.arpa", "PTR") == ["NXDOMAIN"]

    run(story())


def test_azure_itself_names_machines_in_their_own_network():
    async def story():
        cloud = await Zones().start()
        await machine(cloud, "web")
        body = {
            "location": "eastus2",
            "properties": {
                "ipConfigurations": [{"name": "a", "properties": {"subnet": {"id": SUBNET}}}],
                "dnsSettings": {"internalDnsNameLabel": "db1"},
            },
        }
        await cloud.put(f"{NIC}/db", body)
        shown = (await cloud.get(f"{NIC}/db"))["properties"]["dnsSettings"]
        assert shown["internalDomainNameSuffix"] == "internal.cloudapp.net"
        for host, address in (("web", "10.0.0.4"), ("db1", "10.0.0.5")):
            name, reverse = f"{host}.internal.cloudapp.net", ".".join(reversed(address.split("."))) + ".in-addr.arpa"
            assert cloud.lookup(name) == [address] and cloud.lookup(reverse, "PTR") == [f"{name}."]
            assert cloud.lookup(name, "TXT") == ["NOERROR"] == cloud.lookup(reverse, "A")
            assert cloud.lookup(name, network=2) == ["NXDOMAIN"] == cloud.lookup(reverse, "PTR", network=2)
        await cloud.delete(f"{FABRIC}/web-row")
        assert cloud.lookup("web.internal.cloudapp.net") == ["NXDOMAIN"]
        assert cloud.lookup("4.0.0.10.in-addr.arpa", "PTR") == ["NXDOMAIN"]

    run(story())


def test_azure_itself_names_a_virtual_machine_by_its_interface():
    async def story():
        cloud = await Zones().start()
        configuration = {"name": "a", "properties": {"subnet": {"id": SUBNET}}}
        card = {"location": "eastus2", "properties": {"ipConfigurations": [configuration]}}
        await cloud.put(f"{NIC}/app", card)
        machine = f"{NET.replace('Microsoft.Network', 'Microsoft.Compute')}/virtualMachines/app"
        properties = {"networkProfile": {"networkInterfaces": [{"id": f"{NIC}/app"}]}, "osProfile": {"computerName": "App1"}}
        assert cloud.lookup("4.0.0.10.in-addr.arpa", "PTR") == ["NXDOMAIN"]
        await cloud.put(machine, {"location": "eastus2", "properties": properties}, api="2024-11-01")
        assert cloud.lookup("app1.internal.cloudapp.net") == ["10.0.0.4"]
        runs = {"place": SUBNET, "networkInterface": f"{NIC}/app"}
        await cloud.put(f"{FABRIC}/m", {"properties": runs}, api="2026-01-01")
        assert cloud.lookup("4.0.0.10.in-addr.arpa", "PTR") == ["app1.internal.cloudapp.net."]
        card["properties"]["dnsSettings"] = {"internalDnsNameLabel": "other"}
        await cloud.put(f"{NIC}/app", card)
        assert cloud.lookup("4.0.0.10.in-addr.arpa", "PTR") == ["other.internal.cloudapp.net."]
        await cloud.delete(machine)
        assert cloud.lookup("other.internal.cloudapp.net") == ["10.0.0.4"]

    run(story())


def test_a_linked_reverse_zone_stands_before_azures_own_names():
    async def story():
        cloud = await Zones().start()
        await machine(cloud, "web")
        reverse = CORP.replace("corp.internal", "10.in-addr.arpa")
        await cloud.put(reverse, {"location": "global"}, api=API)
        await cloud.link(reverse, "v")
        assert cloud.lookup("4.0.0.10.in-addr.arpa", "PTR") == ["NXDOMAIN"]
        await cloud.write(f"{reverse}/PTR/4.0.0", ttl=60, ptrRecords=[{"ptrdname": "first.corp.internal"}])
        await cloud.write(f"{reverse}/PTR/9.9.9", ttl=60, ptrRecords=[{"ptrdname": "a.example"}, {"ptrdname": "b.example."}])
        assert cloud.lookup("4.0.0.10.in-addr.arpa", "PTR") == ["first.corp.internal"]
        assert set(cloud.lookup("9.9.9.10.in-addr.arpa", "PTR")) == {"a.example", "b.example"}
        assert cloud.lookup("web.internal.cloudapp.net") == ["10.0.0.4"]
        assert cloud.lookup("4.0.0.10.in-addr.arpa", "PTR", network=2) == ["NXDOMAIN"]

    run(story())


def test_machines_that_were_there_before_the_link_and_a_link_that_stops():
    async def story():
        cloud = await Zones().start()
        await machine(cloud, "web")
        await machine(cloud, "elsewhere", f"{NET}/virtualNetworks/w/subnets/default")
        await cloud.link(CORP, "v", registrationEnabled=True)
        assert set(await registered(cloud)) == {"web"}
        await cloud.link(CORP, "v", registrationEnabled=False)
        assert await registered(cloud) == {}

    run(story())


def test_interfaces_register_by_label_and_by_their_virtual_machine():
    async def story():
        cloud = await linked()
        body = {
            "location": "eastus2",
            "properties": {"ipConfigurations": [{"name": "a", "properties": {"subnet": {"id": SUBNET}}}]},
        }
        await cloud.put(f"{NIC}/plain", body)
        assert await registered(cloud) == {}
        body["properties"]["dnsSettings"] = {"internalDnsNameLabel": "db1"}
        await cloud.put(f"{NIC}/plain", body)
        assert await registered(cloud) == {"db1": (["10.0.0.4"], True)}
        await cloud.delete(f"{NIC}/plain")
        assert await registered(cloud) == {}

    run(story())


def test_the_users_record_stands_and_the_registered_one_comes_back():
    async def story():
        cloud = await linked()
        await machine(cloud, "web")
        await cloud.write(f"{CORP}/A/web", ttl=60, aRecords=[{"ipv4Address": "10.9.9.9"}])
        assert await registered(cloud) == {"web": (["10.9.9.9"], False)}
        await cloud.delete(f"{CORP}/A/web")
        assert await registered(cloud) == {"web": (["10.0.0.4"], True)}
        refused = await cloud.ask("DELETE", f"{CORP}/A/web", api=API)
        assert refused.status == 409 and "virtualNetworkLinks" in refused.message

    run(story())


def test_two_networks_with_one_host_name():
    async def story():
        cloud = await linked()
        await cloud.link(CORP, "w", f"{NET}/virtualNetworks/w", registrationEnabled=True)
        await machine(cloud, "web")
        await cloud.put(
            f"{FABRIC}/other",
            {"properties": {"place": f"{NET}/virtualNetworks/w/subnets/default", "hostName": "web", "address": "10.0.0.9"}},
            api="2026-01-01",
        )
        assert (await registered(cloud))["web"][0] == ["10.0.0.4"]
        await cloud.delete(f"{FABRIC}/web-row")
        assert (await registered(cloud))["web"][0] == ["10.0.0.9"]

    run(story())


def test_what_is_no_host_name_is_not_registered_and_the_network_takes_its_names_with_it():
    async def story():
        cloud = await linked()
        await machine(cloud, "a.b")
        await machine(cloud, "web")
        assert set(await registered(cloud)) == {"web"}
        for row in ("a.b-row", "web-row"):
            await cloud.delete(f"{FABRIC}/{row}")
        await cloud.delete(VNET)
        assert await registered(cloud) == {}

    run(story())
