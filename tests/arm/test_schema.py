"""The marks of a schema, one by one: what is kept, what is refused and in which words."""

from __future__ import annotations

import pytest

from cloister.arm.envelope import clean_body, missing_parts, name_problem
from cloister.arm.resource import ResourceType
from cloister.arm.schema import anything, array, boolean, id_of, integer, obj, ref, string
from cloister.arm.schema_check import Checker, agrees, clean, disagreement, filled, has_secret, shown, written_only

NET = "/subscriptions/s/resourceGroups/g/providers/Test.Net/nets/n"


def cleaned(schema, value):
    checker = Checker("thing 't'")
    kept = clean(checker, schema, value)
    return kept, [(p.code, p.target) for p in checker.problems]


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        (boolean(), "True", True),
        (boolean(), "FALSE", False),
        (integer(), "42", 42),
        (integer(), 7.0, 7),
        (string(), 5, "5"),
        (string("Red", "Green"), "gREEN", "Green"),
        (array(boolean()), ["true", False], [True, False]),
        (ref("Test.Net/nets"), {"id": NET.upper()}, {"id": NET.upper()}),
        (id_of("Test.Net/nets"), NET, NET),
        (id_of("Test.Net/nets"), "", ""),
        (anything(), {"a": [None]}, {"a": [None]}),
        (obj(inner=string()), {"INNER": "x", "Other": 1}, {"inner": "x", "Other": 1}),
    ],
)
def test_kept(field, value, kept):
    assert cleaned(obj(a=field), {"a": value}) == ({"a": kept}, [])


@pytest.mark.parametrize(
    ("field", "value", "code", "target"),
    [
        (boolean(), "yes", "InvalidRequestContent", "properties.a"),
        (boolean(), 1, "InvalidRequestContent", "properties.a"),
        (integer(), True, "InvalidRequestContent", "properties.a"),
        (integer(), "4x", "InvalidRequestContent", "properties.a"),
        (integer(), 1.5, "InvalidRequestContent", "properties.a"),
        (integer(1, 3), 4, "InvalidParameter", "properties.a"),
        (string(), [], "InvalidRequestContent", "properties.a"),
        (string(), True, "InvalidRequestContent", "properties.a"),
        (string("Red"), "Blue", "InvalidParameter", "properties.a"),
        (string(pattern="[a-z]+"), "A", "InvalidParameter", "properties.a"),
        (string(length=(2, 3)), "abcd", "InvalidParameter", "properties.a"),
        (string(nullable=False), None, "InvalidRequestContent", "properties.a"),
        (array(string(), size=(1, 2)), [], "InvalidParameter", "properties.a"),
        (array(string()), {}, "InvalidRequestContent", "properties.a"),
        (array(integer()), [1, "x"], "InvalidRequestContent", "properties.a[1]"),
        (obj(b=obj(c=integer())), {"b": {"c": "x"}}, "InvalidRequestContent", "properties.a.b.c"),
        (ref("Test.Net/nets"), {"id": "nets/n"}, "LinkedInvalidPropertyId", "properties.a.id"),
        (id_of("Test.Net/nets"), "/subscriptions/s", "LinkedInvalidPropertyId", "properties.a"),
        (id_of("Test.Net/nets"), NET[1:], "LinkedInvalidPropertyId", "properties.a"),
    ],
)
def test_refused(field, value, code, target):
    assert cleaned(obj(a=field), {"a": value})[1] == [(code, target)]


def test_null_and_read_only_are_as_if_not_there():
    schema = obj(a=string(), b=string(read_only=True), c=obj(d=string(read_only=True), e=string()))
    assert cleaned(schema, {"a": None, "b": "x", "c": {"d": 1, "e": "y"}, "z": None}) == ({"c": {"e": "y"}, "z": None}, [])


def test_required_at_every_level_that_is_there():
    schema = obj(a=obj(b=string(required=True)), l=array(obj(n=string(required=True))), r=string(required=True, read_only=True))
    checker = Checker("t")
    checker.missing(schema, {"l": [{"n": "x"}, {}]}, "properties")
    assert [p.target for p in checker.problems] == ["properties.l[1].n"]
    checker.missing(schema, {"a": {}}, "properties")
    assert checker.problems[-1].target == "properties.a.b"


def test_defaults_are_copies():
    schema = obj(a=array(string(), default=[]), b=obj(c=boolean(default=True)), d=obj(e=string(default="x")))
    one, two = filled(schema, {"b": {}}), filled(schema, {"b": {}})
    assert one == {"a": [], "b": {"c": True}} and one["a"] is not two["a"]


def test_create_only_and_secrets_are_carried():
    schema = obj(
        a=string(create_only=True), b=string(secret=True), l=array(obj(name=string(), k=string(create_only=True))), n=NETREF
    )
    old = {"a": "x", "b": "hush", "l": [{"name": "one", "k": "1"}, {"name": "two", "k": "2"}], "n": {"id": NET}}
    checker = Checker("t")
    new = checker.carried(schema, old, {"l": [{"name": "Two"}, {"name": "three"}], "n": {"id": NET.lower()}}, "properties")
    assert new == {"a": "x", "b": "hush", "l": [{"name": "Two", "k": "2"}, {"name": "three"}], "n": {"id": NET.lower()}}
    assert checker.problems == []
    checker.carried(schema, old, {"a": "y", "l": [{"name": "one", "k": "9"}]}, "properties")
    assert [(p.code, p.target, p.status) for p in checker.problems] == [
        ("PropertyChangeNotAllowed", "properties.a", 409),
        ("PropertyChangeNotAllowed", "properties.l[0].k", 409),
    ]


NETREF = ref("Test.Net/nets", create_only=True)


def test_secrets_are_not_shown_and_read_only_not_written():
    schema = obj(a=string(secret=True), l=array(obj(b=string(secret=True), c=string(read_only=True))))
    value = {"a": 1, "l": [{"b": 2, "c": 3}], "z": 4}
    assert shown(schema, value) == {"l": [{"c": 3}], "z": 4}
    assert written_only(schema, value) == {"a": 1, "l": [{"b": 2}], "z": 4}
    assert has_secret(schema) and not has_secret(obj(x=string()))


@pytest.mark.parametrize(
    ("written", "kept", "same"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ([{"a": 1}], [{"a": 1, "b": 2}], True),
        ([1], [1, 2], False),
        (NET, NET.upper(), True),
        ("Red", "red", False),
        (True, 1, False),
        (1, 1.0, True),
        (None, "anything", True),
        ({"a": 1}, None, False),
    ],
)
def test_agrees(written, kept, same):
    assert agrees(written, kept) is same


def test_disagreement_names_the_place_and_spares_overridable():
    schema = obj(a=string(), b=string(overridable=True), l=array(obj(c=integer())))
    assert disagreement(schema, {"a": "x", "b": "y"}, {"a": "x", "b": "z"}) == ""
    assert disagreement(schema, {"l": [{"c": 1}]}, {"l": [{"c": 2}]}) == "properties.l[0].c"
    assert disagreement(schema, {"a": "x"}, {}) == "properties.a"


KIND = ResourceType(name="Test.Net/nets", api_versions=("2024-01-01",), properties=obj(a=string(required=True)))
CHILD = ResourceType(name="Test.Net/nets/parts", api_versions=("2024-01-01",), properties=obj(), location="none", top_level=())


def test_the_envelope_is_checked_too():
    checker = Checker("t")
    body = {
        "Location": "East US 2",
        "TAGS": {"n": 5, "b": True, "x": None},
        "sku": "Basic",
        "identity": {"type": "systemassigned, userassigned", "principalId": "mine"},
        "zones": ["1", 2],
        "etag": "x",
        "dependsOn": [],
    }
    assert clean_body(checker, KIND, body) == {
        "location": "eastus2",
        "tags": {"n": "5", "b": "true", "x": ""},
        "sku": {"name": "Basic"},
        "identity": {"type": "SystemAssigned,UserAssigned"},
        "zones": ["1", "2"],
    }
    assert checker.problems == []
    assert clean_body(checker, CHILD, body) == {}
    missing_parts(checker, KIND, {})
    assert [p.code for p in checker.problems] == ["LocationRequired", "InvalidParameter"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"location": 5}, "InvalidRequestContent"),
        ({"location": "a/b"}, "InvalidRequestContent"),
        ({"tags": []}, "InvalidRequestContent"),
        ({"tags": {"a": []}}, "InvalidRequestContent"),
        ({"tags": {str(n): "" for n in range(51)}}, "TooManyTags"),
        ({"tags": {"a": "x" * 257}}, "InvalidTagNameOrValue"),
        ({"identity": {"type": "Odd"}}, "InvalidParameter"),
        ({"identity": 5}, "InvalidRequestContent"),
        ({"sku": []}, "InvalidRequestContent"),
        ({"zones": "1"}, "InvalidRequestContent"),
        ({"nonsense": 1}, "InvalidRequestContent"),
    ],
)
def test_the_envelope_refuses(body, code):
    checker = Checker("t")
    clean_body(checker, KIND, body)
    assert [p.code for p in checker.problems] == [code]


@pytest.mark.parametrize("name", ["a", "*", "@", "my net", "x" * 260, "ü"])
def test_names_that_may_be(name):
    assert name_problem(KIND, name) is None


@pytest.mark.parametrize("name", ["", "a?", "a\n", "a.", "a ", "x" * 261, "a<b", "50%"])
def test_names_that_may_not_be(name):
    problem = name_problem(KIND, name)
    assert problem is not None and problem.code == "InvalidResourceName" and problem.message.startswith("cannot")
