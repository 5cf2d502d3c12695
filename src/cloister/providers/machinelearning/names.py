"""The public names of a workspace, their privatelink twins, and the addresses they lead to otherwise.

Source: learn.microsoft.com/azure/machine-learning/how-to-custom-dns ("Fully qualified domain names in use").
"""

from __future__ import annotations

from cloister.arm.resource import PrivateLinkGroup, Row
from cloister.net.intent import LinkedName
from cloister.net.plan import normal_region, service_address

API_ZONE = "privatelink.api.azureml.ms"
NOTEBOOK_ZONE = "privatelink.notebooks.azure.net"
GROUP = "amlworkspace"
LABEL_LENGTH_MAX = 63  # RFC 1035

MEMBERS_SINCE = (
    ("", ("default",)),
    ("2021-01-01", ("default", "notebook")),
    ("2022-10-01", ("default", "notebook", "inference")),
)
"""The members that ``privateLinkResources`` lists, by the first api-version that does. An endpoint gets all of them.

Azure added them in this order without saying at which version; the article's client (2020-04-01) knows ``default``.
"""


def region_of(row: Row) -> str:
    """The workspace's region, as names spell it."""
    return normal_region(row.body.get("location") or "")


def api_host(row: Row) -> str:
    """``<guid>.workspace.<region>.api.azureml.ms``."""
    return f"{row.facts['guid']}.workspace.{region_of(row)}.api.azureml.ms"


def notebook_label(row: Row) -> str:
    """``ml-<name>-<region>-<guid>``, the name cut so that the label has at most 63 characters."""
    tail = f"-{region_of(row)}-{row.facts['guid']}"
    name = row.name.lower().replace("_", "-")
    return f"ml-{name[: LABEL_LENGTH_MAX - len('ml-') - len(tail)]}{tail}"


def notebook_host(row: Row) -> str:
    """The host of the workspace's notebooks."""
    return f"{notebook_label(row)}.{region_of(row)}.notebooks.azure.net"


def linked_names(row: Row) -> tuple[LinkedName, ...]:
    """Every public name of the workspace."""
    guid, region = row.facts["guid"], region_of(row)
    api = service_address("machinelearning", region)
    workspace = f"{guid}.workspace.{region}"
    inference = f"*.{guid}.inference.{region}"
    return (
        LinkedName("default", f"{workspace}.api.azureml.ms", f"{workspace}.{API_ZONE}", api),
        LinkedName("default", f"{workspace}.cert.api.azureml.ms", f"{workspace}.cert.{API_ZONE}", api),
        LinkedName(
            "notebook",
            notebook_host(row),
            f"{notebook_label(row)}.{region}.{NOTEBOOK_ZONE}",
            service_address("notebooks", region),
        ),
        LinkedName("inference", f"{inference}.api.azureml.ms", f"{inference}.{API_ZONE}", service_address("inference", region)),
    )


WORKSPACE_GROUP = PrivateLinkGroup(
    id=GROUP,
    zones=(API_ZONE, NOTEBOOK_ZONE),
    members=("default", "notebook", "inference"),
    names=linked_names,
)


def members_by_version(group: PrivateLinkGroup, row: Row, api_version: str) -> tuple[str, ...]:
    """What ``privateLinkResources`` says of the group at an api-version."""
    return next(members for since, members in reversed(MEMBERS_SINCE) if api_version[:10] >= since)
