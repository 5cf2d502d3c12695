"""One template on a running cloud: what it needs, the deployment, the same again, the end of it; and what each showed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloister.arm.errors import ArmError
from cloister.arm.template import jsonc
from cloister.arm.template.context import Place
from cloister.arm.template.errors import ExpressionError, TemplateError
from cloister.cli.cloud import Answer, Cloud, state_of
from tests.templates.making import Maker
from tests.templates.needs import Facts, missing, planned, resource_of
from tests.templates.parameter_values import Values, adapted

API = "2024-03-01"
LOCATION = "eastus2"
DEPLOY_SECONDS = 120.0
ATTEMPTS = 6
RESTLESS = {"etag", "systemData", "modifiedDate", "modifiedOn", "lastModifiedTime", "updatedOn", "secretUriWithVersion",
            "keyUriWithVersion", "changedTime", "secretUri"}  # fmt: skip
"""What tells of every write."""
_SCHEMA = re.compile(r"schemas/[^\"/]*/(subscription|managementGroup|tenant)?deploymentTemplate\.json", re.IGNORECASE)
_NOT_THERE = re.compile(r"'(/subscriptions/[^'\s]+)'")
_NEW_EACH_TIME = re.compile(r"newGuid\(|utcNow\(", re.IGNORECASE)


OUT_OF_SCOPE: tuple[tuple[str, str], ...] = (
    (r"property 'instanceView' doesn't exist", "Microsoft.Compute: extensions are not run, so they report nothing"),
    (r"available properties are 'none'",
     "Microsoft.Resources: deployment scripts are not run, so they have no outputs"),
    (r"InvalidContentLink", "links to a template that is not in the set; nothing is fetched from outside"),
)  # fmt: skip
"""What an error says where its cause is a known absence (see docs/coverage.md), and the reason, by provider."""


@dataclass
class Result:
    """What became of one template. ``error`` is empty where it deployed; ``again`` and ``left`` where that went well."""

    name: str
    error: str = ""
    again: str = ""
    left: str = ""
    remark: str = ""
    seconds: float = 0.0
    resources: int = 0
    made_first: int = 0
    providers: set[str] = field(default_factory=set)

    @property
    def out_of_scope(self) -> str:
        """The reason, where the error comes from what this cloud says that it has not; ``""`` otherwise."""
        return next((reason for pattern, reason in OUT_OF_SCOPE if self.error and re.search(pattern, self.error)), "")

    @property
    def is_deployed(self) -> bool:
        """Whether the template deployed."""
        return not self.error


def templates(root: Path) -> list[Path]:
    """Every template of the set that is deployed by itself: the folders' own, and the ones that prepare for them."""
    return sorted(path for path in root.rglob("*azuredeploy.json") if _SCHEMA.search(path.read_text(errors="replace")))


class Session:
    """Templates on one cloud, one after another. ``root`` is their folder, ``address`` the URI that the cloud maps to it."""

    def __init__(self, cloud: Cloud, root: Path, address: str):
        self.cloud = cloud
        self.root = root
        self.address = address
        self.subscription = cloud.subscription
        self._number = 0

    def ask(self, method: str, path: str, body: Any = None, version: str = API) -> Told:
        """One request, followed to its end where it is accepted."""
        answer = self.cloud.http(method, path, body, api_version=version)
        if answer.ok and method != "GET" and (answer.status == 202 or answer.headers.get("azure-asyncoperation")):
            try:
                self.cloud.finish(method, path, answer, deadline=DEPLOY_SECONDS)
            except Exception as error:  # told as the answer: the table shows it
                return Told(answer.status, None, str(error))
        return Told(answer.status, answer.json, answer.body.decode(errors="replace"))

    # --- one template

    def run(self, path: Path) -> Result:
        """All of it; never raises for what a template does."""
        began = time.monotonic()
        result = Result(str(path.relative_to(self.root)))
        self._number += 1
        group = f"/subscriptions/{self.subscription}/resourceGroups/t{self._number:04d}"
        before = self.traces()
        groups = set(self.groups())
        try:
            self._deploy(path, group, result)
        except (TemplateError, ExpressionError, jsonc.JsonError, ArmError) as error:
            result.error = f"{type(error).__name__}: {error}"
        for new in sorted(set(self.groups()) - groups):
            told = self.ask("DELETE", new, None, "2022-09-01")
            if not told.ok:
                result.left += f"{new}: {told.status} {told.text[:200]} "
        self._purge()
        result.left += self._left(before)
        result.seconds = time.monotonic() - began
        return result

    def _deploy(self, path: Path, group: str, result: Result) -> None:
        text = path.read_text(encoding="utf-8-sig")
        template = jsonc.parse(text)
        assert isinstance(template, dict)
        found = _SCHEMA.search(text)
        at_subscription = bool(found and found[1])
        place = Place(self.cloud.facts["tenant_id"], self.subscription, "" if at_subscription else group.rsplit("/", 1)[-1])
        self.ask("PUT", group, {"location": LOCATION}, "2022-09-01")
        given = Values(group, text, place.tenant).of(template)
        uri = f"{self.address}{path.relative_to(self.root).as_posix()}"
        maker = Maker(self.ask)
        facts = Facts(lambda id: self.ask("GET", id, None, "2022-09-01").json, place.tenant)
        wanted = missing(planned(template, given, place, facts, uri))
        for id in wanted:
            maker.make(id)
        result.made_first = len(wanted)
        scope = group if not at_subscription else f"/subscriptions/{self.subscription}"
        name = f"{scope}/providers/Microsoft.Resources/deployments/{path.parent.name[:40]}-{self._number}"
        final: dict[str, Any] = {}
        for _ in range(ATTEMPTS):
            final = self._put(name, uri, given, at_subscription)
            result.error = _error(final)
            if not result.error or not (adapted(given, result.error) or self._made_what_lacks(result.error, maker)):
                break
        if result.error:
            result.error += "".join(f" [made first: {problem}]" for problem in maker.problems)
            return
        result.resources = len(final["properties"].get("outputResources") or ())
        result.providers = {str(one.get("namespace")) for one in final["properties"].get("providers") or ()}
        self._again(name, uri, given, at_subscription, text, result, final)

    def _put(self, name: str, uri: str, given: dict[str, Any], at_subscription: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            "properties": {
                "mode": "Incremental",
                "templateLink": {"uri": uri},
                "parameters": {key: {"value": value} for key, value in given.items()},
            }
        }
        if at_subscription:
            body["location"] = LOCATION
        answer = self.cloud.http("PUT", name, body, api_version=API)
        if not answer.ok:
            return _refused(answer)
        end = time.monotonic() + DEPLOY_SECONDS
        while True:
            shown = self.cloud.http("GET", name, api_version=API).json or {}
            if state_of(shown).lower() in ("succeeded", "failed", "canceled"):
                return shown
            if time.monotonic() > end:
                return {"error": {"code": "TooSlow", "message": f"still {state_of(shown)} after {DEPLOY_SECONDS:g} s"}}
            time.sleep(0.05)

    def _made_what_lacks(self, error: str, maker: Maker) -> bool:
        """Make what an error says is not there; whether there was any such thing."""
        found = [id for text in _NOT_THERE.findall(error) if (id := resource_of(text)) is not None]
        lacking = [id.text for id in found if not self.ask("GET", id.text, None, "2024-05-01").ok]
        for id in lacking:
            maker.make(id)
        return bool(lacking)

    def _again(
        self,
        name: str,
        uri: str,
        given: dict[str, Any],
        at_subscription: bool,
        text: str,
        result: Result,
        final: dict[str, Any],
    ) -> None:
        """The same deployment once more changes nothing."""
        ids = [one["id"] for one in final["properties"].get("outputResources") or ()]
        before = self.shown(ids)
        second = self._put(name, uri, given, at_subscription)
        error = _error(second)
        after = self.shown(ids)
        changed = [id for id in ids if before[id] != after[id]]
        if error and "subnets/" in error and error.startswith("InUse:") and not changed:
            # Azure's own answer: the network's body does not repeat the subnets that stand as resources of their own.
            result.remark = "the second run is refused, as on Azure: its network leaves out a subnet in use"
        elif error:
            result.again = f"the second run failed: {error}"
        elif changed and not _NEW_EACH_TIME.search(text):
            result.again = f"the second run changed {', '.join(changed[:3])}"

    # --- what there is

    def groups(self) -> list[str]:
        """The ids of all resource groups."""
        path = f"/subscriptions/{self.subscription}/resourceGroups"
        return [one["id"] for one in self.cloud.listed(path, api_version="2022-09-01")]

    def shown(self, ids: list[str]) -> dict[str, Any]:
        """What GET shows of each, without what tells of every write."""
        return {id: _calm(self.cloud.http("GET", id, api_version="2024-05-01").json) for id in ids}

    def traces(self) -> dict[str, Any]:
        """What a template may leave: rows by type, objects of the fabric, the edge and the resolver, and namespaces."""
        from cloister.keeper.client import Keeper

        told = self.cloud.call("status")
        rows = dict(told["rows"])
        rows.pop("microsoft.resources/deployments", None)  # the history of a subscription stays
        rows.pop("microsoft.keyvault/locations/deletedvaults", None)  # those with purge protection stay, as on Azure
        keeper = Keeper(self.cloud.home.socket("keeper"))
        objects = {f"objects of {name}": held["objects"] for name, held in told["drivers"].items()}
        return {**rows, **objects, "namespaces": sorted(keeper.namespaces())}

    def _purge(self) -> None:
        """End the vaults that deletion keeps, so that the next template may have their names."""
        version = "2022-07-01"
        listed = self.ask("GET", f"/subscriptions/{self.subscription}/providers/Microsoft.KeyVault/deletedVaults", None, version)
        for one in listed.json["value"]:
            self.ask("POST", f"{one['id']}/purge", None, version)

    def _left(self, before: dict[str, Any]) -> str:
        """What is there now and was not before, once the kernel has been told of the end."""
        end = time.monotonic() + 10
        while (now := self.traces()) != before and time.monotonic() < end:
            time.sleep(0.05)
        names = sorted(name for name in {*now, *before} if now.get(name) != before.get(name))
        return ", ".join(f"{name}: {before.get(name)} -> {now.get(name)}" for name in names)


@dataclass(frozen=True)
class Told:
    """An answer: its status, its JSON, its text."""

    status: int
    json: Any
    text: str

    @property
    def ok(self) -> bool:
        """Whether it succeeded, to its end."""
        return 200 <= self.status < 300 and (self.json is not None or not self.text)


def _refused(answer: Answer) -> dict[str, Any]:
    body = answer.json if isinstance(answer.json, dict) else {}
    return body if body.get("error") else {"error": {"code": str(answer.status), "message": str(answer.body)[:300]}}


def _innermost(error: dict[str, Any]) -> Iterator[str]:
    details = [one for one in error.get("details") or () if isinstance(one, dict)]
    message = str(error.get("message", ""))
    if not details and message.startswith("{"):
        try:
            inner = json.loads(message)
        except ValueError:
            inner = None
        if isinstance(inner, dict) and isinstance(inner.get("error"), dict):
            details = [inner["error"]]
    if not details:
        yield f"{error.get('code')}: {message}"
    for one in details:
        yield from _innermost(one)


def _error(final: dict[str, Any]) -> str:
    """The innermost errors of a deployment, ``""`` for none."""
    error = final.get("error") or (final.get("properties") or {}).get("error")
    return " | ".join(dict.fromkeys(_innermost(error))) if isinstance(error, dict) else ""


def _calm(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _calm(item) for name, item in value.items() if name not in RESTLESS}
    return [_calm(item) for item in value] if isinstance(value, list) else value
