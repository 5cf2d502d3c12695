"""``$filter`` and ``$orderby`` of run history as SQL conditions.

The grammar is what Microsoft's clients write, OData's with liberties: ``(Status eq Completed) and (Tags/my key eq "v")``,
values with or without quotes, field names with blanks in them. Comparisons are ``eq ne ge gt le lt``, joined by ``and``
(binds tighter) and ``or``. As in Azure, ``Tags/x ne null or Tags/x eq null`` means that the tag exists.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from cloister.limits import FILTER_COMPARISONS_MAX, FILTER_DEPTH_MAX, FILTER_LENGTH_MAX
from cloister.services.workspace.bodies import moment, refuse

Comparison = Callable[[str, str | None], ColumnElement[bool]]
"""From an operator and a value (None for ``null``) to a condition."""

Fields = Callable[[str], Comparison]
"""From a field's name to its comparison. Raises ArmError for an unknown field."""

_TOKEN = re.compile(r"""\s*(?:([()])|"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s()]+))""")
_OPERATORS = ("eq", "ne", "ge", "gt", "le", "lt")


def condition(text: str, fields: Fields) -> ColumnElement[bool]:
    """The condition that a filter's text means. Raises ArmError 400 for a text that is no filter."""
    if len(text) > FILTER_LENGTH_MAX:
        raise refuse(f"cannot read the filter: it is longer than {FILTER_LENGTH_MAX} characters", target="filter")
    reader = _Reader(text, fields)
    found = reader.either(0)
    if reader.at < len(reader.tokens):
        raise reader.wrong()
    return found


class _Reader:
    """Recursive descent over the tokens: ``(kind, text)`` with kind "(", ")", "quoted" or "word"."""

    def __init__(self, text: str, fields: Fields):
        self.text = text
        self.fields = fields
        self.at = 0
        self.comparisons = 0
        self.tokens: list[tuple[str, str]] = []
        end = 0
        while text[end:].strip():
            match = _TOKEN.match(text, end)
            if match is None:
                raise self.wrong()
            parenthesis, double, single, word = match.groups()
            if parenthesis:
                self.tokens.append((parenthesis, parenthesis))
            elif word is None:
                quoted = re.sub(r"\\(.)", r"\1", double) if double is not None else single.replace("''", "'")
                self.tokens.append(("quoted", quoted))
            else:
                self.tokens.append(("word", word))
            end = match.end()

    def wrong(self) -> Exception:
        return refuse(f"cannot read the filter '{self.text[:200]}': write it like (Status eq Completed)", target="filter")

    def is_word(self, *words: str) -> bool:
        if self.at >= len(self.tokens):
            return False
        kind, text = self.tokens[self.at]
        return kind == "word" and text.lower() in words

    def either(self, depth: int) -> ColumnElement[bool]:
        parts = [self.all(depth)]
        while self.is_word("or"):
            self.at += 1
            parts.append(self.all(depth))
        return or_(*parts)

    def all(self, depth: int) -> ColumnElement[bool]:
        parts = [self.one(depth)]
        while self.is_word("and"):
            self.at += 1
            parts.append(self.one(depth))
        return and_(*parts)

    def one(self, depth: int) -> ColumnElement[bool]:
        if self.at >= len(self.tokens) or depth > FILTER_DEPTH_MAX:
            raise self.wrong()
        if self.tokens[self.at][0] == "(":
            self.at += 1
            inner = self.either(depth + 1)
            if self.at >= len(self.tokens) or self.tokens[self.at][0] != ")":
                raise self.wrong()
            self.at += 1
            return inner
        self.comparisons += 1
        if self.comparisons > FILTER_COMPARISONS_MAX:
            message = f"cannot evaluate the filter: it has more than {FILTER_COMPARISONS_MAX} comparisons; split the request"
            raise refuse(message, target="filter")
        field = self.words(*_OPERATORS)
        if not field or not self.is_word(*_OPERATORS):
            raise self.wrong()
        operator = self.tokens[self.at][1].lower()
        self.at += 1
        return self.fields(field)(operator, self.operand())

    def operand(self) -> str | None:
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "quoted":
            self.at += 1
            return self.tokens[self.at - 1][1]
        value = self.words("and", "or")
        if not value:
            raise self.wrong()
        return None if value.lower() == "null" else value

    def words(self, *stops: str) -> str:
        start = self.at
        while self.at < len(self.tokens) and self.tokens[self.at][0] == "word" and not self.is_word(*stops):
            self.at += 1
        return " ".join(text for _, text in self.tokens[start : self.at])


def compare(column: Any, operator: str, value: Any) -> ColumnElement[bool]:
    """A comparison of a column; a null column equals ``null`` and differs from every value."""
    if value is None:
        return column.is_(None) if operator == "eq" else column.is_not(None)
    if operator == "ne":
        return or_(column != value, column.is_(None))
    return {
        "eq": column == value,
        "ge": column >= value,
        "gt": column > value,
        "le": column <= value,
        "lt": column < value,
    }[operator]


def column(of: Any) -> Comparison:
    """The comparison of a text column."""
    return lambda operator, value: compare(of, operator, value)


def time_column(of: Any) -> Comparison:
    """The comparison of a column of microseconds with a time."""
    return lambda operator, value: compare(of, operator, moment(value, "filter"))


def entry(exists: Callable[[ColumnElement[bool]], ColumnElement[bool]], of: Any) -> Comparison:
    """The comparison of one key of a map: ``exists`` makes "there is such an entry, and its value satisfies this"."""

    def compared(operator: str, value: str | None) -> ColumnElement[bool]:
        return exists(compare(of, operator, value))

    return compared


def order(text: str | None, columns: dict[str, Any], default: str) -> list[Any]:
    """The ORDER BY of ``$orderby`` such as ``StartTimeUtc desc``. Raises ArmError for an unknown field."""
    out = []
    for part in (text or default).split(",")[:8]:
        name, _, direction = part.strip().partition(" ")
        of = columns.get(name.lower())
        if of is None or direction.strip().lower() not in ("", "asc", "desc"):
            known = ", ".join(sorted(columns))
            raise refuse(f"cannot order by '{part.strip()[:80]}': use one of {known}, then asc or desc", target="orderby")
        out.append(of.desc() if direction.strip().lower() == "desc" else of.asc())
    return out


def page_token(**position: int) -> str:
    """A continuation token that means a position; opaque to clients."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def page_position(token: str | None, *names: str) -> dict[str, int]:
    """What ``page_token`` was given, ``{}`` for no token. Raises ArmError for a token that is none of ours."""
    if not token:
        return {}
    try:
        position = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
        if isinstance(position, dict) and all(0 <= int(position[name]) < 2**63 for name in names):
            return {name: int(position[name]) for name in names}
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError):
        pass
    raise refuse("cannot read the continuation token: give back what the last answer said", target="continuationToken")
