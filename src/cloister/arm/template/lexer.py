"""Words of a template expression: ``[concat('it''s', parameters('a').b[0])]`` without its outer brackets, as tokens.

Source: learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cloister.arm.template.errors import ExpressionError
from cloister.limits import TEMPLATE_EXPRESSION_LENGTH_MAX

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_$]*)
      | (?P<string>'(?:[^']|'')*')
      | (?P<mark>[()\[\],.])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is number, name, string, mark or end; ``text`` the token (a string without its quotes)."""

    kind: str
    text: str
    at: int


def is_expression(text: str) -> bool:
    """Whether a template's string is an expression: it begins with one ``[`` and ends with ``]``."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def literal(text: str) -> str:
    """What a string that is no expression means: ``[[`` at its start stands for one ``[`` when it ends with ``]``."""
    return text[1:] if text.startswith("[[") and text.endswith("]") else text


def tokens(text: str) -> list[Token]:
    """The tokens of an expression's inside, closed by one of kind ``end``. Raises ExpressionError."""
    if len(text) > TEMPLATE_EXPRESSION_LENGTH_MAX:
        raise ExpressionError(
            f"The language expression length limit exceeded. Limit: '{TEMPLATE_EXPRESSION_LENGTH_MAX}' and actual: '{len(text)}'."
        )
    out: list[Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise unexpected(text, text[at], at)
        if found.lastgroup == "string":
            out.append(Token("string", found[0][1:-1].replace("''", "'"), at))
        elif found.lastgroup != "space":
            out.append(Token(str(found.lastgroup), found[0], at))
        at = found.end()
    out.append(Token("end", "", at))
    return out


def unexpected(text: str, word: str, at: int) -> ExpressionError:
    """Azure's error for an expression that cannot be parsed."""
    shown = text if len(text) <= 200 else text[:200] + "..."
    what = f"expected token 'EndOfData' and actual '{word}'" if word else "the expression ends too early"
    return ExpressionError(
        f"Unable to parse language expression '{shown}': {what} at position '{at}'. "
        "Please see https://aka.ms/arm-template-expressions for usage details."
    )
