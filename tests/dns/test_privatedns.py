"""Microsoft.Network/privateDnsZones and what stands in them, on the real engine: rules, listings, and what follows."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from cloister.compilers.names import compile_names
from cloister.dns.answer import answer
from cloister.dns.question import Question
from cloister.dns.world import World
from cloister.net.intent import Intent, Record, Zone, ZoneLink
from cloister.providers.privatedns import TYPES, record_sets
from tests.providers.small_cloud import NET, OTHER_SUBSCRIPTION, RG, VNET, SmallCloud, run

API = "2020-06-01"
ZONES = f"{NET}/privateDnsZones"
CORP = f"{ZONES}/corp.internal"
BLOB = f"{ZONES}/privatelink.blob.core.windows.net"
EXAMPLES = Path(__file__).parents[2] / "tests/types/examples"
SPECS = (
    Path(__file__).parents[3]
    / "shared/specs/specification/privatedns/resource-manager/Microsoft.Network/stable/2020-06-01/examples"
)


class Zones(SmallCloud):
    """A cloud with two networks and the zone corp.internal."""

    async def start(self) -> Zones:
        await super().start()
        await self.network("v")
        await self.network("w")
        await self.put(CORP, {"location": "global"}, api=API)
        return self

    async def write(self, id: str, api: str = API, **properties: Any) -> Any:
        return await self.ask("PUT", id, {"properties": properties}, api=api)

    async def link(self, zone: str, name: str, network: str = VNET, api: str = "2024-06-01", **properties: Any) -> Any:
        body = {"location": "global", "properties": {"virtualNetwork": {"id": network}, **properties}}
        return await self.ask("PUT", f"{zone}/virtualNetworkLinks/{name}", body, api=api)

    def names(self) -> World:
        """The world of names as the resolver would hold it."""
        view, found = self.engine.view(), []
        for kind in self.engine.types.values():
            for row in view.of_type(kind.name):
                found += [one for one in kind.realize(row, view) if isinstance(one, Intent)]
        return World(compile_names(found))  # type: ignore[arg-type]

    def lookup(self, name: str, kind: str = "A", network: int = 1) -> list[str]:
        """The values a machine of the network gets, ``[rcode]`` if none."""
        table = self.names().view(f"vnet-{network}")
        assert table is not None
        found = answer(table, Question(name, kind))
        return [value for one in found.answers if one.type == kind for value in one.values] or [found.rcode]


def story(work: Callable[[Zones], Awaitable[None]]) -> None:
    async def whole() -> None:
        await work(await Zones().start())

    run(whole())


WRITTEN = [
    ("A", {"aRecords": [{"ipv4Address": "10.0.0.4"}, {"ipv4Address": "10.0.0.5"}]}, ("10.0.0.4", "10.0.0.5")),
    ("AAAA", {"aaaaRecords": [{"ipv6Address": "2001:DB8:0::4"}]}, ("2001:db8::4",)),
    ("CNAME", {"cnameRecord": {"cname": "WWW.corp.internal."}}, ("WWW.corp.internal",)),
    ("MX", {"mxRecords": [{"preference": 10, "exchange": "mail.corp.internal"}]}, ("10 mail.corp.internal",)),
    ("PTR", {"ptrRecords": [{"ptrdname": "www.corp.internal"}]}, ("www.corp.internal",)),
    (
        "SRV",
        {"srvRecords": [{"priority": 1, "weight": 5, "port": 389, "target": "www.corp.internal"}]},
        ("1 5 389 www.corp.internal",),
    ),
    (
        "TXT",
        {"txtRecords": [{"value": ["one", 'two "three" \\']}, {"value": ["ä"]}]},
        ('"one" "two \\034three\\034 \\092"', '"\\195\\164"'),
    ),
]


@pytest.mark.parametrize(("kind", "written", "values"), WRITTEN, ids=[kind for kind, *_ in WRITTEN])
def test_a_record_set_of_each_type(kind: str, written: dict, values: tuple[str, ...]) -> None:
    async def work(cloud: Zones) -> None:
        id = f"{CORP}/{kind}/Host"
        made = await cloud.write(id, ttl=60, metadata={"key1": "value1"}, **written)
        assert made.status == 201, made
        assert made.properties == {
            "ttl": 60,
            "metadata": {"key1": "value1"},
            **written,
            "fqdn": "Host.corp.internal.",
            "isAutoRegistered": False,
        }
        assert made.body["type"] == f"Microsoft.Network/privateDnsZones/{kind}" and made.body["etag"]
        assert "location" not in made.body
        assert cloud.intents(id) == [Record(owner=id, zone=CORP, name="host", type=kind, ttl=60, values=values)]
        assert (await cloud.write(id, **written)).properties["ttl"] == 3600
        patched = await cloud.ask("PATCH", id, {"properties": {"ttl": 5}}, api=API)
        assert patched.status == 200 and patched.properties["ttl"] == 5
        assert (await cloud.delete(id)).status in (200, 204)
        assert (await cloud.ask("GET", id, api=API)).status == 404

    story(work)


def test_an_empty_record_set_is_nothing_on_the_wire() -> None:
    async def work(cloud: Zones) -> None:
        for kind, name in (("A", "aRecords"), ("CNAME", "cnameRecord")):
            made = await cloud.write(f"{CORP}/{kind}/empty{kind}", **({name: []} if kind == "A" else {}))
            assert made.status == 201 and cloud.intents(f"{CORP}/{kind}/empty{kind}") == []

    story(work)


@pytest.mark.parametrize(
    ("id", "written", "code", "words"),
    [
        ("A/h", {"aRecords": [{"ipv4Address": "10.0.0.256"}]}, "BadRequest", "'10.0.0.256', which is no IPv4 address"),
        ("A/h", {"aRecords": [{}]}, "InvalidParameter", "ipv4Address"),
        ("A/h", {"aRecords": [{"ipv4Address": f"10.0.0.{n}"} for n in range(21)]}, "BadRequest", "21 records"),
        ("A/h", {"ttl": 0}, "InvalidParameter", "ttl"),
        ("A/h", {"ttl": "soon"}, "InvalidRequestContent", "ttl"),
        ("A/h", {"metadata": {"a": 1}}, "BadRequest", "metadata must be an object of strings"),
        ("A/h", {"metadata": "a"}, "BadRequest", "metadata must be an object of strings"),
        ("A/a..b", {}, "BadRequest", "label"),
        ("A/a.*", {}, "BadRequest", "'*' may only stand alone as the first"),
        ("A/" + "x" * 64, {}, "BadRequest", "label"),
        ("A/" + ".".join(["x" * 60] * 4), {}, "BadRequest", "253"),
        ("A/bücher", {}, "BadRequest", "label"),
        ("AAAA/h", {"aaaaRecords": [{"ipv6Address": "10.0.0.4"}]}, "BadRequest", "no IPv6 address"),
        ("AAAA/h", {"aaaaRecords": [{"ipv6Address": "fe80::1%eth0"}]}, "BadRequest", "no IPv6 address"),
        ("CNAME/h", {"cnameRecord": {"cname": "a b"}}, "BadRequest", "label 'a b'"),
        ("CNAME/h", {"cnameRecord": {}}, "InvalidParameter", "cname"),
        ("CNAME/@", {"cnameRecord": {"cname": "a.b"}}, "BadRequest", "apex"),
        ("MX/h", {"mxRecords": [{"preference": 65536, "exchange": "a.b"}]}, "InvalidParameter", "preference"),
        ("SRV/h", {"srvRecords": [{"port": -1, "target": "a.b"}]}, "InvalidParameter", "port"),
        ("TXT/h", {"txtRecords": [{"value": ["x" * 256]}]}, "BadRequest", "255 bytes"),
        ("TXT/h", {"txtRecords": [{"value": ["x" * 255] * 5}]}, "BadRequest", "1024"),
        ("TXT/h", {"txtRecords": [{"value": []}]}, "BadRequest", "no text"),
        ("SOA/h", {"soaRecord": {}}, "BadRequest", "write '@'"),
    ],
)
def test_a_wrong_record_set_changes_nothing_and_says_why(id: str, written: dict, code: str, words: str) -> None:
    async def work(cloud: Zones) -> None:
        refused = await cloud.write(f"{CORP}/{id}", **written)
        assert refused.status == 400 and code in refused.codes, refused
        assert refused.message.startswith("cannot ") and words in str(refused.body)
        assert (await cloud.ask("GET", f"{CORP}/{id}", api=API)).status == 404

    story(work)


def test_an_alias_stands_alone() -> None:
    async def work(cloud: Zones) -> None:
        address, target = {"aRecords": [{"ipv4Address": "10.0.0.4"}]}, {"cnameRecord": {"cname": "a.b"}}
        await cloud.write(f"{CORP}/A/one", **address)
        await cloud.write(f"{CORP}/CNAME/two", **target)
        for id, written in (("CNAME/ONE", target), ("A/Two", address), ("TXT/two", {})):
            refused = await cloud.write(f"{CORP}/{id}", **written)
            assert (refused.status, refused.code) == (409, "Conflict"), refused
        assert (await cloud.write(f"{CORP}/CNAME/two", **target)).status == 200
        await cloud.delete(f"{CORP}/CNAME/two")
        assert (await cloud.write(f"{CORP}/A/two", **address)).status == 201

    story(work)


def test_lists_are_narrowed_to_one_suffix_of_names() -> None:
    async def work(cloud: Zones) -> None:
        for name in ("db.east", "web.east", "east", "web.west", "weast"):
            await cloud.write(f"{CORP}/A/{name}", aRecords=[{"ipv4Address": "10.0.0.4"}])
        await cloud.write(f"{CORP}/TXT/note.east", txtRecords=[{"value": ["x"]}])
        for kind, names in (("A", {"db.east", "web.east"}), ("ALL", {"db.east", "web.east", "note.east"})):
            found = await cloud.ask("GET", f"{CORP}/{kind}", api=API, **{"$recordsetnamesuffix": "EAST"})
            assert {one["name"] for one in found.body["value"]} == names

    story(work)


def test_a_zone_shows_what_is_in_it() -> None:
    async def work(cloud: Zones) -> None:
        await cloud.write(f"{CORP}/A/www", aRecords=[{"ipv4Address": "10.0.0.4"}])
        await cloud.link(CORP, "l", registrationEnabled=True)
        shown = await cloud.get(CORP, api=API)
        assert shown["location"] == "global" and shown["type"] == "Microsoft.Network/privateDnsZones"
        assert shown["properties"] == {
            "maxNumberOfRecordSets": 25000,
            "numberOfRecordSets": 2,
            "maxNumberOfVirtualNetworkLinks": 1000,
            "numberOfVirtualNetworkLinks": 1,
            "maxNumberOfVirtualNetworkLinksWithRegistration": 100,
            "numberOfVirtualNetworkLinksWithRegistration": 1,
            "provisioningState": "Succeeded",
        }
        assert cloud.intents(CORP) == [Zone(owner=CORP, name="corp.internal")]

    story(work)


@pytest.mark.parametrize(
    ("name", "location", "code", "words"),
    [
        ("single", "global", "BadRequest", "does not have enough labels"),
        ("a..b", "global", "BadRequest", "label"),
        ("white space.com", "global", "BadRequest", "label"),
        ("*.corp", "global", "BadRequest", "label"),
        (".".join("a" * 35), "global", "BadRequest", "35 labels"),
        (".".join(["x" * 63] * 4), "global", "BadRequest", "253"),
        ("Core.Windows.net", "global", "BadRequest", "reserved"),
        ("azure.com", "global", "BadRequest", "reserved"),
        ("good.internal", "eastus2", "LocationNotAvailableForResourceType", "write 'global'"),
    ],
)
def test_a_wrong_zone(name: str, location: str, code: str, words: str) -> None:
    async def work(cloud: Zones) -> None:
        refused = await cloud.ask("PUT", f"{ZONES}/{name}", {"location": location}, api=API)
        assert refused.status == 400 and code in refused.codes and words in refused.message, refused
        assert refused.message.startswith("cannot ")

    story(work)


def test_privatelink_zones_below_a_reserved_name_are_the_point() -> None:
    async def work(cloud: Zones) -> None:
        assert (await cloud.put(BLOB, {"location": "Global"}, api=API)).status == 201
        assert (await cloud.put(f"{ZONES}/no.location", {}, api=API)).body["location"] == "global"

    story(work)


def test_a_record_set_or_link_needs_its_zone() -> None:
    async def work(cloud: Zones) -> None:
        for id in ("A/www", "SOA/@", "CNAME/x", "virtualNetworkLinks/l"):
            body = {"location": "global", "properties": {"virtualNetwork": {"id": VNET}}} if "Links" in id else {"properties": {}}
            refused = await cloud.ask("PUT", f"{ZONES}/absent.internal/{id}", body, api=API)
            assert refused.status == 404, refused

    story(work)


def test_the_soa_is_the_zones_own() -> None:
    async def work(cloud: Zones) -> None:
        soa = f"{CORP}/SOA/@"
        shown = await cloud.get(soa, api=API)
        assert shown["properties"] == {
            "ttl": 3600,
            "fqdn": "corp.internal.",
            "isAutoRegistered": False,
            "soaRecord": {
                "host": "azureprivatedns.net",
                "email": "azureprivatedns-host.microsoft.com",
                "serialNumber": 1,
                "refreshTime": 3600,
                "retryTime": 300,
                "expireTime": 2419200,
                "minimumTtl": 10,
            },
        }
        changed = await cloud.ask(
            "PUT",
            soa,
            {"properties": {"ttl": 60, "soaRecord": {"host": "mine.test", "email": "me.corp.internal", "minimumTTL": 5}}},
            api=API,
        )
        assert changed.status == 200, changed
        record = changed.properties["soaRecord"]
        assert (record["host"], record["email"], record["minimumTtl"], record["refreshTime"]) == (
            "azureprivatedns.net",
            "me.corp.internal",
            5,
            3600,
        )
        patched = await cloud.ask("PATCH", soa, {"properties": {"metadata": {"a": "b"}}}, api=API)
        assert patched.status == 200 and patched.properties["ttl"] == 60 and patched.properties["soaRecord"] == record
        await cloud.put(CORP, {"location": "global", "tags": {"again": "yes"}}, api=API)
        assert (await cloud.get(soa, api=API))["properties"]["soaRecord"] == record
        assert cloud.intents(soa) == [
            Record(
                owner=soa,
                zone=CORP,
                name="@",
                type="SOA",
                ttl=60,
                values=("azureprivatedns.net me.corp.internal 1 3600 300 2419200 5",),
            )
        ]
        wrong = await cloud.ask("PUT", soa, {"properties": {"soaRecord": {"email": "a b"}}}, api=API)
        assert (wrong.status, wrong.code) == (400, "BadRequest")
        kept = await cloud.ask("DELETE", soa, api=API)
        assert (kept.status, kept.code) == (400, "BadRequest")
        await cloud.delete(CORP)
        assert (await cloud.ask("GET", soa, api=API)).status == 404

    story(work)


def test_listings_by_type_and_of_all() -> None:
    async def work(cloud: Zones) -> None:
        for id, written in (
            ("A/www", {"aRecords": [{"ipv4Address": "10.0.0.4"}]}),
            ("A/*.wild", {"aRecords": [{"ipv4Address": "10.0.0.5"}]}),
            ("TXT/@", {"txtRecords": [{"value": ["x"]}]}),
        ):
            await cloud.write(f"{CORP}/{id}", **written)
        await cloud.link(CORP, "l")

        async def listed(path: str) -> list[str]:
            found = await cloud.ask("GET", path, api=API)
            assert found.status == 200, found
            return [f"{item['type'].rsplit('/', 1)[-1]}/{item['name']}" for item in found.body["value"]]

        assert await listed(f"{CORP}/A") == ["A/*.wild", "A/www"]
        assert await listed(f"{CORP}/MX") == []
        assert await listed(f"{CORP}/virtualNetworkLinks") == ["virtualNetworkLinks/l"]
        assert await listed(f"{CORP}/ALL") == ["SOA/@", "TXT/@", "A/*.wild", "A/www"]
        assert await listed(ZONES) == ["privateDnsZones/corp.internal"]
        everything = (await cloud.ask("GET", f"{CORP}/all", api=API)).body["value"]
        for item in everything:
            alone = await cloud.get(item["id"], api=API)
            assert item == {name: alone[name] for name in item}
        assert (await cloud.ask("GET", f"{ZONES}/absent.internal/ALL", api=API)).status == 404

    story(work)


def test_a_link_lets_one_network_see_the_zone() -> None:
    async def work(cloud: Zones) -> None:
        await cloud.write(f"{CORP}/A/www", aRecords=[{"ipv4Address": "10.0.0.4"}])
        made = await cloud.link(CORP, "l", api=API, registrationEnabled=False)
        assert made.status == 201 and made.body["location"] == "global"
        assert made.properties == {
            "virtualNetwork": {"id": VNET},
            "registrationEnabled": False,
            "virtualNetworkLinkState": "Completed",
            "provisioningState": "Succeeded",
        }
        assert cloud.intents(made.body["id"]) == [ZoneLink(owner=made.body["id"], zone=CORP, network=VNET)]
        assert cloud.lookup("www.corp.internal") == ["10.0.0.4"]
        assert cloud.lookup("www.corp.internal", network=2) == ["NXDOMAIN"]
        shown = await cloud.get(made.body["id"], api="2024-06-01")
        assert shown["properties"]["resolutionPolicy"] == "Default"
        await cloud.delete(made.body["id"])
        assert cloud.lookup("www.corp.internal") == ["NXDOMAIN"]

    story(work)


def test_a_network_sees_one_zone_of_a_name_and_registers_in_one() -> None:
    async def work(cloud: Zones) -> None:
        twin = f"/subscriptions/{OTHER_SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/privateDnsZones/CORP.internal"
        other = f"{ZONES}/other.internal"
        below = f"{ZONES}/sub.corp.internal"
        for zone in (twin, other, below):
            await cloud.put(zone, {"location": "global"}, api=API)
        assert (await cloud.link(CORP, "l", registrationEnabled=True)).status == 201
        assert (await cloud.link(CORP, "l", registrationEnabled=True)).status == 200
        for zone in (CORP, twin):
            refused = await cloud.link(zone, "second")
            assert (refused.status, refused.code) == (400, "BadRequest") and "overlapping namespaces" in refused.message
        refused = await cloud.link(other, "l", registrationEnabled=True)
        assert (refused.status, refused.code) == (409, "Conflict") and "'corp.internal'" in refused.message
        assert (await cloud.link(other, "l")).status == 201
        assert (await cloud.link(below, "l")).status == 201
        assert (await cloud.link(twin, "l", network=f"{NET}/virtualNetworks/w", registrationEnabled=True)).status == 201
        moved = await cloud.link(other, "l", network=f"{NET}/virtualNetworks/w")
        assert moved.status in (400, 409), moved

    story(work)


@pytest.mark.parametrize(
    ("zone", "api", "network", "more", "code"),
    [
        (CORP, "2024-06-01", f"{NET}/virtualNetworks/absent", {}, "InvalidResourceReference"),
        (CORP, "2024-06-01", f"{RG}/providers/Microsoft.Storage/storageAccounts/s", {}, "LinkedInvalidPropertyId"),
        (CORP, "2024-06-01", VNET, {"resolutionPolicy": "NxDomainRedirect"}, "BadRequest"),
        (CORP, "2024-06-01", VNET, {"resolutionPolicy": "Sometimes"}, "InvalidParameter"),
        (CORP, "2020-06-01", VNET, {"resolutionPolicy": "Default"}, "BadRequest"),
        (CORP, "2024-06-01", VNET, {"registrationEnabled": "perhaps"}, "InvalidRequestContent"),
    ],
)
def test_a_wrong_link(zone: str, api: str, network: str, more: dict, code: str) -> None:
    async def work(cloud: Zones) -> None:
        refused = await cloud.link(zone, "l", network, api, **more)
        assert refused.status == 400 and code in refused.codes, refused
        assert cloud.engine.view().children(CORP, f"{record_sets.ZONES}/virtualNetworkLinks") == []

    story(work)


def test_a_redirecting_link_falls_back_to_the_public_name() -> None:
    async def work(cloud: Zones) -> None:
        await cloud.put(BLOB, {"location": "global"}, api=API)
        made = await cloud.link(BLOB, "l", resolutionPolicy="nxdomainredirect")
        assert made.status == 201 and made.properties["resolutionPolicy"] == "NxDomainRedirect"
        assert cloud.intents(made.body["id"])[0].redirect is True  # type: ignore[union-attr]
        assert "resolutionPolicy" in (await cloud.get(made.body["id"], api="2024-06-01"))["properties"]

    story(work)


def test_a_zone_with_links_cannot_be_deleted_and_without_takes_its_records() -> None:
    async def work(cloud: Zones) -> None:
        await cloud.write(f"{CORP}/A/www", aRecords=[{"ipv4Address": "10.0.0.4"}])
        link = (await cloud.link(CORP, "l")).body["id"]
        refused = await cloud.ask("DELETE", CORP, api=API)
        assert (refused.status, refused.code) == (409, "CannotDeleteResource") and link in refused.message
        assert cloud.lookup("www.corp.internal") == ["10.0.0.4"]
        await cloud.delete(link)
        await cloud.delete(CORP)
        await cloud.put(CORP, {"location": "global"}, api=API)
        assert (await cloud.ask("GET", f"{CORP}/A/www", api=API)).status == 404

    story(work)


def test_a_deleted_network_takes_its_links() -> None:
    async def work(cloud: Zones) -> None:
        link = (await cloud.link(CORP, "l")).body["id"]
        other = (await cloud.link(CORP, "m", network=f"{NET}/virtualNetworks/w")).body["id"]
        await cloud.delete(VNET)
        assert (await cloud.ask("GET", link, api=API)).status == 404
        assert (await cloud.ask("GET", other, api=API)).status == 200

    story(work)


# --- the examples, ours and Azure's -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind.listing is None], ids=lambda kind: kind.name)
def test_our_own_example_of_each_type_is_accepted(kind: Any) -> None:
    example = json.loads((EXAMPLES / f"{kind.name.replace('/', '.')}.json").read_text())
    subscription = example["id"].split("/")[2]

    def here(text: str) -> str:
        return json.loads(
            json.dumps(text).replace(subscription, NET.split("/")[2]).replace("resourceGroups/g1", "resourceGroups/rg")
        )

    async def work(cloud: Zones) -> None:
        example_here = here(example)  # type: ignore[arg-type]
        for need in example_here["needs"]:  # type: ignore[index]
            await cloud.put(need["id"], need["body"], api=need["api_version"])
        made = await cloud.put(example_here["id"], example_here["body"], api=example_here["api_version"])  # type: ignore[index]
        again = await cloud.put(example_here["id"], example_here["body"], api=example_here["api_version"])  # type: ignore[index]
        assert made.properties == again.properties
        assert made.body["type"] == kind.name == example["type"]

    story(work)


@pytest.mark.skipif(not SPECS.exists(), reason="../shared/specs is not here")
@pytest.mark.parametrize("kind", [*record_sets.KINDS])
def test_azures_own_example_of_each_record_type(kind: str) -> None:
    example = json.loads((SPECS / f"RecordSet{kind}Put.json").read_text())
    name = example["parameters"]["relativeRecordSetName"]
    wanted = example["responses"]["200"]["body"]["properties"]

    async def work(cloud: Zones) -> None:
        zone = f"{ZONES}/{example['parameters']['privateZoneName']}"
        await cloud.put(zone, {"location": "Global"}, api=API)
        made = await cloud.put(f"{zone}/{kind}/{name}", example["parameters"]["parameters"], api=API)
        assert json.dumps(made.properties, sort_keys=True).lower() == json.dumps(wanted, sort_keys=True).lower()

    story(work)
