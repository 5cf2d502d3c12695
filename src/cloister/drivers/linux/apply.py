"""Edits -> kernel. Applying twice is applying once; edits that go to one namespace one after the other go in one send.

Within a row of Puts, what others stand on comes first (namespaces, uplinks, ...), within a row of Drops it comes last.
The fast way sends and looks at errors only; what is there already with other values is mended by looking (``mend.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import groupby
from typing import cast

from cloister.drivers.linux import conntrack, filters, grace, kinds, objects
from cloister.drivers.linux import rtnetlink as rt
from cloister.drivers.linux.namespaces import Missing, Spaces
from cloister.drivers.linux.netlink import Message, NetlinkError
from cloister.drivers.linux.objects import CHANGED, Step
from cloister.drivers.linux.routers import drop_namespace, put_namespace
from cloister.keeper.client import KeeperRefused
from cloister.net.desired import Drop, Edit, FabricObject, Filters, Namespace, Put, Sever

MESSAGES_PER_SEND = 100  # each may bring an error, and all errors wait in the socket at once
EDITS_PER_BATCH = 500  # of nftables: one transaction
_DOOMED = 67  # IFLA_GROUP of links that go together

Row = list[tuple[int, FabricObject]]  # objects, each with its edit's place
Transact = Callable[[Sequence[Message]], dict[int, NetlinkError]]
_RANK = {kind: rank for rank, kind in enumerate([Namespace, Filters, *kinds.PUT])}


def apply(spaces: Spaces, edits: Sequence[Edit]) -> list[str]:
    """One answer for each edit: "" or why it failed. Raises ConnectionError when the keeper is gone."""
    answers = [""] * len(edits)
    at = 0
    while at < len(edits):
        verb = type(edits[at])
        end = at
        while end < len(edits) and type(edits[end]) is verb:
            end += 1
        if verb is Sever:
            for place in range(at, end):
                answers[place] = _sever(spaces, cast(Sever, edits[place]))
        else:
            row = [(place, cast(Put, edits[place]).object) for place in range(at, end)]
            _apply_row(spaces, verb, cast(Row, row), answers)
        at = end
    return answers


def _apply_row(spaces: Spaces, verb: type, row: Row, answers: list[str]) -> None:
    sign = 1 if verb is Put else -1

    def order(item: tuple[int, FabricObject]) -> tuple[int, str]:
        return sign * _RANK.get(type(item[1]), 0), objects.place_of(item[1])

    row = sorted(row, key=order)
    for kind, group in groupby(row, key=lambda item: type(item[1])):
        found = list(group)
        if kind is Namespace:
            work = put_namespace if verb is Put else drop_namespace
            with spaces.ahead(cast(Namespace, item).name for _, item in found) if verb is Put else nullcontext():
                for place, item in found:
                    answers[place] = _guarded(verb, item, partial(work, spaces, cast(Namespace, item)))
        elif kind is Filters:
            _apply_filters(spaces, verb, cast(list[tuple[int, Filters]], found), answers)
        elif kind in kinds.PUT:
            for at in range(0, len(found), EDITS_PER_BATCH):
                _Batch(spaces, verb, found[at : at + EDITS_PER_BATCH], answers).run()
        else:
            for place, item in found:
                answers[place] = f"cannot apply {item.key}: it is no object of the network"


def _apply_filters(spaces: Spaces, verb: type, found: list[tuple[int, Filters]], answers: list[str]) -> None:
    """Security rules of many networks: all exchanged, one wait for the packets under way, then all swept up and sealed."""
    if verb is Drop:
        for place, item in found:
            answers[place] = _guarded(verb, item, partial(filters.drop_filters, spaces, item))
        return
    old: dict[int, list[str]] = {}

    def exchange(place: int, item: Filters) -> None:
        old[place] = filters.exchange(spaces, item)

    for place, item in found:
        answers[place] = _guarded(verb, item, partial(exchange, place, item))
    if any(old.values()):
        grace.wait()
    for place, item in found:
        if place in old:
            answers[place] = _guarded(verb, item, partial(filters.seal, spaces, item, old[place]))


def _words(verb: type, item: FabricObject, error: BaseException | str) -> str:
    return f"cannot {'put' if verb is Put else 'drop'} {item.key}: {error}"


def _guarded(verb: type, item: FabricObject, work: Callable[[], None]) -> str:
    try:
        work()
    except (NetlinkError, KeeperRefused, Missing, OSError, ValueError) as error:
        if isinstance(error, ConnectionError):
            raise
        return _words(verb, item, error)
    return ""


def _sever(spaces: Spaces, edit: Sever) -> str:
    try:
        conntrack.sever(spaces.get(edit.namespace).filter, edit.address, edit.identity)
    except Missing:
        return ""  # with the network its connections are gone
    except OSError as error:
        if isinstance(error, ConnectionError):
            raise
        return f"cannot sever {edit.address or edit.identity} in {edit.namespace}: {error}"
    return ""


class _Batch:
    """Edits of one verb and kind: their first steps together, then their second ones."""

    def __init__(self, spaces: Spaces, verb: type, found: Row, answers: list[str]):
        self.spaces = spaces
        self.verb = verb
        self.answers = answers
        self.items: dict[int, FabricObject] = dict(found)
        self.changed: dict[int, None] = {}  # in order
        self.failed: set[int] = set()

    def run(self) -> None:
        """Apply all; answers are filled in."""
        steps: dict[int, list[Step]] = {}
        table = kinds.PUT if self.verb is Put else kinds.DROP
        for place, item in self.items.items():
            try:
                steps[place] = table[type(item)](item, self._descriptor)
            except (Missing, ValueError, OSError) as error:
                if isinstance(error, ConnectionError):
                    raise
                self._fail(place, error)
        for column in range(max(map(len, steps.values()), default=0)):
            rows = [(place, some[column]) for place, some in steps.items() if column < len(some) and place not in self.failed]
            for (namespace, rules), group in groupby(rows, key=lambda row: (row[1].namespace, row[1].rules)):
                self._send(namespace, rules, list(group))
        for place in self.changed:
            if place not in self.failed:
                item = self.items[place]
                self.answers[place] = _guarded(self.verb, item, partial(kinds.MENDS[type(item)], self.spaces, item))

    def _descriptor(self, namespace: str) -> int:
        return self.spaces.get(namespace).descriptor

    def _fail(self, place: int, error: BaseException) -> None:
        self.failed.add(place)
        self.answers[place] = _words(self.verb, self.items[place], error)

    def _send(self, namespace: str, rules: bool, rows: list[tuple[int, Step]]) -> None:
        try:
            space = self.spaces.get(namespace)
        except Missing as error:
            if self.verb is not Drop:
                for place, _ in rows:
                    self._fail(place, error)
            return  # what was in it is gone with it
        if rules:
            self._transact(rows, space.filter.transact)
        else:
            self._send_routes(rows, space.route.send)

    def _transact(self, rows: list[tuple[int, Step]], transact: Transact) -> None:
        """One transaction for all; what fails is judged and taken out, and the rest goes again.

        The kernel tells all errors of a transaction at once. One that fails costs some 10 ms, so there must be few.
        """
        flat = [(place, step, message) for place, step in rows for message in step.messages]
        while flat:
            errors = transact([message for _, _, message in flat])
            if not errors:
                return
            if min(errors) < 0:  # of the batch as a whole
                half = len(rows) // 2
                if half:
                    self._transact(rows[:half], transact)
                    self._transact(rows[half:], transact)
                else:
                    self._fail(rows[0][0], errors[min(errors)])
                return
            for index, error in errors.items():
                self._judge(flat[index][0], flat[index][1], [error])
            out = self.failed | self.changed.keys()
            flat = [row for index, row in enumerate(flat) if index not in errors and row[0] not in out]

    def _send_routes(self, rows: list[tuple[int, Step]], send: Transact) -> None:
        flat = [(place, step, message) for place, step in rows for message in step.messages]
        if self.verb is Drop and len(flat) > 1 and all(message[0] == rt.DELLINK for _, _, message in flat):
            # Each deletion by itself waits some 20 ms for readers on all processors; a group waits once.
            flat = [(place, step, rt.link_into_group(message, _DOOMED)) for place, step, message in flat]
            flat.append((flat[-1][0], flat[-1][1], rt.group_delete(_DOOMED)))
        for at in range(0, len(flat), MESSAGES_PER_SEND):
            some = flat[at : at + MESSAGES_PER_SEND]
            for index, error in send([message for _, _, message in some]).items():
                self._judge(some[index][0], some[index][1], [error])

    def _judge(self, place: int, step: Step, errors: Iterable[NetlinkError]) -> None:
        """What an error means; once something was found in the way, mending decides, and later errors follow from it."""
        for error in errors:
            if error.errno in step.fine or place in self.changed or place in self.failed:
                continue
            if self.verb is Put and error.errno in CHANGED and type(self.items[place]) in kinds.MENDS:
                self.changed[place] = None
            else:
                self._fail(place, error)
