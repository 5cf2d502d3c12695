"""The template language: symbolic names, user functions, nested deployments and their scopes, outputs, limits."""

from __future__ import annotations

from typing import Any

import pytest

from cloister.arm.template.errors import TemplateError
from cloister.arm.template.plan import expand, expand_nested
from tests.template.bench_frame import IN_GROUP, IN_SUBSCRIPTION, IN_TENANT, S1, S2, Known, context, outputs, plan
from tests.template.small_templates import NET, nested, net, net_id, refused

# --- symbolic names


def test_symbolic_names():
    main = {
        "id": "[resourceInfo('old').id]",
        "of": "[reference('old').of]",
        "all": "[map(references('loop'), lambda('r', lambdaVariables('r').of))]",
    }
    second = {"x": "[reference('main', '2024-01-01', 'full').location]", "k": "[listKeys('main', '1')]"}
    template = {
        "languageVersion": "2.0",
        "resources": {
            "old": {"existing": True, "type": NET, "apiVersion": "2023-01-01", "name": "there", "resourceGroup": "other"},
            "loop": net("[format('v{0}', copyIndex())]", copy={"name": "loop", "count": 2}),
            "main": net("m", dependsOn=["loop"], properties=main),
            "second": net("s", dependsOn=["[format('loop[{0}]', 1)]"], properties=second),
        },
        "outputs": {
            "m": {"type": "string", "value": "[reference('main').of]"},
            "v": {"type": "string", "value": "[reference('old').version]"},
        },
    }
    found = plan(template)
    assert found.order == ("loop[0]", "loop[1]", "main", "second")
    assert found.waits["main"] == ("loop[0]", "loop[1]") and found.waits["second"] == ("loop[1]", "main")
    body = found.body("main", Known())["properties"]
    assert body == {"id": net_id("there", f"/subscriptions/{S1}/resourceGroups/other"), "of": "there", "all": ["v0", "v1"]}
    assert {name: one["value"] for name, one in found.outputs(Known()).items()} == {"m": "m", "v": "2023-01-01"}


# --- user functions


def test_user_functions():
    functions = [
        {
            "namespace": "contoso",
            "members": {
                "name": {
                    "parameters": [{"name": "a", "type": "string"}],
                    "output": {"type": "string", "value": "[concat(toLower(parameters('a')), uniqueString('x'))]"},
                },
                "twice": {
                    "parameters": [{"name": "a", "type": "string"}],
                    "output": {"type": "object", "value": {"x": "[contoso.name(parameters('a'))]"}},
                },
                "bad": {"output": {"type": "string", "value": "[variables('v')]"}},
            },
        }
    ]
    assert plan({"functions": functions, "variables": {"v": "[contoso.Name('AB')]"}}).frame.variables.get("v").startswith("ab")
    assert plan({"functions": functions, "variables": {"v": "[contoso.twice('AB').x]"}}).frame.variables.get("v").startswith("ab")
    refused({"functions": functions, "variables": {"v": "[contoso.none()]"}}, "'contoso.none' is not valid")
    refused({"functions": functions, "variables": {"v": "[contoso.bad()]"}}, "'v' is not found")
    refused({"functions": functions, "variables": {"v": "[contoso.name()]"}}, "1 argument(s)")
    endless = [{"namespace": "n", "members": {"f": {"parameters": [], "output": {"type": "int", "value": "[n.f()]"}}}}]
    refused({"functions": endless, "variables": {"v": "[n.f()]"}}, "too deeply")


# --- nested deployments


def expanded(template: dict[str, Any], name: str, runtime: Any = None, **parameters: Any):
    found = plan(template, **parameters)
    key = next(key for key in found.order if found.resources[key].target.name == name)
    asked = found.nested(key, runtime or Known())
    return expand_nested(found, key, asked, asked.template), asked, found.waits[key]


def test_outer_scope_sees_the_template_around():
    inner = {
        "variables": {"v": "of the inner one"},
        "resources": [
            net(
                "[concat(variables('v'), copyIndex())]",
                copy={"name": "l", "count": 2},
                properties={"g": "[resourceGroup().name]", "r": "[reference('sister').of]"},
            )
        ],
        "outputs": {"o": {"type": "string", "value": "[reference('outer0').of]"}},
    }
    template = {
        "variables": {"v": "outer"},
        "resources": [nested("d", inner, subscriptionId=S2, resourceGroup="there"), net("sister")],
    }
    found, asked, before = expanded(template, "d")
    there = f"/subscriptions/{S2}/resourceGroups/there"
    assert asked.place.id == there and not asked.inner
    assert [found.resources[key].target.id for key in found.order] == [net_id("outer0", there), net_id("outer1", there)]
    assert found.body(found.order[0], Known())["properties"] == {"g": "rg", "r": "sister"}
    assert before == (net_id("sister").lower(),), "what is evaluated out here waits out here"
    assert found.outputs(Known())["o"]["value"] == "outer0"


def test_inner_scope_is_its_own():
    inner = {
        "parameters": {"p": {"type": "string"}},
        "variables": {"v": "inner"},
        "resources": [
            net(
                "[concat(variables('v'), parameters('p'))]",
                properties={"g": "[resourceGroup().name]", "d": "[deployment().name]"},
            )
        ],
        "outputs": {"o": {"type": "string", "value": "[resourceGroup().id]"}},
    }
    template = {
        "variables": {"v": "outer"},
        "resources": [
            nested(
                "d",
                inner,
                inner=True,
                resourceGroup="there",
                properties={"parameters": {"p": {"value": "[reference('sister').of]"}}},
            ),
            net("sister"),
        ],
    }
    found, asked, before = expanded(template, "d")
    there = f"/subscriptions/{S1}/resourceGroups/there"
    assert asked.given == {"p": {"value": "sister"}} and before == (net_id("sister").lower(),)
    assert [found.resources[key].target.id for key in found.order] == [net_id("innersister", there)]
    assert found.body(found.order[0], Known())["properties"] == {"g": "there", "d": "d"}
    assert found.outputs(Known())["o"]["value"] == there


def test_places_of_nested_deployments():
    def place(place, **more):
        found = plan({"resources": [nested("d", {}, **more)]}, place)
        return found.nested(found.order[0], Known()).place.id, found.resources[found.order[0]].target.id.rpartition(
            "/providers/"
        )[0]

    sub, other = f"/subscriptions/{S1}", f"/subscriptions/{S2}"
    for found, expected in (
        (place(IN_GROUP), f"{sub}/resourceGroups/rg"),
        (place(IN_GROUP, resourceGroup="x"), f"{sub}/resourceGroups/x"),
        (place(IN_GROUP, subscriptionId=S2, resourceGroup="x"), f"{other}/resourceGroups/x"),
        (place(IN_GROUP, subscriptionId=S1, location="eastus"), sub),
        (place(IN_GROUP, location="eastus"), sub),
        (place(IN_GROUP, scope="/"), ""),
        (place(IN_GROUP, scope=f"{other}/resourceGroups/x"), f"{other}/resourceGroups/x"),
        (
            place(IN_GROUP, scope="Microsoft.Management/managementGroups/mg"),
            "/providers/Microsoft.Management/managementGroups/mg",
        ),
        (place(IN_SUBSCRIPTION), sub),
        (place(IN_SUBSCRIPTION, resourceGroup="x"), f"{sub}/resourceGroups/x"),
        (place(IN_TENANT, subscriptionId=S2, location="eastus"), other),
    ):
        assert found == (expected, expected)


def test_depth_of_nesting_is_bounded():
    template: dict[str, Any] = {"resources": [net("v")]}
    for number in range(8):
        template = {"resources": [nested(f"d{number}", template)]}
    refused(template, "nested more than 6 levels deep")


# --- outputs


def test_outputs():
    found = outputs(
        plain="[concat('a', 'b')]",
        off={"type": "string", "condition": "[equals(1, 2)]", "value": "[fail('no')]"},
        many={"type": "array", "copy": {"count": 2, "input": "[copyIndex()]"}},
        secret={"type": "secureString", "value": "x"},
        whole={"type": "object", "value": {"a": "[resourceGroup().name]"}},
    )
    assert found == {"plain": "ab", "many": [0, 1], "secret": None, "whole": {"a": "rg"}}
    for bad in ({"type": "int", "value": "text"}, {"type": "string"}, {"type": "string", "value": "[resourceGroup().no]"}):
        with pytest.raises(TemplateError) as caught:
            outputs(bad=bad)
        assert caught.value.code == "DeploymentOutputEvaluationFailed"
        assert caught.value.details[0]["target"] == "bad"


# --- limits


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ([], "JSON object"),
        ({"contentVersion": "1"}, "'$schema' not found"),
        ({"$schema": "x", "contentVersion": "1"}, "'resources' not found"),
        ({"$schema": "x", "contentVersion": "1", "resources": 5}, "must be an array"),
        ({"parameters": {f"p{n}": {"type": "int", "defaultValue": 1} for n in range(257)}}, "limit exceeded"),
        ({"variables": {f"v{n}": 1 for n in range(257)}}, "limit exceeded"),
        ({"outputs": {f"o{n}": {"type": "int", "value": 1} for n in range(65)}}, "limit exceeded"),
        ({"resources": [net(f"v{n}") for n in range(801)]}, "limit exceeded"),
        ({"variables": {"v": "[concat('" + "a" * 25000 + "')]"}}, "length limit exceeded"),
        ({"variables": {"v": "[" + "string(" * 70 + "1" + ")" * 70 + "]"}}, "levels deep"),
        (
            {
                "variables": {f"v{n}": f"[concat(variables('v{n + 1}'), variables('v{n + 1}'))]" for n in range(40)}
                | {"v40": "aaaaaaaa"}
            },
            "longer than",
        ),
        ({"variables": {f"v{n}": [f"[variables('v{n + 1}')]"] * 9 for n in range(30)} | {"v30": 1}}, "members"),
    ],
)
def test_limits(template, words):
    whole = (
        {"$schema": "x", "contentVersion": "1", "resources": [], **template}
        if isinstance(template, dict) and "$schema" not in template and "contentVersion" not in template
        else template
    )
    with pytest.raises(TemplateError) as caught:
        expand(whole, {}, context())
    assert words in caught.value.message
