"""``$filter`` of resource listings: the part of OData that Resource Manager understands.

Comparisons ``name eq 'x'`` and ``ne`` on resourceType, name, location, resourceGroup, tagName and tagValue;
``substringof('x', name)`` and ``startswith(name, 'x')``; ``and``, ``or``, ``not`` and brackets. Values compare without case.
Source: learn.microsoft.com/rest/api/resources/resources/list.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cloister.arm.errors import ArmError
from cloister.arm.ids import parse
from cloister.arm.resource import Row
from cloister.net.plan import normal_region

Test = Callable[[Row], bool]
_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|([A-Za-z_][A-Za-z0-9_./$]*)|([(),]))")
_DEPTH_MAX = 20
_LENGTH_MAX = 4096


def read_filter(text: str) -> Test:
    """What the filter lets through. Raises ArmError 400 ``InvalidFilterInQueryString``."""
    if not text.strip():
        return lambda row: True
    if len(text) > _LENGTH_MAX:
        raise _invalid(text, f"it is longer than {_LENGTH_MAX} characters")
    return _Reader(text).whole()


class _Reader:
    """A recursive-descent reader: or, and, not, comparison."""

    def __init__(self, text: str):
        self.text = text
        self.tokens: list[str] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None:
                raise _invalid(text, f"the character {text[at : at + 1]!r} at place {at + 1} cannot stand there")
            self.tokens.append(found[1] or found[2] or found[3])
            at = found.end()
        self.at = 0

    def whole(self) -> Test:
        test = self._either(0)
        if self.at < len(self.tokens):
            raise _invalid(
                self.text, f"'{self.tokens[self.at]}' is more than one condition takes; join conditions with 'and' or 'or'"
            )
        return test

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self, wanted: str = "") -> str:
        token = self._peek()
        if not token or (wanted and token.lower() != wanted):
            raise _invalid(
                self.text, f"'{wanted or 'a value'}' is missing after {' '.join(self.tokens[: self.at]) or 'the start'!r}"
            )
        self.at += 1
        return token

    def _either(self, depth: int) -> Test:
        tests = [self._both(depth)]
        while self._peek().lower() == "or":
            self._take()
            tests.append(self._both(depth))
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _both(self, depth: int) -> Test:
        tests = [self._one(depth)]
        while self._peek().lower() == "and":
            self._take()
            tests.append(self._one(depth))
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self, depth: int) -> Test:
        if depth > _DEPTH_MAX:
            raise _invalid(self.text, f"its brackets are nested more than {_DEPTH_MAX} deep")
        word = self._take()
        if word == "(":
            test = self._either(depth + 1)
            self._take(")")
            return test
        if word.lower() == "not":
            inner = self._one(depth + 1)
            return lambda row: not inner(row)
        if word.lower() in ("substringof", "startswith"):
            return self._function(word.lower())
        operator, value = self._take().lower(), self._text()
        if operator not in ("eq", "ne"):
            raise _invalid(self.text, f"the operator '{operator}' is unknown; use eq or ne")
        read = self._field(word)
        if word.lower() == "location":
            value = normal_region(value)
        if word.lower() == "tagvalue":
            read_all = read
            return lambda row: (value.lower() in read_all(row)) == (operator == "eq")
        return lambda row: (value.lower() in _several(read(row))) == (operator == "eq")

    def _function(self, name: str) -> Test:
        self._take("(")
        first = self._text() if name == "substringof" else self._take()
        self._take(",")
        second = self._take() if name == "substringof" else self._text()
        self._take(")")
        if self._peek().lower() == "eq":  # the older form: substringof('x', name) eq true
            self._take()
            self._take("true")
        text, read = (first.lower(), self._field(second)) if name == "substringof" else (second.lower(), self._field(first))
        if name == "substringof":
            return lambda row: any(text in found for found in _several(read(row)))
        return lambda row: any(found.startswith(text) for found in _several(read(row)))

    def _text(self) -> str:
        token = self._take()
        if not token.startswith("'"):
            raise _invalid(self.text, f"{token!r} is no text; write it between single quotes")
        return token[1:-1].replace("''", "'")

    def _field(self, name: str) -> Callable[[Row], Any]:
        try:
            return _FIELDS[name.lower()]
        except KeyError:
            known = "resourceType, name, location, resourceGroup, tagName, tagValue"
            raise _invalid(self.text, f"'{name[:40]}' cannot be compared; use one of {known}") from None


_FIELDS: dict[str, Callable[[Row], Any]] = {
    "resourcetype": lambda row: row.type.lower(),
    "name": lambda row: row.name.lower(),
    "location": lambda row: str(row.body.get("location") or "").lower(),
    "resourcegroup": lambda row: parse(row.id).resource_group.lower(),
    "tagname": lambda row: [name.lower() for name in row.body.get("tags") or {}],
    "tagvalue": lambda row: [str(value).lower() for value in (row.body.get("tags") or {}).values()],
}


def _several(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _invalid(text: str, why: str) -> ArmError:
    message = f"cannot read the $filter {text[:200]!r}: {why}."
    return ArmError(400, "InvalidFilterInQueryString", message, target="$filter")
