"""Microsoft.Resources/deploymentScripts: scripts of a template. Stored: not run; their outputs are empty.

Source: bicep types microsoft.resources 2023-08-01; azure-rest-api-specs deploymentScripts.json 2020-10-01
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.resource import Change, Row, View
from cloister.arm.schema import anything, array, obj, string
from cloister.providers.plain import plain
from cloister.providers.required import choice

API_VERSIONS = ("2023-08-01", "2020-10-01")

NAME = "Microsoft.Resources/deploymentScripts"

PROPERTIES = obj(
    azPowerShellVersion=string(),
    azCliVersion=string(),
    scriptContent=string(),
    primaryScriptUri=string(),
    supportingScriptUris=array(string()),
    arguments=string(),
    environmentVariables=array(obj(name=string(required=True), value=string(), secureValue=string(secret=True))),
    storageAccountSettings=obj(storageAccountName=string(), storageAccountKey=string(secret=True)),
    containerSettings=anything(),
    cleanupPreference=string("Always", "OnSuccess", "OnExpiration", default="Always"),
    retentionInterval=string(required=True),
    forceUpdateTag=string(),
    timeout=string(default="P1D"),
    outputs=anything(read_only=True),
    status=anything(read_only=True),
    provisioningState=string(read_only=True),
)


KINDS = ("AzureCLI", "AzurePowerShell")


def check(change: Change, view: View) -> Iterator[Problem]:
    """Its kind says by what it would be run."""
    if change.written is not None:
        yield from choice(change.row, "kind", str(change.row.body.get("kind") or ""), KINDS, "deployment script")


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """No outputs: it was not run."""
    return {"outputs": {}}


TYPE = plain(NAME, API_VERSIONS, PROPERTIES, lacks="the script is not run: its outputs are empty", show=show, check=check)
