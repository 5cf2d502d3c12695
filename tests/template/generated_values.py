"""Parameter values for a template nobody gave values for: from types, allowed values, lengths, names, and how they are used."""

from __future__ import annotations

import re
from typing import Any
from zlib import crc32

from cloister.arm.template.values import get

_NAMED: tuple[tuple[str, Any], ...] = (
    (r"(address|subnet|vnet|network|range).*prefix(es)?$|cidr|addressspace|addressrange|iprange|subnetrange", "10.0.0.0/16"),
    (r"(uri|url|artifactslocation|endpoint|link)$", "https://files.example/set/"),
    (r"sastoken", "?sv=1"),
    (r"time|date", "2024-02-29T14:05:09Z"),
    (r"(ip|ipaddress|address)$", "10.0.0.4"),
    (r"location|region", "eastus2"),
    (r"(zone|domain)name|fqdn", "inside.example"),
    (r"(tenant|client|object|principal|subscription|app)id$", "00000000-0000-0000-0000-000000000009"),
    (r"(resourceid|workspaceid|subnetid|vnetid)$", "/subscriptions/s/resourceGroups/g/providers/Microsoft.A/b/c"),
)
_USE = r"parameters\(\s*'{name}'\s*\){index}((?:\.\w+|\[\s*'\w+'\s*\])+)"
_INDEX = r"\[[^\]']*\]"


def values(template: dict[str, Any], text: str) -> dict[str, Any]:
    """A value for each parameter without a usable default; ``text`` is the template's own, to see what members are read."""
    out = {}
    for name, declaration in (get(template, "parameters") or {}).items():
        if get(declaration, "defaultValue") is None:
            out[name] = value(name, declaration, text)
    return out


def value(name: str, declaration: dict[str, Any], text: str) -> Any:
    """A value that the declaration allows."""
    allowed = get(declaration, "allowedValues")
    if allowed:
        return allowed[0]
    kind = str(get(declaration, "type", "string")).lower()
    if kind == "int":
        return get(declaration, "minValue", 1)
    if kind == "bool":
        return True
    if kind == "array":
        return [_members(name, text, _INDEX) or "one"] * int(get(declaration, "minLength", 1))
    if kind in ("object", "secureobject"):
        return _members(name, text, "")
    found = next((one for pattern, one in _NAMED if re.search(pattern, name, re.IGNORECASE)), f"ab{crc32(name.encode()):08x}")
    least, most = get(declaration, "minLength", 0), get(declaration, "maxLength", 1000)
    return (found + "x" * least)[: max(least, min(len(found), most))]


def _members(name: str, text: str, index: str) -> dict[str, Any]:
    """An object with the members that the template reads of it, or of its items."""
    out: dict[str, Any] = {}
    for used in re.finditer(_USE.format(name=re.escape(name), index=index), text, re.IGNORECASE):
        place = out
        *steps, last = re.findall(r"\w+", used[1])
        for step in steps:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                break
        else:
            # A parameter of a nested template may bear the member's name, and then tells its type.
            typed = re.search(rf'"{last}"\s*:\s*\{{\s*"type"\s*:\s*"(\w+)"', text)
            place.setdefault(last, value(last, {"type": typed[1] if typed else "string"}, ""))
    return out
