"""JSON as template files really are: comments, trailing commas, strings over several lines, bare keys.

Azure's own parser accepts these, and azure-cli relies on it: it sends ``{"properties": {..., template:<file>}}`` with the
template's text spliced in as it stands. Strict JSON takes a fast way; anything else the parser below. Never raises
anything but ``JsonError``. Limits: ``limits.JSON_DEPTH_MAX`` levels, numbers within a double.
"""

from __future__ import annotations

import math
import re
from typing import Any

import orjson

from cloister.limits import JSON_DEPTH_MAX

_SKIP = re.compile(r"(?:[ \t\r\n\f\v\u00a0\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)")
_WORD = re.compile(r"[A-Za-z_$][\w$-]*")
_PLAIN = {'"': re.compile(r'[^"\\]*'), "'": re.compile(r"[^'\\]*")}
_ESCAPES = {'"': '"', "'": "'", "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "\n": "", "\r": ""}
_WORDS = {"true": True, "false": False, "null": None}
_INT_MIN, _INT_MAX = -(2**63), 2**64 - 1  # what strict readers take too


class JsonError(ValueError):
    """Text that is no JSON even in the wide sense; ``line`` and ``column`` count from 1."""

    def __init__(self, reason: str, line: int, column: int):
        super().__init__(f"cannot read the JSON: {reason}, at line {line} and column {column}")
        self.reason = reason
        self.line = line
        self.column = column


def parse(source: str | bytes) -> Any:
    """The value of one JSON document (UTF-8 when bytes; a byte order mark is skipped). Raises JsonError."""
    if isinstance(source, bytes):
        try:
            source = source.decode()
        except UnicodeDecodeError as error:
            raise JsonError(f"byte {error.start} is not UTF-8; save the file as UTF-8", 1, 1) from None
    source = source.removeprefix("\ufeff")
    try:
        value = orjson.loads(source)
    except ValueError:
        return _Parser(source).document()
    if _deeper_than(value, JSON_DEPTH_MAX):
        raise JsonError(f"it is nested more than {JSON_DEPTH_MAX} levels deep; flatten it", 1, 1)
    return value


def _deeper_than(value: Any, limit: int) -> bool:
    """Whether arrays and objects are nested deeper than ``limit``; walks level by level, without recursion."""
    level = [value]
    for _ in range(limit + 1):
        following: list[Any] = []
        for item in level:
            if type(item) is dict:
                following += [v for v in item.values() if type(v) in (dict, list)]
            elif type(item) is list:
                following += [v for v in item if type(v) in (dict, list)]
        if not following:
            return False
        level = following
    return True


class _Parser:
    """A recursive parser over one text; ``at`` is the position of the next character."""

    def __init__(self, text: str):
        self.text = text
        self.at = 0

    def document(self) -> Any:
        value = self._value(0)
        self._skip()
        if self.at < len(self.text):
            raise self._wrong(f"unexpected {self._here()} after the end of the document")
        return value

    def _wrong(self, reason: str, at: int | None = None) -> JsonError:
        place = self.at if at is None else at
        line = self.text.count("\n", 0, place) + 1
        return JsonError(reason, line, place - self.text.rfind("\n", 0, place))

    def _here(self) -> str:
        return f"'{self.text[self.at]}'" if self.at < len(self.text) else "end of the text"

    def _skip(self) -> None:
        found = _SKIP.match(self.text, self.at)
        self.at = found.end() if found else self.at
        if self.text.startswith("/*", self.at):
            raise self._wrong("a comment is not closed with '*/'")

    def _value(self, depth: int) -> Any:
        self._skip()
        if depth > JSON_DEPTH_MAX:
            raise self._wrong(f"it is nested more than {JSON_DEPTH_MAX} levels deep; flatten it")
        char = self.text[self.at : self.at + 1]
        if char == "{":
            return self._object(depth)
        if char == "[":
            return self._array(depth)
        if char in ('"', "'") and char:
            return self._string(char)
        number = _NUMBER.match(self.text, self.at)
        if number:
            return self._number(number)
        word = _WORD.match(self.text, self.at)
        if word and word[0] in _WORDS:
            self.at = word.end()
            return _WORDS[word[0]]
        raise self._wrong(f"unexpected {self._here()} where a value should stand")

    def _number(self, found: re.Match[str]) -> int | float:
        text = found[0]
        if text.lstrip("-")[:2].lower() == "0x":
            value: int | float = int(text, 16)
        elif any(mark in text for mark in ".eE"):
            value = float(text)
        else:
            value = int(text) if len(text) <= 20 else float(text)
        if isinstance(value, int) and not _INT_MIN <= value <= _INT_MAX:
            value = float(value) if len(text) < 300 else math.inf
        if isinstance(value, float) and not math.isfinite(value):
            raise self._wrong(f"the number {text[:20]}... is too large")
        self.at = found.end()
        return value

    def _object(self, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        self.at += 1
        while True:
            self._skip()
            if self.text.startswith("}", self.at):
                self.at += 1
                return out
            key = self._key()
            self._skip()
            if not self.text.startswith(":", self.at):
                raise self._wrong(f"unexpected {self._here()} where ':' should stand")
            self.at += 1
            out[key] = self._value(depth + 1)
            self._comma("}")

    def _array(self, depth: int) -> list[Any]:
        out: list[Any] = []
        self.at += 1
        while True:
            self._skip()
            if self.text.startswith("]", self.at):
                self.at += 1
                return out
            out.append(self._value(depth + 1))
            self._comma("]")

    def _comma(self, closing: str) -> None:
        self._skip()
        if self.text.startswith(",", self.at):
            self.at += 1
        elif not self.text.startswith(closing, self.at):
            raise self._wrong(f"unexpected {self._here()} where ',' or '{closing}' should stand")

    def _key(self) -> str:
        quote = self.text[self.at : self.at + 1]
        if quote in ('"', "'") and quote:
            return self._string(quote)
        word = _WORD.match(self.text, self.at)
        if not word:
            raise self._wrong(f"unexpected {self._here()} where a name should stand")
        self.at = word.end()
        return word[0]

    def _string(self, quote: str) -> str:
        start = self.at
        self.at += 1
        parts: list[str] = []
        plain = _PLAIN[quote]
        while True:
            found = plain.match(self.text, self.at)
            assert found is not None
            parts.append(found[0])
            self.at = found.end()
            if self.at >= len(self.text):
                raise self._wrong("a string is not closed", start)
            if self.text[self.at] == quote:
                self.at += 1
                return self._whole("".join(parts), start)
            parts.append(self._escape())

    def _escape(self) -> str:
        char = self.text[self.at + 1 : self.at + 2]
        if char == "u":
            digits = self.text[self.at + 2 : self.at + 6]
            if not re.fullmatch(r"[0-9a-fA-F]{4}", digits):
                raise self._wrong("'\\u' needs four hexadecimal digits")
            self.at += 6
            return chr(int(digits, 16))
        if char not in _ESCAPES or not char:
            raise self._wrong(f"'\\{char}' is no escape; write '\\\\' for a backslash")
        self.at += 2
        return _ESCAPES[char]

    def _whole(self, text: str, start: int) -> str:
        """Join surrogate pairs that came as two escapes; half a pair is refused (it has no UTF-8)."""
        if any("\ud800" <= char <= "\udfff" for char in text):
            try:
                return text.encode("utf-16", "surrogatepass").decode("utf-16")
            except UnicodeDecodeError:
                raise self._wrong("a string holds half of a surrogate pair", start) from None
        return text
