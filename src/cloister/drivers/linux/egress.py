"""Public sources of single machines: elements of a map from private to public address. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from cloister.drivers.linux import nftables as nft
from cloister.drivers.linux.objects import GONE, Descriptor, Step
from cloister.drivers.linux.rulesets import SERVICE_SOURCES, SOURCES
from cloister.net.desired import Egress


class Reading(Protocol):
    """What ``observe`` read of one router."""

    elements: dict[str, dict[bytes, bytes]]


def put_egress(item: Egress, descriptor: Descriptor) -> list[Step]:
    """The element."""
    name, key = _place(item)
    element = nft.Element(key, nft.address_key(item.source), comment=item.owner)
    return [Step(item.namespace, True, [nft.elements_add(name, [element])])]


def _place(item: Egress) -> tuple[str, bytes]:
    """The map and the key."""
    key = nft.address_key(item.address)
    return (SERVICE_SOURCES, key + nft.address_key(item.to.partition("/")[0])) if item.to else (SOURCES, key)


def drop_egress(item: Egress, descriptor: Descriptor) -> list[Step]:
    """Away with it."""
    name, key = _place(item)
    return [Step(item.namespace, True, [nft.elements_delete(name, [nft.Element(key)])], GONE)]


def observed(routers: Mapping[str, Reading]) -> Iterator[Egress]:
    """All that routers hold."""
    for name, reading in routers.items():
        for address, source in reading.elements.get(SOURCES, {}).items():
            yield Egress(owner="", namespace=name, address=nft.read_address(address), source=nft.read_address(source))
        for key, source in reading.elements.get(SERVICE_SOURCES, {}).items():
            place, to = nft.read_address(key[:4]), f"{nft.read_address(key[4:8])}/24"
            yield Egress(owner="", namespace=name, address=place, source=nft.read_address(source), to=to)
