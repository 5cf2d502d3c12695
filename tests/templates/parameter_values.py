"""Parameter values for a template that nobody gave values for: from types, allowed values, lengths, names and descriptions.

Names are short, lower case and without signs, so that they do for any resource; ranges are handed out one after another,
subnets inside the network's, so that what stands side by side does not overlap.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any
from zlib import crc32

from cloister.arm.template.values import get

PUBLIC_KEY = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDExampleExampleExampleExample== example"
CERTIFICATE = "MIIC5zCCAc+gAwIBAgIQExampleExampleExampleExample"
GUID = "00000000-0000-0000-0000-0000000000a9"

ID_TYPES: tuple[tuple[str, str], ...] = (
    (r"subnet.*(resource)?id$", "Microsoft.Network/virtualNetworks/subnets"),
    (r"(vnet|virtualnetwork).*(resource)?id$", "Microsoft.Network/virtualNetworks"),
    (r"(keyvault|vault|cmk).*(resource)?id$", "Microsoft.KeyVault/vaults"),
    (r"storage.*(resource)?id$", "Microsoft.Storage/storageAccounts"),
    (r"(appinsights|applicationinsights|insights).*(resource)?id$", "Microsoft.Insights/components"),
    (r"(containerregistry|registry|acr).*(resource)?id$", "Microsoft.ContainerRegistry/registries"),
    (r"(loganalytics|workspaceresource).*id$", "Microsoft.OperationalInsights/workspaces"),
    (r"(userassigned|managed|msi|identity).*resourceid$", "Microsoft.ManagedIdentity/userAssignedIdentities"),
    (r"(cosmos|documentdb).*id$", "Microsoft.DocumentDB/databaseAccounts"),
    (r"search.*id$", "Microsoft.Search/searchServices"),
    (r"(aiservices|openai|cognitive).*id$", "Microsoft.CognitiveServices/accounts"),
    (r"circuit.*id$", "Microsoft.Network/expressRouteCircuits"),
    (r"gateway.*id$", "Microsoft.Network/virtualNetworkGateways"),
    (r"zone.*id$", "Microsoft.Network/privateDnsZones"),
)
"""What kind of resource an id of that name is; the first that fits."""

_NOT_IDS = re.compile(
    r"(tenant|client|object|principal|subscription|application|app|user|admin|sp|aad|group)_?id$", re.IGNORECASE
)
_SUBNET = re.compile(r"(subnet|sub).*(prefix|range|cidr|address(space)?)$", re.IGNORECASE)
_NETWORK = re.compile(
    r"((address|network|net|range|ip|subnet|pool).*prefix(es)?|cidr|addressspace|range|addresspool)$", re.IGNORECASE
)
_USE = r"parameters\(\s*'{name}'\s*\){index}((?:\.\w+|\[\s*'\w+'\s*\])+)"
_INDEX = r"\[[^\]']*\]"


class Values:
    """Values for the parameters of one template; ``scope`` is the group's id, ``text`` the template's own."""

    def __init__(self, scope: str, text: str, tenant: str = "", location: str = "eastus2"):
        self.scope = scope
        self.text = text
        self.tenant = tenant
        self.location = location
        self._networks = 0
        self._subnets = 0

    def of(self, template: dict[str, Any]) -> dict[str, Any]:
        """``{name: value}`` for each parameter without a usable default."""
        out = {}
        for name, declaration in (get(template, "parameters") or {}).items():
            if get(declaration, "defaultValue") in (None, ""):
                if get(declaration, "defaultValue") == "" and not get(declaration, "minLength"):
                    continue  # an empty default means: not used
                out[name] = self.value(name, declaration)
        return out

    def value(self, name: str, declaration: dict[str, Any]) -> Any:
        """A value that the declaration allows."""
        allowed = get(declaration, "allowedValues")
        kind = str(get(declaration, "type", "string")).lower()
        if allowed and kind != "array":
            return allowed[0]
        if kind == "int":
            return self._number(name, declaration)
        if kind == "bool":
            return True
        if kind == "array":
            return self._array(name, declaration, allowed)
        if kind in ("object", "secureobject"):
            return self._members(name, "")
        return self._fitted(self.text_value(name, str(get(get(declaration, "metadata") or {}, "description") or "")), declaration)

    def _number(self, name: str, declaration: dict[str, Any]) -> int:
        low, high = get(declaration, "minValue"), get(declaration, "maxValue")
        if low is None and re.search(r"asn$", name, re.IGNORECASE):
            return 65010
        found = 1 if low is None else int(low)
        return min(found, int(high)) if high is not None else found

    def _array(self, name: str, declaration: dict[str, Any], allowed: Any) -> list[Any]:
        if allowed:
            return list(allowed[:1])
        count = max(int(get(declaration, "minLength", 1)), 1)
        members = self._members(name, _INDEX)
        return [members or self.text_value(name.removesuffix("es").removesuffix("s"), "") for _ in range(count)]

    def _fitted(self, found: str, declaration: dict[str, Any]) -> str:
        least, most = int(get(declaration, "minLength", 0)), int(get(declaration, "maxLength", 1000))
        return found + "x" * (least - len(found)) if len(found) < least else found[:most]

    def text_value(self, name: str, description: str) -> str:
        """A text for a parameter of this name."""
        whole = re.sub(r"[^a-z0-9]", "", name.lower())
        plain = whole.rstrip("0123456789") or whole
        for pattern, found in self._known():
            if re.search(pattern, plain):
                return found
        if plain.endswith("id") and not _NOT_IDS.search(name):
            kind = next((one for pattern, one in ID_TYPES if re.search(pattern, plain)), "")
            if kind:
                return self.id(kind, whole)
        if _SUBNET.search(plain):
            self._subnets += 1
            return f"10.{max(self._networks - 1, 0)}.{self._subnets}.0/24"
        if _NETWORK.search(plain):
            self._networks += 1
            return f"10.{self._networks - 1}.0.0/16"
        if plain.endswith("id"):
            return GUID
        return self._name(whole)

    def _known(self) -> tuple[tuple[str, str], ...]:
        return (
            (r"tenantid", self.tenant or GUID),
            (r"subscriptionid", self.scope.split("/")[2]),
            (r"(resourcegroup|rg)(name)?$", self.scope.split("/")[4] if self.scope.count("/") > 3 else "group"),
            (r"(ssh|public)key(data)?$|sshpublickey|adminkey", PUBLIC_KEY),
            (r"(cert|certificate)(data)?$", CERTIFICATE),
            (r"password|secret$|passphrase", "Cl0ister-example!"),
            (r"(uri|url|artifactslocation|endpoint|link)$", "https://files.example/set/"),
            (r"sastoken", "?sv=1"),
            (r"(time|date)(utc)?$", "2026-12-29T14:05:09Z"),
            (r"location|region$", self.location),
            (r"(zone|domain)name$|fqdn$|dnszone", "inside.example"),
            (r"email|mail$", "someone@inside.example"),
            (r"gatewayip|publicip$|gatewayaddress|gatewaypip", "198.18.64.200"),
            (r"(ip|ipaddress)$", "10.0.0.10"),
        )

    def id(self, kind: str, name: str) -> str:
        """An id of a resource of that type in the group."""
        namespace, *segments = kind.split("/")
        parts = [f"{segment}/{self._name(name + segment)}" for segment in segments]
        return f"{self.scope}/providers/{namespace}/" + "/".join(parts)

    def _name(self, seed: str) -> str:
        """A name for this scope: a vault that another one's deletion left may hold it there."""
        return f"ab{crc32((self.scope.rsplit('/', 1)[-1] + seed).encode()):08x}"

    def _members(self, name: str, index: str) -> dict[str, Any]:
        """An object with the members that the template reads of it, or of its items."""
        out: dict[str, Any] = {}
        for used in re.finditer(_USE.format(name=re.escape(name), index=index), self.text, re.IGNORECASE):
            place = out
            *steps, last = re.findall(r"\w+", used[1])
            for step in steps:
                place = place.setdefault(step, {})
                if not isinstance(place, dict):
                    break
            else:
                # A parameter of a nested template may bear the member's name, and then tells its type.
                typed = re.search(rf'"{last}"\s*:\s*\{{\s*"type"\s*:\s*"(\w+)"', self.text)
                place.setdefault(last, self.value(last, {"type": typed[1] if typed else "string"}))
        return out


_CHOICE = re.compile(r"is '([^']+)'; choose one of '([^']+)'")
_GROUP = re.compile(r"with groupIds \['([^']+)'\]: '[^']+' offers '([^']+)'")
_OUTSIDE = re.compile(r"with prefix '([^']+)': it is not in the address space of virtual network '[^']+' \(([^,)]+)")
_OVERLAP = re.compile(r"with prefix '([^']+)': it overlaps")


def adapted(given: dict[str, Any], error: str) -> bool:
    """Change generated values as the error says that they must be; whether any was changed.

    For values whose choice no name tells: an enumeration of a resource's property, a range inside a network that has one.
    """
    better = {wrong: right for wrong, right in (*_CHOICE.findall(error), *_GROUP.findall(error))}
    for wrong, space in _OUTSIDE.findall(error):
        better[wrong] = str(next(ip_network(space.strip()).subnets(new_prefix=max(24, ip_network(space.strip()).prefixlen))))
    for wrong in _OVERLAP.findall(error):
        block = ip_network(wrong)
        better.setdefault(wrong, str(ip_network((int(block.broadcast_address) + 1, block.prefixlen))))
    changed = False
    for name, value in given.items():
        if isinstance(value, str) and value in better:
            given[name] = better[value]
            changed = True
        elif isinstance(value, list) and any(isinstance(item, str) and item in better for item in value):
            given[name] = [better.get(item, item) if isinstance(item, str) else item for item in value]
            changed = True
    return changed
