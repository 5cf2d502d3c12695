"""Resource declarations to single resources: copy loops unrolled, children taken out, names, types and ids settled.

Source: learn.microsoft.com/azure/azure-resource-manager/templates/resource-declaration, copy-resources,
child-resource-name-type, scope-extension-resources and deploy-to-* (scopes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cloister.arm.template.context import Place
from cloister.arm.template.errors import RESOURCES_PAGE, ExpressionError, NotKnownYet, TemplateError
from cloister.arm.template.evaluator import Frame, Loop, Target, copy_count, resolved, text_at
from cloister.arm.template.functions.resources import joined
from cloister.arm.template.syntax import DEPLOYMENTS, declarations, section
from cloister.arm.template.values import UNKNOWN, get, has_unknown, is_int, kind
from cloister.limits import TEMPLATE_RESOURCES_MAX

# Members of a declaration that speak to the deployment, not to the resource.
DEPLOYMENT_MEMBERS = frozenset(
    {"type", "name", "apiversion", "dependson", "condition", "copy", "comments", "scope", "resources", "existing", "metadata",
     "import", "extension", "asserts"}
)  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """One resource that a template deploys, or names as ``existing``.

    ``key`` is unique in its plan: the symbol or the lower-case id, with ``[n]`` in a loop's instances. ``place`` is, for
    a nested deployment, where that one deploys to. ``batch`` is ``(loop name, number of the batch)`` in a serial loop.
    """

    key: str
    target: Target
    place: Place
    source: Mapping[str, Any]
    frame: Frame
    active: bool = True
    existing: bool = False
    symbol: str = ""
    loop: str = ""
    index: int = 0
    batch: int = -1

    @property
    def is_deployment(self) -> bool:
        """Whether this is a nested deployment."""
        return self.target.type.lower() == DEPLOYMENTS

    @property
    def label(self) -> str:
        """How messages call it."""
        return self.target.id


def all_of(template: Mapping[str, Any], place: Place, frame: Frame) -> tuple[list[Planned], set[str]]:
    """Every resource of a template, in the order of its text, and the names of loops that make none.

    Raises TemplateError, and NotKnownYet for unknown names.
    """
    given = section(template, "resources") or []
    out: list[Planned] = []
    empty: set[str] = set()
    named = given.items() if isinstance(given, dict) else (("", one) for one in declarations(template))
    for symbol, declaration in named:
        if not isinstance(declaration, dict):
            raise TemplateError("cannot read the template: each of its 'resources' must be an object")
        for one in _instances(declaration, symbol, place, frame, None, empty):
            out.append(one)
            if len(out) > TEMPLATE_RESOURCES_MAX:
                raise TemplateError(
                    f"The number of template resources limit exceeded. Limit: '{TEMPLATE_RESOURCES_MAX}'. {RESOURCES_PAGE}"
                )
    _refuse_doubles(out)
    return _with_unique_keys(out), empty


def _with_unique_keys(resources: list[Planned]) -> list[Planned]:
    """Two declarations may share an id when at most one is deployed; each keeps a key of its own."""
    seen: dict[str, int] = {}
    out = []
    for one in resources:
        turn = seen[one.key] = seen.get(one.key, 0) + 1
        out.append(one if turn == 1 else replace(one, key=f"{one.key}#{turn}"))
    return out


def _refuse_doubles(resources: list[Planned]) -> None:
    seen: dict[str, Planned] = {}
    for one in resources:
        if one.existing or not one.active:
            continue
        other = seen.setdefault(one.target.id.lower(), one)
        if other is not one:
            raise TemplateError(f"The resource '{one.target.id}' is defined multiple times in a template. {RESOURCES_PAGE}")


def _instances(
    source: dict[str, Any], symbol: str, place: Place, frame: Frame, parent: Planned | None, empty: set[str]
) -> Iterator[Planned]:
    copy = get(source, "copy")
    if not isinstance(copy, dict):
        yield from _with_children(source, symbol, place, frame, parent, empty)
        return
    shown = str(get(source, "name", symbol))
    with _about(shown, str(get(source, "type", ""))):
        name = text_at(get(copy, "name", symbol or shown), frame, "copy.name")
        count = copy_count(get(copy, "count"), frame, name)
        if count is UNKNOWN:
            raise NotKnownYet(f"cannot plan the resource '{shown}': the count of its copy loop is not known yet")
        size = _batch_size(copy, frame, name)
    if count == 0:
        empty.update((name.lower(), symbol.lower()))
    for index in range(count):
        for one in _with_children(source, symbol, place, frame.inside(Loop(name, index)), parent, empty):
            key = f"{symbol}[{index}]" if symbol and one.symbol == symbol else one.key
            yield replace(one, key=key, loop=one.loop or name, index=index, batch=index // size if size else -1)


def _batch_size(copy: dict[str, Any], frame: Frame, name: str) -> int:
    """How many instances run at once in a serial loop; 0 for a parallel one."""
    mode = str(get(copy, "mode", "parallel")).lower()
    if mode not in ("serial", "parallel"):
        raise ExpressionError(f"The template copy definition '{name}' is not valid: its mode must be 'serial' or 'parallel'.")
    if mode == "parallel":
        return 0
    size = resolved(get(copy, "batchSize", 1), frame)
    if not is_int(size) or size < 1:
        raise ExpressionError(
            f"The template copy definition '{name}' is not valid: its batchSize must be a positive whole number."
        )
    return int(size)


def _with_children(
    source: dict[str, Any], symbol: str, place: Place, frame: Frame, parent: Planned | None, empty: set[str]
) -> Iterator[Planned]:
    one = _single(source, symbol, place, frame, parent)
    yield one
    children = get(source, "resources")
    if not isinstance(children, list | dict) or one.is_deployment:
        return
    named = children.items() if isinstance(children, dict) else (("", child) for child in children)
    for inner, child in named:
        if not isinstance(child, dict):
            raise TemplateError(f"cannot read the template: each of the 'resources' of '{one.target.name}' must be an object")
        for made in _instances(child, inner, place, frame, one, empty):
            # A child of a resource that is not deployed is not deployed either.
            yield made if one.active else replace(made, active=False)


def _single(source: dict[str, Any], symbol: str, place: Place, frame: Frame, parent: Planned | None) -> Planned:
    shown = str(get(source, "name", symbol))
    with _about(shown, str(get(source, "type", ""))):
        type_name = _known_text(source, "type", frame).strip("/")
        name = _known_text(source, "name", frame).strip("/")
        version = _known_text(source, "apiVersion", frame) if get(source, "apiVersion") is not None else ""
        if parent is not None and not _is_whole_type(type_name):
            type_name, name = f"{parent.target.type}/{type_name}", f"{parent.target.name}/{name}"
        active = _condition(source, frame)
        existing = get(source, "existing") is True
        if not version and not existing:
            raise ExpressionError(f"the 'apiVersion' of the resource '{name}' is missing; every resource needs one")
        _check_segments(type_name, name)
        inner = _place(source, type_name, place, frame)
        scope = _scope(source, type_name, place, inner, frame, parent)
        target = Target(joined("resourceId", scope, type_name, name.split("/")), type_name, name, version)
    key = symbol or target.id.lower()
    return Planned(key, target, inner, source, frame, active, existing, symbol)


def _is_whole_type(type_name: str) -> bool:
    """Whether a child's type is a full one (an extension under its target) and not the parent type's continuation."""
    return "/" in type_name and "." in type_name.split("/", 1)[0]


def _known_text(source: dict[str, Any], name: str, frame: Frame) -> str:
    given = get(source, name)
    if given is None:
        raise ExpressionError(f"Required property '{name}' not found in JSON.")
    value = resolved(given, frame)
    if value is UNKNOWN:
        raise NotKnownYet(f"cannot plan the resource '{given}': its {name} is not known yet")
    if not isinstance(value, str) or not value:
        raise ExpressionError(f"The '{name}' must be a string that is not empty; it is of type '{kind(value)}'.")
    return value


def _condition(source: dict[str, Any], frame: Frame) -> bool:
    given = get(source, "condition")
    if given is None:
        return True
    value = resolved(given, frame)
    if value is UNKNOWN:
        raise NotKnownYet(f"cannot plan the resource '{get(source, 'name')}': its condition is not known yet")
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise ExpressionError(f"The 'condition' must evaluate to a boolean; it is of type '{kind(value)}'.")
    return value


def _check_segments(type_name: str, name: str) -> None:
    if len(type_name.split("/")) != len(name.split("/")) + 1:
        raise ExpressionError(
            f"The template resource '{name}' for type '{type_name}' has incorrect segment lengths. A nested resource type must "
            "have identical number of segments as its resource name. A root resource type must have segment length one "
            f"greater than its resource name. {RESOURCES_PAGE}"
        )


def _place(source: dict[str, Any], type_name: str, place: Place, frame: Frame) -> Place:
    """Where a nested deployment deploys to, or where an ``existing`` resource of another group stands."""
    scope = get(source, "scope")
    if type_name.lower() == DEPLOYMENTS and scope is not None:
        return place.at(_known_text(source, "scope", frame))
    group = resolved(get(source, "resourceGroup"), frame)
    subscription = resolved(get(source, "subscriptionId"), frame)
    if type_name.lower() != DEPLOYMENTS and get(source, "existing") is not True:
        return place
    if has_unknown([group, subscription]):
        raise NotKnownYet(f"cannot plan the deployment '{get(source, 'name')}': its scope is not known yet")
    for name, value in (("resourceGroup", group), ("subscriptionId", subscription)):
        if value is not None and (not isinstance(value, str) or "/" in value):
            raise ExpressionError(f"The '{name}' must be a plain name.")
    if group:
        return Place(place.tenant, str(subscription or place.subscription), str(group))
    if subscription or (place.resource_group and get(source, "location") is not None):
        return Place(place.tenant, str(subscription or place.subscription))
    return place


def _scope(source: dict[str, Any], type_name: str, place: Place, inner: Place, frame: Frame, parent: Planned | None) -> str:
    """The id under which ``/providers/<type>/<name>`` of this resource stands."""
    if type_name.lower() == DEPLOYMENTS:
        return inner.id
    given = get(source, "scope")
    if given is not None:
        text = _known_text(source, "scope", frame).rstrip("/")
        if not text or text.startswith("/"):
            return text
        namespace, *pairs = text.split("/")
        if not pairs or len(pairs) % 2:
            raise ExpressionError(f"The 'scope' '{text}' is neither a resource id nor 'Microsoft.Namespace/type/name'.")
        return joined("resourceId", place.id, "/".join((namespace, *pairs[::2])), pairs[1::2])
    if parent is not None and not type_name.lower().startswith(parent.target.type.lower() + "/"):
        return parent.target.id
    if inner is not place:
        return inner.id
    if type_name.lower() == "microsoft.resources/resourcegroups" and place.subscription:
        return f"/subscriptions/{place.subscription}"
    return place.id


class _about:
    """Errors of one declaration get its name and Azure's wording."""

    def __init__(self, name: str, type_name: str):
        self.name = name
        self.type_name = type_name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ExpressionError):
            raise TemplateError(
                f"The template resource '{self.name}' of type '{self.type_name}' is not valid: {error.message}",
                code=error.code,
                target=self.name,
            ) from None
