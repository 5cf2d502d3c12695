"""Trees to values: frames (what names mean at a place), lazy parameters and variables, and the walk over JSON.

A function of the language is ``(frame, arguments) -> value``; the few that must not evaluate all their arguments get the
frame and the trees instead (``lazy``). All of them stand in ``functions.TABLE``; a frame carries the way to them, so that
functions may evaluate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cloister.arm.template.context import Context, Runtime
from cloister.arm.template.errors import FUNCTIONS_PAGE, ExpressionError, NotKnownYet
from cloister.arm.template.lexer import is_expression, literal
from cloister.arm.template.parser import Call, Index, Literal, Member, Node, parse
from cloister.arm.template.values import UNKNOWN, find, get, is_int, kind, measured, survey, weight
from cloister.limits import TEMPLATE_COPIES_MAX


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language: how many arguments it takes (``most`` None: any number) and what computes it.

    ``lazy`` ones get ``(frame, trees)``; others ``(frame, values)``, and are not called at all when a value is unknown.
    ``kept`` ones give out a value that was measured before, so that it need not be again.
    """

    run: Callable[[Frame, Sequence[Any]], Any]
    least: int
    most: int | None
    lazy: bool = False
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """One running copy loop: its name, the index in it, and whether it copies a resource or a value inside one."""

    name: str
    index: int
    inner: bool = False


@dataclass(frozen=True, slots=True)
class UserFunction:
    """A function that the template itself declares: parameter names in order and the output's expression."""

    name: str
    parameters: tuple[str, ...]
    value: Any


class Lazy:
    """Named values evaluated when first asked for and then kept; asking in a circle is an error. Names without case."""

    def __init__(self, what: str, page: str, thunks: Mapping[str, Callable[[], Any]] | None = None):
        self.what = what
        self.page = page
        self.thunks = {name.casefold(): thunk for name, thunk in (thunks or {}).items()}
        self.values: dict[str, Any] = {}
        self.running: set[str] = set()

    def get(self, name: str) -> Any:
        """The value of ``name``. Raises ExpressionError where there is none or where it depends on itself."""
        key = name.casefold()
        if key in self.values:
            return self.values[key]
        if key not in self.thunks:
            raise ExpressionError(f"The template {self.what} '{name}' is not found. Please see {self.page} for usage details.")
        if key in self.running:
            raise ExpressionError(f"The template {self.what} '{name}' depends on itself: break the circle.")
        self.running.add(key)
        try:
            self.values[key] = measured(self.thunks[key]())
        finally:
            self.running.discard(key)
        return self.values[key]


NO_PARAMETERS = Lazy("parameter", "https://aka.ms/arm-syntax-parameters")
NO_VARIABLES = Lazy("variable", "https://aka.ms/arm-syntax-variables")


@dataclass(frozen=True, slots=True)
class Target:
    """A resource of this template as ``reference()`` and ``dependsOn`` may name it. ``name`` is the full one, ``a/b``."""

    id: str
    type: str
    name: str
    api_version: str


class Names(Protocol):
    """The resources of a template by what expressions call them."""

    def one(self, name: str) -> Target | None:
        """By symbol, by name, by ``type/name``; None where this template has no such resource."""
        ...

    def many(self, name: str) -> list[Target] | None:
        """All instances of a copy loop by its symbol or loop name, in order."""
        ...


Language = Callable[[str], "Function | None"]


@dataclass(frozen=True)
class Frame:
    """What names mean where an expression stands.

    ``language`` finds the language's own functions by name (``functions.lookup``). ``runtime`` is None where ``reference``
    and ``list*`` may not stand. ``names`` are this template's resources. ``defaults`` is true inside a parameter's
    defaultValue, the only place of ``newGuid`` and ``utcNow``.
    """

    context: Context
    language: Language
    parameters: Lazy = NO_PARAMETERS
    variables: Lazy = NO_VARIABLES
    functions: Mapping[str, UserFunction] = field(default_factory=dict)
    loops: tuple[Loop, ...] = ()
    bound: Mapping[str, Any] = field(default_factory=dict)
    runtime: Runtime | None = None
    names: Names | None = None
    defaults: bool = False

    def inside(self, loop: Loop) -> Frame:
        """This frame within one turn of a copy loop."""
        return self._but("loops", (*self.loops, loop))

    def binding(self, names: Sequence[str], values: Sequence[Any]) -> Frame:
        """This frame within a lambda's body."""
        return self._but("bound", {**self.bound, **dict(zip(names, values, strict=True))})

    def _but(self, name: str, value: Any) -> Frame:
        """This frame with one field replaced; ``dataclasses.replace`` is too slow for every turn of every loop."""
        out = object.__new__(Frame)
        out.__dict__.update(self.__dict__)
        out.__dict__[name] = value
        return out


def evaluate(node: Node, frame: Frame) -> Any:
    """The value of a tree. Raises ExpressionError, and ``Wanted`` when the runtime lacks something."""
    frame.context.budget.spend()
    if type(node) is Literal:
        return node.value
    if type(node) is Call:
        return call(node, frame)
    if type(node) is Member:
        return member(evaluate(node.of, frame), node.name)
    assert type(node) is Index
    return index(evaluate(node.of, frame), evaluate(node.at, frame))


def call(node: Call, frame: Frame) -> Any:
    """The value of a call, of the language's function or of the template's own."""
    user = frame.functions.get(node.name.casefold())
    if user is not None:
        return _call_user(user, node, frame)
    function = frame.language(node.name)
    if function is None:
        raise unknown_function(node.name)
    check_count(node, function)
    if function.lazy:
        return measured(function.run(frame, node.arguments))
    arguments = [evaluate(argument, frame) for argument in node.arguments]
    nodes, unknown = survey(arguments)
    if unknown:
        return UNKNOWN
    value = function.run(frame, arguments)
    frame.context.budget.spend((nodes + (0 if function.kept else weight(value))) >> 4)
    return value


def unknown_function(name: str) -> ExpressionError:
    """Azure's error for a function that does not exist."""
    return ExpressionError(f"The template function '{name}' is not valid. {FUNCTIONS_PAGE}")


def check_count(node: Call, function: Function) -> None:
    """Raise ExpressionError unless a call has as many arguments as its function takes."""
    given = len(node.arguments)
    if given < function.least or (function.most is not None and given > function.most):
        if function.least == function.most:
            wants = f"{function.least} argument(s)"
        elif function.most is None:
            wants = f"at least {function.least} argument(s)"
        else:
            wants = f"{function.least} to {function.most} argument(s)"
        raise ExpressionError(
            f"Unable to evaluate template language function '{node.name}': function requires {wants} while '{given}' were "
            f"provided. Please see https://aka.ms/arm-functions#{node.name.lower()} for usage details."
        )


def _call_user(user: UserFunction, node: Call, frame: Frame) -> Any:
    if len(node.arguments) != len(user.parameters):
        raise ExpressionError(
            f"Unable to evaluate template function '{user.name}': it takes {len(user.parameters)} argument(s) while "
            f"'{len(node.arguments)}' were provided."
        )
    values = [evaluate(argument, frame) for argument in node.arguments]
    names = Lazy(NO_PARAMETERS.what, NO_PARAMETERS.page)
    names.values = {name.casefold(): value for name, value in zip(user.parameters, values, strict=True)}
    return resolved(user.value, Frame(frame.context, frame.language, parameters=names, functions=frame.functions))


def member(value: Any, name: str) -> Any:
    """``value.name``, without case. Raises ExpressionError where there is no such member."""
    if value is UNKNOWN:
        return UNKNOWN
    if not isinstance(value, dict):
        raise ExpressionError(
            f"The language expression property '{name}' can't be evaluated: the value is of type '{kind(value)}', not 'Object'."
        )
    found, out = find(value, name)
    if not found:
        available = ", ".join(value) or "none"
        raise ExpressionError(
            f"The language expression property '{name}' doesn't exist, available properties are '{available[:1000]}'."
        )
    return out


def index(value: Any, at: Any) -> Any:
    """``value[at]``. Raises ExpressionError where there is no such element."""
    if value is UNKNOWN or at is UNKNOWN:
        return UNKNOWN
    if isinstance(value, dict) and isinstance(at, str):
        return member(value, at)
    if isinstance(value, list) and is_int(at):
        if not 0 <= at < len(value):
            raise ExpressionError(f"The language expression property array index '{at}' is out of bounds.")
        return value[at]
    raise ExpressionError(
        f"The language expression property of type '{kind(at)}' can't be evaluated on a value of type '{kind(value)}': "
        "arrays take a whole number, objects a name."
    )


def resolved(value: Any, frame: Frame) -> Any:
    """A JSON value of the template with all its expressions evaluated; ``copy`` arrays inside objects are unrolled."""
    if isinstance(value, str):
        return evaluate(parse(value), frame) if is_expression(value) else literal(value)
    if isinstance(value, list):
        return [resolved(item, frame) for item in value]
    if isinstance(value, dict):
        return _resolved_object(value, frame)
    return value


def _resolved_object(value: dict[str, Any], frame: Frame) -> Any:
    frame.context.budget.spend()
    out: dict[str, Any] = {}
    whole = True
    for name, inner in value.items():
        if name.lower() == "copy" and is_value_copy(inner):
            for loop in inner:
                out[text_at(get(loop, "name"), frame, "copy.name")] = unrolled(loop, frame)
            continue
        key = resolved(name, frame) if is_expression(name) else name
        found = resolved(inner, frame)
        if key is UNKNOWN:
            whole = False
        elif isinstance(key, str):
            out[key] = found
        else:
            raise ExpressionError(
                f"cannot use '{name}' as a property's name: it is a value of type '{kind(key)}' and not a string"
            )
    return out if whole else UNKNOWN


def is_value_copy(value: Any) -> bool:
    """Whether the value of a key ``copy`` is a list of loops ``{name, count, input}``."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(loop, dict) and {"name", "count", "input"} <= {key.lower() for key in loop} for loop in value)
    )


def unrolled(loop: dict[str, Any], frame: Frame) -> Any:
    """The array that one ``{name, count, input}`` makes; unknown when its count is."""
    members = {key.lower(): inner for key, inner in loop.items()}
    name = text_at(members.get("name", ""), frame, "copy.name")
    count = copy_count(members.get("count"), frame, name)
    if count is UNKNOWN:
        return UNKNOWN
    return [resolved(members.get("input"), frame.inside(Loop(name, turn, inner=True))) for turn in range(count)]


def copy_count(value: Any, frame: Frame, name: str) -> Any:
    """A loop's count, a whole number from 0 to 800, or unknown. Raises ExpressionError."""
    count = resolved(value, frame)
    if count is UNKNOWN:
        return UNKNOWN
    if not is_int(count) or count < 0:
        raise ExpressionError(
            f"The template copy definition '{name}' is not valid. The copy count must be a non-negative integer and not "
            f"'{count if is_int(count) else kind(count)}'. Please see https://aka.ms/arm-resource-loops for usage details."
        )
    if count > TEMPLATE_COPIES_MAX:
        raise ExpressionError(
            f"The template copy definition '{name}' is not valid. The copy count '{count}' exceeds the limit "
            f"'{TEMPLATE_COPIES_MAX}'. Please see https://aka.ms/arm-resource-loops for usage details."
        )
    return count


def text_at(value: Any, frame: Frame, where: str) -> str:
    """A value that must be a string once evaluated. Raises ExpressionError, also where it is not known yet."""
    out = resolved(value, frame)
    if out is UNKNOWN:
        raise NotKnownYet(f"cannot plan the template: the value of '{where}' is not known yet")
    if not isinstance(out, str):
        raise ExpressionError(f"cannot use the value of '{where}': it must be a string and is of type '{kind(out)}'")
    return out


def functions_of(node: Node) -> list[Call]:
    """All calls in a tree."""
    if type(node) is Call:
        return [node, *(inner for argument in node.arguments for inner in functions_of(argument))]
    if type(node) is Member:
        return functions_of(node.of)
    if type(node) is Index:
        return [*functions_of(node.of), *functions_of(node.at)]
    return []
