"""Address prefixes as Azure accepts them: CIDR notation, no host bits, no overlap, no reserved ranges.

Source: learn.microsoft.com/azure/virtual-network/virtual-networks-faq (ranges, sizes, reserved addresses).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Network, NetmaskValueError, ip_network

from cloister.arm.errors import Problem
from cloister.net import plan

Prefix = IPv4Network | IPv6Network

RESERVED = {
    IPv4Network("0.0.0.0/8"): "the unspecified range",
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("169.254.0.0/16"): "link-local",
    IPv4Network("168.63.129.16/32"): "Azure's resolver",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("255.255.255.255/32"): "broadcast",
    plan.INTERNET: "the public internet of this cloud",
    plan.SERVICES: "the public services of this cloud",
}
"""Ranges that no virtual network may use, and what holds them."""

SMALLEST_SUBNET = 29  # Azure: the smallest IPv4 subnet is /29
LARGEST_SPACE = 2  # Azure: the largest is /2
FIRST_USABLE = 4  # Azure: the first four addresses and the last one of a subnet are reserved


def read(text: object) -> Prefix | None:
    """The prefix, or None for anything that is no CIDR notation or has host bits."""
    return _read(text) if isinstance(text, str) and "/" in text else None


@lru_cache(maxsize=65536)
def _read(text: str) -> Prefix | None:
    try:
        return ip_network(text)
    except (AddressValueError, NetmaskValueError, ValueError):
        return None


def address(text: object) -> IPv4Address | None:
    """The IPv4 address, or None."""
    try:
        return IPv4Address(text) if isinstance(text, str) else None
    except AddressValueError:
        return None


def inside(inner: Prefix, outers: Iterable[Prefix]) -> bool:
    """Whether ``inner`` lies wholly in one of ``outers``."""
    return any(inner.version == outer.version and inner.subnet_of(outer) for outer in outers)  # type: ignore[arg-type]


@lru_cache(maxsize=65536)
def span(text: str) -> tuple[int, int, int]:
    """``(version, first, last)`` of a prefix as numbers, for comparing many; an unreadable one spans nothing."""
    prefix = read(text)
    return (prefix.version, int(prefix.network_address), int(prefix.broadcast_address)) if prefix else (0, 1, 0)


def overlap(a: Prefix, b: Prefix) -> bool:
    """Whether two prefixes share an address; prefixes of two families never do."""
    return a.version == b.version and a.overlaps(b)


def notation_problem(text: object, owner: str, target: str) -> Problem | None:
    """What is wrong with the text of one prefix of ``owner`` (its id), or None."""
    if read(text) is not None:
        return None
    shown = f"'{text}'"
    try:
        if isinstance(text, str) and "/" in text:
            right = ip_network(text, strict=False)
            return Problem(
                "InvalidCIDRNotation",
                target,
                f"cannot use the address prefix {shown} in '{owner}': it has host bits set; for that length write '{right}'.",
            )
    except ValueError:
        pass
    return Problem(
        "InvalidAddressPrefixFormat",
        target,
        f"cannot use the address prefix {shown} in '{owner}': it is not in CIDR notation; write for example '10.0.0.0/24'.",
    )


def space_problems(texts: list, owner: str, target: str) -> Iterator[Problem]:
    """Everything wrong with a virtual network's address prefixes, without regard to other rows."""
    found: list[Prefix] = []
    for n, text in enumerate(texts):
        at = f"{target}[{n}]"
        problem = notation_problem(text, owner, at)
        if problem:
            yield problem
            continue
        prefix = read(text)
        assert prefix is not None
        if isinstance(prefix, IPv4Network):
            if not LARGEST_SPACE <= prefix.prefixlen <= SMALLEST_SUBNET:
                yield Problem(
                    "InvalidAddressPrefixLength",
                    at,
                    f"cannot use the address prefix '{text}' in '{owner}': a virtual network's prefixes are from "
                    f"/{LARGEST_SPACE} to /{SMALLEST_SUBNET}.",
                )
            for range_, holder in RESERVED.items():
                if prefix.overlaps(range_):
                    yield Problem(
                        "AddressPrefixNotAllowed",
                        at,
                        f"cannot use the address prefix '{text}' in '{owner}': it overlaps {range_}, {holder}; "
                        "choose a private range such as 10.0.0.0/16.",
                    )
        for earlier in found:
            if overlap(prefix, earlier):
                yield Problem(
                    "VnetAddressPrefixesOverlap",
                    at,
                    f"cannot use the address prefix '{text}' in '{owner}': it overlaps '{earlier}' of the same network; "
                    "remove one of them.",
                )
        found.append(prefix)
