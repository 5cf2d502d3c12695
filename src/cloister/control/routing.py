"""Paths that are no plain resources, matched to the Routes that answer them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from cloister.arm.ids import IdError, parse
from cloister.control.ports import Route


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A Route that fits a request, with the values of its braces."""

    route: Route
    parts: Mapping[str, str]


_Ranked = tuple[int, frozenset[str], re.Pattern[str], Route]  # the second: its literal segments, in lower case


class RouteTable:
    """Routes by method; the more literal segments a path has, the earlier it is tried.

    Every resource's path is looked up here first, so only those routes are tried whose literal segments it has.
    """

    def __init__(self, routes: Iterable[Route]):
        self._routes: dict[str, dict[str, list[_Ranked]]] = {}  # by method, by their last literal segment
        for rank, route in enumerate(sorted(routes, key=lambda route: _rank(route.path))):
            literal = [part.lower() for part in route.path.split("/") if part and not part.startswith("{")]
            ranked = (rank, frozenset(literal), _pattern(route.path), route)
            self._routes.setdefault(route.method.upper(), {}).setdefault(literal[-1] if literal else "", []).append(ranked)

    def find(self, method: str, path: str) -> Match | None:
        """The first Route that fits; doubled slashes collapse."""
        routes = self._routes.get(method, {})
        segments = {"", *path.lower().split("/")}
        near = [one for part in routes.keys() & segments for one in routes[part] if one[1] <= segments]
        if not near:
            return None
        whole = "/" + "/".join(part for part in path.split("/") if part)
        for _, _, pattern, route in sorted(near, key=lambda found: found[0]):
            if (found := pattern.fullmatch(whole)) is not None:
                return Match(route=route, parts={name: value or "" for name, value in found.groupdict().items()})
        return None


def scope_of_path(path: str) -> str:
    """The innermost resource, group or subscription that a path stands in; ``/`` for none."""
    parts = [part for part in path.split("/") if part]
    while parts:
        try:
            return parse("/" + "/".join(parts)).text
        except IdError:
            parts.pop()
    return "/"


def _rank(path: str) -> tuple[int, int, str]:
    parts = [part for part in path.split("/") if part]
    literal = sum(not part.startswith("{") for part in parts)
    return (sum(part.startswith("{*") for part in parts), -literal, path)


def _pattern(path: str) -> re.Pattern[str]:
    out = ""
    for part in (part for part in path.split("/") if part):
        if part.startswith("{*"):
            out += f"(?P<{part[2:-1]}>(?:/[^/]+)*)"
        elif part.startswith("{"):
            out += f"/(?P<{part[1:-1]}>[^/]+)"
        else:
            out += "/" + re.escape(part)
    return re.compile(out or "/", re.IGNORECASE | re.DOTALL)
