"""The activity log: what was changed, by whom, when, and what the server decided by itself.

Source of path and shape: learn.microsoft.com/rest/api/monitor/activity-logs/list.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import Any

from cloister.arm.errors import ArmError
from cloister.arm.ids import IdError, key, parse
from cloister.control.answers import reply
from cloister.control.ports import Engine, Event, Route, RouteCall
from cloister.control.reading import next_link, page_of
from cloister.ipc.messages import Response

_CLAUSE = re.compile(
    r"(eventTimestamp|resourceGroupName|resourceUri|resourceId|resourceProvider|status|caller)\s+(eq|ge|le)\s+'([^']*)'", re.I
)
_READ_MAX = 10_000


def shown_event(entry: Event, subscription: str) -> dict[str, Any]:
    """One entry as Azure shows it."""
    name = hashlib.sha256(f"{entry.time}|{entry.resource}|{entry.operation}|{entry.text}".encode()).hexdigest()[:32]
    try:
        id = parse(entry.resource)
        group, kind, namespace = id.resource_group, id.type, id.provider or "Microsoft.Resources"
    except IdError:
        group, kind, namespace = "", "", ""
    return {
        "id": f"{entry.resource}/events/{name}/ticks/0",
        "eventDataId": name,
        "correlationId": entry.correlation or name,
        "eventTimestamp": entry.time,
        "submissionTimestamp": entry.time,
        "caller": entry.caller,
        "description": entry.text,
        "category": _word("Administrative"),
        "level": "Informational" if entry.status != "Failed" else "Error",
        "operationName": _word(entry.operation),
        "status": _word(entry.status),
        "subStatus": _word(""),
        "resourceId": entry.resource,
        "resourceGroupName": group,
        "resourceType": _word(kind),
        "resourceProviderName": _word(namespace),
        "subscriptionId": subscription,
        "properties": {"message": entry.text} if entry.text else {},
    }


def _word(value: str) -> dict[str, str]:
    return {"value": value, "localizedValue": value}


async def events(engine: Engine, call: RouteCall) -> Response:
    """GET {subscription}/providers/microsoft.insights/eventtypes/management/values?$filter=..., newest first."""
    query, subscription = call.request.query, call.parts["subscription"]
    text = query.get("$filter", "")
    if re.sub(r"\band\b|\s", "", _CLAUSE.sub("", text), flags=re.I):
        message = (
            f"cannot read the $filter {text[:200]!r}: use eventTimestamp ge/le, resourceGroupName, resourceUri, "
            "resourceProvider, caller or status eq, joined by 'and'."
        )
        raise ArmError(400, "BadRequest", message, target="$filter")
    found = await asyncio.to_thread(engine.store.events, f"/subscriptions/{subscription}", _READ_MAX)
    clauses = [(match[1].lower(), match[2].lower(), match[3]) for match in _CLAUSE.finditer(text)]
    shown = [shown_event(entry, subscription) for entry in found]
    shown = [entry for entry in shown if all(_passes(entry, *clause) for clause in clauses)]
    start, size = page_of(query)
    body: dict[str, Any] = {"value": shown[start : start + size]}
    if start + size < len(shown):
        body["nextLink"] = next_link(call.request.authority, call.request.path, query, start + size)
    return reply(200, body)


def _passes(entry: dict[str, Any], name: str, operator: str, value: str) -> bool:
    match name:
        case "eventtimestamp":
            mine, theirs = entry["eventTimestamp"][:19], value.replace("Z", "")[:19]
            return {"ge": mine >= theirs, "le": mine <= theirs, "eq": mine == theirs}[operator]
        case "resourcegroupname":
            return entry["resourceGroupName"].lower() == value.lower()
        case "resourceuri" | "resourceid":
            return key(entry["resourceId"]) == key(value)
        case "resourceprovider":
            return entry["resourceProviderName"]["value"].lower() == value.lower()
        case "caller":
            return entry["caller"].lower() == value.lower()
        case _:
            return entry["status"]["value"].lower() == value.lower()


ROUTES = (
    Route(
        method="GET",
        path="/subscriptions/{subscription}/providers/microsoft.insights/eventtypes/management/values",
        permission="Microsoft.Insights/eventtypes/values/read",
        handle=events,
    ),
)
