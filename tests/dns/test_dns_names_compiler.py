"""``compilers/names``: intent to views, zones and public names, whole and unit by unit."""

from __future__ import annotations

import itertools

import pytest

from cloister.compilers.names import compile_base, compile_names, compile_resource, compile_view, compile_zone
from cloister.dns.answer import answer
from cloister.dns.question import Question
from cloister.dns.world import World
from cloister.net import plan
from cloister.net.desired import PublicName, View, ZoneRecords
from cloister.net.intent import Endpoint, Intent, LinkedName, Network, Record, Service, Zone, ZoneLink
from cloister.net.names import CONTROL_NAMES

API = LinkedName("default", "g.workspace.eastus2.api.azureml.ms", "g.workspace.eastus2.privatelink.api.azureml.ms", "198.19.16.2")
NOTEBOOK = LinkedName(
    "notebook", "ml-g.eastus2.notebooks.azure.net", "ml-g.eastus2.privatelink.notebooks.azure.net", "198.19.17.2"
)
SERVICE = Service(
    owner="/WS", service="machinelearning", region="eastus2", names=(API, NOTEBOOK), public_access=False, because=""
)


def endpoint(number: int, state: str, *names: LinkedName, target: str = "/ws") -> Endpoint:
    return Endpoint(
        owner=f"/pe{number}",
        network="/v1",
        subnet="/v1/s",
        number=number,
        target=target,
        group="amlworkspace",
        state=state,
        addresses=(("default", "10.0.0.5"),),
        names=names or (API, NOTEBOOK),
        because=f"/ws/pec/{number}",
    )


def network(number: int) -> Network:
    return Network(owner=f"/V{number}", number=number, prefixes=("10.0.0.0/16",))


def test_the_base_is_the_internet_and_the_control_plane() -> None:
    found = {thing.key: thing for thing in compile_base()}
    assert found["view services"] == View(owner="", namespace="services", address=str(plan.PUBLIC_DNS))
    assert {thing.fqdn: thing.address for thing in found.values() if isinstance(thing, PublicName)} == {
        fqdn: address for fqdn, _, address in CONTROL_NAMES
    }
    assert {service for _, service, _ in CONTROL_NAMES} == {"arm", "login", "portal", "dns"}


@pytest.mark.parametrize("state", ["Pending", "Rejected", "Disconnected"])
def test_only_an_approved_endpoint_makes_the_alias(state: str) -> None:
    plain = {thing.fqdn: thing for thing in compile_resource([SERVICE, endpoint(1, state)]) if isinstance(thing, PublicName)}
    assert {thing.privatelink for thing in plain.values()} == {""}
    both = [thing for thing in compile_resource([SERVICE, endpoint(1, state), endpoint(2, "Approved")])]
    assert both == [
        PublicName(owner="/WS", fqdn=API.fqdn, address=API.address, privatelink=API.privatelink, because="/ws/pec/2"),
        PublicName(
            owner="/WS", fqdn=NOTEBOOK.fqdn, address=NOTEBOOK.address, privatelink=NOTEBOOK.privatelink, because="/ws/pec/2"
        ),
    ]


def test_an_endpoint_makes_aliases_of_the_names_it_lists_only() -> None:
    found = {thing.fqdn: thing.privatelink for thing in compile_resource([SERVICE, endpoint(1, "Approved", API)])}  # type: ignore[union-attr]
    assert found == {API.fqdn: API.privatelink, NOTEBOOK.fqdn: ""}
    other = compile_resource([SERVICE, endpoint(1, "Approved", target="/another")])
    assert {thing.privatelink for thing in other if isinstance(thing, PublicName)} == {""}


def test_the_first_of_several_endpoints_is_the_reason() -> None:
    for order in itertools.permutations([endpoint(3, "Approved"), endpoint(1, "Rejected"), endpoint(2, "Approved")]):
        assert {thing.because for thing in compile_resource([*order, SERVICE]) if isinstance(thing, PublicName)} == {"/ws/pec/2"}


def test_a_view_has_its_own_links_with_their_reasons() -> None:
    links = [
        ZoneLink(owner="/z2/l", zone="/Z2", network="/v1", redirect=True),
        ZoneLink(owner="/z1/l", zone="/z1", network="/V1"),
        ZoneLink(owner="/z1/other", zone="/z1", network="/v2"),
    ]
    found = {thing.key: thing for thing in compile_view([*links, network(1), network(2)])}
    assert found["view vnet-1"] == View(
        owner="/V1",
        namespace="vnet-1",
        address="168.63.129.16",
        links=(("zone /z1", False), ("zone /z2", True)),
        because=("/z1/l", "/z2/l"),
    )
    assert found["view vnet-2"].links == (("zone /z1", False),)  # type: ignore[union-attr]
    assert list(compile_view(links)) == []


def test_a_zone_has_its_records_in_order_and_an_soa() -> None:
    records = [
        Record(owner="/z/A/b", zone="/Z", name="B", type="A", ttl=5, values=("10.0.0.2",)),
        Record(owner="/z/A/a", zone="/z", name="a", type="A", ttl=5, values=("10.0.0.1",)),
        Record(owner="/y/A/a", zone="/y", name="a", type="A", ttl=5, values=("10.0.0.9",)),
    ]
    [found] = compile_zone([*records, Zone(owner="/z", name="Contoso.com")])
    assert isinstance(found, ZoneRecords) and found.name == "contoso.com" and found.key == "zone /z"
    assert [entry[:2] for entry in found.records] == [("@", "SOA"), ("a", "A"), ("b", "A")]
    own = Record(owner="/z/SOA/@", zone="/z", name="@", type="SOA", ttl=60, values=("azureprivatedns.net h.test 2 3 4 5 6",))
    [found] = compile_zone([own, Zone(owner="/z", name="contoso.com")])
    assert isinstance(found, ZoneRecords) and found.records == (("@", "SOA", 60, own.values),)
    assert list(compile_zone(records)) == []


def world() -> list[Intent]:
    return [
        network(1),
        network(2),
        SERVICE,
        endpoint(1, "Approved"),
        Zone(owner="/z", name="privatelink.api.azureml.ms"),
        Record(owner="/z/A/g", zone="/z", name="g.workspace.eastus2", type="A", ttl=10, values=("10.0.0.5",)),
        ZoneLink(owner="/z/l", zone="/z", network="/v1"),
    ]


def test_one_name_leads_to_the_endpoint_inside_and_to_the_public_address_elsewhere() -> None:
    names = World(compile_names(world()))  # type: ignore[arg-type]
    found = {namespace: answer(table, Question(API.fqdn)).addresses for namespace, table in names.views.items()}
    assert found == {"vnet-1": ("10.0.0.5",), "vnet-2": ("198.19.16.2",), "services": ("198.19.16.2",)}


def test_the_parts_make_the_whole_in_any_order() -> None:
    whole = {thing.key: thing for thing in compile_names(world())}
    for part in (world(), world()[::-1]):
        by_parts = [*compile_base(), *compile_view(part), *compile_zone(part), *compile_resource(part)]
        assert {thing.key: thing for thing in by_parts} == whole
