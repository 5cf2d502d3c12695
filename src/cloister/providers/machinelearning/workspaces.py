"""Microsoft.MachineLearningServices/workspaces: the workspace, its names, and who may reach it.

Source: azure-rest-api-specs machineLearningServices.json (2022-05-01), bicep types up to 2026-05-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.resource import Action, Call, Change, Outcome, ResourceType, Row, View, listening
from cloister.arm.schema import anything, array, boolean, id_of, integer, obj, string
from cloister.arm.tenants import tenant_of
from cloister.net.intent import Service
from cloister.providers import identity, private_link
from cloister.providers.machinelearning import diagnose, names, public_access
from cloister.providers.machinelearning.versions import API_VERSIONS
from cloister.providers.required import asked

NAME = "Microsoft.MachineLearningServices/workspaces"
LEGACY_UNTIL = "2022-05-01"
"""Workspaces made by an older api-version turn to v1LegacyMode with their first endpoint, newer ones do not.

Source: learn.microsoft.com/azure/machine-learning/how-to-configure-network-isolation-with-v2.
"""

STORAGE = "Microsoft.Storage/storageAccounts"
VAULT = "Microsoft.KeyVault/vaults"
INSIGHTS = "Microsoft.Insights/components"
REGISTRY = "Microsoft.ContainerRegistry/registries"

PROPERTIES = obj(
    friendlyName=string(),
    description=string(),
    storageAccount=id_of(STORAGE, create_only=True),
    keyVault=id_of(VAULT, create_only=True),
    applicationInsights=id_of(INSIGHTS),
    containerRegistry=id_of(REGISTRY),
    allowPublicAccessWhenBehindVnet=boolean(overridable=True),
    publicNetworkAccess=string("Enabled", "Disabled", overridable=True),
    v1LegacyMode=boolean(),
    hbiWorkspace=boolean(default=False, create_only=True),
    imageBuildCompute=string(),
    primaryUserAssignedIdentity=string(),
    systemDatastoresAuthMode=string(),
    encryption=anything(),
    serviceManagedResourcesSettings=anything(),
    sharedPrivateLinkResources=array(anything()),
    managedNetwork=anything(),
    provisionNetworkNow=boolean(),
    serverlessComputeSettings=anything(),
    featureStoreSettings=anything(),
    hubResourceId=id_of(NAME, create_only=True),
    workspaceHubConfig=anything(),
    associatedWorkspaces=array(string()),
    enableDataIsolation=boolean(),
    enableServiceSideCMKEncryption=boolean(),
    ipAllowlist=array(string()),
    networkAcls=anything(),
    discoveryUrl=string(read_only=True),
    workspaceId=string(read_only=True),
    creationTime=string(read_only=True),
    mlFlowTrackingUri=string(read_only=True),
    notebookInfo=anything(read_only=True),
    privateEndpointConnections=array(anything(), read_only=True),
    privateLinkCount=integer(read_only=True),
    serviceProvisionedResourceGroup=string(read_only=True),
    storageHnsEnabled=boolean(read_only=True),
    tenantId=string(read_only=True),
    provisioningState=string(read_only=True),
)

DEPENDENCIES = (
    ("storageAccount", "storage account"),
    ("keyVault", "key vault"),
    ("applicationInsights", "Application Insights component"),
    ("containerRegistry", "container registry"),
)


def check(change: Change, view: View) -> Iterator[Problem]:
    """The resources that the workspace names are there, and so are its identities."""
    row = change.row
    if change.written is None:
        return
    for name, words in DEPENDENCIES:
        text = row.properties.get(name)
        if text and view.get(text) is None:
            yield Problem(
                "InvalidResourceReference",
                f"properties.{name}",
                f"cannot make workspace '{row.name}': the {words} '{text}' was not found; make it first, or correct the id.",
            )
    hub = row.properties.get("hubResourceId")
    if hub and view.get(hub) is None:
        yield Problem(
            "InvalidResourceReference",
            "properties.hubResourceId",
            f"cannot make project '{row.name}': the hub '{hub}' was not found; make it first, or correct the id.",
        )
    yield from identity.check(row, view)


def settle(change: Change, view: View) -> Row:
    """The workspace's guid for life, the public-access pair, and v1LegacyMode's default."""
    row = change.row
    old = change.old
    facts = {**(old.facts if old else {}), **row.facts}
    if "guid" not in facts:
        facts["guid"] = view.new_id(f"{row.id} workspaceId {view.now}")
        facts["created"] = view.now
        facts["made_with"] = change.api_version[:10]
    row = public_access.settle(change, row.with_facts(**facts), view)
    return _settle_legacy(change, row, view)


def _settle_legacy(change: Change, row: Row, view: View) -> Row:
    if change.wrote("v1LegacyMode"):
        return row.with_facts(legacy_written=True)
    if row.facts.get("legacy_written"):
        kept = (change.old.properties if change.old else {}).get("v1LegacyMode", False)
        return row if "v1LegacyMode" in row.properties else row.with_properties(v1LegacyMode=kept)
    old_client = bool(row.facts.get("made_with")) and row.facts["made_with"] < LEGACY_UNTIL
    legacy = row.facts.get("legacy") or (old_client and bool(private_link.connections(row, view)))
    return row.with_facts(legacy=legacy).with_properties(v1LegacyMode=legacy)


def discovery_url(row: Row) -> str:
    """Where clients learn the data plane's hosts: differs between public and private, since they cache by it."""
    return f"https://{names.api_host(row)}/discovery/{'public' if public_access.is_public(row) else 'private'}"


def realize(row: Row, view: View) -> Iterator[Service]:
    """The workspace's data plane."""
    facts = {
        "workspace_id": row.facts["guid"],
        "workspace": row.id,
        "region": names.region_of(row),
        "name": row.name,
        "storage_account": row.properties.get("storageAccount") or "",
        "v1_legacy_mode": str(bool(row.properties.get("v1LegacyMode"))).lower(),
    }
    yield Service(
        owner=row.id,
        service="machinelearning",
        region=names.region_of(row),
        names=names.linked_names(row),
        public_access=public_access.is_public(row),
        because=public_access.because(row),
        facts=tuple(sorted(facts.items())),
    )


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """What the server knows: ids, names, the connections."""
    connections = private_link.shown_connections(row, view)
    guid = row.facts["guid"]
    storage = view.get(row.properties.get("storageAccount") or "")
    return {
        "workspaceId": guid,
        "tenantId": tenant_of(row.id, view),
        "creationTime": row.facts.get("created", ""),
        "friendlyName": row.properties.get("friendlyName") or row.name,
        "discoveryUrl": discovery_url(row),
        "mlFlowTrackingUri": f"azureml://{names.api_host(row)}/mlflow/v1.0{row.id}",
        "notebookInfo": {
            "resourceId": guid.replace("-", ""),
            "fqdn": names.notebook_host(row),
            "isPrivateLinkEnabled": bool(connections),
            "notebookPreparationError": None,
        },
        "privateEndpointConnections": connections,
        "privateLinkCount": len(connections),
        "storageHnsEnabled": bool(storage and storage.properties.get("isHnsEnabled")),
        **public_access.properties(row.facts.get("public", public_access.ENABLED)),
    }


def storage_key(row: Row, view: View) -> str:
    """The first key of the default storage account, ``""`` without one."""
    account = view.get(row.properties.get("storageAccount") or "")
    return (account.facts.get("keys") or [""])[0] if account else ""


def list_keys(call: Call, view: View) -> Outcome:
    """POST listKeys: the keys of what the workspace uses."""
    row = call.row
    insights = view.get(row.properties.get("applicationInsights") or "")
    registry = view.get(row.properties.get("containerRegistry") or "")
    body: dict[str, Any] = {
        "userStorageKey": storage_key(row, view),
        "userStorageResourceId": row.properties.get("storageAccount") or "",
        "appInsightsInstrumentationKey": insights.facts.get("key", "") if insights else "",
        "notebookAccessKeys": {"primaryAccessKey": None, "secondaryAccessKey": None},
    }
    if registry and registry.properties.get("adminUserEnabled"):
        passwords = [
            {"name": f"password{n or ''}", "value": value} for n, value in enumerate(registry.facts.get("passwords") or ())
        ]
        body["containerRegistryCredentials"] = {
            "location": registry.body.get("location"),
            "username": registry.name,
            "passwords": passwords,
        }
    return Outcome(body=body)


def list_storage_keys(call: Call, view: View) -> Outcome:
    """POST listStorageAccountKeys."""
    return Outcome(body={"userStorageKey": storage_key(call.row, view)})


def list_notebook_keys(call: Call, view: View) -> Outcome:
    """POST listNotebookKeys: there are none, as ``listKeys`` says too."""
    return Outcome(body={"primaryAccessKey": None, "secondaryAccessKey": None})


def prepare_notebook(call: Call, view: View) -> Outcome:
    """POST prepareNotebook: where notebooks would be, and that none are served."""
    row = call.row
    error = {"errorMessage": f"cannot prepare notebooks for workspace '{row.name}': this cloud serves none.", "statusCode": 501}
    info = {"resourceId": row.facts["guid"].replace("-", ""), "fqdn": names.notebook_host(row), "notebookPreparationError": error}
    return Outcome(body=info)


def resync_keys(call: Call, view: View) -> Outcome:
    """POST resynckeys: the workspace reads keys when asked, so there is nothing to bring into step."""
    return Outcome(body=None)


def check_compute_name(call: Call, view: View) -> Outcome:
    """POST checkComputeNameAvailability {name, type}: names are unique in a workspace."""
    wanted = asked(call, "name")
    taken = bool(wanted) and view.get(f"{call.row.id}/computes/{wanted}") is not None
    body: dict[str, Any] = {"isAvailable": not taken, "nameAvailable": not taken}
    if taken:
        body |= {"reason": "AlreadyExists", "message": f"cannot use the name '{wanted}': a compute has it; choose another."}
    return Outcome(body=body)


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=listening(
        "runs, experiments, metrics and MLflow are served; models, jobs and notebooks are not; diagnose reads no rules and routes"
    ),
    properties=PROPERTIES,
    check=check,
    settle=settle,
    realize=realize,
    show=show,
    actions={
        "listKeys": Action(run=list_keys),
        "listNotebookKeys": Action(run=list_notebook_keys),
        "listStorageAccountKeys": Action(run=list_storage_keys),
        "prepareNotebook": Action(run=prepare_notebook),
        "resyncKeys": Action(run=resync_keys),
        "checkComputeNameAvailability": Action(run=check_compute_name),
        "diagnose": diagnose.ACTION,
    },
    private_link=(names.WORKSPACE_GROUP,),
    name_pattern=r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}",
    put_status=(200, 200),  # 2021-07-01 to 2022-05-01 know no 201, and their clients take it for an error
)
CHILDREN = private_link.child_types(NAME, API_VERSIONS, names.members_by_version)
