"""From intent to the edge's objects, and role assignments."""

from __future__ import annotations

import msgspec

from cloister.compilers import sites
from cloister.net.desired import Drop, EndpointAddress, Identity, Permission, Policy, Put, Site
from cloister.net.intent import Endpoint, Grant, LinkedName, Service
from cloister.net.names import CONTROL_NAMES
from cloister.net.plan import identity_address
from cloister.services.edge.state import EdgeState

W = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
NAMES = (
    LinkedName("default", "Guid.workspace.eastus2.api.azureml.ms", "guid.workspace.eastus2.privatelink", "198.19.16.2"),
    LinkedName("inference", "*.guid.inference.eastus2.api.azureml.ms", "x", "198.19.18.2"),
)
SERVICE = Service(
    owner=W, service="machinelearning", region="eastus2", names=NAMES, public_access=False, because="x", facts=(("a", "b"),)
)


def endpoint(number: int, state: str, target: str = W) -> Endpoint:
    """A private endpoint."""
    return Endpoint(
        owner=f"/pe{number}",
        network="/vnet",
        subnet="/vnet/subnets/s",
        number=number,
        target=target,
        group="amlworkspace",
        state=state,
        addresses=(("default", "10.0.0.4"),),
        names=NAMES,
        because=f"{W}/privateEndpointConnections/c{number}",
    )


def test_control_names_are_sites_without_a_resource() -> None:
    found = list(sites.compile_base())
    assert {(one.fqdn, one.service) for one in found if isinstance(one, Site)} == {
        (fqdn, service) for fqdn, service, _ in CONTROL_NAMES
    }
    assert not any(isinstance(one, Site) and one.resource for one in found)


def test_only_approved_endpoints_have_an_identity() -> None:
    states = ("Approved", "Pending", "Rejected", "Disconnected", "Approved")
    found = list(sites.compile_resource([SERVICE, *(endpoint(n + 1, state) for n, state in enumerate(states))]))
    assert {one.address for one in found if isinstance(one, Identity)} == {identity_address(1), identity_address(5)}
    policy = next(one for one in found if isinstance(one, Policy))
    assert policy.endpoints == (f"{W}/privateEndpointConnections/c1", f"{W}/privateEndpointConnections/c5")
    assert dict(policy.facts) == {"a": "b", "region": "eastus2"}
    assert [one.fqdn for one in found if isinstance(one, Site)] == [name.fqdn.lower() for name in NAMES]


def test_an_endpoint_of_nothing_has_no_identity_and_case_does_not_count() -> None:
    assert list(sites.compile_resource([endpoint(1, "Approved")])) == []
    found = list(sites.compile_resource([SERVICE, endpoint(1, "Approved", W.upper())]))
    assert any(isinstance(one, Identity) for one in found)


def test_parts_are_the_whole_and_keys_are_unique() -> None:
    grant = Grant(owner="/ra", principal="p", scope="/", actions=("*",))
    other = msgspec.structs.replace(SERVICE, owner=W + "2", names=())
    intents = [SERVICE, other, endpoint(1, "Approved"), endpoint(2, "Approved", W + "2"), grant]
    whole = {one.key: one for one in sites.compile_sites(intents)}
    parts = [*sites.compile_base(), *sites.compile_resource([SERVICE, intents[2]]), *sites.compile_resource([other, intents[3]])]
    parts += sites.compile_grant([grant])
    assert {one.key: one for one in parts} == whole
    assert len(whole) == len(parts)
    assert isinstance(whole["permission /ra"], Permission)


def test_what_an_assignment_allows_and_takes_away() -> None:
    state = EdgeState()
    one = Permission(
        owner="o", principal="P", scope="/subscriptions/S", actions=("*",), not_actions=("x/*",), data_actions=("x/y",)
    )
    state.apply([Put(one)])
    for action, allowed in (("a/write", True), ("x/write", False), ("X/Y", True)):
        assert state.allows("p", action, W.upper()) is allowed
    assert not state.allows("q", "a/write", W)
    assert not state.allows("p", "a/write", "/subscriptions/s2")
    state.apply([Put(msgspec.structs.replace(one, actions=()))])
    assert not state.allows("p", "a/write", W)
    state.apply([Drop(one)])
    assert not state.allows("p", "x/y", W)


def test_an_object_of_another_driver_is_refused() -> None:
    state = EdgeState()
    strange = EndpointAddress(owner="o", namespace="n", address="10.0.0.4")
    assert state.apply([Put(strange)])[0][0].startswith("cannot apply")
    assert state.observe() == []


def test_a_moved_permission_and_a_changed_site_leave_nothing_behind() -> None:
    state = EdgeState()
    first = Permission(owner="o", principal="p", scope="/", actions=("*",))
    state.apply([Put(first), Put(msgspec.structs.replace(first, principal="q"))])
    assert not state.allows("p", "a", W)
    assert state.allows("q", "a", W)
    site = Site(owner="o", fqdn="*.g.inference.x", service="machinelearning", resource=W)
    state.apply([Put(site), Put(msgspec.structs.replace(site, resource=W + "2"))])
    found = state.site("a.g.inference.x")
    assert found is not None
    assert found.resource == W + "2"
    assert state.site("g.inference.x") is None
    assert state.site("b.a.g.inference.x") is None
