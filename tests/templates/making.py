"""Resources that a template needs and does not make: made from the example of their type, with what that needs."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from cloister.arm.ids import key, parse
from tests.templates.needs import KNOWN

EXAMPLES = Path(__file__).parent.parent / "types" / "examples"
SUBNETS = "microsoft.network/virtualnetworks/subnets"
NETWORKS = "microsoft.network/virtualnetworks"
WIDE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
"""The space of a network that a template takes for granted: whatever subnets it adds lie inside."""

Ask = Callable[[str, str, Any, str], Any]  # method, id, body, api-version -> answer


@lru_cache(maxsize=512)
def example(type_name: str) -> str:
    """The text of a type's example."""
    return (EXAMPLES / f"{KNOWN[type_name.lower()].name.replace('/', '.')}.json").read_text()


class Maker:
    """Makes resources over ARM; what it could not make is told in ``problems``."""

    def __init__(self, ask: Ask):
        self._ask = ask
        self._done: set[str] = set()
        self._subnets: dict[str, int] = {}
        self.problems: list[str] = []

    def make(self, id: str) -> None:
        """The resource with this id, unless it is there, with its group and all that it needs."""
        if key(id) in self._done:
            return
        self._done.add(key(id))
        wanted = parse(id)
        kind = KNOWN.get(wanted.type.lower())
        if kind is None:
            return
        model = json.loads(example(kind.name))
        version = model["api_version"]
        if self._ask("GET", id, None, version).ok:
            return
        if wanted.resource_group:
            self._group(wanted.subscription, wanted.resource_group)
        if len(wanted.names) > 1 and wanted.parent is not None:
            self.make(wanted.parent.text)
        body = self._body(model, id)
        for text in self._references(body):
            if key(text) != key(id):
                self.make(text)
        answer = self._ask("PUT", id, body, version)
        if not answer.ok:
            self.problems.append(f"{wanted.type} {wanted.name}: {answer.status} {answer.text[:300]}")
        elif f"{wanted.type}/versions".lower() in KNOWN:
            self.make(f"{id}/versions/1")  # what is kept by version and has none cannot be used

    def _group(self, subscription: str, name: str) -> None:
        group = f"/subscriptions/{subscription}/resourceGroups/{name}"
        if not self._ask("GET", group, None, "2022-09-01").ok:
            self._ask("PUT", group, {"location": "eastus2"}, "2022-09-01")

    def _body(self, model: dict[str, Any], id: str) -> dict[str, Any]:
        """The example's body in the wanted id's place: same subscription, group and ancestors."""
        wanted, was = parse(id), parse(model["id"])
        text = json.dumps(model["body"])
        if len(was.names) > 1 and was.parent is not None and wanted.parent is not None:
            text = text.replace(was.parent.text, wanted.parent.text)
        text = text.replace(was.scope, wanted.scope) if wanted.resource_group else text
        body = json.loads(text)
        kind = wanted.type.lower()
        if kind == NETWORKS:
            body["properties"] = {"addressSpace": {"addressPrefixes": WIDE}}
        elif kind == SUBNETS and wanted.parent is not None:
            body["properties"] = {"addressPrefix": self._free(wanted.parent.text)}
        return body

    def _free(self, network: str) -> str:
        """A /24 that no subnet of the network has: from the top of its space down, where templates do not begin."""
        found = self._ask("GET", network, None, "2024-05-01").json or {}
        properties = found.get("properties") or {}
        spaces = [ipaddress.ip_network(text) for text in (properties.get("addressSpace") or {}).get("addressPrefixes") or ()]
        taken = [
            ipaddress.ip_network(text)
            for subnet in properties.get("subnets") or ()
            for text in [subnet["properties"].get("addressPrefix")]
            if text
        ]
        for space in spaces:
            size = max(space.prefixlen, 24)
            top = int(space.broadcast_address)
            for n in range(4096):
                low = top + 1 - (n + 1) * 2 ** (32 - size)
                if low < int(space.network_address):
                    break
                one = ipaddress.ip_network((low, size))
                if not any(one.overlaps(other) for other in taken):
                    return str(one)
        return "10.255.255.0/24"

    def _references(self, value: Any) -> list[str]:
        if isinstance(value, str):
            return [value] if value.startswith("/subscriptions/") and "/providers/" in value else []
        if isinstance(value, dict):
            value = [*value.keys(), *value.values()]
        return [text for item in value for text in self._references(item)] if isinstance(value, list) else []
