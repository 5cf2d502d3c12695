"""Merge-patch, bodies, role matching, the catalog's spelling, and the roles' guids."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloister.arm.catalog import Catalog
from cloister.arm.errors import ArmError
from cloister.arm.ids import parse
from cloister.arm.jsonbody import parse_body, parse_object
from cloister.arm.merge import merge_patch
from cloister.arm.rbac import HeldRole, Permission, flattened, is_allowed, is_inside, matches, permissions_of
from cloister.arm.resource import ResourceType
from cloister.arm.roles import BUILT_IN, built_in
from cloister.arm.schema import obj

SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)


@pytest.mark.parametrize(  # the examples of RFC 7396, appendix A
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch(target, patch, result):
    assert merge_patch(target, patch) == result


@given(VALUES, VALUES)
def test_merging_twice_is_merging_once(target, patch):
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


def test_bodies():
    assert parse_body(b"") is None and parse_body(b"\xef\xbb\xbf {} ") == {}
    assert parse_body(b'{"a":1,"a":2}') == {"a": 2}
    assert parse_object(b'{"a":' * 60 + b"{}" + b"}" * 60)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_400(raw):
    try:
        parse_body(raw)
    except ArmError as error:
        assert (error.status, error.code) == (400, "InvalidRequestContent")


@pytest.mark.parametrize(
    ("pattern", "action", "fits"),
    [
        ("*", "A.B/c/read", True),
        ("*/read", "A.B/c/READ", True),
        ("A.B/*/read", "a.b/c/d/read", True),
        ("A.B/c/*", "A.B/cd/read", False),
        ("A.B/c/read", "A.B/c/read/x", False),
        ("a.b/c", "aXb/c", False),
        ("**", "x", True),
    ],
)
def test_patterns(pattern, action, fits):
    assert matches(pattern, action) is fits


def test_grants_add_up_and_reach_down():
    writer = HeldRole(scope="/subscriptions/s", permissions=(Permission(actions=("*",), not_actions=("*/delete",)),))
    deleter = HeldRole(
        scope="/subscriptions/s/resourcegroups/g", permissions=(Permission(actions=("*/delete",), data_actions=("x",)),)
    )
    group, other = "/subscriptions/S/resourceGroups/G", "/subscriptions/s/resourceGroups/g2"
    assert is_allowed([writer], "A/b/write", group) and not is_allowed([writer], "A/b/delete", group)
    assert is_allowed([writer, deleter], "A/b/delete", group + "/providers/A/b/c")
    assert not is_allowed([writer, deleter], "A/b/delete", other)
    assert is_allowed([deleter], "x", group, data=True) and not is_allowed([writer], "x", group, data=True)
    assert is_inside("/", "/x") and not is_inside("/a", "/ab")


def test_flat_permissions_never_grant_more():
    entries = permissions_of([{"actions": ["a/*"], "notActions": ["a/b"]}, {"actions": ["a/b", "c"]}, {}])
    flat = flattened(entries)
    for action in ("a/b", "a/c", "c", "d"):
        assert not flat.allows(action) or any(entry.allows(action) for entry in entries)


def test_built_in_roles_are_guids_once_each():
    names = [role.name for role in BUILT_IN]
    assert len(set(names)) == len(names) >= 12
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name) for name in names)
    assert built_in(f"/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/{names[0].upper()}") is BUILT_IN[0]
    assert built_in("nothing") is None


@pytest.mark.parametrize(
    ("title", "action", "data", "allowed"),
    [
        ("Contributor", "Microsoft.Subscription/cancel/action", False, False),
        ("Contributor", "Microsoft.Network/virtualNetworks/write", False, True),
        ("Private DNS Zone Contributor", "Microsoft.ResourceHealth/availabilityStatuses/read", False, False),
        ("Storage Account Contributor", "Microsoft.ResourceHealth/availabilityStatuses/read", False, True),
        ("Virtual Machine Contributor", "Microsoft.Network/networkSecurityGroups/join/action", False, True),
        ("Virtual Machine Contributor", "Microsoft.Network/virtualNetworks/write", False, False),
        ("Azure AI Developer", "Microsoft.CognitiveServices/accounts/ContentSafety/analyze", True, True),
        ("Azure Digital Twins Data Owner", "Microsoft.DigitalTwins/digitaltwinsinstances/write", True, False),
        ("Azure Digital Twins Data Owner", "Microsoft.DigitalTwins/models/read", True, True),
        ("Role Based Access Control Administrator", "Microsoft.Authorization/roleAssignments/write", False, True),
        ("Role Based Access Control Administrator", "Microsoft.Authorization/policyAssignments/write", False, False),
        ("Key Vault Contributor", "Microsoft.KeyVault/locations/deletedVaults/purge/action", False, False),
        ("AzureML Compute Operator", "Microsoft.MachineLearningServices/workspaces/computes/write", False, True),
        ("Managed Identity Operator", "Microsoft.ManagedIdentity/userAssignedIdentities/x/assign/action", False, True),
        ("Managed Identity Contributor", "Microsoft.ManagedIdentity/userAssignedIdentities/write", False, True),
    ],
)
def test_built_in_roles_allow_what_azures_allow(title, action, data, allowed):
    role = next(role for role in BUILT_IN if role.title == title)
    assert any(entry.allows(action, data) for entry in role.permissions) is allowed


def kind(name):
    return ResourceType(name=name, api_versions=("2024-01-01",), properties=obj())


def test_ids_are_spelled_as_types_and_rows_are():
    catalog = Catalog([kind("Test.Net/nets"), kind("Test.Net/nets/parts"), kind("Test.Auth/locks")])
    rows = [
        "/subscriptions/S1",
        "/subscriptions/S1/resourceGroups/MyGroup",
        "/subscriptions/S1/resourceGroups/MyGroup/providers/Test.Net/nets/MyNet",
    ]
    known = {row.lower(): row for row in rows}
    net = "/subscriptions/s1/resourcegroups/mygroup/providers/test.net/NETS"
    cases = {
        f"{net}/MYNET": rows[2],
        f"{net}/New": f"{rows[1]}/providers/Test.Net/nets/New",
        f"{net}/mynet/PARTS/P": f"{rows[2]}/parts/P",
        f"{net}/mynet/parts/p/providers/TEST.AUTH/LOCKS/L": f"{rows[2]}/parts/p/providers/Test.Auth/locks/L",
        "/subscriptions/s1/resourceGroups/Other": "/subscriptions/S1/resourceGroups/Other",
        "/subscriptions/s1/providers/test.auth/locks/l": "/subscriptions/S1/providers/Test.Auth/locks/l",
        "/providers/test.auth/locks/l": "/providers/Test.Auth/locks/l",
        f"{net}/mynet/odd/x": f"{rows[2]}/odd/x",
    }
    for given_text, wanted in cases.items():
        assert catalog.spelled(parse(given_text), known.get).text == wanted
    assert catalog.get("TEST.NET/nets") is catalog["test.net/NETS"] and catalog.get("x") is None
