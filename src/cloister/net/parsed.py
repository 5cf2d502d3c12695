"""Addresses and prefixes from their texts, each parsed once: a verdict on one flow asks for the same few again and again."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

_KEPT = 65_536


@lru_cache(_KEPT)
def address_of(text: str) -> IPv4Address:
    """The address written so. Raises ValueError."""
    return IPv4Address(text)


@lru_cache(_KEPT)
def prefix_of(text: str) -> IPv4Network:
    """The prefix written so. Raises ValueError."""
    return IPv4Network(text)
