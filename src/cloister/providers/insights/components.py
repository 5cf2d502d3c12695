"""Microsoft.Insights/components: an Application Insights component with its keys. Stored.

Source: azure-rest-api-specs components_API.json 2020-02-02.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.resource import Change, ResourceType, Row, View, stored
from cloister.arm.schema import anything, array, boolean, id_of, integer, obj, string
from cloister.net.plan import normal_region

NAME = "Microsoft.Insights/components"
LOG_WORKSPACES = "Microsoft.OperationalInsights/workspaces"

PROPERTIES = obj(
    Application_Type=string("web", "other", default="web"),
    Flow_Type=string(default="Bluefield"),
    Request_Source=string(default="rest"),
    WorkspaceResourceId=id_of(LOG_WORKSPACES),
    RetentionInDays=integer(30, 730, default=90),
    SamplingPercentage=anything(),
    DisableIpMasking=boolean(),
    DisableLocalAuth=boolean(),
    ImmediatePurgeDataOn30Days=boolean(),
    ForceCustomerStorageForProfiler=boolean(),
    HockeyAppId=string(),
    IngestionMode=string("ApplicationInsights", "ApplicationInsightsWithDiagnosticSettings", "LogAnalytics"),
    publicNetworkAccessForIngestion=string("Enabled", "Disabled", "SecuredByPerimeter", default="Enabled"),
    publicNetworkAccessForQuery=string("Enabled", "Disabled", "SecuredByPerimeter", default="Enabled"),
    ApplicationId=string(read_only=True),
    AppId=string(read_only=True),
    Name=string(read_only=True),
    InstrumentationKey=string(read_only=True),
    ConnectionString=string(read_only=True),
    CreationDate=string(read_only=True),
    TenantId=string(read_only=True),
    HockeyAppToken=string(read_only=True),
    LaMigrationDate=string(read_only=True),
    PrivateLinkScopedResources=array(anything(), read_only=True),
    provisioningState=string(read_only=True),
)


def check(change: Change, view: View) -> Iterator[Problem]:
    """The log workspace is there."""
    wanted = change.row.properties.get("WorkspaceResourceId")
    if change.written is not None and wanted and view.get(wanted) is None:
        yield Problem(
            "InvalidResourceReference",
            "properties.WorkspaceResourceId",
            f"cannot make component '{change.row.name}': the Log Analytics workspace '{wanted}' was not found; make it first.",
        )


def settle(change: Change, view: View) -> Row:
    """Its keys, for life."""
    row = change.row
    facts = {**(change.old.facts if change.old else {}), **row.facts}
    if "key" not in facts:
        facts["key"] = view.new_id(f"{row.id} instrumentation key {view.secret(f'{row.id} {view.now}')}")
        facts["app"] = view.new_id(f"{row.id} app id {view.now}")
        facts["created"] = view.now
    row = row.with_facts(**facts)
    return row if row.body.get("kind") else row.with_body(kind="web")


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Keys and names."""
    region = normal_region(row.body.get("location") or "")
    key = row.facts["key"]
    return {
        "ApplicationId": row.name,
        "AppId": row.facts["app"],
        "Name": row.name,
        "InstrumentationKey": key,
        "ConnectionString": f"InstrumentationKey={key};IngestionEndpoint=https://{region}-0.in.applicationinsights.azure.com/;"
        f"LiveEndpoint=https://{region}.livediagnostics.monitor.azure.com/;ApplicationId={row.facts['app']}",
        "CreationDate": row.facts["created"],
        "TenantId": row.id.split("/")[2],
        "IngestionMode": row.properties.get("IngestionMode")
        or ("LogAnalytics" if row.properties.get("WorkspaceResourceId") else "ApplicationInsights"),
    }


TYPE = ResourceType(
    name=NAME,
    api_versions=("2020-02-02", "2020-02-02-preview", "2018-05-01-preview", "2015-05-01", "2014-04-01"),
    coverage=stored("nothing takes telemetry"),
    properties=PROPERTIES,
    check=check,
    settle=settle,
    show=show,
    put_status=(200, 200),
)
