"""``cloister explain``: what happens to a connection, stage by stage, and which resource decides."""

from __future__ import annotations

from cloister.cli import places, show
from cloister.cli.cloud import Cloud


def explain(*, place: str, to: str, as_json: bool, address: str = "", protocol: str = "tcp", nic: str = "") -> None:
    """Print the trace: control has the rows and judges; here it is only shown."""
    cloud = Cloud()
    source = places.interface(cloud, nic)[0] if nic else place
    more = {"address": address, "protocol": protocol if protocol != "tcp" else ""}
    trace = cloud.call("explain", {"from": source, "to": to, **{name: value for name, value in more.items() if value}})
    rendered = trace.pop("rendered", "")
    if as_json:
        show.print_json(trace)
    else:
        print(rendered)
