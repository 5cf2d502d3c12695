"""Microsoft.MachineLearningServices/workspaces/computes: clusters, instances, attached clusters. Stored; nothing runs.

Source: azure-rest-api-specs machineLearningServices.json 2022-05-01 (Compute).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.ids import parse
from cloister.arm.resource import Change, ResourceType, Row, View, stored
from cloister.arm.schema import anything, array, boolean, obj, string
from cloister.net.plan import normal_region
from cloister.providers import identity
from cloister.providers.machinelearning import compute_actions
from cloister.providers.machinelearning.versions import API_VERSIONS
from cloister.providers.machinelearning.workspaces import NAME as WORKSPACES

KINDS = (
    "AKS", "AmlCompute", "ComputeInstance", "DataFactory", "DataLakeAnalytics", "Databricks", "HDInsight", "Kubernetes",
    "SynapseSpark", "VirtualMachine",
)  # fmt: skip
MANAGED = ("AmlCompute", "ComputeInstance")

PROPERTIES = obj(
    computeType=string(*KINDS, required=True, create_only=True),
    computeLocation=string(),
    description=string(),
    resourceId=string(),
    properties=anything(),
    disableLocalAuth=boolean(),
    createdOn=string(read_only=True),
    modifiedOn=string(read_only=True),
    isAttachedCompute=boolean(read_only=True),
    provisioningErrors=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


def check(change: Change, view: View) -> Iterator[Problem]:
    """The subnet exists, and an instance is in the workspace's region."""
    row = change.row
    if change.written is None:
        return
    workspace = _workspace(row, view)
    if workspace is None:
        yield Problem("ParentResourceNotFound", "", f"cannot make compute '{row.name}': its workspace does not exist.", 404)
        return
    subnet = subnet_of(row)
    if subnet and view.get(subnet) is None:
        yield Problem(
            "InvalidResourceReference",
            "properties.properties.subnet.id",
            f"cannot place compute '{row.name}' in subnet '{subnet}': it was not found; make it first.",
        )
    home = normal_region(workspace.body.get("location") or "")
    place = normal_region(row.properties.get("computeLocation") or row.body.get("location") or home)
    if row.properties.get("computeType") == "ComputeInstance" and place != home:
        yield Problem(
            "InvalidComputeLocation",
            "properties.computeLocation",
            f"cannot make compute instance '{row.name}' in '{place}': an instance is in its workspace's region; use '{home}'.",
        )
    yield from identity.check(row, view)


def subnet_of(row: Row) -> str:
    """The subnet that the compute wants to stand in, ``""`` for none."""
    subnet = compute_actions.inner(row).get("subnet")
    return str(subnet.get("id") or "") if isinstance(subnet, dict) else ""


def settle(change: Change, view: View) -> Row:
    """Its creation time, and its workspace's region where it names none."""
    facts = {**(change.old.facts if change.old else {}), **change.row.facts}
    facts.setdefault("created", view.now)
    row = change.row.with_facts(**facts)
    workspace = _workspace(row, view)
    if row.body.get("location") or workspace is None:
        return row
    return row.with_body(location=workspace.body.get("location"))


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The keys that clients read without asking whether they are there."""
    workspace = _workspace(row, view)
    own = {"properties": compute_actions.shown(row)} if compute_actions.is_detailed(row) else {}
    place = row.properties.get("computeLocation") or (workspace.body.get("location") if workspace else "")
    return {
        "computeLocation": place,
        "description": row.properties.get("description"),
        "resourceId": row.properties.get("resourceId"),
        "createdOn": row.facts.get("created", ""),
        "modifiedOn": row.changed or row.facts.get("created", ""),
        "isAttachedCompute": row.properties.get("computeType") not in MANAGED,
        "provisioningErrors": None,
        **own,
    }


def _workspace(row: Row, view: View) -> Row | None:
    parent = parse(row.id).parent
    return view.get(parent.text) if parent else None


TYPE = ResourceType(
    name=f"{WORKSPACES}/computes",
    api_versions=API_VERSIONS,
    coverage=stored("no node is started: the state of an instance is what it was last told (start, stop), and no machine runs"),
    properties=PROPERTIES,
    location="optional",
    check=check,
    settle=settle,
    show=show,
    actions=compute_actions.ACTIONS,
    polled=True,  # SDK v1 raises without the header
    name_pattern=r"[a-zA-Z][a-zA-Z0-9-]{0,30}[a-zA-Z0-9]",
)
