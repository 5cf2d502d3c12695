"""A template read before anything is evaluated: its shape, every expression in it parsed, every function known.

So a template with an unknown function is refused whole, even where the function stands in a branch that is never taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloister.arm.template.errors import ExpressionError, TemplateError
from cloister.arm.template.evaluator import UserFunction, check_count, functions_of, unknown_function
from cloister.arm.template.functions import lookup
from cloister.arm.template.lexer import is_expression
from cloister.arm.template.parser import parse
from cloister.arm.template.values import find, get
from cloister.limits import TEMPLATE_DEPTH_MAX, TEMPLATE_OUTPUTS_MAX, TEMPLATE_VARIABLES_MAX

DEPLOYMENTS = "microsoft.resources/deployments"
_UNREAD = frozenset({"metadata", "comments", "$schema", "contentversion"})


def section(template: Mapping[str, Any], name: str) -> Any:
    """A member of the template by name without case; None where it is absent."""
    return get(dict(template), name)


def check(template: Any, depth: int = 0) -> None:
    """Raise TemplateError unless the template has the shape of one and all its expressions can be read."""
    if not isinstance(template, dict):
        raise TemplateError("cannot read the template: it must be a JSON object with 'resources'")
    if depth > TEMPLATE_DEPTH_MAX:
        raise TemplateError(f"cannot deploy: deployments are nested more than {TEMPLATE_DEPTH_MAX} levels deep; flatten them")
    for name in ("$schema", "contentVersion", "resources"):
        if not find(template, name)[0]:
            raise TemplateError(
                f"Deployment template parse failed: 'Required property '{name}' not found in JSON. Path 'properties.template'.'."
            )
    if not isinstance(section(template, "resources"), list | dict | None):
        raise TemplateError("cannot read the template: 'resources' must be an array, or an object with symbolic names")
    for name, limit in (("variables", TEMPLATE_VARIABLES_MAX), ("outputs", TEMPLATE_OUTPUTS_MAX)):
        members = section(template, name)
        if not isinstance(members, dict | None):
            raise TemplateError(f"cannot read the template: '{name}' must be an object")
        if members and len(members) > limit:
            raise TemplateError(f"The template {name} limit exceeded. Limit: '{limit}' and actual: '{len(members)}'.")
    own = user_functions(template)
    _check_sections(template, own, depth)


def _check_sections(template: dict[str, Any], own: Mapping[str, UserFunction], depth: int) -> None:
    for kind in ("parameters", "variables", "outputs"):
        members = section(template, kind)
        for name, value in (members if isinstance(members, dict) else {}).items():
            _check_value(value, own, f"The template {kind[:-1]} '{name}' is not valid")
    for function in own.values():
        _check_value(function.value, own, f"The template function '{function.name}' is not valid")
    for resource in declarations(template):
        _check_resource(resource, own, depth)


def declarations(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The top-level resource declarations. Raises TemplateError where one is no object."""
    given = section(template, "resources") or []
    out = list(given.values()) if isinstance(given, dict) else given
    for resource in out:
        if not isinstance(resource, dict):
            raise TemplateError("cannot read the template: each of its 'resources' must be an object")
    return out


def is_deployment(resource: Mapping[str, Any]) -> bool:
    """Whether a declaration is a nested deployment."""
    return str(get(dict(resource), "type", "")).strip("/").lower() == DEPLOYMENTS


def is_inner(properties: Any) -> bool:
    """Whether a nested deployment's expressions are evaluated in its own scope; the default is the outer one."""
    options = get(properties, "expressionEvaluationOptions")
    return str(get(options, "scope", "")).lower() == "inner"


def _check_resource(resource: dict[str, Any], own: Mapping[str, UserFunction], depth: int) -> None:
    label = f"The template resource '{get(resource, 'name', '')}' of type '{get(resource, 'type', '')}' is not valid"
    properties = get(resource, "properties")
    template = get(properties, "template")
    nested = is_deployment(resource) and isinstance(template, dict)
    if not nested:
        _check_value(resource, own, label)
        return
    _check_value({key: value for key, value in resource.items() if key.lower() != "properties"}, own, label)
    _check_value({key: value for key, value in properties.items() if key.lower() != "template"}, own, label)
    if is_inner(properties):
        check(template, depth + 1)
    else:
        if depth >= TEMPLATE_DEPTH_MAX:
            raise TemplateError(f"cannot deploy: deployments are nested more than {TEMPLATE_DEPTH_MAX} levels deep; flatten them")
        for inner in declarations(template):
            _check_resource(inner, own, depth + 1)
        _check_value(section(template, "outputs"), own, label)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key.lower() not in _UNREAD:
                yield key
                yield from _strings(item)


def _check_value(value: Any, own: Mapping[str, UserFunction], label: str) -> None:
    try:
        for text in _strings(value):
            if is_expression(text):
                _check_expression(text, own)
    except ExpressionError as error:
        raise TemplateError(f"{label}: {error.message}", target=label.split("'")[1] if "'" in label else "") from None


def _check_expression(text: str, own: Mapping[str, UserFunction]) -> None:
    for call in functions_of(parse(text)):
        if call.name.casefold() in own:
            continue
        function = lookup(call.name)
        if function is None:
            raise unknown_function(call.name)
        check_count(call, function)


def user_functions(template: Mapping[str, Any]) -> dict[str, UserFunction]:
    """The template's own functions by ``namespace.name`` in lower case. Raises TemplateError for a bad declaration."""
    out: dict[str, UserFunction] = {}
    given = section(template, "functions") or []
    if not isinstance(given, list):
        raise TemplateError("cannot read the template: 'functions' must be an array of namespaces")
    for space in given:
        namespace = get(space, "namespace")
        members = get(space, "members")
        if not isinstance(namespace, str) or not isinstance(members, dict):
            raise TemplateError("cannot read the template: each of its 'functions' needs a 'namespace' and 'members'")
        for name, member in members.items():
            parameters = get(member, "parameters") or []
            output = get(member, "output")
            if (
                not isinstance(output, dict)
                or not isinstance(parameters, list)
                or not all(isinstance(p, dict) for p in parameters)
            ):
                raise TemplateError(
                    f"cannot read the template's function '{namespace}.{name}': it needs 'parameters' and 'output'"
                )
            full = f"{namespace}.{name}"
            names = tuple(str(get(parameter, "name", "")) for parameter in parameters)
            out[full.casefold()] = UserFunction(full, names, get(output, "value"))
    return out
