"""The demo's printing: what is about to run, what it says, the table after it, and what to type next."""

from __future__ import annotations

import json
import shlex
from typing import Any

from rich.markup import escape

from cloister.cli import show
from cloister.cli.demo.steps import GROUP, INSIDE, Step

SHORT = {place: place.removeprefix(f"{GROUP}/") for place in (INSIDE, f"{GROUP}/othervnet/default")}

PIPE_WIDTH = 130  # columns of the tables where there is no terminal


class Paper:
    """Prints for a person; ``quiet`` prints nothing."""

    def __init__(self, quiet: bool):
        self._quiet = quiet
        self._console = show.console()
        if not self._console.is_terminal:
            self._console.width = PIPE_WIDTH
        self._blank = True

    def say(self, text: str) -> None:
        """A plain line."""
        if not self._quiet:
            self._console.print(text, markup=False)

    def command(self, line: str, body: dict[str, Any]) -> None:
        """A command as the reader could type it."""
        self.say(f"$ {line} {shlex.quote(json.dumps(body, separators=(',', ':')))}")

    def step(self, number: int, step: Step) -> None:
        """The step's title and its code."""
        if self._quiet:
            return
        from rich.syntax import Syntax

        self._console.print(f"\n[bold]{number}. {step.title}[/]  [dim]azureml-core on a machine in {_short(step.place)}[/]\n")
        self._console.print(Syntax(step.code, "python", theme="ansi_dark", background_color="default"))
        self._blank = True

    def output(self, line: str) -> None:
        """A line of the SDK's own output; blank ones are not repeated."""
        text = line.rstrip("\n")
        if self._quiet or (self._blank and not text.strip()):
            return
        self._blank = not text.strip()
        self._console.print(f"    {text}", markup=False, style="dim")

    def failed(self, error: str) -> None:
        """A step that did not run through."""
        self.say(f"\nthe step failed: {error}")

    def table(self, places: list[dict[str, Any]], seconds: float) -> None:
        """What each place met, and why."""
        if self._quiet:
            return
        from rich.table import Table

        self.say(f"{places[0]['name']}, tried after {seconds:.1f} s:")
        table = Table(show_lines=True)
        for column in ("from", "resolves to", "connected", "HTTP"):
            table.add_column(column, no_wrap=True)
        table.add_column("why")
        for place in places:
            colour = "green" if place["as_promised"] else "red"
            found = f"({place['by_address']})" if place["by_address"] else ", ".join(place["addresses"]) or "-"
            table.add_row(
                _short(place["from"]),
                found,
                "yes" if place["connected"] else "no",
                f"[{colour}]{place['status'] or '-'}[/]",
                escape(place["why"]) + ("" if place["as_promised"] else f"\n[red]The article promises: {place['promised']}[/]"),
            )
        self._console.print(table, soft_wrap=False)

    def end(self, result: dict[str, Any]) -> None:
        """What the reader can do now."""
        name = result["steps"][-1]["places"][0]["name"]
        self.say(f"""
All {len(result["steps"])} steps went as the article says, in {result["seconds"]:.0f} s. The cloud keeps running. Go on with:

  .venv/bin/cloister explain --from myvnet/default --to {name}
  .venv/bin/cloister exec --from myvnet/default -- getent ahosts {name}
  .venv/bin/cloister exec --from internet -- .venv-client/bin/python       # then: from azureml.core import Workspace
  .venv/bin/cloister rest GET resourceGroups/{GROUP}/resources
  .venv/bin/cloister status
  .venv/bin/cloister down                                                  # --purge removes its state as well""")


def _short(place: str) -> str:
    return SHORT.get(place, place)
