"""Tokens to syntax trees. Four kinds of node: a literal, a call, a member access, an index.

``parse`` keeps what it parsed, for templates repeat themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cloister.arm.template.errors import ExpressionError
from cloister.arm.template.lexer import Token, tokens, unexpected
from cloister.arm.template.values import INT_MAX, INT_MIN
from cloister.limits import TEMPLATE_EXPRESSION_DEPTH_MAX


@dataclass(frozen=True, slots=True)
class Literal:
    """A string or a number."""

    value: str | int | float


@dataclass(frozen=True, slots=True)
class Call:
    """``name(arguments)``; ``name`` is ``namespace.member`` for a user's function."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """``of.name``."""

    of: Node
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """``of[at]``: a whole number into an array, a string into an object."""

    of: Node
    at: Node


Node = Literal | Call | Member | Index


@lru_cache(maxsize=8192)
def parse(text: str) -> Node:
    """The tree of an expression with its outer brackets, as ``is_expression`` found it. Raises ExpressionError."""
    return _Parser(text[1:-1]).whole()


class _Parser:
    def __init__(self, text: str):
        self.text = text
        self.tokens = tokens(text)
        self.next = 0

    def whole(self) -> Node:
        node = self._node(0)
        if self._peek().kind != "end":
            raise self._unexpected()
        return node

    def _peek(self) -> Token:
        return self.tokens[self.next]

    def _take(self, kind: str, text: str = "") -> Token:
        token = self._peek()
        if token.kind != kind or (text and token.text != text):
            raise self._unexpected()
        self.next += 1
        return token

    def _is(self, mark: str) -> bool:
        token = self._peek()
        return token.kind == "mark" and token.text == mark

    def _unexpected(self) -> ExpressionError:
        token = self._peek()
        return unexpected(self.text, token.text, token.at)

    def _node(self, depth: int) -> Node:
        if depth > TEMPLATE_EXPRESSION_DEPTH_MAX:
            raise ExpressionError(
                f"cannot read a language expression: it is nested more than {TEMPLATE_EXPRESSION_DEPTH_MAX} levels deep; "
                "use variables for parts of it"
            )
        node = self._first(depth)
        steps = 0
        while True:
            steps += 1
            if steps > TEMPLATE_EXPRESSION_DEPTH_MAX:
                raise ExpressionError(
                    f"cannot read a language expression: it has more than {TEMPLATE_EXPRESSION_DEPTH_MAX} steps into one value; "
                    "use variables for parts of it"
                )
            if self._is("."):
                self.next += 1
                node = Member(node, self._take("name").text)
            elif self._is("["):
                self.next += 1
                at = self._node(depth + 1)
                self._take("mark", "]")
                node = Index(node, at)
            else:
                return node

    def _first(self, depth: int) -> Node:
        token = self._peek()
        if token.kind == "string":
            self.next += 1
            return Literal(token.text)
        if token.kind == "number":
            self.next += 1
            return Literal(self._number(token))
        name = self._take("name").text
        if self._is("."):
            self.next += 1
            name = f"{name}.{self._take('name').text}"
        return Call(name, self._arguments(depth))

    def _number(self, token: Token) -> int | float:
        if any(mark in token.text for mark in ".eE"):
            value = float(token.text)
            if value in (float("inf"), float("-inf")):
                raise unexpected(self.text, token.text, token.at)
            return value
        if len(token.text) > 20 or not INT_MIN <= int(token.text) <= INT_MAX:
            raise unexpected(self.text, token.text, token.at)
        return int(token.text)

    def _arguments(self, depth: int) -> tuple[Node, ...]:
        self._take("mark", "(")
        out: list[Node] = []
        if not self._is(")"):
            out.append(self._node(depth + 1))
            while self._is(","):
                self.next += 1
                out.append(self._node(depth + 1))
        self._take("mark", ")")
        return tuple(out)
