"""Zone groups: an endpoint's names as records in private zones."""

from __future__ import annotations

from small_cloud import NET, WS, SmallCloud, endpoint, run

PE = f"{NET}/privateEndpoints/pe"
API_ZONE = f"{NET}/privateDnsZones/privatelink.api.azureml.ms"
NOTEBOOK_ZONE = f"{NET}/privateDnsZones/privatelink.notebooks.azure.net"


def group(*zones: str) -> dict:
    items = [{"name": zone.rsplit("/", 1)[-1].replace(".", "-"), "properties": {"privateDnsZoneId": zone}} for zone in zones]
    return {"properties": {"privateDnsZoneConfigs": items}}


async def made() -> SmallCloud:
    cloud = await SmallCloud().start()
    await cloud.network()
    await cloud.workspace()
    await cloud.put(PE, endpoint())
    for zone in (API_ZONE, NOTEBOOK_ZONE):
        await cloud.put(zone, {"location": "global"})
    return cloud


async def addresses(cloud: SmallCloud, zone: str) -> dict[str, list[str]]:
    found = (await cloud.ask("GET", f"{zone}/A")).body["value"]
    return {row["name"]: [item["ipv4Address"] for item in row["properties"]["aRecords"]] for row in found}


def test_records_of_both_zones_come_and_go_with_the_group():
    async def story():
        cloud = await made()
        guid = cloud.row(WS).facts["guid"]
        answer = await cloud.put(f"{PE}/privateDnsZoneGroups/default", group(API_ZONE, NOTEBOOK_ZONE), api="2020-03-01")
        sets = answer.properties["privateDnsZoneConfigs"][0]["properties"]["recordSets"]
        assert [s["recordSetName"] for s in sets] == [
            f"{guid}.workspace.eastus2",
            f"{guid}.workspace.eastus2.cert",
            f"*.{guid}.inference.eastus2",
        ]
        assert {s["ttl"] for s in sets} == {10}
        assert await addresses(cloud, API_ZONE) == {
            f"*.{guid}.inference.eastus2": ["10.0.0.6"],
            f"{guid}.workspace.eastus2": ["10.0.0.4"],
            f"{guid}.workspace.eastus2.cert": ["10.0.0.4"],
        }
        assert await addresses(cloud, NOTEBOOK_ZONE) == {f"ml-ws1-eastus2-{guid}.eastus2": ["10.0.0.5"]}
        await cloud.put(f"{PE}/privateDnsZoneGroups/default", group(API_ZONE))
        assert await addresses(cloud, NOTEBOOK_ZONE) == {}
        await cloud.delete(PE)
        assert await addresses(cloud, API_ZONE) == {}

    run(story())


def test_of_two_endpoints_in_one_zone_the_later_has_the_name():
    async def story():
        cloud = await made()
        guid = cloud.row(WS).facts["guid"]
        second = f"{NET}/privateEndpoints/pe2"
        await cloud.put(second, endpoint())
        await cloud.put(f"{PE}/privateDnsZoneGroups/default", group(API_ZONE))
        await cloud.put(f"{second}/privateDnsZoneGroups/default", group(API_ZONE))
        assert (await addresses(cloud, API_ZONE))[f"{guid}.workspace.eastus2"] == ["10.0.0.7"]
        await cloud.ask("PATCH", WS, {"tags": {"a": "b"}})
        assert (await addresses(cloud, API_ZONE))[f"{guid}.workspace.eastus2"] == ["10.0.0.7"]
        await cloud.put(f"{PE}/privateDnsZoneGroups/default", group(API_ZONE))
        assert (await addresses(cloud, API_ZONE))[f"{guid}.workspace.eastus2"] == ["10.0.0.4"]
        await cloud.delete(PE)
        assert await addresses(cloud, API_ZONE) == {}
        await cloud.put(f"{second}/privateDnsZoneGroups/default", group(API_ZONE))
        assert (await addresses(cloud, API_ZONE))[f"{guid}.workspace.eastus2"] == ["10.0.0.7"]

    run(story())


def test_a_record_of_the_users_is_not_taken():
    async def story():
        cloud = await made()
        guid = cloud.row(WS).facts["guid"]
        mine = f"{API_ZONE}/A/{guid}.workspace.eastus2"
        await cloud.put(mine, {"properties": {"ttl": 60, "aRecords": [{"ipv4Address": "10.9.9.9"}]}})
        refused = await cloud.ask("PUT", f"{PE}/privateDnsZoneGroups/default", group(API_ZONE))
        assert refused.status == 409 and guid in refused.message
        await cloud.delete(mine)
        await cloud.put(f"{PE}/privateDnsZoneGroups/default", group(API_ZONE))

    run(story())


def test_rules_of_a_group():
    async def story():
        cloud = await made()
        await cloud.put(f"{PE}/privateDnsZoneGroups/default", group(API_ZONE))
        for name, body, code, words in (
            ("other", group(NOTEBOOK_ZONE), "PrivateDnsZoneGroupLimitReached", "'default'"),
            ("default", group(API_ZONE.replace("api", "none")), "InvalidResourceReference", "was not found"),
            ("default", group(API_ZONE, API_ZONE), "DuplicatePrivateDnsZone", "twice"),
        ):
            answer = await cloud.ask("PUT", f"{PE}/privateDnsZoneGroups/{name}", body)
            assert answer.status == 400 and code in answer.codes, answer
            assert words in answer.message
        six = group(*(f"{NET}/privateDnsZones/z{n}.net" for n in range(6)))
        assert "PrivateDnsZoneConfigLimitReached" in (await cloud.ask("PUT", f"{PE}/privateDnsZoneGroups/default", six)).codes
        assert len(await addresses(cloud, API_ZONE)) == 3

    run(story())


def test_a_deleted_zone_takes_its_records_and_comes_back_with_the_group():
    async def story():
        cloud = await made()
        await cloud.put(f"{PE}/privateDnsZoneGroups/default", group(API_ZONE))
        await cloud.delete(API_ZONE)
        await cloud.put(API_ZONE, {"location": "global"})
        await cloud.put(f"{PE}/privateDnsZoneGroups/default", group(API_ZONE))
        assert len(await addresses(cloud, API_ZONE)) == 3

    run(story())


def test_the_end_of_either_of_two_endpoints_takes_the_record():
    async def story():
        for ends, stays in ((PE, "pe2"), ("pe2", "pe")):
            cloud = await made()
            second = f"{NET}/privateEndpoints/pe2"
            await cloud.put(second, endpoint())
            for one in (PE, second):
                await cloud.put(f"{one}/privateDnsZoneGroups/default", group(API_ZONE))
            assert len(await addresses(cloud, API_ZONE)) == 3
            await cloud.delete(ends if ends == PE else second)
            assert await addresses(cloud, API_ZONE) == {}
            await cloud.ask("PATCH", WS, {"tags": {"a": "b"}})
            assert await addresses(cloud, API_ZONE) == {}
            await cloud.put(f"{NET}/privateEndpoints/{stays}/privateDnsZoneGroups/default", group(API_ZONE))
            assert len(await addresses(cloud, API_ZONE)) == 3

    run(story())


def test_a_zone_taken_from_the_earlier_group_takes_the_record_too():
    async def story():
        cloud = await made()
        second = f"{NET}/privateEndpoints/pe2"
        await cloud.put(second, endpoint())
        for one in (PE, second):
            await cloud.put(f"{one}/privateDnsZoneGroups/default", group(API_ZONE))
        await cloud.put(f"{PE}/privateDnsZoneGroups/default", group(NOTEBOOK_ZONE))
        assert await addresses(cloud, API_ZONE) == {}

    run(story())


def test_a_configuration_needs_no_name():
    async def story():
        cloud = await made()
        body = {"properties": {"privateDnsZoneConfigs": [{"properties": {"privateDnsZoneId": API_ZONE}}]}}
        answer = await cloud.put(f"{PE}/privateDnsZoneGroups/default", body)
        [item] = answer.properties["privateDnsZoneConfigs"]
        assert len(item["properties"]["recordSets"]) == 3 and "id" not in item and "name" not in item
        assert len(await addresses(cloud, API_ZONE)) == 3

    run(story())
