"""The security rules of a network in its router: a table of their own, replaced as a whole in one transaction.

    chain forward, chain input   hooks: what is open goes on; a new flow passes the NIC's chain and the subnet's on its way out,
                                 the subnet's and the NIC's on its way in, the endpoints' subnet's where those obey it
    chain f<n>-out, f<n>-in      one network security group, once, reached by verdict maps of addresses (sources are not spoofed:
                                 strict reverse-path filtering); ``return`` is Allow, ``drop`` is Deny
    chain f<n>-platform          its rules about the host's own services, which nothing else in it applies to
    chain seal                   one rule whose comment says what was asked for and what the kernel then held

Rules match what the first packet had (``ct original``): an endpoint's address, not where it leads. All sets are anonymous, so
that nobody can change them; everything else is in the seal's digest, so that a foreign edit is seen, after a restart too.
The new hooks come after the old ones (a higher priority number): a packet that meets both at the moment of the exchange is
judged by one of them at least.
"""

from __future__ import annotations

import hashlib
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence

from cloister.drivers.linux import expressions as ex
from cloister.drivers.linux import nftables as nft
from cloister.drivers.linux.expressions import ACCEPT, DROP
from cloister.drivers.linux.namespaces import Missing, Space, Spaces
from cloister.drivers.linux.netlink import Channel, Message
from cloister.drivers.linux.nftables import Chain, Element, Rule, Set
from cloister.drivers.linux.objects import DAMAGED, GONE
from cloister.net import plan, tags
from cloister.net.desired import FilterChain, FilterPlace, FilterRule, Filters

TABLE = "cloister-filters"
SEAL = "seal"
NICS = "n*"
_FIRST_PRIORITY = -150  # after connection tracking (-200); each exchange takes the next number
_PORTED = (socket.IPPROTO_TCP, socket.IPPROTO_UDP)
_ADDRESSES, _PORTS = Set("__set%d", nft.ADDRESS, interval=True), Set("__set%d", nft.PORT, interval=True)
_CHAIN_OF = Set("__map%d", nft.ADDRESS, nft.VERDICT)
_CHAIN_OF_PREFIX = Set("__map%d", nft.ADDRESS, nft.VERDICT, interval=True)


class _Batch:
    """The messages of one table, with anonymous sets numbered as they come."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._sets = 0

    def set(self, declared: Set, elements: Sequence[Element]) -> int:
        """Add an anonymous set; its number."""
        self._sets += 1
        self.messages += nft.anonymous_set(TABLE, declared.name, declared, self._sets, elements)
        return self._sets

    def rule(self, chain: str, comment: str, expressions: bytes) -> None:
        """Append a rule."""
        self.messages.append(nft.rule_new(chain, Rule(comment, expressions), TABLE))

    def within(self, load: bytes, ranges: tuple[tags.Range, ...], everything: tags.Ranges, declared: Set) -> bytes:
        """That what ``load`` loads is in the ranges; nothing when that is always so."""
        if ranges == everything:
            return b""
        form = ">I" if declared is _ADDRESSES else ">H"
        if len(ranges) == 1:
            return load + ex.between(struct.pack(form, ranges[0][0]), struct.pack(form, ranges[0][1]))
        elements = []
        for first, last in ranges:
            elements.append(Element(struct.pack(form, first)))
            if last < everything[0][1]:
                elements.append(Element(struct.pack(form, last + 1), end=True))
        return load + ex.looked_up(declared.name, self.set(declared, elements))


def messages(filters: Filters, priority: int) -> list[Message]:
    """The batch that makes the whole table anew."""
    batch = _Batch()
    batch.messages += [nft.table_new(filters.owner, TABLE), nft.table_delete(TABLE), nft.table_new(filters.owner, TABLE)]
    chains = [
        Chain("forward", hook=ex.FORWARD, priority=priority),
        Chain("input", hook=ex.INPUT, priority=priority),
        Chain(SEAL),
        *(Chain(f"f{n}-{part}") for n in range(len(filters.chains)) for part in ("in", "out", "platform")),
    ]
    batch.messages += [nft.chain_new(chain, TABLE) for chain in chains]
    for number, chain in enumerate(filters.chains):
        _chain(batch, number, chain)
    _hooks(batch, filters.places)
    return batch.messages


def _hooks(batch: _Batch, places: tuple[FilterPlace, ...]) -> None:
    new = ex.state(ex.NEW)
    from_nic, to_nic = ex.incoming(NICS), ex.outgoing(NICS)
    to_resolver = ex.destination(str(plan.AZURE_DNS))
    batch.rule("forward", "what is open", ex.state(ex.ESTABLISHED | ex.RELATED) + ex.verdict(ACCEPT))
    _jump(batch, "forward", "outbound, the NIC's", from_nic + ex.source(), places, "nic", "out")
    _jump(batch, "forward", "outbound, the subnet's", from_nic + ex.source(), places, "subnet", "out")
    _jump(batch, "forward", "inbound, the subnet's", to_nic + ex.target(), places, "subnet", "in")
    _jump(batch, "forward", "inbound, the NIC's", to_nic + ex.target(), places, "nic", "in")
    _jump(batch, "forward", "inbound, endpoints", ex.translated() + ex.original(ex.DESTINATION), places, "endpoint", "in")
    _jump(batch, "input", "to the resolver", from_nic + to_resolver + new + ex.source(), places, "nic", "out")
    _jump(batch, "input", "to the resolver", from_nic + to_resolver + new + ex.source(), places, "subnet", "out")


def _jump(batch: _Batch, hook: str, comment: str, load: bytes, places: Iterable[FilterPlace], place: str, direction: str) -> None:
    """A rule that goes to the chain of the address that ``load`` loads; none where no chain applies."""
    found = [item for item in places if item.place == place]
    if not found:
        return
    declared = _CHAIN_OF if place == "nic" else _CHAIN_OF_PREFIX
    elements: list[Element] = []
    for item in found:
        first, last = tags.of_prefix(item.prefix)
        elements.append(Element(first.to_bytes(4, "big"), jump=f"f{item.chain}-{direction}"))
        if declared.interval and last < tags.TOP:
            elements.append(Element((last + 1).to_bytes(4, "big"), end=True))
    batch.rule(hook, comment, load + ex.looked_up(declared.name, batch.set(declared, elements), verdicts=True))


def _chain(batch: _Batch, number: int, chain: FilterChain) -> None:
    platform = ex.original(ex.DESTINATION) + ex.between(*[socket.inet_aton(str(plan.AZURE_DNS))] * 2)
    batch.rule(f"f{number}-out", "the host's own services", platform + ex.go_to(f"f{number}-platform"))
    for rule in chain.rules:
        _rule(batch, f"f{number}-{'in' if rule.inbound else 'out'}", rule)
        if rule.platform and not rule.inbound:
            _rule(batch, f"f{number}-platform", rule)
    for direction in ("in", "out"):
        batch.rule(f"f{number}-{direction}", chain.owner, ex.verdict(DROP))


def _rule(batch: _Batch, chain: str, rule: FilterRule) -> None:
    """One security rule: a rule of the kernel's, or two where it names ports and any protocol (ports are TCP's and UDP's)."""
    named = (rule.source_ports, rule.destination_ports) != (tags.ALL_PORTS, tags.ALL_PORTS)
    for protocol in _protocols(rule.protocol, named):
        match = ex.protocol(protocol) if protocol else b""
        match += batch.within(ex.original(ex.SOURCE), rule.sources, tags.ALL_ADDRESSES, _ADDRESSES)
        match += batch.within(ex.original(ex.DESTINATION), rule.destinations, tags.ALL_ADDRESSES, _ADDRESSES)
        if protocol in _PORTED:
            match += batch.within(ex.original(ex.SOURCE_PORT), rule.source_ports, tags.ALL_PORTS, _PORTS)
            match += batch.within(ex.original(ex.DESTINATION_PORT), rule.destination_ports, tags.ALL_PORTS, _PORTS)
        batch.rule(chain, rule.because, match + ex.verdict(ex.RETURN if rule.allow else DROP))


def _protocols(protocol: int, named: bool) -> Iterator[int]:
    yield from _PORTED if named and protocol == 0 else (protocol,)


def put_filters(spaces: Spaces, filters: Filters) -> None:
    """Exchange the whole table, then seal it. Raises Missing, NetlinkError, ValueError."""
    channel = spaces.get(filters.namespace).filter
    before = nft.read_table(channel, TABLE)
    priority = max((_priority(chain) for chain in before.chains), default=_FIRST_PRIORITY) + 1 if before else _FIRST_PRIORITY
    _transact(channel, messages(filters, priority))
    held = nft.read_table(channel, TABLE)
    if held is None:
        raise ValueError("its table was taken away at once")
    _transact(channel, [nft.rule_new(SEAL, Rule(f"{filters.digest} {_digest(held)}", ex.verdict(ACCEPT)), TABLE)])


def drop_filters(spaces: Spaces, filters: Filters) -> None:
    """Take the table away; one that is not there is fine. Raises NetlinkError."""
    try:
        channel = spaces.get(filters.namespace).filter
    except Missing:
        return
    for error in channel.transact([nft.table_delete(TABLE)]).values():
        if error.errno not in GONE:
            raise error


def observed(space: Space) -> Filters | None:
    """What a router holds, by its seal; damaged when it is not what was sealed. Raises NetlinkError."""
    table = nft.read_table(space.filter, TABLE)
    if table is None:
        return None
    asked, _, sealed = table.comments.get(SEAL, "").partition(" ")
    whole = len(table.rules.get(SEAL, ())) == 1 and sealed == _digest(table)
    return Filters(owner="", namespace=space.name, digest=asked if whole else DAMAGED)


def _transact(channel: Channel, batch: Sequence[Message]) -> None:
    for error in channel.transact(batch).values():
        raise error


def _priority(chain: tuple[bytes, ...]) -> int:
    """Of a chain as ``read_table`` tells it: its hook's NFTA_HOOK_PRIORITY; below all others for one without hook."""
    hook = dict(nft.each(chain[1]))
    return struct.unpack(">i", hook[2])[0] if 2 in hook else _FIRST_PRIORITY - 1


def _digest(table: nft.Reading) -> str:
    told = hashlib.sha256()
    for part in (table.chains, table.sets, sorted((chain, rules) for chain, rules in table.rules.items() if chain != SEAL)):
        told.update(repr(part).encode())
    return told.hexdigest()[:32]
