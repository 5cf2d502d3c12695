"""``cloister rest``: one request to Azure Resource Manager, the answer printed as it came."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cloister.cli import show
from cloister.cli.cloud import Answer, Cloud, failure
from cloister.cli.errors import CliError, UsageError

METHODS = ("GET", "PUT", "PATCH", "POST", "DELETE", "HEAD")


def rest(method: str, path: str, *, file: str, body: str, api_version: str, wait: bool, principal: str) -> None:
    """Send, print. Raises CliError (exit code 1) for an answer that is no 2xx, its body printed before."""
    if method.upper() not in METHODS:
        raise UsageError(f"cannot send {method}: a method is one of {', '.join(METHODS)}")
    cloud = Cloud()
    data = _body(file, body)
    answer = cloud.http(method, path, data, api_version=api_version, principal=principal)
    if wait and answer.ok:
        final = cloud.finish(method, path, answer, principal=principal)
        if final is not None:
            show.print_json(final)
        return
    _print(answer)
    if not answer.ok:
        raise failure(method, path, answer.status, answer.json)


def _body(file: str, body: str) -> bytes | None:
    """The body's bytes, checked to be JSON here only when typed on the line: a file may be wrong on purpose."""
    if file and body:
        raise UsageError("cannot send two bodies: give --file or --body, not both")
    if file:
        try:
            return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        except OSError as error:
            raise CliError(f"cannot read {file}: {error.strerror}") from error
    if not body:
        return None
    try:
        json.loads(body)
    except ValueError as error:
        raise UsageError(f"cannot send the body: it is no JSON ({error})") from error
    return body.encode()


def _print(answer: Answer) -> None:
    if answer.json is not None:
        show.print_json(answer.json)
    elif answer.body:
        sys.stdout.write(answer.body.decode(errors="replace") + "\n")
    for name in ("azure-asyncoperation", "location"):
        if answer.ok and answer.headers.get(name):
            print(f"HTTP {answer.status}, {name}: {answer.headers[name]}", file=sys.stderr)
            break
