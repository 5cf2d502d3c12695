"""Workspaces and computes with SDK v2 (azure-ai-ml), as Microsoft's pages write it; run by ``.venv-azure/bin/python``.

    cloister exec --from internet -- .venv-azure/bin/python tests/clients/sdk_v2.py            # Azure's own names
    eval "$(cloister env)" && .venv-azure/bin/python tests/clients/sdk_v2.py                   # from the host

Source: learn.microsoft.com/azure/machine-learning/how-to-manage-workspace, .../how-to-create-attach-compute-cluster.
CLIENTS_GROUP names the resource group, which exists. Prints and exits as ``management.py``.
"""

import os
import sys

from azure.ai.ml import MLClient
from azure.ai.ml.entities import AmlCompute, ComputeInstance, Workspace
from azure.core.exceptions import ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from management import GROUP, LOCATION, SUBSCRIPTION, run

NAME = os.environ.get("CLIENTS_WORKSPACE", "mlw-basic")

ml_client = MLClient(DefaultAzureCredential(), SUBSCRIPTION, GROUP, NAME)


def create():
    ws_basic = Workspace(
        name=NAME,
        location=LOCATION,
        display_name="Basic workspace-example",
        description="This example shows how to create a basic workspace",
        tags={"purpose": "demo"},
    )
    made = ml_client.workspaces.begin_create(ws_basic).result()
    assert made.storage_account and made.key_vault and made.application_insights
    return [made.name, made.location, made.tags["purpose"], made.public_network_access]


def listing():
    got = ml_client.workspaces.get(NAME)
    keys = ml_client.workspaces.get_keys(NAME)
    assert NAME in [one.name for one in ml_client.workspaces.list()]
    assert NAME in [one.name for one in ml_client.workspaces.list(scope="subscription")]
    return [got.display_name, got.mlflow_tracking_uri.startswith("azureml://"), bool(keys.user_storage_key)]


def update():
    got = ml_client.workspaces.get(NAME)
    got.display_name, got.public_network_access = "Another name", "Disabled"
    made = ml_client.workspaces.begin_update(got).result()
    return [made.display_name, made.public_network_access, ml_client.workspaces.get(NAME).public_network_access]


def computes():
    cluster = AmlCompute(
        name="cpu-cluster", type="amlcompute", size="STANDARD_DS3_v2", min_instances=0, max_instances=2,
        idle_time_before_scale_down=120,
    )  # fmt: skip
    made = ml_client.compute.begin_create_or_update(cluster).result()
    made.max_instances = 4
    changed = ml_client.compute.begin_update(made).result()
    instance = ml_client.compute.begin_create_or_update(ComputeInstance(name="ci-of-mlw", size="STANDARD_DS3_v2")).result()
    names = sorted(one.name for one in ml_client.compute.list())
    for one in names:
        ml_client.compute.begin_delete(one).result()
    return [changed.max_instances, made.provisioning_state, instance.type, names, [one.name for one in ml_client.compute.list()]]


def delete():
    ml_client.workspaces.begin_delete(NAME, delete_dependent_resources=True, permanently_delete=True).result()
    try:
        ml_client.workspaces.get(NAME)
    except ResourceNotFoundError as error:
        return error.status_code
    return None


PARTS = (create, listing, update, computes, delete)

if __name__ == "__main__":
    by_name = {part.__name__: part for part in PARTS}
    for part in [by_name[name] for name in sys.argv[1:]] or PARTS:
        run(part)
