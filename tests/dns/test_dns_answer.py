"""``answer``: tables of what a name leads to in a network, and of the steps that say why."""

from __future__ import annotations

import pytest

from cloister.dns.answer import answer
from cloister.dns.question import Answer, Question, describe
from cloister.dns.world import World
from cloister.limits import DNS_CHAIN_MAX, DNS_TTL_MAX
from cloister.net.desired import PublicName, View, ZoneRecords

SOA = ("@", "SOA", 3600, ("azureprivatedns.net azureprivatedns-host.microsoft.com 1 3600 300 2419200 10",))


def zone(owner: str, name: str, *records: tuple) -> ZoneRecords:
    return ZoneRecords(owner=owner, name=name, records=(SOA, *records))


def record(name: str, kind: str, *values: str, ttl: int = 3600) -> tuple:
    return (name, kind, ttl, values)


BLOB = zone("/blob", "privatelink.blob.core.windows.net", record("mine", "A", "10.0.0.5"))
CORP = zone(
    "/corp",
    "corp.test",
    record("@", "MX", "10 mail.corp.test"),
    record("www", "A", "10.0.0.7", "10.0.0.8"),
    record("www", "TXT", '"hello"'),
    record("alias", "CNAME", "WWW.corp.test."),
    record("out", "CNAME", "mine.blob.core.windows.net"),
    record("gone", "CNAME", "nobody.example.org"),
    record("a", "CNAME", "b.corp.test"),
    record("b", "CNAME", "a.corp.test"),
    record("x.deep", "A", "10.0.0.9"),
    record("*.wild", "A", "10.0.0.10"),
    record("exact.wild", "TXT", '"no address"'),
    record("*.aliases", "CNAME", "www.corp.test"),
    record("_ldap._tcp", "SRV", "0 5 389 www.corp.test"),
)
SUB = zone("/sub", "sub.corp.test", record("www", "A", "10.1.0.1"))
CHAIN = zone(
    "/chain",
    "chain.test",
    *(record(f"n{n}", "CNAME", f"n{n + 1}.chain.test") for n in range(DNS_CHAIN_MAX + 1)),
    record(f"n{DNS_CHAIN_MAX + 1}", "A", "10.9.9.9"),
)
PUBLIC = (
    PublicName(
        owner="/sa/mine",
        fqdn="mine.blob.core.windows.net",
        address="198.19.20.2",
        privatelink="mine.privatelink.blob.core.windows.net",
        because="/sa/mine/pec/1",
    ),
    PublicName(
        owner="/sa/other",
        fqdn="other.blob.core.windows.net",
        address="198.19.20.2",
        privatelink="other.privatelink.blob.core.windows.net",
        because="/sa/other/pec/1",
    ),
    PublicName(owner="/sa/plain", fqdn="plain.blob.core.windows.net", address="198.19.20.2"),
    PublicName(
        owner="/ws",
        fqdn="*.g.inference.eastus2.api.azureml.ms",
        address="198.19.18.2",
        privatelink="*.g.inference.eastus2.privatelink.api.azureml.ms",
        because="/ws/pec/1",
    ),
    PublicName(owner="", fqdn="management.azure.com", address="198.19.0.4"),
    PublicName(owner="/evil", fqdn="use-application-dns.net", address="198.19.0.99"),
)


def view(namespace: str, *links: tuple[ZoneRecords, bool], owner: str = "/vnet") -> View:
    return View(
        owner=owner,
        namespace=namespace,
        address="168.63.129.16",
        links=tuple((linked.key, redirect) for linked, redirect in links),
        because=tuple(f"/link/{linked.name}" for linked, _ in links),
    )


WORLD = World(
    [
        *(BLOB, CORP, SUB, CHAIN),
        *PUBLIC,
        view("internet", owner=""),
        view("bare"),
        view("blob", (BLOB, False)),
        view("redirect", (BLOB, True), (CORP, True)),
        view("corp", (CORP, False), (SUB, False), (CHAIN, False)),
        view("both", (CORP, False), (BLOB, False)),
        view("ghost", (zone("/absent", "absent.test"), False)),
    ]
)


def ask(namespace: str, name: str, kind: str = "A") -> Answer:
    table = WORLD.view(namespace)
    assert table is not None
    return answer(table, Question(name, kind))


def flat(found: Answer) -> list[tuple[str, str, str]]:
    return [(one.name, one.type, value) for one in found.answers for value in one.values]


MINE, TWIN = "mine.blob.core.windows.net", "mine.privatelink.blob.core.windows.net"
WWW = [("www.corp.test", "A", "10.0.0.7"), ("www.corp.test", "A", "10.0.0.8")]
OTHER, OTHER_TWIN = "other.blob.core.windows.net", "other.privatelink.blob.core.windows.net"


@pytest.mark.parametrize(
    ("namespace", "name", "kind", "rcode", "expected"),
    [
        # the public name, its alias, and where the alias leads in each network
        ("internet", MINE, "A", "NOERROR", [(MINE, "CNAME", TWIN), (TWIN, "A", "198.19.20.2")]),
        ("bare", MINE, "A", "NOERROR", [(MINE, "CNAME", TWIN), (TWIN, "A", "198.19.20.2")]),
        ("blob", MINE, "A", "NOERROR", [(MINE, "CNAME", TWIN), (TWIN, "A", "10.0.0.5")]),
        ("blob", MINE, "CNAME", "NOERROR", [(MINE, "CNAME", TWIN)]),
        ("blob", MINE, "AAAA", "NOERROR", [(MINE, "CNAME", TWIN)]),
        ("internet", MINE, "AAAA", "NOERROR", [(MINE, "CNAME", TWIN)]),
        # a linked zone without the record does not fall through, an account without endpoints is untouched
        ("blob", OTHER, "A", "NXDOMAIN", [(OTHER, "CNAME", OTHER_TWIN)]),
        ("blob", "plain.blob.core.windows.net", "A", "NOERROR", [("plain.blob.core.windows.net", "A", "198.19.20.2")]),
        ("blob", "plain.privatelink.blob.core.windows.net", "A", "NXDOMAIN", []),
        # NxDomainRedirect: for privatelink zones and three types only
        ("redirect", MINE, "A", "NOERROR", [(MINE, "CNAME", TWIN), (TWIN, "A", "10.0.0.5")]),
        ("redirect", OTHER, "A", "NOERROR", [(OTHER, "CNAME", OTHER_TWIN), (OTHER_TWIN, "A", "198.19.20.2")]),
        ("redirect", OTHER_TWIN, "AAAA", "NOERROR", []),
        ("redirect", OTHER_TWIN, "TXT", "NXDOMAIN", []),
        ("redirect", "plain.privatelink.blob.core.windows.net", "A", "NXDOMAIN", []),
        ("redirect", "absent.corp.test", "A", "NXDOMAIN", []),
        # record sets
        ("corp", "www.corp.test", "A", "NOERROR", WWW),
        ("corp", "www.corp.test", "AAAA", "NOERROR", []),
        ("corp", "corp.test", "MX", "NOERROR", [("corp.test", "MX", "10 mail.corp.test")]),
        ("corp", "corp.test", "SOA", "NOERROR", [("corp.test", "SOA", SOA[3][0])]),
        ("corp", "corp.test", "NS", "NOERROR", []),
        ("corp", "_ldap._tcp.corp.test", "SRV", "NOERROR", [("_ldap._tcp.corp.test", "SRV", "0 5 389 www.corp.test")]),
        # aliases start over from the top of the same view
        (
            "corp",
            "alias.corp.test",
            "A",
            "NOERROR",
            [("alias.corp.test", "CNAME", "WWW.corp.test."), *WWW],
        ),
        ("corp", "gone.corp.test", "A", "NXDOMAIN", [("gone.corp.test", "CNAME", "nobody.example.org")]),
        (
            "both",
            "out.corp.test",
            "A",
            "NOERROR",
            [("out.corp.test", "CNAME", MINE), (MINE, "CNAME", TWIN), (TWIN, "A", "10.0.0.5")],
        ),
        ("corp", "a.corp.test", "A", "SERVFAIL", []),
        ("corp", "a.corp.test", "CNAME", "NOERROR", [("a.corp.test", "CNAME", "b.corp.test")]),
        ("corp", "n0.chain.test", "A", "SERVFAIL", []),
        # the longest suffix answers alone
        ("corp", "www.sub.corp.test", "A", "NOERROR", [("www.sub.corp.test", "A", "10.1.0.1")]),
        ("corp", "x.deep.sub.corp.test", "A", "NXDOMAIN", []),
        # wildcards and empty non-terminals (RFC 4592)
        ("corp", "one.wild.corp.test", "A", "NOERROR", [("one.wild.corp.test", "A", "10.0.0.10")]),
        ("corp", "two.one.wild.corp.test", "A", "NOERROR", [("two.one.wild.corp.test", "A", "10.0.0.10")]),
        ("corp", "one.wild.corp.test", "TXT", "NOERROR", []),
        ("corp", "exact.wild.corp.test", "A", "NOERROR", []),
        ("corp", "below.exact.wild.corp.test", "A", "NXDOMAIN", []),
        ("corp", "wild.corp.test", "A", "NOERROR", []),
        ("corp", "deep.corp.test", "A", "NOERROR", []),
        ("corp", "y.deep.corp.test", "A", "NXDOMAIN", []),
        (
            "corp",
            "i.aliases.corp.test",
            "TXT",
            "NOERROR",
            [("i.aliases.corp.test", "CNAME", "www.corp.test"), ("www.corp.test", "TXT", '"hello"')],
        ),
        # ANY gets one record set (RFC 8482)
        ("corp", "www.corp.test", "ANY", "NOERROR", WWW),
        ("corp", "alias.corp.test", "ANY", "NOERROR", [("alias.corp.test", "CNAME", "WWW.corp.test.")]),
        ("internet", "management.azure.com", "ANY", "NOERROR", [("management.azure.com", "A", "198.19.0.4")]),
        # public names
        ("bare", "management.azure.com", "A", "NOERROR", [("management.azure.com", "A", "198.19.0.4")]),
        ("bare", "azure.com", "A", "NOERROR", []),
        ("bare", "nobody.azure.com", "A", "NXDOMAIN", []),
        ("bare", "www.example.org", "A", "NXDOMAIN", []),
        ("bare", "", "NS", "NXDOMAIN", []),
        ("bare", "www.corp.test", "A", "NXDOMAIN", []),
        (
            "bare",
            "ep1.g.inference.eastus2.api.azureml.ms",
            "A",
            "NOERROR",
            [
                (
                    "ep1.g.inference.eastus2.api.azureml.ms",
                    "CNAME",
                    "ep1.g.inference.eastus2.privatelink.api.azureml.ms",
                ),
                ("ep1.g.inference.eastus2.privatelink.api.azureml.ms", "A", "198.19.18.2"),
            ],
        ),
        ("bare", "two.ep1.g.inference.eastus2.api.azureml.ms", "A", "NXDOMAIN", []),
        ("bare", "g.inference.eastus2.api.azureml.ms", "A", "NOERROR", []),
        # Firefox asks this before it turns DNS over HTTPS on
        ("bare", "use-application-dns.net", "A", "NXDOMAIN", []),
        ("internet", "use-application-dns.net", "A", "NOERROR", [("use-application-dns.net", "A", "198.19.0.99")]),
        # a link to a zone that has not arrived yet decides nothing
        ("ghost", "www.absent.test", "A", "NXDOMAIN", []),
    ],
)  # fmt: skip
def test_what_a_name_leads_to(namespace: str, name: str, kind: str, rcode: str, expected: list) -> None:
    found = ask(namespace, name, kind)
    assert (found.rcode, flat(found)) == (rcode, expected)
    assert all(one.ttl <= DNS_TTL_MAX for one in (*found.answers, *found.authority))
    negative = found.rcode == "NXDOMAIN" or (
        found.rcode == "NOERROR" and kind not in ("CNAME", "ANY") and (not expected or expected[-1][1] == "CNAME" != kind)
    )
    assert [one.type for one in found.authority] == (["SOA"] if negative else [])
    assert found.trail and all(describe(step) for step in found.trail)


def test_a_negative_answer_carries_the_soa_of_the_zone_that_decided() -> None:
    assert ask("blob", OTHER).authority[0].name == "privatelink.blob.core.windows.net"
    assert ask("corp", "x.sub.corp.test").authority[0].name == "sub.corp.test"
    assert ask("bare", "a.b.blob.core.windows.net").authority[0].name == "blob.core.windows.net"
    assert ask("bare", "nobody.example.org").authority[0].name == ""


def test_the_trail_names_link_zone_and_record() -> None:
    trail = ask("blob", MINE).trail
    assert [step.rule for step in trail] == ["private-link", "linked-zone", "record"]
    assert (trail[0].owner, trail[0].because) == ("/sa/mine", "/sa/mine/pec/1")
    assert (trail[1].owner, trail[1].because) == ("/blob", "/link/privatelink.blob.core.windows.net")
    assert trail[2].owner == "/blob/A/mine"


def test_the_trail_says_why_a_name_is_missing() -> None:
    assert [step.rule for step in ask("blob", OTHER).trail] == ["private-link", "linked-zone", "no-name"]
    redirected = ask("redirect", OTHER).trail
    assert [step.rule for step in redirected] == ["private-link", "linked-zone", "no-name", "redirect", "public-name"]
    assert redirected[3].owner == "/link/privatelink.blob.core.windows.net"
    assert [step.rule for step in ask("corp", "one.wild.corp.test").trail] == ["linked-zone", "wildcard"]
    assert ask("corp", "one.wild.corp.test").trail[1].owner == "/corp/A/*.wild"
    assert ask("corp", "a.corp.test").trail[-1].rule == "loop"
    assert [step.rule for step in ask("bare", "use-application-dns.net").trail] == ["canary"]


def test_a_zone_of_the_user_counts_before_the_canary() -> None:
    own = zone("/own", "use-application-dns.net", record("@", "A", "10.3.3.3"))
    world = World([own, view("v", (own, False))])
    table = world.view("v")
    assert table is not None
    assert answer(table, Question("use-application-dns.net")).addresses == ("10.3.3.3",)


def test_addresses_are_those_of_the_whole_chain() -> None:
    assert ask("both", "out.corp.test").addresses == ("10.0.0.5",)
    assert ask("both", "nobody.example.org").addresses == ()


def test_changes_say_which_networks_see_them() -> None:
    world = World([CORP, BLOB, *PUBLIC, view("one", (CORP, False)), view("two", (CORP, False), (BLOB, False)), view("three")])
    assert world.put(CORP) == set()
    assert world.put(zone("/corp", "corp.test")) == {"one", "two"}
    assert world.drop(BLOB) == {"two"}
    assert world.drop(BLOB) == set()
    assert world.put(PublicName(owner="/n", fqdn="new.test", address="198.19.0.1")) == {"one", "two", "three"}
    assert world.put(view("three")) == set()
    assert world.put(view("three", (CORP, False))) == {"three"}
    assert world.drop(view("one")) == {"one"}
    assert world.put(CORP) == {"two", "three"}


def test_public_names_come_and_go_without_a_trace() -> None:
    world = World([view("v")])
    before = (dict(world.public._objects), dict(world.public._aliases), dict(world.public._above))
    for thing in PUBLIC:
        world.put(thing)
        world.put(PublicName(owner="/x", fqdn=thing.fqdn, address="198.19.0.1", privatelink="a.b.c.test"))
    for thing in PUBLIC:
        world.drop(thing)
    assert (world.public._objects, world.public._aliases, world.public._above) == before


def test_an_overlong_chain_ends_and_a_long_one_does_not() -> None:
    long = zone(
        "/l",
        "long.test",
        *(record(f"n{n}", "CNAME", f"n{n + 1}.long.test") for n in range(DNS_CHAIN_MAX - 1)),
        record(f"n{DNS_CHAIN_MAX - 1}", "A", "10.9.9.9"),
    )
    world = World([long, view("v", (long, False))])
    table = world.view("v")
    assert table is not None
    assert answer(table, Question("n0.long.test")).addresses == ("10.9.9.9",)
