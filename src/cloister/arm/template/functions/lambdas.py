"""Lambda functions: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-lambda.

A lambda is written ``lambda('name', ..., body)``; its body reads its arguments with ``lambdaVariables('name')``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from cloister.arm.template.errors import ExpressionError, failed
from cloister.arm.template.evaluator import Frame, Function, evaluate
from cloister.arm.template.functions.arguments import array, boolean, object_of, text
from cloister.arm.template.parser import Call, Literal, Node
from cloister.arm.template.values import UNKNOWN, has_unknown, measured

Trees = Sequence[Node]


@dataclass(frozen=True, slots=True)
class Lambda:
    """A lambda with the frame it was written in."""

    names: tuple[str, ...]
    body: Node
    frame: Frame

    def __call__(self, *values: Any) -> Any:
        return evaluate(self.body, self.frame.binding(self.names, values[: len(self.names)]))


def _lambda(function: str, frame: Frame, tree: Node, least: int, most: int) -> Lambda:
    if type(tree) is not Call or tree.name.lower() != "lambda" or not tree.arguments:
        raise failed(function, "one of its arguments must be a lambda expression")
    *names, body = tree.arguments
    if not all(type(name) is Literal and isinstance(name.value, str) for name in names):
        raise failed(function, "the names of a lambda's arguments must be plain strings")
    if not least <= len(names) <= most:
        wants = str(least) if least == most else f"{least} to {most}"
        raise failed(function, f"its lambda expression must take {wants} argument(s) and takes {len(names)}")
    return Lambda(tuple(str(name.value) for name in names if type(name) is Literal), body, frame)


def _known(run: Callable[[Frame, Any, Trees], Any]) -> Callable[[Frame, Trees], Any]:
    """The first argument is evaluated; where it, or the result, is not known yet, so is the whole."""

    def outer(frame: Frame, trees: Trees) -> Any:
        given = evaluate(trees[0], frame)
        if has_unknown(measured(given)):
            return UNKNOWN
        out = run(frame, given, trees[1:])
        return UNKNOWN if has_unknown(measured(out)) else out

    return outer


def bare_lambda(frame: Frame, trees: Trees) -> Any:
    """``lambda`` outside an argument of one of the functions below."""
    raise ExpressionError(
        "The template function 'lambda' is not expected at this location: it may only be an argument of a function."
    )


def lambda_variables(frame: Frame, arguments: Sequence[Any]) -> Any:
    """``lambdaVariables('name')``."""
    name = text("lambdaVariables", arguments[0])
    if name not in frame.bound:
        raise ExpressionError(f"The lambda variable '{name}' is not found: no lambda around it declares it.")
    return frame.bound[name]


def map_items(frame: Frame, given: Any, trees: Trees) -> list[Any]:
    """``map(array, lambda(item, [index], ...))``."""
    made = _lambda("map", frame, trees[0], 1, 2)
    return [made(item, at) for at, item in enumerate(array("map", given))]


def filter_items(frame: Frame, given: Any, trees: Trees) -> Any:
    """``filter(array, lambda(item, [index], ...))``."""
    keeps = _lambda("filter", frame, trees[0], 1, 2)
    out = []
    for at, item in enumerate(array("filter", given)):
        keep = keeps(item, at)
        if keep is UNKNOWN:
            return UNKNOWN
        if boolean("filter", keep):
            out.append(item)
    return out


def reduce_items(frame: Frame, given: Any, trees: Trees) -> Any:
    """``reduce(array, initial, lambda(sum, item, [index], ...))``."""
    step = _lambda("reduce", frame, trees[1], 2, 3)
    value = evaluate(trees[0], frame)
    for at, item in enumerate(array("reduce", given)):
        value = measured(step(value, item, at))
    return value


def sort_items(frame: Frame, given: Any, trees: Trees) -> Any:
    """``sort(array, lambda(a, b, ...))``: the lambda says whether ``a`` stands before ``b``."""
    before = _lambda("sort", frame, trees[0], 2, 2)
    unknown = False

    def order(left: Any, right: Any) -> int:
        nonlocal unknown
        forward = before(left, right)
        backward = before(right, left)
        if UNKNOWN in (forward, backward):
            unknown = True
            return 0
        return int(boolean("sort", backward)) - int(boolean("sort", forward))

    out = sorted(array("sort", given), key=cmp_to_key(order))
    return UNKNOWN if unknown else out


def to_object(frame: Frame, given: Any, trees: Trees) -> Any:
    """``toObject(array, lambda(item, key), [lambda(item, value)])``."""
    keys = _lambda("toObject", frame, trees[0], 1, 2)
    values = _lambda("toObject", frame, trees[1], 1, 2) if len(trees) > 1 else None
    out: dict[str, Any] = {}
    for at, item in enumerate(array("toObject", given)):
        key = keys(item, at)
        if key is UNKNOWN:
            return UNKNOWN
        out[text("toObject", key)] = values(item, at) if values else item
    return out


def group_by(frame: Frame, given: Any, trees: Trees) -> Any:
    """``groupBy(array, lambda(item, key))``: ``{key: [items]}``."""
    keys = _lambda("groupBy", frame, trees[0], 1, 2)
    out: dict[str, list[Any]] = {}
    for at, item in enumerate(array("groupBy", given)):
        key = keys(item, at)
        if key is UNKNOWN:
            return UNKNOWN
        out.setdefault(text("groupBy", key), []).append(item)
    return out


def map_values(frame: Frame, given: Any, trees: Trees) -> dict[str, Any]:
    """``mapValues(object, lambda(value, ...))``."""
    made = _lambda("mapValues", frame, trees[0], 1, 1)
    return {key: made(value) for key, value in object_of("mapValues", given).items()}


TABLE: dict[str, Function] = {
    "filter": Function(_known(filter_items), 2, 2, lazy=True),
    "groupBy": Function(_known(group_by), 2, 2, lazy=True),
    "lambda": Function(bare_lambda, 1, None, lazy=True),
    "lambdaVariables": Function(lambda_variables, 1, 1),
    "map": Function(_known(map_items), 2, 2, lazy=True),
    "mapValues": Function(_known(map_values), 2, 2, lazy=True),
    "reduce": Function(_known(reduce_items), 3, 3, lazy=True),
    "sort": Function(_known(sort_items), 2, 2, lazy=True),
    "toObject": Function(_known(to_object), 2, 3, lazy=True),
}
