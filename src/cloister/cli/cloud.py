"""A running cloud as a command sees it: facts from ``cloud.json``, calls on ``control.sock``, requests to its ARM.

Requests go over the unix socket, not over TLS: they work from the host whatever its names and certificates, and pass the
same gates, with a token like any other.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from cloister.cli.errors import ArmFailure, CliError, error_lines, error_of
from cloister.cli.keeping import unanswered
from cloister.home import Home
from cloister.ipc.frames import CallFailed, Unreachable, call_blocking
from cloister.ipc.messages import Origin, Request, Response

ARM_HOST = "management.azure.com"
ARM_AUDIENCE = "https://management.azure.com/"
API_VERSION = "2024-05-01"
"""Sent where the user names none; the control plane accepts any."""
POLL_SECONDS = 0.2
"""How often an asynchronous operation is asked for; the command line is on the same machine."""
ENDED = ("succeeded", "failed", "canceled")


class Answer:
    """An HTTP answer of the control plane. ``json`` is None where the body is none."""

    def __init__(self, response: Response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.body = response.body

    @cached_property
    def json(self) -> Any:
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Cloud:
    """One cloud, by its home. Makes no connection before it is asked something."""

    def __init__(self, home: Home | None = None):
        self.home = home or Home.default()
        self._tokens: dict[tuple[str, str], str] = {}
        self._credentials: dict[str, dict[str, str]] = {}

    @cached_property
    def facts(self) -> dict[str, Any]:
        """``cloud.json``: tenant_id, subscription_id, host_port, ... Raises CliError before the first start."""
        return _read_json(self.home.cloud_file, "there is no cloud yet; start one with 'cloister up'")

    @cached_property
    def owner(self) -> dict[str, str]:
        """The owner principal's credentials: client_id, client_secret, tenant_id."""
        return _read_json(self.home.owner_file, "start the cloud once with 'cloister up', as the same user")

    @property
    def subscription(self) -> str:
        return self.facts["subscription_id"]

    def call(self, method: str, params: Any = None, timeout: float = 30.0) -> Any:
        """A call on ``control.sock``. Raises CliError where nothing answers or the answer is a refusal."""
        try:
            return call_blocking(self.home.socket("control"), method, params, timeout)
        except Unreachable as error:
            raise CliError(unanswered(self.home, error)) from error
        except TimeoutError as error:
            raise CliError(
                f"cannot get an answer from control within {timeout:g} s; 'cloister status' and {self.home.log_file} tell more"
            ) from error
        except CallFailed as error:
            raise CliError(str(error) if str(error).startswith("cannot") else f"cannot {method}: {error}") from error

    def credentials(self, principal: str = "") -> dict[str, str]:
        """client_id, client_secret and tenant_id of a principal by name; the owner's by default."""
        if not principal:
            return self.owner
        if principal not in self._credentials:
            found = self.call("principal", {"name": principal})
            self._credentials[principal] = {"tenant_id": self.facts["tenant_id"], **found}
        return self._credentials[principal]

    def is_elsewhere(self, principal: str) -> bool:
        """Whether a principal is of another tenant than the cloud's own."""
        return bool(principal) and self.credentials(principal)["tenant_id"] != self.facts["tenant_id"]

    def subscription_of(self, principal: str = "") -> str:
        """The subscription that a principal works in if it names none: its tenant's first."""
        return self.credentials(principal)["subscription_id"] if self.is_elsewhere(principal) else self.subscription

    def token(self, principal: str = "", audience: str = ARM_AUDIENCE) -> str:
        """An access token, fetched once for each principal and audience."""
        if (principal, audience) not in self._tokens:
            asked = {"audience": audience, **({"principal": principal} if principal else {})}
            self._tokens[principal, audience] = self.call("token", asked)["access_token"]
        return self._tokens[principal, audience]

    def url(self, path: str, principal: str = "") -> tuple[str, dict[str, str]]:
        """Path and query of what a person typed: a path, a path below the subscription, or a whole ARM URL."""
        parts = urlsplit(path)
        if parts.netloc and parts.hostname not in (ARM_HOST, "localhost", "127.0.0.1"):
            raise CliError(f"cannot ask {parts.netloc}: 'rest' speaks to {ARM_HOST} only; for other names use 'cloister exec'")
        text = parts.path if parts.path.startswith("/") else f"/subscriptions/{self.subscription_of(principal)}/{parts.path}"
        return unquote(text), dict(parse_qsl(parts.query, keep_blank_values=True))

    def http(
        self, method: str, path: str, body: Any = None, *, api_version: str = "", principal: str = "", timeout: float = 60.0
    ) -> Answer:
        """One request to ARM, as it is; refusals are answers, not exceptions."""
        target, query = self.url(path, principal)
        if api_version or not any(name.lower() == "api-version" for name in query):
            query["api-version"] = api_version or API_VERSION
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"host": ARM_HOST, "authorization": f"Bearer {self.token(principal)}", "accept": "application/json"}
        if data:
            headers |= {"content-type": "application/json", "content-length": str(len(data))}
        request = Request(
            method=method.upper(),
            path=target,
            query=query,
            headers=headers,
            body=data,
            authority=ARM_HOST,
            origin=Origin(via="local"),
        )
        return Answer(msgspec.convert(self.call("http", request, timeout), Response))

    def arm(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """A request that must succeed; follows asynchronous answers to their end. The JSON, or ArmFailure."""
        answer = self.http(method, path, body, **options)
        if not answer.ok:
            raise failure(method, path, answer.status, answer.json)
        return self.finish(method, path, answer, principal=options.get("principal", ""))

    def arm_once(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """A request that must succeed, its answer as it is now: a state that is still under way is no reason to wait."""
        answer = self.http(method, path, body, **options)
        if not answer.ok:
            raise failure(method, path, answer.status, answer.json)
        return answer.json

    def finish(self, method: str, path: str, answer: Answer, *, principal: str = "", deadline: float = 600.0) -> Any:
        """Wait for what an accepted request started, in each of Azure's three forms; the resource or result at its end."""
        end = time.monotonic() + deadline
        operation, location = answer.headers.get("azure-asyncoperation"), answer.headers.get("location")
        changes = method.upper() in ("PUT", "PATCH")
        if operation:
            final = self._poll(operation, lambda got: state_of(got.json, "status"), principal, end)
            if state_of(final.json, "status").lower() != "succeeded":
                raise failure(method, path, final.status, final.json)
            follow = path if changes else location
            return self.arm("GET", follow, principal=principal) if follow else final.json
        if answer.status == 202 and location:
            final = self._poll(location, lambda got: "Running" if got.status == 202 else "Succeeded", principal, end)
        elif changes and answer.ok:
            final = answer
            if state_of(final.json).lower() not in ENDED:
                final = self._poll(path, lambda got: state_of(got.json), principal, end)
            if state_of(final.json).lower() in ("failed", "canceled"):
                raise failure(method, path, final.status, final.json)
        else:
            final = answer
        if not final.ok:
            raise failure(method, path, final.status, final.json)
        return final.json

    def _poll(self, where: str, state: Callable[[Answer], str], principal: str, end: float) -> Answer:
        """GET until the state is an end state or the answer a refusal."""
        while True:
            answer = self.http("GET", where, principal=principal)
            if not answer.ok or state(answer).lower() in ENDED:
                return answer
            if time.monotonic() > end:
                raise CliError(f"cannot wait longer for {where.partition('?')[0]}: it is still {state(answer)}")
            time.sleep(POLL_SECONDS)

    def listed(self, path: str, *, api_version: str = "", principal: str = "") -> Iterator[dict[str, Any]]:
        """Every item of a collection, through all its pages."""
        while path:
            page = self.arm("GET", path, api_version=api_version, principal=principal)
            yield from page.get("value", [])
            path = page.get("nextLink", "")
            api_version = ""

    def subscriptions(self, principal: str = "") -> list[str]:
        """Ids of all subscriptions that a principal sees, the first one's first."""
        found = [item["subscriptionId"] for item in self.listed("/subscriptions", principal=principal)]
        return sorted(found, key=lambda id: id != self.subscription)


def failure(method: str, path: str, status: int, body: Any) -> ArmFailure:
    """A refusal as an exception that says what was asked, and Azure's code and message."""
    error = error_of(body)
    told = error_lines(error) if error else [f"HTTP {status}"]
    return ArmFailure(f"cannot {method.upper()} {path.partition('?')[0]}: " + "\n".join(told), status, error)


def state_of(body: Any, name: str = "provisioningState") -> str:
    """The state a body tells, at its top or in its properties; Succeeded where it tells none."""
    if not isinstance(body, dict):
        return "Succeeded"
    properties = body.get("properties")
    return str(body.get(name) or (properties.get(name) if isinstance(properties, dict) else "") or "Succeeded")


def _read_json(path: Path, way_out: str) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise CliError(f"cannot read {path}: {way_out}") from error
    except OSError as error:
        raise CliError(f"cannot read {path}: {error.strerror}; {way_out}") from error
    except ValueError as error:
        raise CliError(f"cannot read {path}: it is no JSON; restore it, or start afresh with 'cloister down --purge'") from error
