"""The tree of a deployment under way: redrawn at a terminal, one line for each change in a pipe."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cloister.cli import show

if TYPE_CHECKING:
    from rich.live import Live
    from rich.tree import Tree

MARKS = {"succeeded": "[green]✓[/]", "failed": "[red]✗[/]", "canceled": "[yellow]–[/]"}


@dataclass
class Node:
    """One operation: the resource it makes, its state, how long it took, and what a nested deployment does."""

    id: str
    type: str
    name: str
    state: str
    duration: str = ""
    below: list[Node] = field(default_factory=list)


class Progress:
    """Shows operations as they change; ``quiet`` shows nothing."""

    def __init__(self, title: str, quiet: bool):
        self._title, self._quiet = title, quiet
        self._live: Live | None = None
        self._told: dict[str, str] = {}

    def __enter__(self) -> Progress:
        if not self._quiet and sys.stdout.isatty():
            from rich.live import Live

            self._live = Live(console=show.console(), refresh_per_second=8)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def look(self, nodes: list[Node], state: str) -> None:
        """What the deployment looks like now."""
        if self._live is not None:
            self._live.update(self._tree(nodes, state), refresh=True)
        elif not self._quiet:
            self._lines(nodes, 0)

    def _tree(self, nodes: list[Node], state: str) -> Tree:
        from rich.tree import Tree

        tree = Tree(f"{_mark(state)} {self._title} [dim]{state}[/]")
        _grow(tree, nodes)
        return tree

    def _lines(self, nodes: list[Node], depth: int) -> None:
        for node in nodes:
            if self._told.get(node.id) != node.state:
                self._told[node.id] = node.state
                print(f"{'  ' * depth}{node.state:10} {node.type} {node.name} {seconds(node.duration)}".rstrip(), flush=True)
            self._lines(node.below, depth + 1)


def _grow(tree: Tree, nodes: list[Node]) -> None:
    from rich.markup import escape

    for node in nodes:
        branch = tree.add(f"{_mark(node.state)} {escape(node.name)} [dim]{escape(node.type)} {seconds(node.duration)}[/]")
        _grow(branch, node.below)


def _mark(state: str) -> str:
    return MARKS.get(state.lower(), "[blue]…[/]")


def seconds(duration: str) -> str:
    """An ISO 8601 duration as Azure writes it (``PT1M2.5S``) as ``62.5 s``; ``""`` for none."""
    found = re.fullmatch(r"P(?:\d+D)?T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?", duration)
    if not found:
        return ""
    hours, minutes, rest = (float(part or 0) for part in found.groups())
    return f"{hours * 3600 + minutes * 60 + rest:.1f} s"
