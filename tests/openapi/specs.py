"""Microsoft's published OpenAPI descriptions (``../shared/specs/specification``) as operations, examples and JSON Schemas.

They are OpenAPI 2.0 with Microsoft's additions; what a *response* must be is made of them for a JSON Schema validator:
``$ref`` between files, ``allOf``, ``discriminator`` (the subtype that the value names must fit too), ``x-nullable``; a member
that can never be read (``x-ms-secret``, ``x-ms-mutability`` without "read") is required of nobody. Other ``x-ms-`` and
``readOnly`` say nothing about a response. Source: github.com/Azure/autorest/blob/main/docs/extensions/readme.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema_rs

SPECS = Path(__file__).parents[3] / "shared" / "specs" / "specification"
METHODS = ("get", "put", "patch", "post", "delete")
_KEPT = (
    "type", "enum", "pattern", "minLength", "maxLength", "minItems", "maxItems", "multipleOf", "uniqueItems",
)  # fmt: skip


_SHAPES = {"properties", "additionalProperties", "allOf", "required"}
"""An object of none of these is any value: generated clients read it so."""


@dataclass(frozen=True)
class Operation:
    """One method of one path. ``file`` is below ``SPECS``; ``about`` the operation as published."""

    file: Path
    path: str
    method: str
    about: dict[str, Any]

    @property
    def place(self) -> str:
        """For messages."""
        return f"{self.method.upper()} {self.path} ({self.version})"

    @property
    def version(self) -> str:
        """The api-version of the file."""
        return self.file.parent.name

    @property
    def body_name(self) -> str:
        """The name of the parameter that is the body, or ""."""
        found = [_parameter(self.file, one) for one in self.about.get("parameters", ())]
        return next((one["name"] for one in found if one.get("in") == "body"), "")

    def query_names(self) -> set[str]:
        """The names of parameters in the query, as published."""
        found = [_parameter(self.file, one) for one in self.about.get("parameters", ())]
        return {one["name"] for one in found if one.get("in") == "query"}

    def response_schema(self, status: int) -> dict[str, Any] | None:
        """What the body of that answer must be; None where the description knows no such answer, {} where it has no body."""
        found = self.about["responses"].get(str(status))
        if found is None and status >= 400:
            found = self.about["responses"].get("default")
        if found is None:
            return None
        found = _pointed(self.file, found["$ref"])[1] if "$ref" in found else found
        return _Reader(self.file).schema(found["schema"]) if "schema" in found else {}

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is this operation."""
        return self.method == method.lower() and _pattern(self.path).fullmatch(path) is not None

    def examples(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """``(file name, {"parameters", "responses"})`` of each example that is there."""
        for one in self.about.get("x-ms-examples", {}).values():
            path = (SPECS / self.file).parent / one["$ref"]
            if path.exists():
                yield path.stem, json.loads(path.read_text())


@cache
def document(file: Path) -> dict[str, Any]:
    """One description."""
    return json.loads((SPECS / file).read_text())


@lru_cache(maxsize=1)
def files() -> tuple[Path, ...]:
    """All descriptions, below ``SPECS``."""
    found = (path.relative_to(SPECS) for path in sorted(SPECS.rglob("*.json")))
    return tuple(path for path in found if "examples" not in path.parts)


@lru_cache(maxsize=1)
def all_operations() -> tuple[Operation, ...]:
    """Every operation of every description."""
    return tuple(_operations())


def _operations() -> Iterator[Operation]:
    for file in files():
        about = document(file)
        for path, item in {**about.get("paths", {}), **about.get("x-ms-paths", {})}.items():
            for method in METHODS:
                if method in item:
                    yield Operation(file, path.split("?")[0], method, item[method])


@cache
def _pattern(path: str) -> re.Pattern[str]:
    """``{scope}`` and the like, which stand at the very beginning, are any path; others one segment."""
    parts = re.split(r"(\{[^}]+\})", path if path.startswith("/") else f"/{path}")
    out = "".join(re.escape(part) if n % 2 == 0 else "[^/]+" for n, part in enumerate(parts))
    return re.compile(re.sub(r"^/\[\^/\]\+(?=/providers)", "(/.+)?", out), re.IGNORECASE)


def newest(method: str, path: str) -> Operation | None:
    """The operation that a request is, in the newest description that has it; stable ones before previews."""
    found = [one for one in all_operations() if one.matches(method, path)]
    literal = max((one.path.count("/") - one.path.count("{") for one in found), default=0)
    found = [one for one in found if one.path.count("/") - one.path.count("{") == literal]
    return max(found, key=lambda one: ("stable" in one.file.parts, one.version), default=None)


def _pointed(file: Path, reference: str) -> tuple[Path, Any, str]:
    """The file, the value and the pointer that a ``$ref`` leads to."""
    where, _, pointer = reference.partition("#")
    target = _normal(file.parent / where) if where else file
    value: Any = document(target)
    for part in pointer.strip("/").split("/"):
        value = value[part.replace("~1", "/").replace("~0", "~")]
    return target, value, pointer


def _normal(path: Path) -> Path:
    out: list[str] = []
    for part in path.parts:
        if part == "..":
            out.pop()
        elif part != ".":
            out.append(part)
    return Path(*out)


def _parameter(file: Path, one: dict[str, Any]) -> dict[str, Any]:
    return _pointed(file, one["$ref"])[1] if "$ref" in one else one


@dataclass(frozen=True)
class _Subtypes:
    """What a definition with a discriminator may be: by the member's value, the definition that must fit too."""

    member: str
    of: dict[str, tuple[Path, str]]


@lru_cache(maxsize=1)
def _polymorphic() -> dict[tuple[Path, str], _Subtypes]:
    """Every definition with a discriminator, by file and name."""
    parents: dict[tuple[Path, str], list[tuple[Path, str]]] = {}
    for file in files():
        for name, schema in document(file).get("definitions", {}).items():
            for part in schema.get("allOf", ()):
                if "$ref" in part:
                    target, _, pointer = _pointed(file, part["$ref"])
                    parents.setdefault((target, pointer.rsplit("/", 1)[-1]), []).append((file, name))
    out = {}
    for file in files():
        for name, schema in document(file).get("definitions", {}).items():
            if "discriminator" in schema:
                below, values = [(file, name)], {}
                while below:
                    place = below.pop()
                    for child in parents.get(place, ()):
                        known = document(child[0])["definitions"][child[1]]
                        values[known.get("x-ms-discriminator-value", child[1])] = child
                        below.append(child)
                out[file, name] = _Subtypes(schema["discriminator"], values)
    return out


class _Reader:
    """Schemas of one file, for a validator."""

    def __init__(self, file: Path):
        self.file = file

    def schema(self, given: Any, whole: bool = True) -> dict[str, Any]:
        """``whole``: a reference to a definition with subtypes means the definition together with its subtypes."""
        if not isinstance(given, dict):
            return {}
        out = self._reference(given["$ref"], whole) if "$ref" in given else self._members(given)
        return {"anyOf": [{"type": "null"}, out]} if given.get("x-nullable") else out

    def _reference(self, reference: str, whole: bool) -> dict[str, Any]:
        target, _, pointer = _pointed(self.file, reference)
        name = pointer.rsplit("/", 1)[-1]
        if whole and (target, name) in _polymorphic():
            pointer = f"/polymorphic/{name}"
        return {"$ref": f"{_uri(target)}#{quote(pointer)}"}

    def _members(self, given: dict[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {name: given[name] for name in _KEPT if name in given}
        if out.get("type") == "file" or (given.get("type") == "object" and not given.keys() & _SHAPES):
            return {}
        if given.get("format") == "date-time":
            out["format"] = "date-time"
        for bound, strict in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if bound in given:
                out[strict if given.get(strict) is True else bound] = given[bound]
        if "properties" in given:
            out["properties"] = {name: self.schema(value) for name, value in given["properties"].items()}
        if "required" in given:
            out["required"] = [name for name in given["required"] if self._is_readable(given, name)]
        if "items" in given:
            out["items"] = self.schema(given["items"])
        if isinstance(given.get("additionalProperties"), dict):
            out["additionalProperties"] = self.schema(given["additionalProperties"])
        if "allOf" in given:
            out["allOf"] = [self.schema(part, whole=False) for part in given["allOf"]]
        return out

    def _is_readable(self, given: dict[str, Any], name: str) -> bool:
        member = given.get("properties", {}).get(name, {})
        return not member.get("x-ms-secret") and "read" in member.get("x-ms-mutability", ("read",))

    def whole(self) -> dict[str, Any]:
        """All definitions of the file, and those with subtypes once more together with these."""
        definitions = {name: self.schema(one, whole=False) for name, one in document(self.file).get("definitions", {}).items()}
        polymorphic = {
            name: {
                "$ref": f"{_uri(self.file)}#/definitions/{quote(name)}",
                "allOf": [
                    {
                        "if": {"properties": {found.member: {"const": value}}, "required": [found.member]},
                        "then": {"$ref": f"{_uri(file)}#/definitions/{quote(child)}"},
                    }
                    for value, (file, child) in found.of.items()
                ],
            }
            for (file_of, name), found in _polymorphic().items()
            if file_of == self.file
        }
        return {"definitions": definitions, "polymorphic": polymorphic}


def _uri(file: Path) -> str:
    return f"spec:///{quote(file.as_posix())}"


@lru_cache(maxsize=1)
def _registry() -> Any:
    return jsonschema_rs.Registry([(_uri(file), _Reader(file).whole()) for file in files()], draft=jsonschema_rs.Draft202012)


@lru_cache(maxsize=4096)
def _validator(text: str) -> Any:
    return jsonschema_rs.Draft202012Validator(json.loads(text), registry=_registry(), validate_formats=True)


def without_nulls(value: Any) -> Any:
    """Members that are null are as good as absent: generated clients read them so."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def problems(schema: dict[str, Any], answer: Any) -> list[tuple[str, str]]:
    """What is wrong with a body: ``(path, why)``; list positions in the path are ``*``."""
    if not schema:
        return []
    found = _validator(json.dumps(schema)).iter_errors(without_nulls(answer))
    return sorted({(_path(error.instance_path), _short(error.message)) for error in found})


def _path(parts: list[Any]) -> str:
    return ".".join("*" if isinstance(part, int) else str(part) for part in parts)


def _short(text: str) -> str:
    return text if len(text) < 200 else "..." + text[-200:]
