"""The security rules of a network in its router: a table of their own, whose rules are exchanged whole.

    chain prerouting, forward    hooks that stay: what is open goes on; a new flow passes the chain of the same name
    chain prerouting, forward    (with a letter) the ways to the groups: the NIC's chain and the subnet's on its way out (before
                                 any translation), the subnet's and the NIC's on its way in, the endpoints' subnet's where those
                                 obey it
    chain prerouting-again ...   the same for what is open, where a group has flushConnection: it passes the group's chain again
                                 with every packet of who began it
    chain n<n>-out, n<n>-in      the same for one NIC that forwards: its packets are not told by their addresses (and
                                 ``-out-again``, ``-in-again`` for what is open)
    chain f<n>-out, f<n>-in      one network security group, once, reached by verdict maps of addresses (sources are not spoofed:
                                 strict reverse-path filtering), or of interfaces that forward what is not theirs;
                                 ``return`` is Allow, ``drop`` is Deny
    chain f<n>-endpoint          the same for what was translated, where endpoints obey rules: it matches what the first packet
                                 had (``ct original``)
    chain f<n>-platform          its rules about the host's own services, which nothing else in it applies to
    chain seal                   one rule whose comment says what was asked for and what the kernel then held

Each generation of chains has a letter of its own. One transaction makes it, a second turns the hooks to it, a third takes the old
one away, which nothing leads to any more. Three, because a packet may be under way in each: what a set of a transaction holds is
found some time after that transaction's rules apply (nf_tables_commit: sets of intervals are committed last), so nothing may lead
to a new set before; and a chain whose rules go, or a map whose elements go, lets through who is about to enter it, so the third
comes when no packet is in there (``grace``). A hook itself looks up nothing but the state of a flow. All sets are anonymous, so
that nobody can change them; everything else is in the seal's digest, so that a foreign edit is seen, after a restart too.
"""

from __future__ import annotations

import hashlib
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from string import ascii_lowercase

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
AGAIN = "-again"
NICS = "n*"
_HOOKS = (
    Chain("prerouting", hook=ex.PREROUTING, priority=-150),  # after connection tracking (-200), before translation (-100)
    Chain("forward", hook=ex.FORWARD, priority=-10),
    Chain(SEAL),
)
_STAYING = {chain.name for chain in _HOOKS}
_WAYS = ("prerouting", "forward")
_PACKET = (ex.source(), ex.target(), ex.from_port_of(), ex.to_port_of())
_ORIGINAL = tuple(map(ex.original, (ex.SOURCE, ex.DESTINATION, ex.SOURCE_PORT, ex.DESTINATION_PORT)))
_PORTED = (socket.IPPROTO_TCP, socket.IPPROTO_UDP)
_ADDRESSES, _PORTS = Set("__set%d", nft.ADDRESS, interval=True), Set("__set%d", nft.PORT, interval=True)
_CHAIN_OF = Set("__map%d", nft.ADDRESS, nft.VERDICT)
_CHAIN_OF_PREFIX = Set("__map%d", nft.ADDRESS, nft.VERDICT, interval=True)
_CHAIN_OF_LINK = Set("__map%d", nft.LINK, nft.VERDICT)


class _Batch:
    """The messages of one exchange, with anonymous sets numbered as they come."""

    def __init__(self, letter: str) -> None:
        self.letter = letter
        self.messages: list[Message] = []
        self._sets = 0

    def set(self, declared: Set, elements: Sequence[Element]) -> int:
        """Add an anonymous set; its number."""
        self._sets += 1
        self.messages += nft.anonymous_set(TABLE, declared.name, declared, self._sets, elements)
        return self._sets

    def chain(self, number: int, part: str) -> str:
        """The name of a chain of this generation."""
        return f"f{number}-{part}.{self.letter}"

    def named(self, name: str, part: str) -> str:
        """The name of a hook's chain of this generation (``part``: "" or ``AGAIN``), or of a forwarding NIC's."""
        return f"{name}{part}.{self.letter}"

    def rule(self, chain: str, comment: str, expressions: bytes) -> None:
        """Append a rule."""
        self.messages.append(nft.rule_new(chain, Rule(comment, expressions), TABLE))

    def within(self, load: bytes, ranges: tuple[tags.Range, ...], everything: tags.Ranges, declared: Set) -> bytes:
        """That what ``load`` loads is in the ranges; nothing when that is always so."""
        if ranges == everything:
            return b""
        form = ">I" if declared is _ADDRESSES else ">H"
        if len(ranges) == 1:
            matches = ex.inside if declared is _ADDRESSES else ex.between
            return load + matches(struct.pack(form, ranges[0][0]), struct.pack(form, ranges[0][1]))
        elements = []
        for first, last in ranges:
            elements.append(Element(struct.pack(form, first)))
            if last < everything[0][1]:
                elements.append(Element(struct.pack(form, last + 1), end=True))
        return load + ex.looked_up(declared.name, self.set(declared, elements))


def prepared(filters: Filters, letter: str) -> list[Message]:
    """The batch that makes a generation of chains, which nothing leads to yet, whatever of the table is there."""
    batch = _Batch(letter)
    batch.messages.append(nft.table_new(filters.owner, TABLE))
    batch.messages += [nft.chain_new(chain, TABLE) for chain in _HOOKS]
    parts = ["in", "out", "platform"]
    if any(item.place == "endpoint" for item in filters.places):
        parts.append("endpoint")
    again = _flushed(filters)
    names = [batch.chain(number, part) for number in range(len(filters.chains)) for part in parts]
    for places, suffix in ((filters.places, ""), (again, AGAIN)):
        names += [batch.named(hook, suffix) for hook in _WAYS] if places else []
        names += [
            batch.named(item.prefix, f"-{part}{suffix}") for item in places if item.place == "link" for part in ("in", "out")
        ]
    batch.messages += [nft.chain_new(Chain(name), TABLE) for name in names]
    for number, chain in enumerate(filters.chains):
        _chain(batch, number, chain, "endpoint" in parts)
    for places, suffix in ((filters.places, ""), (again, AGAIN)):
        _ways(batch, places, suffix)
    return batch.messages


def turned(filters: Filters, letter: str) -> list[Message]:
    """The batch that leads the hooks to that generation. They look up nothing that comes or goes with it."""
    batch = _Batch(letter)
    batch.messages += [nft.chain_flush(chain.name, TABLE) for chain in _HOOKS]
    for hook in _WAYS:
        if _flushed(filters):
            open_onward = ex.state(ex.ESTABLISHED) + ex.onward()
            batch.rule(hook, "flushConnection", open_onward + ex.verdict(ACCEPT, chain=batch.named(hook, AGAIN)))
        batch.rule(hook, "what is open", ex.state(ex.ESTABLISHED | ex.RELATED) + ex.verdict(ACCEPT))
        if filters.places:
            batch.rule(hook, "what begins", ex.verdict(ACCEPT, chain=batch.named(hook, "")))
    return batch.messages


def _flushed(filters: Filters) -> tuple[FilterPlace, ...]:
    """The places of groups with flushConnection, and the links of those who forward there."""
    found = [item for item in filters.places if item.chain >= 0 and filters.chains[item.chain].flush]
    links = {item.prefix for item in found if item.place in ("nic-link", "subnet-link")}
    return (*(item for item in filters.places if item.place == "link" and item.prefix in links), *found)


def _ways(batch: _Batch, places: tuple[FilterPlace, ...], suffix: str) -> None:
    """The ways from the hooks' chains of this generation to the groups': ``suffix`` is "", or ``AGAIN`` for what is open."""
    out, into = batch.named("prerouting", suffix), batch.named("forward", suffix)
    _links(batch, places, suffix)
    for place in ("nic", "subnet"):
        _jump(batch, out, f"outbound, the {place}'s", ex.incoming(NICS) + ex.source(), places, place, "out")
    for place in ("subnet", "nic"):
        _jump(batch, into, f"inbound, the {place}'s", ex.outgoing(NICS) + ex.target(), places, place, "in")
    to_endpoint = ex.translated() + ex.original(ex.DESTINATION)
    _jump(batch, into, "inbound, endpoints", to_endpoint, places, "endpoint", "endpoint")


def _links(batch: _Batch, places: Iterable[FilterPlace], suffix: str) -> None:
    """Those who forward: a chain for each, and nothing else of the hooks for what goes through it."""
    links = [item.prefix for item in places if item.place == "link"]
    if not links:
        return
    applies = {(item.place, item.prefix): item.chain for item in places}
    for part, order in (("out", ("nic-link", "subnet-link")), ("in", ("subnet-link", "nic-link"))):
        own = {link: batch.named(link, f"-{part}{suffix}") for link in links}
        for link in links:
            for place in order:
                if (place, link) in applies:
                    jump = ex.verdict(ACCEPT, chain=batch.chain(applies[place, link], part))
                    batch.rule(own[link], f"{part}bound, the {place.removesuffix('-link')}'s", jump)
        elements = [Element(link.encode().ljust(16, b"\0"), jump=own[link], final=True) for link in links]
        load, hook = (ex.incoming_link(), "prerouting") if part == "out" else (ex.outgoing_link(), "forward")
        to_own = load + ex.looked_up(_CHAIN_OF_LINK.name, batch.set(_CHAIN_OF_LINK, elements), verdicts=True)
        batch.rule(batch.named(hook, suffix), f"{part}bound, who forwards", to_own)


def _jump(batch: _Batch, way: str, comment: str, load: bytes, places: Iterable[FilterPlace], place: str, part: str) -> None:
    """A rule that goes to the chain of the address that ``load`` loads; none where no chain applies."""
    found = [item for item in places if item.place == place]
    if not found:
        return
    declared = _CHAIN_OF if place == "nic" else _CHAIN_OF_PREFIX
    elements: list[Element] = []
    for item in found:
        first, last = tags.of_prefix(item.prefix)
        elements.append(Element(first.to_bytes(4, "big"), jump=batch.chain(item.chain, part)))
        if declared.interval and last < tags.TOP:
            elements.append(Element((last + 1).to_bytes(4, "big"), end=True))
    batch.rule(way, comment, load + ex.looked_up(declared.name, batch.set(declared, elements), verdicts=True))


def _chain(batch: _Batch, number: int, chain: FilterChain, at_endpoints: bool) -> None:
    outbound, platform = batch.chain(number, "out"), batch.chain(number, "platform")
    for address in sorted(plan.HOST_ADDRESSES):
        batch.rule(outbound, "the host's own services", ex.destination(str(address)) + ex.go_to(platform))
    for rule in chain.rules:
        if rule.inbound:
            _rule(batch, batch.chain(number, "in"), rule, _PACKET)
            if at_endpoints:
                _rule(batch, batch.chain(number, "endpoint"), rule, _ORIGINAL)
            continue
        _rule(batch, outbound, rule, _PACKET)
        if rule.platform:
            _rule(batch, platform, rule, _PACKET)
    for part in ("in", "out", "endpoint") if at_endpoints else ("in", "out"):
        batch.rule(batch.chain(number, part), chain.owner, ex.verdict(DROP))


def _rule(batch: _Batch, chain: str, rule: FilterRule, load: Sequence[bytes]) -> None:
    """One security rule: a rule of the kernel's, or two where it names ports and any protocol (ports are TCP's and UDP's)."""
    named = (rule.source_ports, rule.destination_ports) != (tags.ALL_PORTS, tags.ALL_PORTS)
    for protocol in _protocols(rule.protocol, named):
        match = batch.within(load[0], rule.sources, tags.ALL_ADDRESSES, _ADDRESSES)  # what most packets fail at comes first
        match += batch.within(load[1], rule.destinations, tags.ALL_ADDRESSES, _ADDRESSES)
        match += ex.protocol(protocol) if protocol else b""
        if protocol in _PORTED:
            match += batch.within(load[2], rule.source_ports, tags.ALL_PORTS, _PORTS)
            match += batch.within(load[3], rule.destination_ports, tags.ALL_PORTS, _PORTS)
        batch.rule(chain, rule.because, match + ex.verdict(ex.RETURN if rule.allow else DROP))


def _protocols(protocol: int, named: bool) -> Iterator[int]:
    yield from _PORTED if named and protocol == 0 else (protocol,)


def exchange(spaces: Spaces, filters: Filters) -> list[str]:
    """Make the new chains and turn the hooks to them; the names of the old ones. Raises Missing, NetlinkError, ValueError."""
    channel = spaces.get(filters.namespace).filter
    before = nft.read_table(channel, TABLE)
    old = [name for chain in before.chains if (name := nft.read_text(chain[0])) not in _STAYING] if before else []
    taken = {name[-1] for name in old if name[-2:-1] == "."}  # by the old generation, and by those that nothing came to lead to
    letter = next((letter for letter in ascii_lowercase if letter not in taken), "")
    make = prepared(filters, letter or "a")
    if not letter or channel.transact(make):  # somebody's own hooks or chains are in the way: all anew, closed for that long
        old = []
        closed = [nft.rule_new(hook, Rule("nothing begins", ex.state(ex.NEW) + ex.verdict(DROP)), TABLE) for hook in _WAYS]
        _transact(channel, [nft.table_new(filters.owner, TABLE), nft.table_delete(TABLE), *make, *closed])
    _transact(channel, turned(filters, letter or "a"))
    return old


def seal(spaces: Spaces, filters: Filters, old: Sequence[str]) -> None:
    """Sweep up what ``exchange`` told, when no packet is in it (``grace``); seal. Raises Missing, NetlinkError, ValueError."""
    channel = spaces.get(filters.namespace).filter
    if old:
        _transact(channel, [clear(name, TABLE) for clear in (nft.chain_flush, nft.chain_delete) for name in old])
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


def _digest(table: nft.Reading) -> str:
    told = hashlib.sha256()
    for part in (table.chains, table.sets, sorted((chain, rules) for chain, rules in table.rules.items() if chain != SEAL)):
        told.update(repr(part).encode())
    return told.hexdigest()[:32]
