"""From intent to the edge's objects, and role assignments."""

from __future__ import annotations

import msgspec
import pytest

from cloister.compilers import sites
from cloister.net.desired import Identity, Permission, Policy, Site
from cloister.net.intent import Endpoint, Grant, LinkedName, Service
from cloister.net.names import CONTROL_NAMES
from cloister.net.plan import identity_address
from cloister.net.roles import covers, grants, matches

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


@pytest.mark.parametrize(
    ("action", "pattern", "matching"),
    [
        ("a/b/read", "*", True),
        ("a/b/read", "*/read", True),
        ("a/b/read", "A/*", True),
        ("a/b/read", "a/*/read", True),
        ("a/b/read", "a/b", False),
        ("a/b/reader", "*/read", False),
        ("a/b.c", "a/b?c", False),
    ],
)
def test_wildcards(action: str, pattern: str, matching: bool) -> None:
    assert matches(action, [pattern]) is matching


def test_scopes() -> None:
    assert covers("/", W)
    assert covers("/subscriptions/S", W)
    assert covers("/subscriptions/s/resourcegroups/G/", W)
    assert covers(W, W.upper())
    assert not covers("/subscriptions/s/resourceGroups/g2", W)
    assert not covers("/subscriptions/s/resourceGroups/g", W.replace("/g/", "/g2/"))
    assert not covers(W, "/subscriptions/s")


def test_what_an_assignment_takes_away() -> None:
    one = Permission(owner="o", principal="p", scope="/", actions=("*",), not_actions=("x/*",), data_actions=("x/data/*",))
    assert grants(one, "a/write", W)
    assert not grants(one, "x/write", W)
    assert grants(one, "x/data/read", W)
