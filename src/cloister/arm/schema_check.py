"""What a type's marks say about a body: everything wrong with it at once, and the body as it will be kept.

One walk serves PUT and PATCH: ``clean`` coerces, drops read-only input and nulls, spells enums as the schema does;
``missing`` finds required members; ``filled`` lays defaults; ``carried`` treats create-only and secret members of an
existing resource; ``shown`` hides secrets; ``agrees`` tells whether what the user wrote survived.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from cloister.arm.errors import Problem
from cloister.arm.ids import IdError, key, parse
from cloister.arm.schema import Anything, Array, Bool, Field, Int, Object, Text

_ABSENT = object()
_KIND_WORDS = {Text: "a string", Bool: "true or false", Int: "a whole number", Array: "a list", Object: "an object"}


class Checker:
    """Collects the problems of one body. ``thing`` is how messages name the user's resource: ``workspaces 'w1'``."""

    def __init__(self, thing: str):
        self.thing = thing
        self.problems: list[Problem] = []

    def add(self, code: str, path: str, why: str, status: int = 400) -> None:
        """One problem: ``cannot accept <thing>: <path> <why>``."""
        self.problems.append(Problem(code, path, f"cannot accept {self.thing}: {path} {why}", status))

    def clean(self, field: Field, value: Any, path: str) -> Any:
        """``value`` as it will be kept, or an absent mark for null and for what is read-only."""
        if field.read_only:
            return _ABSENT
        if value is None:
            if not field.nullable:
                self.add("InvalidRequestContent", path, "must not be null; leave it out or give a value")
            return _ABSENT
        match field:
            case Object():
                return self._object(field, value, path)
            case Array():
                return self._array(field, value, path)
            case Text():
                return self._text(field, value, path)
            case Bool():
                return self._bool(value, path)
            case Int():
                return self._int(field, value, path)
            case _:
                return value

    def _wrong_kind(self, field: Field, path: str, value: Any) -> Any:
        self.add("InvalidRequestContent", path, f"must be {_KIND_WORDS[type(field)]}, not {short(value)}")
        return _ABSENT

    def _object(self, field: Object, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            return self._wrong_kind(field, path, value)
        names = _spellings(field)
        out: dict[str, Any] = {}
        given: str
        for given, item in value.items():
            name = given if given in field.members else names.get(given.lower(), given)
            member = field.members.get(name)
            if member is None:
                out[given] = item
                continue
            kept = self.clean(member, item, f"{path}.{name}")
            if kept is not _ABSENT:
                out[name] = kept
        return out

    def _array(self, field: Array, value: Any, path: str) -> Any:
        if not isinstance(value, list):
            return self._wrong_kind(field, path, value)
        if field.size and not field.size[0] <= len(value) <= field.size[1]:
            self.add("InvalidParameter", path, f"has {len(value)} items; give {field.size[0]} to {field.size[1]}")
        cleaned = [self.clean(field.items, item, f"{path}[{n}]") for n, item in enumerate(value)]
        return [item for item in cleaned if item is not _ABSENT]

    def _text(self, field: Text, value: Any, path: str) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)  # as Azure's own reader does
        if not isinstance(value, str):
            return self._wrong_kind(field, path, value)
        if field.enum:
            for spelled in field.enum:
                if spelled.lower() == value.lower():
                    return spelled
            self.add("InvalidParameter", path, f"is {short(value)}; choose one of {', '.join(map(repr, field.enum))}")
        if field.pattern and not _compiled(field.pattern).fullmatch(value):
            self.add("InvalidParameter", path, f"is {short(value)}; it must match {field.pattern}")
        if field.length != (0, 0) and not field.length[0] <= len(value) <= field.length[1]:
            low, high = field.length
            self.add("InvalidParameter", path, f"has {len(value)} characters; give {low} to {high}")
        if field.ref and value:
            self._reference(field.ref, value, path)
        return value

    def _reference(self, type_name: str, value: str, path: str) -> None:
        """Source of the code: Azure's LinkedInvalidPropertyId, raised for every ``id`` that is no id."""
        try:
            found = parse(value)
        except IdError:
            found = None
        if found is None or not value.startswith("/") or found.type.lower() != type_name.lower():
            why = f"is {short(value)}; give the whole id of a resource of type {type_name}, beginning with '/subscriptions/'"
            self.add("LinkedInvalidPropertyId", path, why)

    def _bool(self, value: Any, path: str) -> Any:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        self.add("InvalidRequestContent", path, f"must be true or false, not {short(value)}")
        return _ABSENT

    def _int(self, field: Int, value: Any, path: str) -> Any:
        if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value):
            value = int(value)
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            return self._wrong_kind(field, path, value)
        if field.bounds and not field.bounds[0] <= value <= field.bounds[1]:
            self.add("InvalidParameter", path, f"is {value}; give {field.bounds[0]} to {field.bounds[1]}")
        return value

    def missing(self, field: Field, value: Any, path: str) -> None:
        """Required members that are not there, at every level that is there."""
        if isinstance(field, Object) and isinstance(value, dict):
            for name, member in field.members.items():
                if name in value:
                    self.missing(member, value[name], f"{path}.{name}")
                elif member.required and not member.read_only and not self._is_told(f"{path}.{name}"):
                    self.add("InvalidParameter", f"{path}.{name}", "is required; give it")
        elif isinstance(field, Array) and isinstance(value, list):
            for n, item in enumerate(value):
                self.missing(field.items, item, f"{path}[{n}]")

    def _is_told(self, path: str) -> bool:
        """Whether something is wrong with this member already: then it is there, only not kept."""
        return any(problem.target == path for problem in self.problems)

    def carried(self, field: Field, old: Any, new: Any, path: str) -> Any:
        """``new`` with the create-only and secret members of ``old`` that it leaves out.

        A create-only member with another value is a ``PropertyChangeNotAllowed`` problem.
        """
        if isinstance(field, Object) and isinstance(old, dict) and isinstance(new, dict):
            out = dict(new)
            for name, member in field.members.items():
                if name in old:
                    kept = self._carried_member(member, old[name], new.get(name, _ABSENT), f"{path}.{name}")
                    if kept is not _ABSENT:
                        out[name] = kept
            return out
        if isinstance(field, Array) and isinstance(old, list) and isinstance(new, list):
            return [
                self.carried(field.items, before, item, f"{path}[{n}]") if before is not _ABSENT else item
                for n, (before, item) in enumerate(_paired(old, new))
            ]
        return new

    def _carried_member(self, member: Field, old: Any, new: Any, path: str) -> Any:
        if new is _ABSENT:
            return old if member.create_only or member.secret else _ABSENT
        if member.create_only and not agrees(new, old):
            why = f"cannot change from {short(old)} to {short(new)} after creation; leave it out, or delete and create anew"
            self.add("PropertyChangeNotAllowed", path, why, 409)
        return self.carried(member, old, new, path)


def clean(checker: Checker, schema: Object, value: Any, path: str = "properties") -> dict[str, Any]:
    """A ``properties`` object as it will be kept; problems go to ``checker``."""
    kept = checker.clean(schema, value if value is not None else {}, path)
    return kept if isinstance(kept, dict) else {}


def filled(field: Field, value: Any) -> Any:
    """``value`` with the defaults of members that are absent, at every level that is there."""
    if isinstance(field, Object) and isinstance(value, dict):
        out = dict(value)
        for name, member in field.members.items():
            if name in out:
                out[name] = filled(member, out[name])
            elif member.default is not msgspec.UNSET:
                out[name] = msgspec.json.decode(msgspec.json.encode(member.default))
        return out
    if isinstance(field, Array) and isinstance(value, list):
        return [filled(field.items, item) for item in value]
    return value


def written_only(field: Field, value: Any) -> Any:
    """``value`` without its read-only members: what a PATCH is laid over."""
    if isinstance(field, Object) and isinstance(value, dict):
        members = field.members
        return {
            name: written_only(members[name], item) if name in members else item
            for name, item in value.items()
            if name not in members or not members[name].read_only
        }
    if isinstance(field, Array) and isinstance(value, list):
        return [written_only(field.items, item) for item in value]
    return value


def shown(field: Field, value: Any) -> Any:
    """``value`` without its secrets: what GET may show."""
    if not has_secret(field):
        return value
    if isinstance(field, Object) and isinstance(value, dict):
        members = field.members
        return {
            name: shown(members[name], item) if name in members else item
            for name, item in value.items()
            if name not in members or not members[name].secret
        }
    if isinstance(field, Array) and isinstance(value, list):
        return [shown(field.items, item) for item in value]
    return value


def has_secret(field: Field) -> bool:
    """Whether anything inside carries the ``secret`` mark."""
    return _has_secret(id(field), field) if isinstance(field, Object | Array) else False


_SECRET_BY_ID: dict[int, tuple[Field, bool]] = {}


def _has_secret(identity: int, field: Field) -> bool:
    known = _SECRET_BY_ID.get(identity)
    if known is None or known[0] is not field:
        inside = field.members.values() if isinstance(field, Object) else [field.items] if isinstance(field, Array) else []
        known = (field, any(member.secret or has_secret(member) for member in inside))
        _SECRET_BY_ID[identity] = known  # keeps the field alive, so its identity stays its own
    return known[1]


def agrees(written: Any, kept: Any) -> bool:
    """Whether ``kept`` still says what ``written`` said: more members are fine, ids compare without case."""
    if written is None:
        return True
    if isinstance(written, dict):
        return isinstance(kept, dict) and all(agrees(item, kept.get(name)) for name, item in written.items())
    if isinstance(written, list):
        same_size = isinstance(kept, list) and len(kept) == len(written)
        return same_size and all(agrees(item, other) for item, other in zip(written, kept, strict=True))
    if isinstance(written, str) and isinstance(kept, str) and written.startswith("/"):
        return key(written) == key(kept)
    return bool(written == kept and isinstance(written, bool) == isinstance(kept, bool))


def disagreement(field: Field, written: Any, kept: Any, path: str = "properties") -> str:
    """The path of the first value that was written and is kept otherwise; ``""`` for none.

    Members marked ``overridable`` may be settled to another value.
    """
    if field.read_only or field.overridable or written is None:
        return ""
    if isinstance(field, Object) and isinstance(written, dict) and isinstance(kept, dict):
        for name, item in written.items():
            member = field.members.get(name, Anything())
            found = disagreement(member, item, kept.get(name), f"{path}.{name}")
            if found:
                return found
        return ""
    if isinstance(field, Array) and isinstance(written, list) and isinstance(kept, list) and len(written) == len(kept):
        for n, (item, other) in enumerate(zip(written, kept, strict=True)):
            found = disagreement(field.items, item, other, f"{path}[{n}]")
            if found:
                return found
        return ""
    return "" if agrees(written, kept) else path


def short(value: Any) -> str:
    """A value for a message: at most 60 characters of it."""
    text = repr(value) if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else text[:57] + "..."


def _paired(old: list[Any], new: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Items of two lists that are the same thing: by ``name`` where they have one, else by place."""
    by_name = {str(item["name"]).lower(): item for item in old if isinstance(item, dict) and "name" in item}
    for n, item in enumerate(new):
        if isinstance(item, dict) and "name" in item:
            yield by_name.get(str(item["name"]).lower(), _ABSENT), item
        else:
            yield (old[n] if n < len(old) and not by_name else _ABSENT), item


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_SPELLINGS: dict[int, tuple[Object, dict[str, str]]] = {}


def _spellings(field: Object) -> dict[str, str]:
    """Member names by lower case: Azure reads JSON names without case."""
    known = _SPELLINGS.get(id(field))
    if known is None or known[0] is not field:
        known = (field, {name.lower(): name for name in field.members})
        _SPELLINGS[id(field)] = known
    return known[1]
