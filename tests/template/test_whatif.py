"""What-if: what a template would change, by property, and that it changes nothing itself."""

from __future__ import annotations

import pytest

from cloister.arm.template.whatif import change, differences, is_empty
from tests.template.pieces import DEPLOYMENTS, zone, zone_id
from tests.template.sdk_shapes import nested, template
from tests.template.template_cloud import GROUP, run

DIFFERENCES = [
    ({}, {}, []),
    ({"a": 1}, {"a": 1}, []),
    ({"a": 1}, {"A": 2}, [("A", "Modify", 1, 2)]),
    ({}, {"a": 1}, [("a", "Create", None, 1)]),
    ({"a": 1}, {}, [("a", "Delete", 1, None)]),
    ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "c": 2}}, [("a.b", "Modify", 1, 3)]),
    ({"a": None}, {"a": 1}, [("a", "Create", None, 1)]),
    ({"a": []}, {}, []),
    ({}, {"a": {"b": []}}, []),
    ({"id": "/Subscriptions/X"}, {"id": "/subscriptions/x"}, []),
    ({"a": True}, {"a": "True"}, []),
    ({"a": 5}, {"a": "5"}, []),
    ({"a": 1}, {"a": None}, [("a", "Delete", 1, None)]),
]


@pytest.mark.parametrize(("before", "after", "expected"), DIFFERENCES)
def test_differences(before, after, expected):
    found = [(one["path"], one["propertyChangeType"], one.get("before"), one.get("after")) for one in differences(before, after)]
    assert found == expected


def test_arrays_are_paired_by_name():
    before = {"s": [{"name": "a", "x": 1}, {"name": "b", "x": 1}]}
    after = {"s": [{"name": "b", "x": 2}, {"name": "c"}]}
    (found,) = differences(before, after)
    assert found["propertyChangeType"] == "Array"
    kinds = {(one["path"], one["propertyChangeType"]) for one in found["children"]}
    assert kinds == {("0", "Delete"), ("0", "Modify"), ("1", "Create")}
    (found,) = differences({"s": [1, 2]}, {"s": [1, 3, 4]})
    assert [(one["path"], one["propertyChangeType"]) for one in found["children"]] == [("1", "Modify"), ("2", "Create")]
    assert (
        differences({"s": [{"name": "a"}, {"name": "b"}]}, {"s": [{"name": "B"}, {"name": "a"}]})[0]["children"][0]["path"] == "0"
    )


def test_changes_of_whole_resources():
    assert change("/a", None, {"x": 1})["changeType"] == "Create"
    assert change("/a", {"x": 1}, None) == {"resourceId": "/a", "changeType": "Delete", "before": {"x": 1}}
    assert change("/a", {"etag": 1, "properties": {"provisioningState": "x"}}, {"properties": {}})["changeType"] == "NoChange"
    assert change("/a", {"x": 1, "y": 2}, {"x": 1}, whole=False)["changeType"] == "NoChange"
    assert is_empty({"a": [], "b": {"c": None}}) and not is_empty({"a": False}) and not is_empty(0)


def test_against_what_is_there(tmp_path):
    network = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v"

    def net(*subnets, **more):
        return {
            "type": "Microsoft.Network/virtualNetworks",
            "apiVersion": "2024-05-01",
            "name": "v",
            "location": "[resourceGroup().location]",
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "subnets": [{"name": name, "properties": {"addressPrefix": prefix}} for name, prefix in subnets],
            },
            **more,
        }

    async def ask(cloud, made, mode="Incremental", **settings):
        body = {"properties": {"mode": mode, "template": made, **settings}}
        answer = await cloud.ok("POST", f"{DEPLOYMENTS}/w/whatIf", body)
        assert answer["status"] == "Succeeded"
        return {one["resourceId"].rsplit("/", 1)[-1]: one for one in answer["properties"]["changes"]}

    async def work(cloud):
        made = template(net(("a", "10.0.0.0/24")), zone("z.example", tags={"t": "1"}))
        found = await ask(cloud, made)
        assert {name: one["changeType"] for name, one in found.items()} == {"v": "Create", "z.example": "Create"}
        assert found["v"]["after"]["location"] == "eastus2" and found["v"]["after"]["id"] == network
        assert (await cloud.call("GET", network))[0] == 404

        await cloud.deploy(made)
        again = await ask(cloud, made)
        assert {one["changeType"] for one in again.values()} == {"NoChange"}, again

        changed = template(net(("a", "10.0.0.0/24"), ("b", "10.0.1.0/24")), nested("n", template(zone("y.example"))))
        found = await ask(cloud, changed)
        kinds = {name: one["changeType"] for name, one in found.items()}
        assert kinds == {"v": "Modify", "y.example": "Create", "z.example": "Ignore"}
        (delta,) = found["v"]["delta"]
        assert delta["path"] == "properties.subnets" and delta["propertyChangeType"] == "Array"
        assert [one["propertyChangeType"] for one in delta["children"]] == ["Create"]
        found = await ask(cloud, changed, "Complete", whatIfSettings={"resultFormat": "ResourceIdOnly"})
        assert found["z.example"] == {"resourceId": zone_id("z.example"), "changeType": "Delete"}

        late = zone("z.example", tags={"t": "[reference('v').resourceGuid]", "u": "2"})
        found = await ask(cloud, template(net(("a", "10.0.0.0/24")), late))
        assert found["z.example"]["after"]["tags"] == {"t": "[reference('v').resourceGuid]", "u": "2"}
        assert [one["path"] for one in found["z.example"]["delta"]] == ["tags.u"]
        assert [one["name"] for one in (await cloud.ok("GET", DEPLOYMENTS))["value"]] == ["d1"]
        assert sorted((await cloud.ok("GET", zone_id("z.example")))["tags"].items()) == [("t", "1")]

    run(work, tmp_path)
