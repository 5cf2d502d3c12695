"""explain: each disposition, with the row that decides."""

import pytest

from cloister.explain.path import World, explain
from cloister.explain.render import render
from cloister.explain.trace import DISPOSITIONS, Flow, Step
from cloister.net.intent import Endpoint, LinkedName, Network, Service, Subnet

VNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v"
SUBNET = f"{VNET}/subnets/default"
NAME = "g1.workspace.eastus2.api.azureml.ms"
LINKED = LinkedName("default", NAME, "g1.workspace.eastus2.privatelink.api.azureml.ms", "198.19.16.2")


def world(state="Approved", public=False, outbound=True):
    return World(
        [
            Network(owner=VNET, number=1, prefixes=("10.0.0.0/16",)),
            Subnet(owner=SUBNET, network=VNET, prefix="10.0.0.0/24", default_outbound=outbound),
            Service(
                owner="/w",
                service="machinelearning",
                region="eastus2",
                names=(LINKED,),
                public_access=public,
                because="publicNetworkAccess: Disabled",
            ),
            Endpoint(
                owner="/pe",
                network=VNET,
                subnet=SUBNET,
                number=5,
                target="/w",
                group="amlworkspace",
                state=state,
                addresses=(("default", "10.0.0.4"),),
                names=(LINKED,),
                because="/w/privateEndpointConnections/pe",
            ),
        ]
    )


def lookup_to(address):
    return lambda network, name: (address, (Step(stage="name", action="answered", detail=f"{name} is {address or 'unknown'}"),))


@pytest.mark.parametrize(
    ("source", "address", "port", "kwargs", "disposition", "because"),
    [
        (SUBNET, "10.0.0.4", 443, {}, "Delivered", "/w/privateEndpointConnections/pe"),
        (SUBNET, "10.0.0.4", 443, {"state": "Pending"}, "ConnectionNotApproved", "/w/privateEndpointConnections/pe"),
        (SUBNET, "10.0.0.4", 22, {}, "NoListener", "/pe"),
        (SUBNET, "10.0.0.99", 443, {}, "NoRoute", ""),
        (SUBNET, "10.9.0.4", 443, {}, "NoRoute", VNET),
        (SUBNET, "198.19.16.2", 443, {}, "DeniedByPolicy", "/w"),
        (SUBNET, "198.19.16.2", 443, {"public": True}, "Delivered", "/w"),
        (SUBNET, "198.19.16.2", 443, {"outbound": False}, "NoRoute", SUBNET),
        ("internet", "198.19.16.2", 443, {}, "DeniedByPolicy", "/w"),
        ("internet", "198.19.16.2", 443, {"public": True}, "Delivered", "/w"),
        ("internet", "10.0.0.4", 443, {}, "NoRoute", ""),
        ("internet", "", 443, {}, "NameNotFound", ""),
        ("/nowhere", "10.0.0.4", 443, {}, "NotKnown", ""),
    ],
)
def test_dispositions(source, address, port, kwargs, disposition, because):
    trace = explain(world(**kwargs), Flow(source=source, to=NAME, port=port), lookup_to(address))
    assert (trace.disposition, trace.steps[-1].because) == (disposition, because)
    assert disposition in DISPOSITIONS
    assert disposition in render(trace)


def test_an_endpoint_leads_to_one_resource_only():
    other = LinkedName("default", "g2.workspace.eastus2.api.azureml.ms", "g2.privatelink", "198.19.16.2")
    both = world()
    both.services.append(
        Service(owner="/other", service="machinelearning", region="eastus2", names=(other,), public_access=True, because="")
    )
    trace = explain(both, Flow(source=SUBNET, to=other.fqdn), lookup_to("10.0.0.4"))
    assert trace.disposition == "WrongResource"
