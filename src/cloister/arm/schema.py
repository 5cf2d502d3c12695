"""What a resource's properties are: a small language of marks, checked once by the engine for all types.

    PROPERTIES = obj(
        addressSpace=obj(addressPrefixes=array(string(), required=True), required=True),
        enableDdosProtection=boolean(default=False),
        provisioningState=string(read_only=True),
    )

Marks: ``required``; ``read_only`` (input is ignored); ``create_only`` (a later PUT must repeat the value or leave
it out); ``secret`` (never shown by GET); ``overridable`` (``settle`` may keep another value than the user wrote: two
properties that override each other); ``enum`` (compared without case, stored as spelled here); ``default``
(filled where absent); ``ref`` (the value is an id of that type, or an ``{"id": ...}`` object). Unknown properties
are kept as written: Azure's api-versions add more than any list here knows.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Field(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Marks that every kind of value may carry."""

    required: bool = False
    read_only: bool = False
    create_only: bool = False
    secret: bool = False
    nullable: bool = True
    overridable: bool = False
    default: Any = msgspec.UNSET


class Text(Field, frozen=True, kw_only=True):
    """A string; ``ref`` names the type an id must have; ``pattern`` a full-match regular expression."""

    enum: tuple[str, ...] = ()
    pattern: str = ""
    length: tuple[int, int] = (0, 0)
    ref: str = ""


class Bool(Field, frozen=True, kw_only=True):
    """A boolean; the strings "true" and "false" in any case are accepted (templates and SDK v1 send them)."""


class Int(Field, frozen=True, kw_only=True):
    """A whole number; a decimal string is accepted. ``bounds`` are inclusive."""

    bounds: tuple[int, int] | None = None


class Array(Field, frozen=True, kw_only=True):
    """A list of ``items``."""

    items: Field
    size: tuple[int, int] | None = None


class Object(Field, frozen=True, kw_only=True):
    """An object with known ``members``; others are kept."""

    members: dict[str, Field]
    ref: str = ""


class Anything(Field, frozen=True, kw_only=True):
    """Any JSON value, kept as written."""


def string(*enum: str, **marks: Any) -> Text:
    """A string, one of ``enum`` if any are given."""
    return Text(enum=enum, **marks)


def boolean(**marks: Any) -> Bool:
    """A boolean."""
    return Bool(**marks)


def integer(low: int | None = None, high: int | None = None, **marks: Any) -> Int:
    """A whole number between ``low`` and ``high`` inclusive."""
    bounds = None if low is None and high is None else (low if low is not None else -(2**63), high if high is not None else 2**63)
    return Int(bounds=bounds, **marks)


def array(items: Field, **marks: Any) -> Array:
    """A list."""
    return Array(items=items, **marks)


_MARKS = frozenset({"required", "read_only", "create_only", "secret", "nullable", "overridable", "default"})


def obj(members: dict[str, Field] | None = None, **named: Any) -> Object:
    """An object; keyword arguments that are Fields are members, the rest are marks."""
    found = dict(members or {})
    marks = {}
    for name, value in named.items():
        if isinstance(value, Field):
            found[name] = value
        elif name in _MARKS:
            marks[name] = value
        else:
            raise TypeError(f"internal error: bug in a resource type: {name} is neither a field nor a mark")
    return Object(members=found, **marks)


def ref(type_name: str, **marks: Any) -> Object:
    """``{"id": "<resource id of type_name>"}``."""
    return Object(members={"id": Text(ref=type_name, required=True)}, ref=type_name, **marks)


def id_of(type_name: str, **marks: Any) -> Text:
    """A resource id of ``type_name`` as a plain string."""
    return Text(ref=type_name, **marks)


def anything(**marks: Any) -> Anything:
    """Any JSON value."""
    return Anything(**marks)
