"""A question, its answer, and the steps between: the words in which names are spoken of.

Names are text: lower case, labels joined by dots, no final dot, ``""`` for the root. A character that is no letter,
digit, ``-``, ``_`` or ``*`` stands as ``\\DDD`` (RFC 1035, 5.1), so a dot always parts two labels.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from cloister.net.desired import Onward

Rule = Literal[
    "linked-zone",
    "record",
    "wildcard",
    "no-data",
    "no-name",
    "redirect",
    "public-name",
    "private-link",
    "allowed-name",
    "not-allowed",
    "canary",
    "registered",
    "onward",
    "loop",
]


def fold(name: str) -> str:
    """The form in which two names are compared (RFC 4343): lower case, no final dot."""
    return name.rstrip(".").lower()


class Question(msgspec.Struct, frozen=True):
    """What is asked: a folded name and a type's mnemonic (``A``, ``TXT``, ``ANY``, ``TYPE65280``); the class is IN."""

    name: str
    type: str = "A"


class RecordSet(msgspec.Struct, frozen=True):
    """Records of one name and type. ``values`` in presentation form, ``ttl`` in seconds."""

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]


class Step(msgspec.Struct, frozen=True):
    """One decision on the way to an answer.

    ``rule`` says which kind, ``name`` the name it was made for, ``owner`` the id of the row that decides, ``because``
    the id of a second row that brought it in (a zone's link to this network, an endpoint's connection), ``target``
    what the name leads to.
    """

    rule: Rule
    name: str
    owner: str = ""
    because: str = ""
    target: str = ""


class Answer(msgspec.Struct, frozen=True):
    """``rcode`` is NOERROR, NXDOMAIN or SERVFAIL. ``authority`` holds the SOA of a negative answer (RFC 2308).

    With ``onward`` the answer is not ours: whoever holds sockets asks that rule's targets for ``asks``; what they say follows
    ``answers``, and SERVFAIL stands where nobody answers.
    """

    rcode: str
    answers: tuple[RecordSet, ...] = ()
    authority: tuple[RecordSet, ...] = ()
    trail: tuple[Step, ...] = ()
    onward: Onward | None = None
    asks: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The IPv4 addresses that a client would connect to."""
        return tuple(value for found in self.answers if found.type == "A" for value in found.values)


_WORDS: dict[str, str] = {
    "linked-zone": "the zone {owner} is linked here by {because}",
    "record": "the record set {owner} says {target}",
    "wildcard": "the wildcard record set {owner} says {target}",
    "no-data": "{name} exists without a record of this type",
    "no-name": "{name} does not exist",
    "redirect": "the link {owner} has resolutionPolicy NxDomainRedirect, so the public answer counts",
    "public-name": "{name} is a public name of {owner} at {target}",
    "not-allowed": "cannot leave the cloud: {name} is not on the operator's egress list; allow it with "
    "'cloister up --allow-egress {name}'",
    "allowed-name": "{name} is a name of the real internet that the operator allows, by way of {target}",
    "private-link": "the connection {because} makes {name} an alias of {target}",
    "onward": "the forwarding rule {owner} sends {name} on to {target}",
    "registered": "{owner} gives machines their names, and {name} is {target}",
    "canary": "{name} does not exist inside a network, so that Firefox asks this resolver",
    "loop": "{name} leads back to itself, or through too many aliases",
}


def describe(step: Step) -> str:
    """A step in words for a person."""
    return _WORDS[step.rule].format(
        name=step.name or ".", owner=step.owner or "this cloud", because=step.because or "the cloud", target=step.target
    )
