"""``answer(view, question)``: what a name leads to in one network, and which rows decided.

The order is Azure's (learn.microsoft.com/azure/private-link/private-endpoint-dns): the linked private zone with the
longest suffix answers alone; a name that it lacks does not exist (no falling through) unless the link says
NxDomainRedirect, which counts for privatelink zones and A, AAAA and CNAME questions only
(learn.microsoft.com/azure/dns/private-dns-fallback); then the names that Azure itself gives to the network's machines and to
their addresses (learn.microsoft.com/azure/virtual-network/virtual-networks-name-resolution-for-vms-and-role-instances); then a
forwarding rule with the longest suffix sends it elsewhere
(learn.microsoft.com/azure/dns/dns-private-resolver-overview); every other name is public. An alias starts over from the top in
the same view. Nothing is asked of the real internet: a name that nobody here knows
and that the operator does not allow does not exist.
"""

from __future__ import annotations

import msgspec

from cloister.dns.question import Answer, Question, RecordSet, Step, fold
from cloister.dns.world import ViewTable
from cloister.dns.zones import APEX, Entry, ZoneTable
from cloister.limits import DNS_CHAIN_MAX, DNS_TTL_MAX
from cloister.net.desired import Onward

CANARY = "use-application-dns.net"  # support.mozilla.org/kb/canary-domain-use-application-dnsnet
REDIRECTED = frozenset({"A", "AAAA", "CNAME"})
PUBLIC_SOA = f"dns.cloister. hostmaster.cloister. 1 3600 300 2419200 {DNS_TTL_MAX}"


class _Found(msgspec.Struct):
    """What one pass over one name yields: record sets, an alias to follow, or an SOA for a negative answer."""

    rcode: str = "NOERROR"
    sets: tuple[RecordSet, ...] = ()
    alias: str | None = None
    soa: tuple[RecordSet, ...] = ()
    onward: Onward | None = None


def answer(view: ViewTable, question: Question) -> Answer:
    """Answer ``question`` as asked from the network of ``view``. Any question has an answer; nothing is raised.

    An ANY question gets one record set of the name (RFC 8482, 4.1). A chain of aliases that loops, or is longer than
    ``DNS_CHAIN_MAX``, is SERVFAIL.
    """
    name = question.name
    sets: list[RecordSet] = []
    trail: list[Step] = []
    seen: set[str] = set()
    while name not in seen and len(seen) < DNS_CHAIN_MAX:
        seen.add(name)
        found = _private(view, name, question.type, trail) or _reverse(view, name, question.type, trail)
        found = found or _internal(view, name, question.type, trail)
        found = found or _onward(view, name, trail) or _public(view, name, question.type, trail)
        sets.extend(found.sets)
        if found.onward is not None:
            return Answer(found.rcode, tuple(sets), (), tuple(trail), found.onward, name)
        if found.alias is None:
            return Answer(found.rcode, tuple(sets), found.soa, tuple(trail))
        name = found.alias
    trail.append(Step("loop", name))
    return Answer("SERVFAIL", trail=tuple(trail))


def _private(view: ViewTable, name: str, kind: str, trail: list[Step]) -> _Found | None:
    """The linked zone's answer; None where no linked zone covers the name, or its link redirects."""
    linked = view.zone_of(name)
    if linked is None:
        return None
    zone, redirect, link = linked
    trail.append(Step("linked-zone", name, zone.object.owner, link, zone.apex))
    node = zone.find(zone.relative(name))
    if node is not None:
        return _node(zone, name, kind, *node, trail)
    trail.append(Step("no-name", name, zone.object.owner))
    if redirect and kind in REDIRECTED and "privatelink" in zone.apex.split("."):
        trail.append(Step("redirect", name, link))
        return None
    return _Found("NXDOMAIN", soa=_negative(zone))


def _node(zone: ZoneTable, name: str, kind: str, source: str, entries: tuple[Entry, ...], trail: list[Step]) -> _Found:
    """The answer of a name that exists: an alias, the records asked for, or none of this type."""
    rule = "wildcard" if source != zone.relative(name) else "record"
    for relative, has, ttl, values in entries:
        if has in (kind, "CNAME") or kind == "ANY":
            owner = f"{zone.object.owner}/{has}/{relative}"
            trail.append(Step(rule, name, owner, target=", ".join(values)))  # type: ignore[arg-type]
            alias = fold(values[0]) if has == "CNAME" and kind not in ("CNAME", "ANY") else None
            return _Found(sets=(RecordSet(name, has, min(ttl, DNS_TTL_MAX), values),), alias=alias)
    trail.append(Step("no-data", name, zone.object.owner))
    return _Found(soa=_negative(zone))


def _negative(zone: ZoneTable) -> tuple[RecordSet, ...]:
    """The zone's SOA as a negative answer carries it: its TTL bounded by its minimum (RFC 2308, 3)."""
    entry = zone.soa
    if entry is None:
        return ()
    _, kind, ttl, values = entry
    minimum = values[0].rpartition(" ")[2]
    return (RecordSet(zone.apex, kind, min(ttl, int(minimum) if minimum.isdigit() else ttl, DNS_TTL_MAX), values),)


def _onward(view: ViewTable, name: str, trail: list[Step]) -> _Found | None:
    """What a forwarding rule sends elsewhere; None where none covers the name."""
    rule = view.onward(name)
    if rule is None:
        return None
    trail.append(Step("onward", name, rule.because, target=", ".join(f"{address}:{port}" for address, port in rule.targets)))
    return _Found("SERVFAIL", onward=rule)


def _reverse(view: ViewTable, name: str, kind: str, trail: list[Step]) -> _Found | None:
    """The names of a machine of this network, by its address; None for any other name."""
    hosts = view.hosts.get(name)
    if hosts is None:
        return None
    names = tuple(f"{fqdn}." for fqdn, _ in hosts)
    trail.append(Step("registered", name, hosts[-1][1], target=", ".join(names)))
    if kind not in ("PTR", "ANY"):
        return _Found(soa=_public_soa(""))
    return _Found(sets=(RecordSet(name, "PTR", DNS_TTL_MAX, names),))


def _internal(view: ViewTable, name: str, kind: str, trail: list[Step]) -> _Found | None:
    """The address of a machine of this network by the name that Azure gives it; None for any other name."""
    machines = view.internal.get(name)
    if machines is None:
        return None
    addresses = tuple(address for address, _ in machines)
    trail.append(Step("registered", name, machines[0][1], target=", ".join(addresses)))
    if kind not in ("A", "ANY"):
        return _Found(soa=_public_soa(""))
    return _Found(sets=(RecordSet(name, "A", DNS_TTL_MAX, addresses),))


def _public(view: ViewTable, name: str, kind: str, trail: list[Step]) -> _Found:
    """The public answer, the same in every network but for the canary."""
    if name == CANARY and view.private:
        trail.append(Step("canary", name))
        return _Found("NXDOMAIN", soa=_public_soa(""))
    found = view.public.find(name)
    if found is None and (allowed := view.public.outside(name)) is not None:
        trail.append(Step("allowed-name", name, target=allowed.address))
        if kind not in ("A", "ANY"):
            return _Found(soa=_public_soa(""))
        return _Found(sets=(RecordSet(name, "A", DNS_TTL_MAX, (allowed.address,)),))
    if found is None:
        exists = view.public.exists(name)
        ours = "." in view.public.encloser(name) or "." not in name or name.endswith(".arpa")
        trail.append(Step("no-data" if exists else "no-name" if ours else "not-allowed", name))
        return _Found("NOERROR" if exists else "NXDOMAIN", soa=_public_soa(view.public.encloser(name)))
    thing = found.object
    if found.alias:
        trail.append(Step("private-link", name, thing.owner, thing.because, found.alias))
        alias = found.alias if kind not in ("CNAME", "ANY") else None
        return _Found(sets=(RecordSet(name, "CNAME", DNS_TTL_MAX, (found.alias,)),), alias=alias)
    if kind in ("A", "ANY"):
        trail.append(Step("public-name", name, thing.owner, target=found.address))
        return _Found(sets=(RecordSet(name, "A", DNS_TTL_MAX, (found.address,)),))
    trail.append(Step("no-data", name, thing.owner))
    return _Found(soa=_public_soa(view.public.encloser(name)))


def _public_soa(apex: str) -> tuple[RecordSet, ...]:
    return (RecordSet(apex, "SOA", DNS_TTL_MAX, (PUBLIC_SOA,)),)


__all__ = ["APEX", "CANARY", "answer"]
