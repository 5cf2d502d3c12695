"""Expressions in policy rules: ``[parameters('x')]``, ``[concat('tags[', parameters('tagName'), ']')]`` and their like.

Read by the template language's parser; of its functions those of ``_FUNCTIONS`` are known. ``resourceGroup()`` and
``subscription()`` are those of the resource that is judged. A member that is not there is "".
Source: learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule ("Policy functions").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from cloister.arm.template.errors import ExpressionError
from cloister.arm.template.lexer import is_expression, literal
from cloister.arm.template.parser import Call, Index, Literal, Member, Node, parse


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """Where the resource that is judged stands: its group and its subscription, as their functions answer."""

    group: Mapping[str, Any] = {}
    subscription: Mapping[str, Any] = {}


NOWHERE = Around()
_FUNCTIONS: dict[str, Callable[[list[Any], Around], Any]] = {
    "concat": lambda given, around: "".join(map(_text, given)),
    "tolower": lambda given, around: _text(given[0]).lower(),
    "toupper": lambda given, around: _text(given[0]).upper(),
    "resourcegroup": lambda given, around: around.group,
    "subscription": lambda given, around: around.subscription,
}
_ARGUMENTS = {"tolower": 1, "toupper": 1, "resourcegroup": 0, "subscription": 0, "parameters": 1}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value)
    return "" if value is None else str(value)


def evaluated(value: str, parameters: Mapping[str, Any], around: Around = NOWHERE) -> Any:
    """The value of a text: what its expression says, itself where it is none, or one that is not known."""
    if not is_expression(value) or unknown(value):
        return literal(value)
    return _walk(parse(value), parameters, around)


def unknown(value: str) -> str:
    """What in a text's expression is not known here, ``""`` for nothing."""
    if not is_expression(value):
        return ""
    try:
        return _unknown(parse(value))
    except ExpressionError as error:
        return f"the expression {value[:80]!r} cannot be read ({error})"


def _unknown(node: Node) -> str:
    if isinstance(node, Member):
        return _unknown(node.of)
    if isinstance(node, Index):
        return _unknown(node.of) or _unknown(node.at)
    if not isinstance(node, Call):
        return ""
    name = node.name.lower()
    if name != "parameters" and name not in _FUNCTIONS:
        return f"the function {node.name}() is none of {', '.join(['parameters', *_FUNCTIONS])}"
    if len(node.arguments) != _ARGUMENTS.get(name, len(node.arguments)):
        return f"the function {node.name}() takes {_ARGUMENTS[name]} arguments"
    return next((why for one in node.arguments if (why := _unknown(one))), "")


def _walk(node: Node, parameters: Mapping[str, Any], around: Around) -> Any:
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Call):
        given = [_walk(one, parameters, around) for one in node.arguments]
        if node.name.lower() == "parameters":
            return _member(parameters, given[0], None)
        return _FUNCTIONS[node.name.lower()](given, around)
    name = node.name if isinstance(node, Member) else _walk(node.at, parameters, around)
    return _member(_walk(node.of, parameters, around), name, "")


def _member(value: Any, name: Any, missing: Any) -> Any:
    if isinstance(value, Mapping):
        return next((item for known, item in value.items() if known.lower() == _text(name).lower()), missing)
    return value[name] if isinstance(value, list) and isinstance(name, int) and -1 < name < len(value) else missing
