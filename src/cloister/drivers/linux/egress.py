"""Public sources of single machines: elements of a map from private to public address. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from cloister.drivers.linux import nftables as nft
from cloister.drivers.linux.objects import GONE, Descriptor, Step
from cloister.drivers.linux.rulesets import SOURCES
from cloister.net.desired import Egress


class Reading(Protocol):
    """What ``observe`` read of one router."""

    elements: dict[str, dict[bytes, bytes]]


def put_egress(item: Egress, descriptor: Descriptor) -> list[Step]:
    """The element."""
    element = nft.Element(nft.address_key(item.address), nft.address_key(item.source), comment=item.owner)
    return [Step(item.namespace, True, [nft.elements_add(SOURCES, [element])])]


def drop_egress(item: Egress, descriptor: Descriptor) -> list[Step]:
    """Away with it."""
    return [Step(item.namespace, True, [nft.elements_delete(SOURCES, [nft.Element(nft.address_key(item.address))])], GONE)]


def observed(routers: Mapping[str, Reading]) -> Iterator[Egress]:
    """All that routers hold."""
    for name, reading in routers.items():
        for address, source in reading.elements.get(SOURCES, {}).items():
            yield Egress(owner="", namespace=name, address=nft.read_address(address), source=nft.read_address(source))
