"""``cloister tenant``: further tenants of this cloud, each with a subscription and an owner of its own."""

from __future__ import annotations

from cloister.cli import show
from cloister.cli.cloud import Cloud
from cloister.cli.errors import UsageError


def tenant(action: str, name: str, as_json: bool) -> None:
    """Add or show one (its ids and its owner's credentials, as JSON), give it one more subscription, or list all."""
    cloud = Cloud()
    if action == "list" and not name:
        _list(cloud, as_json)
    elif action in ("add", "show") and name:
        show.print_json(cloud.call("tenant", {"name": name, "create": action == "add"}))
    elif action == "add-subscription" and name:
        found = cloud.call("tenant", {"name": name, "subscription": True})
        show.print_json({"tenant_id": found["tenant_id"], "subscription_id": found["subscription_id"]})
    else:
        raise UsageError("cannot do that with a tenant: write 'add NAME', 'add-subscription NAME', 'show NAME' or 'list'")


def _list(cloud: Cloud, as_json: bool) -> None:
    found = cloud.call("tenants")
    if as_json:
        show.print_json(found)
        return
    width = max((len(one["name"]) for one in found), default=0)
    for one in found:
        print(f"{one['name']:<{width}}  {one['tenant_id']}  subscriptions: {', '.join(one['subscriptions'])}")
