"""``answer`` against a second, naive implementation of the same rules, on random zones, links, names and questions.

The naive one keeps nothing indexed: it walks lists of labels, as the RFCs tell it.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cloister.dns.answer import answer
from cloister.dns.question import Question
from cloister.dns.world import World
from cloister.limits import DNS_CHAIN_MAX
from cloister.net.desired import PublicName, View, ZoneRecords
from tests.boxes import examples

SOA = ("@", "SOA", 3600, ("m.test h.test 1 2 3 4 5",))
APEXES = ("t", "x.t", "a.x.t", "privatelink.x.t", "b.privatelink.x.t", "y.t")
KINDS = ("A", "TXT", "CNAME", "MX")
VALUES = {"A": "10.0.0.1", "TXT": '"text"', "MX": "5 a.x.t"}


def labels(name: str) -> list[str]:
    return name.split(".") if name else []


# --- the naive implementation -----------------------------------------------------------------------------------


def within(name: list[str], apex: list[str]) -> bool:
    return len(name) >= len(apex) and name[len(name) - len(apex) :] == apex


def owners(zone: ZoneRecords) -> list[tuple[list[str], tuple]]:
    apex = labels(zone.name)
    return [(apex if entry[0] == "@" else labels(entry[0]) + apex, entry) for entry in zone.records]


def exists(zone: ZoneRecords, name: list[str]) -> bool:
    return name == labels(zone.name) or any(within(owner, name) for owner, _ in owners(zone))


def at(zone: ZoneRecords, name: list[str]) -> list[tuple]:
    return [entry for owner, entry in owners(zone) if owner == name]


def naive_zone(zone: ZoneRecords, name: list[str], kind: str) -> tuple[str, list[tuple[str, str]]]:
    """rcode and ``(type, value)`` found in one zone."""
    if exists(zone, name):
        entries = at(zone, name)
    else:
        encloser = name[1:]
        while not exists(zone, encloser):
            encloser = encloser[1:]
        if not exists(zone, ["*", *encloser]):
            return "NXDOMAIN", []
        entries = at(zone, ["*", *encloser])
    for entry in entries:
        if entry[1] == kind:
            return "NOERROR", [(kind, value) for value in entry[3]]
    for entry in entries:
        if entry[1] == "CNAME":
            return "NOERROR", [("CNAME", entry[3][0])]
    return "NOERROR", []


def naive_public(names: list[PublicName], name: list[str], kind: str) -> tuple[str, list[tuple[str, str]]]:
    def published(wanted: list[str], label: str = "") -> tuple[str, str] | None:
        for one in names:
            if labels(one.fqdn) == wanted:
                alias = one.privatelink
                if alias:
                    return "CNAME", (label + alias[1:] if label and alias.startswith("*.") else alias)
                return "A", one.address
        for one in sorted(names, key=lambda one: one.fqdn):
            if one.privatelink and labels(one.privatelink) == wanted:
                return "A", one.address
        return None

    everything = [labels(one.fqdn) for one in names] + [labels(one.privatelink) for one in names if one.privatelink]
    found = published(name)
    above = any(within(other, name) and len(other) > len(name) for other in everything)
    if found is None and not above and name:
        found = published(["*", *name[1:]], name[0])
    if found is None:
        return ("NOERROR" if above else "NXDOMAIN"), []
    return "NOERROR", [found] if found[0] in (kind, "CNAME") else []


def naive(view: View, zones: list[ZoneRecords], names: list[PublicName], name: str, kind: str) -> tuple[str, list[tuple]]:
    answers: list[tuple] = []
    for _ in range(DNS_CHAIN_MAX):
        here = labels(name)
        linked = [
            (zone, redirect)
            for zone in zones
            for key, redirect in view.links
            if key == zone.key and within(here, labels(zone.name))
        ]
        rcode, found = "", []
        if linked:
            zone, redirect = max(linked, key=lambda pair: len(labels(pair[0].name)))
            rcode, found = naive_zone(zone, here, kind)
            if rcode == "NXDOMAIN" and redirect and "privatelink" in labels(zone.name) and kind in ("A", "AAAA", "CNAME"):
                linked = []
        if not linked:
            rcode, found = naive_public(names, here, kind)
        answers += [(name, *one) for one in found]
        if not found or found[0][0] == kind or found[0][0] != "CNAME":
            return rcode, answers
        name = found[0][1]
    return "SERVFAIL", []


# --- random worlds ----------------------------------------------------------------------------------------------

label = st.sampled_from(["a", "b", "c", "privatelink"])
relative = st.lists(label, min_size=1, max_size=3).map(".".join)
wild = st.one_of(st.just("*"), relative.map(lambda name: f"*.{name}"))
full = st.tuples(st.lists(label, max_size=3), st.sampled_from([*APEXES, "z"])).map(lambda pair: ".".join([*pair[0], pair[1]]))


@st.composite
def zone_records(draw: st.DrawFn, apex: str) -> ZoneRecords:
    nodes = draw(st.lists(st.one_of(relative, wild, st.just("@")), max_size=6, unique=True))
    records = [SOA]
    for name in nodes:
        kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=2, unique=True))
        if "CNAME" in kinds:
            kinds = ["CNAME"] if name != "@" else ["A"]
        records += [(name, kind, 10, (draw(full),) if kind == "CNAME" else (VALUES[kind],)) for kind in kinds]
    return ZoneRecords(owner=f"/{apex}", name=apex, records=tuple(records))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[View, list[ZoneRecords], list[PublicName]]:
    apexes = draw(st.lists(st.sampled_from(APEXES), max_size=4, unique=True))
    zones = [draw(zone_records(apex)) for apex in apexes]
    links = tuple((zone.key, draw(st.booleans())) for zone in zones if draw(st.integers(0, 4)))
    starred = st.one_of(full, full.map(lambda name: f"*.{name}"))
    fqdns = draw(st.lists(starred, max_size=5, unique=True))
    names = []
    for fqdn in fqdns:
        alias = draw(st.one_of(st.just(""), full, starred if fqdn.startswith("*.") else full))
        names.append(PublicName(owner="/p", fqdn=fqdn, address=f"198.19.0.{len(names) + 1}", privatelink=alias))
    by_alias: dict[str, PublicName] = {}
    names = [one for one in names if not one.privatelink or by_alias.setdefault(one.privatelink, one) is one]
    return View(owner="/v", namespace="v", address="168.63.129.16", links=links), zones, names


@settings(max_examples=examples(400), deadline=None)
@given(worlds(), st.lists(st.tuples(full, st.sampled_from([*KINDS, "AAAA", "SOA"])), min_size=1, max_size=12))
def test_two_implementations_agree(
    world: tuple[View, list[ZoneRecords], list[PublicName]], questions: list[tuple[str, str]]
) -> None:
    view, zones, names = world
    table = World([*zones, *names, view]).view("v")
    assert table is not None
    for name, kind in questions:
        found = answer(table, Question(name, kind))
        flat = [(one.name, one.type, value) for one in found.answers for value in one.values]
        expected = naive(view, zones, names, name, kind)
        if expected[0] == "SERVFAIL":
            assert found.rcode == "SERVFAIL"
        else:
            assert (found.rcode, flat) == expected, (name, kind)


@settings(max_examples=examples(100), deadline=None)
@given(worlds(), worlds(), st.lists(st.tuples(full, st.sampled_from(KINDS)), min_size=1, max_size=8))
def test_a_world_changed_step_by_step_answers_as_one_made_at_once(one: tuple, other: tuple, questions: list) -> None:
    """Putting and dropping leaves nothing behind, and ``put`` names every view whose answers change."""
    old, new = [[*zones, *names, view] for view, zones, names in (one, other)]
    changed = World(old)
    for thing in new:
        before = {question: answer(changed.views["v"], Question(*question)) for question in questions}
        touched = changed.put(thing)
        if not touched:
            assert before == {question: answer(changed.views["v"], Question(*question)) for question in questions}
    kept = {thing.key for thing in new}
    for thing in old:
        if thing.key not in kept:
            changed.drop(thing)
    fresh = World(new)
    for question in questions:
        assert answer(changed.views["v"], Question(*question)) == answer(fresh.views["v"], Question(*question))
    assert {thing.key: thing for thing in changed.objects()} == {thing.key: thing for thing in fresh.objects()}
