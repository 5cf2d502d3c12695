"""The template language: parameters, variables, resources, loops, conditions, dependencies."""

from __future__ import annotations

from typing import Any

import pytest

from cloister.arm.template.context import Wanted
from cloister.arm.template.errors import TemplateError
from cloister.control.deployment_facts import Fetched
from tests.template.bench_frame import IN_SUBSCRIPTION, Known, plan
from tests.template.small_templates import NET, ids, nested, net, net_id, refused, waits

# --- parameters


KINDS = {"type": "object", "discriminator": {"propertyName": "kind", "mapping": {"a": {"$ref": "#/definitions/kindA"}}}}
TYPES = [
    ({"type": "string"}, "a", True), ({"type": "string"}, 1, False), ({"type": "String"}, "a", True),
    ({"type": "int"}, 1, True), ({"type": "int"}, "1", False), ({"type": "int"}, True, False), ({"type": "int"}, 1.5, False),
    ({"type": "bool"}, True, True), ({"type": "bool"}, "true", False), ({"type": "bool"}, 1, False),
    ({"type": "object"}, {"a": 1}, True), ({"type": "object"}, [], False),
    ({"type": "array"}, [1], True), ({"type": "array"}, {}, False),
    ({"type": "secureString"}, "a", True), ({"type": "securestring"}, 1, False), ({"type": "secureObject"}, {}, True),
    ({"type": "string", "allowedValues": ["a", "b"]}, "a", True), ({"type": "string", "allowedValues": ["a", "b"]}, "c", False),
    ({"type": "string", "allowedValues": ["a", "b"]}, "A", False),
    ({"type": "int", "allowedValues": [1, 2]}, 2, True), ({"type": "array", "allowedValues": ["a", "b"]}, ["b"], True),
    ({"type": "array", "allowedValues": ["a", "b"]}, ["c"], False),
    ({"type": "string", "minLength": 2, "maxLength": 3}, "ab", True), ({"type": "string", "minLength": 2}, "a", False),
    ({"type": "string", "maxLength": 3}, "abcd", False), ({"type": "array", "minLength": 1}, [], False),
    ({"type": "int", "minValue": 1, "maxValue": 3}, 3, True), ({"type": "int", "minValue": 1}, 0, False),
    ({"type": "int", "maxValue": 3}, 4, False), ({"type": "thing"}, 1, False),
    ({"type": "string", "nullable": True}, None, True), ({"type": "string"}, None, False),
    ({"type": "array", "items": {"type": "string"}}, ["a"], True), ({"type": "array", "items": {"type": "string"}}, [1], False),
    ({"type": "array", "prefixItems": [{"type": "int"}], "items": False}, [1], True),
    ({"type": "array", "prefixItems": [{"type": "int"}], "items": False}, [1, 2], False),
    ({"type": "object", "properties": {"a": {"type": "int"}}}, {"a": 1, "b": 2}, True),
    ({"type": "object", "properties": {"a": {"type": "int"}}}, {"a": "x"}, False),
    ({"type": "object", "properties": {"a": {"type": "int"}}}, {}, False),
    ({"type": "object", "properties": {"a": {"type": "int", "nullable": True}}}, {}, True),
    ({"type": "object", "additionalProperties": False, "properties": {}}, {"b": 2}, False),
    ({"type": "object", "additionalProperties": {"type": "int"}}, {"b": 2}, True),
    ({"type": "object", "additionalProperties": {"type": "int"}}, {"b": "x"}, False),
    ({"$ref": "#/definitions/small"}, 2, True), ({"$ref": "#/definitions/small"}, 9, False),
    ({"$ref": "#/definitions/none"}, 1, False),
    (KINDS, {"kind": "a", "n": 1}, True),
    (KINDS, {"kind": "a", "n": "x"}, False),
    (KINDS, {"kind": "z"}, False),
]  # fmt: skip
DEFINITIONS = {
    "small": {"type": "int", "maxValue": 3},
    "kindA": {"type": "object", "properties": {"kind": {"type": "string"}, "n": {"type": "int"}}},
}


@pytest.mark.parametrize(("declaration", "given", "fits"), TYPES)
def test_parameter_values(declaration, given, fits):
    template = {"parameters": {"p": declaration}, "definitions": DEFINITIONS}
    if fits:
        assert plan(template, p=given).frame.parameters.get("P") == given
    else:
        with pytest.raises(TemplateError):
            plan(template, p=given)


def test_parameters_of_parameters():
    template = {
        "parameters": {
            "b": {"type": "string", "defaultValue": "[concat(parameters('A'), '-b')]"},
            "a": {"type": "string", "defaultValue": "a"},
            "id": {"type": "string", "defaultValue": "[newGuid()]"},
            "now": {"type": "string", "defaultValue": "[utcNow('yyyy')]"},
            "none": {"type": "string", "nullable": True},
        },
        "variables": {"v": "[parameters('b')]"},
    }
    found = plan(template)
    assert found.frame.variables.get("v") == "a-b"
    assert found.frame.parameters.get("id") == "00000000-0000-0000-0000-000000000001"
    assert found.frame.parameters.get("now") == "2024" and found.frame.parameters.get("none") is None
    assert plan(template, A="x").frame.variables.get("v") == "x-b"
    refused({"parameters": {"a": {"type": "string", "defaultValue": "[parameters('a')]"}}}, "depends on itself")
    refused({"parameters": {"a": {"type": "string"}}}, "The value for the template parameter 'a' is not provided")
    refused(
        {"parameters": {"a": {"type": "int", "defaultValue": 1}}}, "The only supported parameters for this template are 'a'", b=1
    )
    refused({"parameters": {"a": {"type": "int", "allowedValues": [1, 2]}}}, "is not part of the allowed value(s): '1,2'", a=3)
    refused({"parameters": {"a": {"type": "string"}}}, "Expected 'String, Uri'. Actual 'Integer'", a=3)


# --- variables


def test_variables():
    found = plan(
        {
            "variables": {
                "plain": "[[literal]",
                "object": {"a": ["[variables('late')]"], "[concat('k', 'ey')]": 1},
                "late": "[length(variables('list'))]",
                "copy": [
                    {"name": "list", "count": 3, "input": "[copyIndex('list', 1)]"},
                    {"name": "inner", "count": 1, "input": {"at": "[copyIndex('inner')]"}},
                ],
                "with": {"copy": [{"name": "names", "count": 2, "input": "[format('n{0}', copyIndex('names'))]"}], "other": True},
            }
        }
    )
    get = found.frame.variables.get
    assert get("plain") == "[literal]"
    assert get("object") == {"a": [3], "key": 1}
    assert get("list") == [1, 2, 3] and get("inner") == [{"at": 0}]
    assert get("with") == {"names": ["n0", "n1"], "other": True}
    refused({"variables": {"a": "[variables('b')]", "b": "[variables('a')]"}}, "depends on itself")
    refused({"variables": {"a": "[reference('x').y]"}}, "The template function 'reference' is not expected at this location")
    refused({"variables": {"copy": [{"name": "l", "count": 801, "input": 1}]}}, "exceeds the limit '800'")
    refused({"variables": {"copy": [{"name": "l", "count": -1, "input": 1}]}}, "non-negative")


# --- resources


def part(kind: str, name: str) -> dict[str, Any]:
    """A child as it stands inside its parent."""
    return {"type": kind, "apiVersion": "1", "name": name}


def test_names_types_and_children():
    template = {
        "resources": [
            net("v", resources=[
                {**part("subnets", "s"), "resources": [part("deep", "d")]},
                {"type": "Microsoft.Authorization/locks", "apiVersion": "1", "name": "l"},
            ]),
            {"type": f"{NET}/subnets", "apiVersion": "1", "name": "v/t"},
            {"type": f"{NET}/providers/roleAssignments", "apiVersion": "1", "name": "v/Microsoft.Authorization/g"},
            {"type": "Microsoft.Authorization/locks", "apiVersion": "1", "name": "m", "scope": f"{NET}/v"},
            {"type": "Microsoft.Authorization/locks", "apiVersion": "1", "name": "n", "scope": f"[resourceId('{NET}', 'v')]"},
        ]
    }  # fmt: skip
    v = net_id("v")
    assert sorted(ids(template)) == sorted([
        v, f"{v}/subnets/s", f"{v}/subnets/s/deep/d", f"{v}/providers/Microsoft.Authorization/locks/l", f"{v}/subnets/t",
        f"{v}/providers/Microsoft.Authorization/roleAssignments/g", f"{v}/providers/Microsoft.Authorization/locks/m",
        f"{v}/providers/Microsoft.Authorization/locks/n",
    ])  # fmt: skip
    found = waits(template)
    assert (
        found["v"] == [] and found["v/s"] == ["v"] and found["v/s/d"] == ["v/s"] and found["m"] == ["v"] and found["v/t"] == ["v"]
    )


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        (net("a/b"), "incorrect segment lengths"),
        ({"type": NET, "name": "a"}, "'apiVersion' of the resource 'a' is missing"),
        ({"apiVersion": "1", "name": "a"}, "Required property 'type' not found"),
        ({"type": NET, "apiVersion": "1"}, "Required property 'name' not found"),
        (net("[resourceGroup()]"), "must be a string"),
        (net("a", condition="[parameters('x')]"), "not found"),
        (net("a", condition="maybe"), "boolean"),
        (net("[reference('b').name]"), "'reference' is not expected at this location"),
        (net("a", dependsOn="b"), "array of strings"),
        (net("a", copy={"name": "l", "count": "x"}), "non-negative integer"),
        (net("a", copy={"name": "l", "count": 1, "mode": "later"}), "'serial' or 'parallel'"),
        (net("a", copy={"name": "l", "count": 1, "mode": "serial", "batchSize": 0}), "batchSize"),
        (net("a", copy={"name": "l", "count": 2}), "defined multiple times"),
        (net("a", properties={"x": "[parameters('nope')]"}), "Unable to process template language expressions for resource"),
        (net("a", properties={"x": "[resourceGroup().nope]"}), "doesn't exist, available properties are"),
        (net("a", scope="nonsense"), "'scope'"),
        (nested("d", {}, properties={"mode": "Complete"}), "Incremental"),
        ({**nested("d", {}), "properties": {"mode": "Incremental"}}, "either a 'template' or a 'templateLink'"),
        (nested("d", {"resources": [net("a", tags={"t": "[nosuch()]"})]}, inner=True), "'nosuch' is not valid"),
        ("text", "must be an object"),
    ],
)
def test_bad_resources(resource, words):
    with pytest.raises(TemplateError) as caught:
        plan({"resources": [resource]})
    assert words in caught.value.message


def test_two_of_one_name_when_one_is_off():
    assert ids({"resources": [net("a", condition=True, tags={"n": "1"}), net("a", condition="[equals(1, 2)]")]}) == [net_id("a")]


def test_conditions_drop_dependencies():
    found = waits({"resources": [net("a", condition=False), net("b", dependsOn=["a", "c"]), net("c", condition="true")]})
    assert found == {"c": [], "b": ["c"]}


def test_copy_of_resources_and_values():
    template = {
        "resources": [
            net(
                "[format('v{0}', copyIndex('loop', 1))]",
                copy={"name": "loop", "count": 2},
                properties={
                    "copy": [
                        {
                            "name": "subnets",
                            "count": 2,
                            "input": {"name": "[format('{0}-{1}', copyIndex(), copyIndex('subnets'))]"},
                        }
                    ]
                },
            ),
            net("none", copy={"name": "zero", "count": 0}),
            net("last", dependsOn=["loop", "zero"]),
        ]
    }
    found = plan(template)
    assert [found.resources[key].target.name for key in found.order] == ["v1", "v2", "last"]
    assert found.body(found.order[1], Known()) == {"properties": {"subnets": [{"name": "1-0"}, {"name": "1-1"}]}}
    assert waits(template)["last"] == ["v1", "v2"]


def test_serial_loops():
    found = waits(
        {"resources": [net("[concat('v', copyIndex())]", copy={"name": "l", "count": 5, "mode": "Serial", "batchSize": 2})]}
    )
    assert found == {"v0": [], "v1": [], "v2": ["v0", "v1"], "v3": ["v0", "v1"], "v4": ["v2", "v3"]}
    found = waits({"resources": [net("[concat('v', copyIndex())]", copy={"name": "l", "count": 3, "mode": "serial"})]})
    assert found == {"v0": [], "v1": ["v0"], "v2": ["v1"]}


SPELLINGS = [
    "v", "V", f"[resourceId('{NET}', 'v')]", f"[concat('{NET}/', 'v')]", f"{NET}/v", f"[resourceId('rg', '{NET}', 'v')]",
    net_id("v"), net_id("v").upper(), f"{net_id('v')}/",
]  # fmt: skip


@pytest.mark.parametrize("text", SPELLINGS)
def test_spellings_of_dependencies(text):
    assert waits({"resources": [net("v"), net("w", dependsOn=[text])]})["w"] == ["v"]


def test_spellings_of_child_dependencies():
    child = {"type": f"{NET}/subnets", "apiVersion": "1", "name": "v/s"}
    for text in ("v/s", "s", f"{NET}/v/subnets/s", f"{NET}/subnets/v/s", f"[resourceId('{NET}/subnets', 'v', 's')]"):
        assert waits({"resources": [net("v"), child, net("w", dependsOn=[text])]})["w"] == ["v/s"], text
    group = {"type": "Microsoft.Resources/resourceGroups", "apiVersion": "1", "name": "g", "location": "x"}
    for text in (
        "[resourceId('Microsoft.Resources/resourceGroups/', 'g')]",
        "[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'g')]",
        "g",
    ):
        found = plan({"resources": [group, nested("n", {}, resourceGroup="g", dependsOn=[text])]}, IN_SUBSCRIPTION)
        assert [found.resources[key].target.name for key in found.order] == ["g", "n"], text
    refused({"resources": [net("w", dependsOn=["x"])]}, "The resource 'x' is not defined in the template")


def test_references_make_dependencies():
    template = {
        "resources": [
            net(
                "b",
                properties={
                    "x": "[reference('a').x]",
                    "y": "[listKeys(resourceId('Microsoft.Network/virtualNetworks', 'c'), '1')]",
                },
            ),
            net("a"),
            net("c"),
            net("d", properties={"x": "[if(equals(reference('a').x, 1), reference('b'), reference('c'))]"}),
            net("self", properties={"x": f"[reference(resourceId('{NET}', 'self'), '1').x]"}),
        ]
    }
    assert waits(template) == {"a": [], "c": [], "self": [], "b": ["a", "c"], "d": ["a", "b", "c"]}
    circle = [net("a", dependsOn=["b"]), net("b", properties={"x": f"[reference(resourceId('{NET}', 'a'), '1').x]"})]
    assert waits({"resources": circle})["b"] == [], "a reference by id to what waits for it reads what was there before"
    refused(
        {"resources": [net("a", dependsOn=["b"]), net("b", properties={"x": "[reference('a').x]"})]},
        "Circular dependency detected on resource",
    )
    refused({"resources": [net("a", dependsOn=["b"]), net("b", dependsOn=["c"]), net("c", dependsOn=["a"])]}, net_id("a"))


def test_bodies():
    found = plan(
        {
            "parameters": {"p": {"type": "object", "defaultValue": {"a": "[[kept]"}}},
            "resources": [
                net(
                    "v",
                    comments="c",
                    metadata={"x": "[nosuch"},
                    location="[resourceGroup().location]",
                    tags={"t": "[parameters('p').a]"},
                    sku=None,
                    resources=[],
                    properties={"x": "[reference('w').of]", "[concat('k')]": 1},
                ),
                net("w"),
            ],
        }
    )
    assert found.body(found.order[-1], Known()) == {
        "location": "eastus2",
        "tags": {"t": "[kept]"},
        "sku": None,
        "properties": {"x": "w", "k": 1},
    }
    with pytest.raises(Wanted) as caught:
        found.body(found.order[-1], Fetched())
    assert caught.value.want.id == net_id("w") and caught.value.want.api_version == "2024-01-01"
