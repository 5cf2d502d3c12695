"""A template expanded: which resources, in which order, and how each is evaluated when its turn comes.

    plan = expand(template, {"name": {"value": "x"}}, context)
    for key in plan.order: body = plan.body(key, runtime)      # plan.waits[key] are done by then
    outputs = plan.outputs(runtime)

Everything that can be known before anything runs is evaluated, and so checked, by ``expand``. Nested deployments are
plans of their own: ``plan.nested(key, runtime)`` says what one deploys, ``expand_nested`` expands it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cloister.arm.template import declared, parameters, syntax
from cloister.arm.template.context import Context, Place, Recorder, Runtime
from cloister.arm.template.declared import DEPLOYMENT_MEMBERS, Planned
from cloister.arm.template.errors import ExpressionError, NotKnownYet, TemplateError
from cloister.arm.template.evaluator import Frame, Lazy, Target, resolved, unrolled
from cloister.arm.template.functions import lookup
from cloister.arm.template.graph import Edges, Index
from cloister.arm.template.values import find, get, has_unknown, measured, weight


@dataclass(frozen=True)
class Nested:
    """What a nested deployment asks for: a template inline or by link, with its parameters already evaluated."""

    name: str
    place: Place
    mode: str
    template: dict[str, Any] | None
    link: dict[str, Any] | None
    given: dict[str, Any]
    inner: bool
    location: str = ""


@dataclass(frozen=True)
class Plan:
    """An expanded template. ``order`` are the keys of what is deployed, each after all it waits for (``waits``)."""

    template: dict[str, Any]
    given: Mapping[str, Any]
    context: Context
    place: Place
    frame: Frame
    resources: dict[str, Planned]
    waits: dict[str, tuple[str, ...]]
    order: tuple[str, ...]
    index: Index

    def body(self, key: str, runtime: Runtime) -> dict[str, Any]:
        """The resource's body as its provider gets it, evaluated now. Raises TemplateError, and ``Wanted``."""
        one = self.resources[key]
        members = {name: value for name, value in one.source.items() if not _is_for_deployment(name, value)}
        return _about_resource(one, lambda: measured(resolved(members, replace(one.frame, runtime=runtime, names=self.index))))

    def nested(self, key: str, runtime: Runtime) -> Nested:
        """What the nested deployment ``key`` asks for. Raises TemplateError, and ``Wanted``."""
        one = self.resources[key]
        return _about_resource(one, lambda: _nested(one, replace(one.frame, runtime=runtime, names=self.index)))

    def outputs(self, runtime: Runtime) -> dict[str, Any]:
        """``{name: {type, value}}``; secure ones without their value. Raises TemplateError, and ``Wanted``."""
        return _outputs(self.template, replace(self.frame, runtime=runtime, names=self.index))

    def location(self, key: str) -> str | None:
        """Where the resource goes, if it says so and that is known."""
        one = self.resources[key]
        with contextlib.suppress(TemplateError):
            value = resolved(get(dict(one.source), "location"), one.frame)
            return value if isinstance(value, str) else None
        return None

    def shown_parameters(self) -> dict[str, Any]:
        """The parameters as a deployment's GET shows them."""
        return parameters.shown(self.template, self.frame.parameters, self.given)


def _is_for_deployment(name: str, value: Any) -> bool:
    """Whether a declaration's member is not the resource's own; ``resources: []`` is dropped, as Azure does."""
    lower = name.lower()
    if lower == "copy":
        return isinstance(value, dict)
    return lower in DEPLOYMENT_MEMBERS


def expand(template: Any, given: Mapping[str, Any], context: Context) -> Plan:
    """Expand a template at ``context.place``. Raises TemplateError (its ``validation()`` is Azure's whole text)."""
    return _guarded(lambda: _expand_own(template, given, context))


def expand_nested(plan: Plan, key: str, nested: Nested, template: dict[str, Any]) -> Plan:
    """Expand a nested deployment of ``plan``; ``template`` is ``nested.template``, or what its link leads to."""
    if nested.inner or nested.link is not None:
        context = replace(plan.context, place=nested.place)
        return _guarded(lambda: _expand_own(template, nested.given, described(context, nested.name, template, nested)))
    outer = plan.resources[key].frame
    return _guarded(lambda: _expanded(template, nested.given, plan.context, nested.place, outer, plan.index))


def described(context: Context, name: str, template: Mapping[str, Any], properties: Nested | None = None) -> Context:
    """The context with what ``deployment()`` answers: the deployment's name and, where it is not vast, its template."""
    inner: dict[str, Any] = {"mode": properties.mode if properties else "Incremental", "provisioningState": "Accepted"}
    if properties is not None:
        inner["parameters"] = parameters.referring(properties.given)
        if properties.link is not None:
            inner["templateLink"] = properties.link
    try:
        weight(template)
        inner["template"] = template
    except ExpressionError:
        inner.pop("template", None)
    place = {"location": properties.location} if properties is not None and properties.location else {}
    return replace(context, deployment={"name": name, **place, "properties": inner})


def _guarded(run: Callable[[], Plan]) -> Plan:
    """Turn what Python itself may refuse into the package's own error."""
    try:
        return run()
    except RecursionError:
        raise TemplateError(
            "cannot evaluate the template: its expressions refer to each other too deeply; flatten them"
        ) from None


def _expand_own(template: Any, given: Mapping[str, Any], context: Context) -> Plan:
    syntax.check(template)
    frame = Frame(context, lookup, functions=syntax.user_functions(template))
    try:
        frame = replace(frame, parameters=parameters.evaluated(template, given, frame))
    except ExpressionError as error:
        raise TemplateError(f"The template parameters are not valid: {error.message}", code=error.code) from None
    frame = replace(frame, variables=_variables(template, frame))
    return _expanded(template, given, context, context.place, frame, None)


def _variables(template: Mapping[str, Any], frame: Frame) -> Lazy:
    lazy = Lazy("variable", "https://aka.ms/arm-syntax-variables")
    inner = replace(frame, variables=lazy)

    def plain(value: Any) -> Callable[[], Any]:
        return lambda: resolved(value, inner)

    def loop(value: dict[str, Any]) -> Callable[[], Any]:
        return lambda: unrolled(value, inner)

    for name, value in (syntax.section(template, "variables") or {}).items():
        if name.lower() == "copy" and isinstance(value, list):
            for one in value:
                if not isinstance(one, dict) or not isinstance(get(one, "name"), str):
                    raise TemplateError(
                        "The template variable 'copy' is not valid: each of its loops needs name, count and input."
                    )
                lazy.thunks[get(one, "name").casefold()] = loop(one)
        else:
            lazy.thunks[name.casefold()] = plain(value)
    for name in list(lazy.thunks):
        try:
            lazy.get(name)
        except ExpressionError as error:
            raise TemplateError(f"The template variable '{name}' is not valid: {error.message}", code=error.code) from None
    return lazy


def _expanded(
    template: dict[str, Any], given: Mapping[str, Any], context: Context, place: Place, frame: Frame, outer: Index | None
) -> Plan:
    resources, empty = declared.all_of(template, place, frame)
    index = Index(resources, outer, empty)
    edges = Edges(resources)
    plan = Plan(template, given, context, place, frame, {one.key: one for one in resources}, {}, (), index)
    soft: list[tuple[Planned, list[str]]] = []
    for one in resources:
        if not one.active or one.existing:
            continue
        edges.declared(one, _depends_on(one), index)
        named, by_id = _references(plan, one)
        edges.named(one, named, index)
        soft.append((one, by_id))
    edges.serial()
    edges.ordered()
    for one, ids in soft:
        edges.soft(one, [one.target.id.rsplit("/", 2)[0], *_scope_of(one), *ids], index)
    deployed = {key for key, one in plan.resources.items() if one.active and not one.existing}
    waits = {key: tuple(sorted(edges.of[key] & deployed)) for key in deployed}
    order = tuple(key for key in edges.ordered() if key in deployed)
    return replace(plan, waits=waits, order=order)


def _scope_of(one: Planned) -> list[str]:
    """The resource that an extension hangs on."""
    head, mark, _ = one.target.id.rpartition("/providers/")
    return [head] if mark and "/providers/" in head else []


def _depends_on(one: Planned) -> list[str]:
    given = get(dict(one.source), "dependsOn")
    value = _about_resource(one, lambda: resolved(given, one.frame))
    if value is None:
        return []
    if has_unknown(value):
        raise NotKnownYet(f"cannot plan the resource '{one.target.name}': what it depends on is not known yet")
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise TemplateError(
            f"The template resource '{one.target.name}' is not valid: its 'dependsOn' must be an array of strings."
        )
    return value


class _Watch:
    """An index that remembers which ids were asked for by name."""

    def __init__(self, index: Index):
        self.index = index
        self.ids: set[str] = set()

    def one(self, name: str) -> Target | None:
        found = self.index.one(name)
        if found is not None and not name.startswith("/"):
            self.ids.add(found.id)
        return found

    def many(self, name: str) -> list[Target] | None:
        found = self.index.many(name)
        self.ids.update(one.id for one in found or ())
        return found


def _references(plan: Plan, one: Planned) -> tuple[list[str], list[str]]:
    """The ids that a resource's run-time functions ask for: ``(by name, by id)``. Also checks all its expressions."""
    recorder, watch = Recorder(), _Watch(plan.index)
    with contextlib.suppress(NotKnownYet):
        _record(replace(plan, index=_Seen(watch)), one, recorder)
    return [id for id in recorder.ids if id in watch.ids], [id for id in recorder.ids if id not in watch.ids]


def _record(plan: Plan, one: Planned, runtime: Recorder) -> None:
    """Evaluate all of a resource for what it refers to; of a nested deployment, what is evaluated in the outer scope."""
    if not one.is_deployment:
        plan.body(one.key, runtime)
        return
    nested = plan.nested(one.key, runtime)
    if nested.template is None:
        return
    inner = expand_nested(plan, one.key, nested, nested.template)
    if nested.inner:
        return
    for key in inner.order:
        _record(inner, inner.resources[key], runtime)
    inner.outputs(runtime)


class _Seen(Index):
    """An index that answers from another one, which remembers."""

    def __init__(self, watch: _Watch):
        super().__init__(())
        self.watch = watch

    def one(self, name: str) -> Target | None:
        return self.watch.one(name)

    def many(self, name: str) -> list[Target] | None:
        return self.watch.many(name)


def _nested(one: Planned, frame: Frame) -> Nested:
    properties = get(dict(one.source), "properties")
    if not isinstance(properties, dict):
        raise ExpressionError("a nested deployment needs 'properties' with a 'template' or a 'templateLink'")
    template = get(properties, "template")
    link = resolved(get(properties, "templateLink"), frame)
    given = resolved(get(properties, "parameters") or {}, frame)
    mode = resolved(get(properties, "mode", "Incremental"), frame)
    if (template is None) == (link is None):
        raise ExpressionError("a nested deployment needs either a 'template' or a 'templateLink', and not both")
    if template is not None and not isinstance(template, dict):
        raise ExpressionError("the 'template' of a nested deployment must be an object")
    if link is not None and not isinstance(link, dict):
        raise ExpressionError("the 'templateLink' of a nested deployment must be an object")
    if not isinstance(given, dict):
        raise ExpressionError("the 'parameters' of a nested deployment must be an object")
    if str(mode).lower() != "incremental":
        raise ExpressionError(
            f"the mode of a nested deployment must be 'Incremental' and is '{mode}'; only the outermost one may be 'Complete'"
        )
    inner = link is not None or syntax.is_inner(properties)
    location = resolved(get(dict(one.source), "location", ""), frame)
    where = location if isinstance(location, str) else ""
    return Nested(one.target.name, one.place, "Incremental", template, link, given, inner, where)


def _about_resource(one: Planned, run: Callable[[], Any]) -> Any:
    """Errors of a resource's body get Azure's wording, with the resource's id."""
    try:
        return run()
    except NotKnownYet:
        raise
    except ExpressionError as error:
        raise TemplateError(
            f"Unable to process template language expressions for resource '{one.target.id}'. '{error.message}'",
            code=error.code,
            target=one.target.name,
        ) from None
    except RecursionError:
        raise TemplateError(
            f"cannot evaluate the resource '{one.target.id}': its expressions refer to each other too deeply"
        ) from None


def _outputs(template: Mapping[str, Any], frame: Frame) -> dict[str, Any]:
    out: dict[str, Any] = {}
    definitions = parameters.Definitions(template)
    for name, given in (syntax.section(template, "outputs") or {}).items():
        try:
            declaration = definitions.of(given)
            condition = resolved(get(declaration, "condition", True), frame)
            if condition is False:
                continue
            value = _output_value(declaration, frame)
            if not has_unknown(value):
                parameters.check(name, value, {**declaration, "allowedValues": None}, definitions, frame)
        except (ExpressionError, RecursionError) as error:
            raise _bad_output(name, f"{error}") from None
        except TemplateError as error:
            raise _bad_output(name, error.message) from None
        label = str(get(declaration, "type", ""))
        shown = parameters.label_of(label)
        out[name] = {"type": shown} if parameters.is_secure(declaration) else {"type": shown, "value": value}
    return out


def _output_value(declaration: dict[str, Any], frame: Frame) -> Any:
    copy = get(declaration, "copy")
    if isinstance(copy, dict):
        return measured(unrolled({"name": "outputs", **copy}, frame))
    if not find(declaration, "value")[0]:
        raise ExpressionError("an output needs a 'value' or a 'copy'")
    return measured(resolved(get(declaration, "value"), frame))


def _bad_output(name: str, reason: str) -> TemplateError:
    inner = {
        "code": "DeploymentOutputEvaluationFailed",
        "target": name,
        "message": f"The template output '{name}' is not valid: {reason}",
    }
    return TemplateError(
        f"Unable to evaluate template outputs: '{name}'. Please see error details and deployment operations. "
        "Please see https://aka.ms/arm-common-errors for usage details.",
        code="DeploymentOutputEvaluationFailed",
        details=[inner],
    )
