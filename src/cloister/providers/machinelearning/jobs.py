"""Microsoft.MachineLearningServices/workspaces/jobs and schedules. Stored.

Source: bicep types microsoft.machinelearningservices 2026-05-01
"""

from __future__ import annotations

from typing import Any

from cloister.arm.resource import Action, Call, Outcome, Row, View
from cloister.arm.schema import anything, array, boolean, obj, string
from cloister.providers.machinelearning.versions import API_VERSIONS
from cloister.providers.plain import plain

NAME = "Microsoft.MachineLearningServices/workspaces/jobs"

PROPERTIES = obj(
    jobType=string("AutoML", "Command", "Pipeline", "Spark", "Sweep", required=True),
    componentId=string(),
    computeId=string(),
    displayName=string(),
    experimentName=string(),
    identity=obj(identityType=string("AMLToken", "Managed", "UserIdentity", required=True)),
    isArchived=boolean(),
    notificationSetting=obj(
        emailOn=array(string("JobCompleted", "JobFailed", "JobCancelled")), emails=array(string()), webhooks=anything()
    ),
    services=anything(),
    status=string(read_only=True),
    description=string(),
    properties=anything(),
    tags=anything(),
)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """Where the job would be followed, and that it has not begun, or never will."""
    workspace = row.id.rsplit("/jobs/", 1)[0]
    studio = {"jobServiceType": "Studio", "endpoint": f"https://ml.azure.com/runs/{row.name}?wsid={workspace}"}
    written = row.properties.get("services")
    status = "Canceled" if row.facts.get("canceled") else "NotStarted"
    return {"services": {"Studio": studio, **(written if isinstance(written, dict) else {})}, "status": status}


def cancel(call: Call, view: View) -> Outcome:
    """POST cancel: a job that has not begun is Canceled at once."""
    return Outcome(rows=(call.row.with_facts(canceled=True),))


TYPE = plain(
    NAME, API_VERSIONS, PROPERTIES, lacks="no job is run", location="none", show=show, actions={"cancel": Action(run=cancel)}
)

SCHEDULE_NAME = "Microsoft.MachineLearningServices/workspaces/schedules"

SCHEDULE_PROPERTIES = obj(
    action=obj(actionType=string("CreateJob", "CreateMonitor", "InvokeBatchEndpoint", required=True), required=True),
    displayName=string(),
    isEnabled=boolean(),
    provisioningState=string(read_only=True),
    trigger=obj(
        triggerType=string("Cron", "Recurrence", required=True),
        endTime=string(),
        startTime=string(),
        timeZone=string(),
        required=True,
    ),
    description=string(),
    properties=anything(),
    tags=anything(),
)

SCHEDULE_TYPE = plain(SCHEDULE_NAME, API_VERSIONS, SCHEDULE_PROPERTIES, lacks="no job is run", location="none")

TYPES = (
    TYPE,
    SCHEDULE_TYPE,
)
"""The types of this module."""
