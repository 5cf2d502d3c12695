"""``cloister explain``: what happens to a connection, stage by stage, and which resource decides."""

from __future__ import annotations

from cloister.cli import show
from cloister.cli.cloud import Cloud


def explain(*, place: str, to: str, as_json: bool) -> None:
    """Print the trace: control has the rows and judges; here it is only shown."""
    trace = Cloud().call("explain", {"from": place, "to": to})
    rendered = trace.pop("rendered", "")
    if as_json:
        show.print_json(trace)
    else:
        print(rendered)
