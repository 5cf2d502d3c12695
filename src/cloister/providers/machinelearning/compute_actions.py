"""What is asked of a compute: its power, its nodes, its keys. No machine runs: an instance's state is what was asked of it last.

Source: azure-rest-api-specs machineLearningServices.json 2022-05-01 (Compute_Start, Compute_ListNodes, Compute_ListKeys,
ComputeInstanceProperties). That a compute of another kind is refused with ``UserError``, the code of the service's other
refusals, is this cloud's choice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cloister.arm.errors import ArmError
from cloister.arm.resource import Action, Call, Outcome, Row, View
from cloister.providers.containerservice import managed_clusters

PLAIN_NODES_SINCE = "2021-07-01"
"""The first api-version whose list of nodes does not say of what type of compute they are."""
INSTANCE, CLUSTER = "ComputeInstance", "AmlCompute"
_ADMINISTRATOR, _TOKEN = "administratorAccount", "databricksAccessToken"
_WRITTEN_KEYS = {"VirtualMachine": _ADMINISTRATOR, "HDInsight": _ADMINISTRATOR, "Databricks": _TOKEN}
"""The member of the compute's own properties that its keys are in, by kind."""


def inner(row: Row) -> dict[str, Any]:
    """The properties of a compute's own kind, ``properties.properties``."""
    found = row.properties.get("properties")
    return found if isinstance(found, dict) else {}


SECRETS = frozenset({"adminUserPassword", "databricksAccessToken", "password", "privateKeyData"})
"""Members that the descriptions mark as secret (x-ms-secret): ``listKeys`` gives them, nothing else."""


def open_part(value: Any) -> Any:
    """``value`` without what is secret in it."""
    if isinstance(value, dict):
        return {name: open_part(one) for name, one in value.items() if name not in SECRETS}
    return [open_part(one) for one in value] if isinstance(value, list) else value


def begun(row: Row, operation: str, view: View) -> Row:
    """The instance after an operation of its power: Create, Start, Stop or Restart."""
    return row.with_facts(power={"operation": operation, "time": view.now})


def is_detailed(row: Row) -> bool:
    """Whether there is something to show in ``properties.properties``."""
    return bool(inner(row)) or row.properties.get("computeType") == INSTANCE


def shown(row: Row) -> dict[str, Any]:
    """``properties.properties`` as GET shows it: nothing secret, and the state of an instance."""
    if row.properties.get("computeType") != INSTANCE:
        return open_part(inner(row))
    power = row.facts.get("power") or {"operation": "Create", "time": row.facts.get("created", "")}
    last = {"operationName": power["operation"], "operationTime": power["time"], "operationStatus": "Succeeded"}
    return {**open_part(inner(row)), "state": "Stopped" if power["operation"] == "Stop" else "Running", "lastOperation": last}


def _power(operation: str) -> Callable[[Call, View], Outcome]:
    def run(call: Call, view: View) -> Outcome:
        _only(call.row, INSTANCE, f"{operation.lower()} compute")
        return Outcome(
            status=202 if _is_polled(operation, call.api_version[:10]) else 200, rows=(begun(call.row, operation, view),)
        )

    return run


def _is_polled(operation: str, version: str) -> bool:
    """Whether an api-version answers 202: all since 2021-01-01, but for restart in 2021-04-01. Clients take no other status."""
    return version >= "2021-01-01" and (operation, version) != ("Restart", "2021-04-01")


def _only(row: Row, kind: str, what: str) -> None:
    found = row.properties.get("computeType")
    if found != kind:
        raise ArmError(400, "UserError", f"cannot {what} '{row.name}': it is of type {found}; only one of type {kind} has that.")


def list_nodes(call: Call, view: View) -> Outcome:
    """POST listNodes: none is started."""
    _only(call.row, CLUSTER, "list the nodes of compute")
    own = {"computeType": CLUSTER} if call.api_version[:10] < PLAIN_NODES_SINCE else {}
    return Outcome(body={**own, "nodes": []})


def list_keys(call: Call, view: View) -> Outcome:
    """POST listKeys: what the compute was attached with; of a cluster, its kubeconfig."""
    row = call.row
    kind = str(row.properties.get("computeType"))
    body: dict[str, Any] = {"computeType": kind}
    if kind in _WRITTEN_KEYS:
        member = _WRITTEN_KEYS[kind]
        return Outcome(body={**body, member: inner(row).get(member)})
    cluster = view.get(row.properties.get("resourceId") or "") if kind == "AKS" else None
    if cluster is None or cluster.type.lower() != managed_clusters.NAME.lower():
        why = f"it is of type {kind}" if kind != "AKS" else "the cluster that it names is not there"
        raise ArmError(
            400,
            "UserError",
            f"cannot give keys of compute '{row.name}': {why}; keys are those of an attached AKS cluster, VirtualMachine, "
            "HDInsight cluster or Databricks workspace.",
        )
    config = managed_clusters.kubeconfig(cluster, view)
    return Outcome(body={**body, "userKubeConfig": config, "adminKubeConfig": config, "imagePullSecretName": None})


ACTIONS = {
    "start": Action(run=_power("Start")),
    "stop": Action(run=_power("Stop")),
    "restart": Action(run=_power("Restart")),
    "listNodes": Action(run=list_nodes),
    "listKeys": Action(run=list_keys),
}
