"""``cloister deploy``: a template to a resource group; what is being made is shown as a tree while it is made."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

from cloister.arm.template.jsonc import JsonError, parse
from cloister.cli import show
from cloister.cli.cloud import POLL_SECONDS, Cloud, failure, state_of
from cloister.cli.deploy_tree import Node, Progress
from cloister.cli.errors import CliError, UsageError

API_VERSION = "2024-03-01"
NAME_LENGTH_MAX = 64  # a deployment's name, learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
DEPLOYMENTS = "microsoft.resources/deployments"


def deploy(template: str, group: str, parameters: list[str], *, name: str, location: str, as_json: bool, principal: str) -> None:
    """PUT the deployment, follow it to its end, print the outputs. Raises ArmFailure with Azure's error tree."""
    cloud = Cloud()
    body = read(template)
    if not isinstance(body, dict):
        raise CliError(f"cannot deploy {template}: a template is a JSON object")
    values = parameter_values(body, parameters)
    scope = f"/subscriptions/{cloud.subscription_of(principal)}/resourceGroups/{group}"
    _require_group(cloud, scope, group, location, principal)
    path = f"{scope}/providers/Microsoft.Resources/deployments/{name or _name(template)}"
    sent = {"properties": {"mode": "Incremental", "template": body, "parameters": values}}
    answer = cloud.http("PUT", path, sent, api_version=API_VERSION, principal=principal)
    if not answer.ok:
        raise failure("PUT", path, answer.status, answer.json)
    final = _follow(cloud, path, as_json, principal)
    if as_json:
        show.print_json(final)
    state = state_of(final)
    if state.lower() != "succeeded":
        raise failure("deploy", path.rpartition("/")[2], 200, final)
    if not as_json:
        _print_outputs(final["properties"].get("outputs") or {})


def read(file: str) -> Any:
    """A JSON file as template files are, comments and trailing commas allowed; ``-`` is stdin."""
    try:
        return parse(sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes())
    except OSError as error:
        raise CliError(f"cannot read {file}: {error.strerror}") from error
    except JsonError as error:
        raise CliError(f"cannot read {file}: {error}") from error


def parameter_values(template: dict[str, Any], given: list[str]) -> dict[str, dict[str, Any]]:
    """``-p`` arguments as ARM's ``{"name": {"value": ...}}``; later ones win. Text becomes what the template declares."""
    declared = template.get("parameters") or {}
    names = {name.lower(): name for name in declared}
    values: dict[str, dict[str, Any]] = {}
    for argument in given:
        if argument.startswith("@"):
            values |= _from_file(argument[1:])
            continue
        name, equals, text = argument.partition("=")
        if not equals:
            raise UsageError(f"cannot read the parameter '{argument}': write name=value or @file")
        if name.lower() not in names:
            known = ", ".join(declared) or "none"
            raise CliError(f"cannot set the parameter '{name}': the template declares {known}")
        values[names[name.lower()]] = {"value": _typed(name, text, declared[names[name.lower()]])}
    return values


def _from_file(file: str) -> dict[str, dict[str, Any]]:
    """A parameter file in Azure's form, or a plain object of names and values."""
    found = read(file)
    if not isinstance(found, dict):
        raise CliError(f"cannot read the parameters in {file}: they must be a JSON object")
    inner = found.get("parameters", found)
    entries = inner.items() if isinstance(inner, dict) else ()
    shaped = {"value", "reference"}
    return {
        name: value if isinstance(value, dict) and shaped & value.keys() else {"value": value}
        for name, value in entries
        if not name.startswith("$") and name != "contentVersion"
    }


def _typed(name: str, text: str, declaration: Any) -> Any:
    """A value typed on the line, as its declared type; ``@file`` takes the file's content."""
    kind = str(declaration.get("type", "string") if isinstance(declaration, dict) else "string").lower()
    if text.startswith("@"):
        file = text[1:]
        if kind not in ("string", "securestring"):
            return read(file)
        try:
            return Path(file).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise CliError(f"cannot read {file} for the parameter '{name}': {error}") from error
    if kind in ("string", "securestring"):
        return text
    try:
        if kind == "int":
            return int(text)
        if kind == "bool":
            return {"true": True, "false": False}[text.lower()]
        return parse(text)
    except (ValueError, KeyError) as error:
        raise CliError(f"cannot use '{text}' for the parameter '{name}': the template wants {kind}") from error


def _name(template: str) -> str:
    stem = "deployment" if template == "-" else Path(template).name.split(".")[0]
    return re.sub(r"[^\w().-]", "-", stem)[:NAME_LENGTH_MAX].rstrip(".") or "deployment"


def _require_group(cloud: Cloud, scope: str, group: str, location: str, principal: str) -> None:
    found = cloud.http("GET", scope, principal=principal)
    if found.status == 404 and location:
        cloud.arm("PUT", scope, {"location": location}, principal=principal)
    elif found.status == 404:
        raise CliError(f"cannot deploy to '{group}': there is no such resource group; add --location to make it")
    elif not found.ok:
        raise failure("GET", scope, found.status, found.json)


def _follow(cloud: Cloud, path: str, quiet: bool, principal: str) -> dict[str, Any]:
    """Until the deployment has ended; each look shows what changed."""
    with Progress(path.rpartition("/")[2], quiet) as progress:
        while True:
            final = cloud.arm_once("GET", path, api_version=API_VERSION, principal=principal)
            state = state_of(final)
            if not quiet:
                progress.look(_operations(cloud, path, principal, 0), state)
            if state.lower() in ("succeeded", "failed", "canceled"):
                return final
            time.sleep(POLL_SECONDS)


def _operations(cloud: Cloud, path: str, principal: str, depth: int) -> list[Node]:
    """What a deployment does, nested deployments below their own line."""
    nodes = []
    answer = cloud.http("GET", f"{path}/operations", api_version=API_VERSION, principal=principal)
    for operation in (answer.json or {}).get("value", []) if answer.ok else []:
        properties = operation.get("properties") or {}
        target = properties.get("targetResource") or {}
        if not target.get("id"):
            continue
        nested = str(target.get("resourceType", "")).lower() == DEPLOYMENTS and depth < 6
        nodes.append(
            Node(
                id=target["id"],
                type=target.get("resourceType", ""),
                name=target.get("resourceName", ""),
                state=str(properties.get("provisioningState", "")),
                duration=str(properties.get("duration", "")),
                below=_operations(cloud, target["id"], principal, depth + 1) if nested else [],
            )
        )
    return nodes


def _print_outputs(outputs: dict[str, Any]) -> None:
    for name, output in outputs.items():
        value = output.get("value")
        print(f"{name} = {value if isinstance(value, str) else show.plain_json(value)}")
