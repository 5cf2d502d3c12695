"""Intent -> kernel objects, and the order in which a difference is applied."""

from cloister.compilers.diff import difference
from cloister.compilers.linux import compile_base, compile_network
from cloister.compilers.order import ORDER, arrange
from cloister.net.desired import Drop, Forward, Namespace, Put, Sever
from cloister.net.intent import Endpoint, Interface, LinkedName, Network, Subnet

VNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v"
SUBNET = f"{VNET}/subnets/default"
ENDPOINT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/pe"
TARGET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


def world(state="Approved", number=5):
    return [
        Network(owner=VNET, number=1, prefixes=("10.0.0.0/16",)),
        Subnet(owner=SUBNET, network=VNET, prefix="10.0.0.0/24"),
        Interface(owner="/m", network=VNET, subnet=SUBNET, number=3, address="10.0.0.7"),
        Endpoint(
            owner=ENDPOINT,
            network=VNET,
            subnet=SUBNET,
            number=number,
            target=TARGET,
            group="amlworkspace",
            state=state,
            addresses=(("default", "10.0.0.4"), ("notebook", "10.0.0.5")),
            names=(
                LinkedName("default", "w.api.azureml.ms", "w.privatelink.api.azureml.ms", "198.19.16.2"),
                LinkedName("notebook", "w.notebooks.azure.net", "w.privatelink.notebooks.azure.net", "198.19.17.2"),
            ),
        ),
    ]


def objects(intents):
    return {thing.key: thing for thing in compile_network(intents)}


def test_an_approved_endpoint_has_a_way_for_each_member():
    found = objects(world())
    ways = [thing for thing in found.values() if isinstance(thing, Forward)]
    assert {(way.address, way.to_address, way.identity) for way in ways} == {
        ("10.0.0.4", "198.19.16.2", "100.64.0.5"),
        ("10.0.0.5", "198.19.17.2", "100.64.0.5"),
    }
    assert found["nic machine-3"].gateway == "10.0.0.1"


def test_an_endpoint_that_is_not_approved_has_an_address_and_no_way():
    for state in ("Pending", "Rejected", "Disconnected"):
        found = objects(world(state))
        assert "address vnet-1 10.0.0.4" in found
        assert not any(isinstance(thing, Forward) for thing in found.values())
        assert "identity-route 100.64.0.5" not in found


def test_a_subnet_of_several_prefixes_has_a_gateway_in_each():
    intents = [*world(), Subnet(owner=SUBNET, network=VNET, prefix="10.0.9.0/24")]
    intents.append(Interface(owner="/m9", network=VNET, subnet=SUBNET, number=9, address="10.0.9.7"))
    found = objects(intents)
    assert {"gateway vnet-1 10.0.0.0/24", "gateway vnet-1 10.0.9.0/24"} <= found.keys()
    assert (found["nic machine-3"].gateway, found["nic machine-9"].gateway) == ("10.0.0.1", "10.0.9.1")


def test_without_its_network_nothing_holds():
    assert objects(world()[1:]) == {}


def test_withdrawal_goes_elements_sockets_connections_sockets_route():
    edits = difference(objects(world("Rejected")), objects(world()))
    names = [phase.name for phase, _ in arrange(edits)]
    assert names == [
        "withdraw forwards",
        "reset sockets",
        "forget connections",
        "reset late sockets",
        "withdraw identity routes",
    ]
    severed = {(edit.address, edit.identity) for edit in edits if isinstance(edit, Sever)}
    assert severed == {("", "100.64.0.5")}  # all that the identity stands for


def test_a_changed_identity_is_withdrawn_before_it_is_granted():
    edits = difference(objects(world(number=6)), objects(world(number=5)))
    flat = [edit for _, group in arrange(edits) for edit in group]
    drops = [at for at, edit in enumerate(flat) if isinstance(edit, Drop)]
    puts = [at for at, edit in enumerate(flat) if isinstance(edit, Put)]
    assert max(drops) < min(puts)


def test_every_edit_belongs_to_a_phase_and_owners_are_no_difference():
    base = {thing.key: thing for thing in compile_base()}
    everything = base | objects(world())
    for edits in (difference(everything, {}), difference({}, everything)):
        placed = [edit for _, group in arrange(edits) for edit in group if not isinstance(edit, Sever)]
        assert len(placed) == len([edit for edit in edits if not isinstance(edit, Sever)])
    renamed = {"namespace services": Namespace(owner="someone", name="services", role="services")}
    assert difference(renamed, {"namespace services": base["namespace services"]}) == []


def test_order_withdraws_before_it_changes_and_changes_before_it_grants():
    names = [phase.name for phase in ORDER]
    assert names.index("forget connections") < names.index("remove namespaces") < names.index("make namespaces")
    assert names.index("make topology") < names.index("grant forwards") < names.index("grant names")
