"""CIDR functions: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-cidr."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from cloister.arm.template.errors import failed
from cloister.arm.template.evaluator import Frame, Function
from cloister.arm.template.functions.arguments import number, text

Arguments = Sequence[Any]


def _network(function: str, value: Any) -> IPv4Network | IPv6Network:
    source = text(function, value)
    try:
        if "/" not in source:
            raise ValueError
        return ip_network(source, strict=False)
    except ValueError:
        raise failed(function, f"'{source[:100]}' is no IP address range such as '10.0.0.0/16'") from None


def parse_cidr(frame: Frame, arguments: Arguments) -> dict[str, Any]:
    """``parseCidr(range)``: ``{network, netmask, broadcast, firstUsable, lastUsable, cidr}`` (no broadcast in IPv6)."""
    network = _network("parseCidr", arguments[0])
    tight = network.num_addresses <= 2 or network.version == 6
    out: dict[str, Any] = {"network": str(network.network_address), "netmask": str(network.netmask)}
    if network.version == 4:
        out["broadcast"] = str(network.broadcast_address)
    out["firstUsable"] = str(network[0] if tight else network[1])
    out["lastUsable"] = str(network[-1] if tight else network[-2])
    out["cidr"] = network.prefixlen
    return out


def cidr_subnet(frame: Frame, arguments: Arguments) -> str:
    """``cidrSubnet(range, newPrefix, index)``: the index-th part of that size."""
    network = _network("cidrSubnet", arguments[0])
    prefix, at = number("cidrSubnet", arguments[1]), number("cidrSubnet", arguments[2])
    if not network.prefixlen <= prefix <= network.max_prefixlen:
        raise failed(
            "cidrSubnet", f"the new prefix length '{prefix}' must be from {network.prefixlen} to {network.max_prefixlen}"
        )
    if not 0 <= at < 1 << (prefix - network.prefixlen):
        raise failed("cidrSubnet", f"'{network}' has no part of prefix length {prefix} with the index '{at}'")
    start = int(network.network_address) + (at << (network.max_prefixlen - prefix))
    return str(type(network)((start, prefix)))


def cidr_host(frame: Frame, arguments: Arguments) -> str:
    """``cidrHost(range, index)``: the index-th usable address, from 0."""
    network, at = _network("cidrHost", arguments[0]), number("cidrHost", arguments[1])
    tight = network.num_addresses <= 2
    usable = network.num_addresses if tight else network.num_addresses - (2 if network.version == 4 else 1)
    if not 0 <= at < usable:
        raise failed("cidrHost", f"'{network}' has no usable address with the index '{at}'")
    return str(network[at if tight else at + 1])


TABLE: dict[str, Function] = {
    "cidrHost": Function(cidr_host, 2, 2),
    "cidrSubnet": Function(cidr_subnet, 3, 3),
    "parseCidr": Function(parse_cidr, 1, 1),
}
