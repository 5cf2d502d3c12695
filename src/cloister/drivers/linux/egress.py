"""The public side of machines, as elements of maps: which addresses they leave with, by which they are reached.

A machine's address with a number that goes round leads to the next of the addresses that it leaves with. The one way
in, from a public to a private address, is an element of its own. Idle timeouts are named objects, made when first needed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Protocol

from cloister.drivers.linux import nftables as nft
from cloister.drivers.linux.namespaces import Spaces
from cloister.drivers.linux.objects import DAMAGED, GONE, Descriptor, Step
from cloister.drivers.linux.rulesets import IDLE_IN, IDLE_OUT, POOL_SLOTS, POOLS, PUBLICATIONS, SERVICE_SOURCES, SOURCES
from cloister.net.desired import Egress, Publication

PublicSide = Egress | Publication


class Reading(Protocol):
    """What ``observe`` read of one router."""

    elements: dict[str, dict[bytes, bytes]]


def _elements(item: PublicSide) -> Iterator[tuple[str, list[nft.Element]]]:
    """The elements that stand for an object, each with its map."""
    key = nft.address_key(item.public if isinstance(item, Publication) else item.address)
    if isinstance(item, Publication):
        yield IDLE_IN, [nft.Element(key, object=nft.timeout_name(item.idle))]
        yield PUBLICATIONS, [nft.Element(key, nft.address_key(item.address), comment=item.owner)]
    elif item.to:
        service = nft.address_key(item.to.partition("/")[0])
        yield SERVICE_SOURCES, [nft.Element(key + service, nft.address_key(item.sources[0]), comment=item.owner)]
    else:
        yield IDLE_OUT, [nft.Element(key, object=nft.timeout_name(item.idle))]
        keys = (nft.address_number(item.address, slot) for slot in range(POOL_SLOTS))
        sources = itertools.cycle(map(nft.address_key, item.sources))
        yield POOLS, [nft.Element(slot, source) for slot, source in zip(keys, sources, strict=False)]
        yield SOURCES, [nft.Element(key, nft.address_key(item.sources[0]), comment=item.owner)]


def put(item: PublicSide, descriptor: Descriptor) -> list[Step]:
    """Its elements."""
    made = [nft.elements_add(name, elements) for name, elements in _elements(item)]
    return [Step(item.namespace, True, [*([nft.timeout_new(item.idle)] if item.idle else []), *made])]


def _places(item: PublicSide) -> Iterator[tuple[str, bytes]]:
    """The maps and keys where anything of an object may stand, also of one that was not whole."""
    key = nft.address_key(item.public if isinstance(item, Publication) else item.address)
    if isinstance(item, Publication):
        yield from ((PUBLICATIONS, key), (IDLE_IN, key))
    elif item.to:
        yield SERVICE_SOURCES, key + nft.address_key(item.to.partition("/")[0])
    else:
        yield from ((SOURCES, key), (IDLE_OUT, key))
        yield from ((POOLS, nft.address_number(item.address, slot)) for slot in range(POOL_SLOTS))


def drop(item: PublicSide, descriptor: Descriptor) -> list[Step]:
    """Away with them."""
    return [Step(item.namespace, True, [nft.elements_delete(name, [nft.Element(key)]) for name, key in _places(item)], GONE)]


def mend_egress(spaces: Spaces, item: Egress) -> None:
    """Replace what stands there in one batch: nobody leaves by another address meanwhile. Raises NetlinkError."""
    channel = spaces.get(item.namespace).filter
    held = {name: nft.read_elements(channel, name) for name, _ in _places(item)}
    gone = [nft.elements_delete(name, [nft.Element(key)]) for name, key in _places(item) if key in held[name]]
    [step] = put(item, lambda name: -1)
    for error in channel.transact([*gone, *step.messages]).values():
        raise error


def observed(routers: Mapping[str, Reading]) -> Iterator[PublicSide]:
    """All that routers hold."""
    for name, reading in routers.items():
        yield from _sources(name, reading)
        for key, source in reading.elements.get(SERVICE_SOURCES, {}).items():
            place, to = nft.read_address(key[:4]), f"{nft.read_address(key[4:8])}/24"
            yield Egress(owner="", namespace=name, address=place, sources=(nft.read_address(source),), to=to)
        yield from _publications(name, reading)


def _minutes(reading: Reading, name: str, key: bytes) -> int:
    """0 where there is no object: it differs from anything desired."""
    return nft.timeout_minutes(reading.elements.get(name, {}).get(key, b"").decode())


def _publications(name: str, reading: Reading) -> Iterator[Publication]:
    held = reading.elements.get(PUBLICATIONS, {})
    for key in held.keys() | reading.elements.get(IDLE_IN, {}).keys():
        address = nft.read_address(held[key]) if key in held else DAMAGED
        idle = _minutes(reading, IDLE_IN, key)
        yield Publication(owner="", namespace=name, public=nft.read_address(key), address=address, idle=idle)


def _sources(name: str, reading: Reading) -> Iterator[Egress]:
    pools: dict[bytes, dict[int, str]] = {}
    for key, source in reading.elements.get(POOLS, {}).items():
        pools.setdefault(key[:4], {})[nft.read_address_number(key)[1]] = nft.read_address(source)
    held = reading.elements.get(SOURCES, {})
    for key in held.keys() | pools.keys() | reading.elements.get(IDLE_OUT, {}).keys():
        first, slots = nft.read_address(held[key]) if key in held else DAMAGED, pools.get(key, {})
        sources = tuple(dict.fromkeys(source for _, source in sorted(slots.items()))) or (DAMAGED,)
        whole = sources[0] == first and slots == {n: sources[n % len(sources)] for n in range(POOL_SLOTS)}
        yield Egress(
            owner="",
            namespace=name,
            address=nft.read_address(key),
            sources=sources if whole else (first, DAMAGED),
            idle=_minutes(reading, IDLE_OUT, key),
        )
