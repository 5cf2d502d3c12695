"""``cloister principal``: service principals of this cloud, made by name so that ``--as NAME`` finds them."""

from __future__ import annotations

from cloister.cli import show
from cloister.cli.cloud import Cloud
from cloister.cli.errors import UsageError


def principal(action: str, name: str, tenant: str = "") -> None:
    """Print client_id, client_secret, object_id (what role assignments name) and tenant_id, as JSON."""
    if action not in ("create", "show"):
        raise UsageError(f"cannot '{action}' a principal: write create or show")
    cloud = Cloud()
    found = cloud.call("principal", {"name": name, "create": action == "create", "tenant": tenant})
    show.print_json({"tenant_id": cloud.facts["tenant_id"], **found})
