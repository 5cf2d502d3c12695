"""Short ways to write templates, and to say what one must come to."""

from __future__ import annotations

from typing import Any

import pytest

from cloister.arm.template.errors import TemplateError
from tests.template.bench_frame import GROUP_ID, plan

NET = "Microsoft.Network/virtualNetworks"


def net(name: str, **more: Any) -> dict[str, Any]:
    return {"type": NET, "apiVersion": "2024-01-01", "name": name, **more}


def net_id(name: str, group: str = GROUP_ID) -> str:
    return f"{group}/providers/{NET}/{name}"


def nested(name: str, template: dict[str, Any], inner: bool = False, **more: Any) -> dict[str, Any]:
    whole = {"$schema": "x", "contentVersion": "1.0.0.0", "resources": [], **template}
    properties: dict[str, Any] = {"mode": "Incremental", "template": whole, **more.pop("properties", {})}
    if inner:
        properties["expressionEvaluationOptions"] = {"scope": "Inner"}
    return {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": name, "properties": properties, **more}


def ids(template: dict[str, Any], *args: Any, **parameters: Any) -> list[str]:
    found = plan(template, *args, **parameters)
    return [found.resources[key].target.id for key in found.order]


def waits(template: dict[str, Any]) -> dict[str, list[str]]:
    """Names by the names they wait for."""
    found = plan(template)
    return {
        found.resources[key].target.name: sorted(found.resources[other].target.name for other in found.waits[key])
        for key in found.order
    }


def refused(template: dict[str, Any], words: str, code: str = "InvalidTemplate", **parameters: Any) -> None:
    with pytest.raises(TemplateError) as caught:
        plan(template, **parameters)
    assert words in caught.value.validation().message
    assert caught.value.code == code
