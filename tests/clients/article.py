"""The article's lines for SDK v1, and the work that they are for; run by ``.venv-client/bin/python`` on a machine of the cloud.

Source: learn.microsoft.com/azure/machine-learning/how-to-configure-private-link. The lines stand as printed there, each
``<id>`` filled in from the environment: AZURE_SUBSCRIPTION_ID (``cloister exec`` sets it), and the names below, which have
the article's as defaults. The group and the networks exist beforehand.

    cloister exec --from internet        -- .venv-client/bin/python tests/clients/article.py create add
    cloister exec --from myvnet/default  -- .venv-client/bin/python tests/clients/article.py work
    cloister exec --from internet        -- .venv-client/bin/python tests/clients/article.py withdraw public

Arguments name the parts to run, in order; without any it is the article's own: create add withdraw public. ``config.json``
goes into the working directory. Each step prints one JSON line, ``{"step", "ok", "seconds", "got"}``; SDK output stands
between them. Exits 1 after the first step that fails.
"""

import json
import os
import sys
import time

from azureml.core import Experiment, PrivateEndPointConfig, Workspace
from azureml.core.authentication import InteractiveLoginAuthentication

SUBSCRIPTION = os.environ["AZURE_SUBSCRIPTION_ID"]
GROUP = os.environ.get("ARTICLE_GROUP", "myresourcegroup")
NAME = os.environ.get("ARTICLE_WORKSPACE", "myworkspace")
LOCATION = os.environ.get("ARTICLE_LOCATION", "eastus2")
VNET = os.environ.get("ARTICLE_VNET", "myvnet")
SUBNET = os.environ.get("ARTICLE_SUBNET", "default")
ENDPOINT = os.environ.get("ARTICLE_ENDPOINT", "myprivateendpoint")
OTHER_GROUP = os.environ.get("ARTICLE_OTHER_GROUP", "mynetworkgroup")
OTHER_VNET = os.environ.get("ARTICLE_OTHER_VNET", "mysecondvnet")
ARM = "https://management.azure.com"


def create():
    pe = PrivateEndPointConfig(name=ENDPOINT, vnet_name=VNET, vnet_subnet_name=SUBNET)
    ws = Workspace.create(name=NAME,
        subscription_id=SUBSCRIPTION,
        resource_group=GROUP,
        location=LOCATION,
        private_endpoint_config=pe,
        private_endpoint_auto_approval=True,
        show_output=True)  # fmt: skip
    ws.write_config()
    return shown(ws)


def add():
    """The same endpoint again: nothing changes, and there is still one connection."""
    pe = PrivateEndPointConfig(name=ENDPOINT, vnet_name=VNET, vnet_subnet_name=SUBNET)
    ws = Workspace.from_config()
    ws.add_private_endpoint(private_endpoint_config=pe, private_endpoint_auto_approval=True, show_output=True)
    return shown(ws)


def withdraw():
    ws = Workspace.from_config()
    # get connection name
    _, _, connection_name = ws.get_details()["privateEndpointConnections"][0]["id"].rpartition("/")
    ws.delete_private_endpoint_connection(private_endpoint_connection_name=connection_name)
    until(lambda: connection_name not in shown(ws)["connections"])
    return shown(ws)


def public():
    ws = Workspace.from_config()
    ws.update(allow_public_access_when_behind_vnet=True)
    return shown(Workspace.from_config())


def listing():
    ws = Workspace.get(name=NAME, subscription_id=SUBSCRIPTION, resource_group=GROUP)
    return {
        "get": ws.name,
        "in subscription": sorted(Workspace.list(SUBSCRIPTION)),
        "in group": sorted(Workspace.list(SUBSCRIPTION, resource_group=GROUP)),
        "private_endpoints": sorted(ws.private_endpoints),
        "endpoint details": sorted(endpoint.get_details().keys() for endpoint in ws.private_endpoints.values())[:1],
    }


def manual():
    """An endpoint that waits for approval: Pending, then approved over ARM by the workspace's owner."""
    pe = PrivateEndPointConfig(name=ENDPOINT + "-manual", vnet_name=VNET, vnet_subnet_name=SUBNET)
    ws = Workspace.from_config()
    ws.add_private_endpoint(private_endpoint_config=pe, private_endpoint_auto_approval=False, show_output=True)
    (connection,) = [
        one["id"]
        for one in ws.get_details()["privateEndpointConnections"]
        if one["properties"]["private_endpoint"]["id"].endswith("/" + pe.name)
    ]
    name = connection.rpartition("/")[2]
    before = shown(ws)["connections"][name]
    approve(connection)
    return {"before": before, "after": shown(ws)["connections"][name]}


def elsewhere():
    """An endpoint in a network of another group."""
    pe = PrivateEndPointConfig(
        name=ENDPOINT + "-elsewhere", vnet_name=OTHER_VNET, vnet_subnet_name=SUBNET, vnet_resource_group=OTHER_GROUP
    )
    ws = Workspace.from_config()
    ws.add_private_endpoint(private_endpoint_config=pe, private_endpoint_auto_approval=True, show_output=False)
    return shown(ws)


def delete():
    ws = Workspace.from_config()
    ws.delete(delete_dependent_resources=True)
    return sorted(Workspace.list(SUBSCRIPTION, resource_group=GROUP))


def work():
    """Point 7 of the main job: experiments, runs and metrics, through the endpoint or by public access."""
    ws = Workspace.from_config()
    run = Experiment(ws, "first").start_logging(snapshot_directory=None)
    run.log("accuracy", 0.9)
    run.log_list("loss", [0.8, 0.4, 0.2])
    run.tag("made-by", "the article")
    run.complete()
    return {
        "status": run.get_status(),
        "metrics": run.get_metrics(),
        "tags": run.get_tags(),
        "experiments": sorted(ws.experiments),
    }


def refused():
    """The same from where it must not work: what the SDK says, and what the service said underneath."""
    ws = Workspace.from_config()
    try:
        Experiment(ws, "first")
    except Exception as error:
        return reasons(error)
    raise AssertionError(f"the workspace '{NAME}' can be reached from here, and should not be")


def approve(connection):
    import requests

    ws = Workspace.from_config()
    wanted = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved", "description": "by its owner"}}}
    headers = InteractiveLoginAuthentication().get_authentication_header()
    answer = requests.put(f"{ARM}{connection}?api-version=2022-05-01", json=wanted, headers=headers, timeout=60)
    answer.raise_for_status()
    name = connection.rpartition("/")[2]
    until(lambda: shown(ws)["connections"][name] == "Approved")


def shown(ws):
    """What the control plane says of the workspace now."""
    details = ws.get_details()
    connections = details.get("privateEndpointConnections") or []
    states = {}
    for one in connections:
        name = one["id"].rpartition("/")[2]
        states[name] = one["properties"]["privatelink_service_connection_state"]["status"]
    return {
        "name": details["name"],
        "state": details["provisioningState"],
        "connections": states,
        "public": details.get("allowPublicAccessWhenBehindVnet"),
        "discovery": details["discoveryUrl"],
    }


def reasons(error):
    """The error's text and those of its causes."""
    texts = []
    while error is not None and len(texts) < 6:
        texts.append(f"{type(error).__name__}: {error}")
        response = getattr(error, "response", None)
        if response is not None:
            texts.append(f"HTTP {response.status_code}: {response.text}")
        error = error.__cause__ or error.__context__
    return texts


def until(holds, seconds=30):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("that did not come about in time")
        time.sleep(0.5)


PARTS = {part.__name__: part for part in (create, add, withdraw, public, listing, manual, elsewhere, delete, work, refused)}


def main(names):
    for name in names or ("create", "add", "withdraw", "public"):
        begin = time.monotonic()
        try:
            ok, got = True, PARTS[name]()
        except Exception as error:
            ok, got = False, reasons(error)
        line = {"step": name, "ok": ok, "seconds": round(time.monotonic() - begin, 1), "got": got}
        print("\n" + json.dumps(line, default=str), flush=True)
        if not ok:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
