"""Asynchronous operations: the URLs a client polls, and what they answer.

An operation is not stored: its id says which rows it waits for and since which revision, so that polling works after a
restart of control too. Its state is the reconcile loop's word on those rows.

Source of the protocol: github.com/Azure/azure-resource-manager-rpc, ``v1.0/async-api-reference.md``. ``Retry-After`` is
always a whole number of at least 1: clients take 0 for 30 s and fail on fractions; ``retry-after-ms`` is read by those
that can wait less.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import zlib
from typing import Any

import msgspec

from cloister.arm.errors import ArmError
from cloister.arm.ids import ResourceId
from cloister.limits import RETRY_AFTER_MILLISECONDS, RETRY_AFTER_SECONDS

IDS_MAX = 16  # rows that one operation names; a deletion of more waits for the first
_MARK_BYTES = 12


class Operation(msgspec.Struct, frozen=True, array_like=True):
    """``verb`` PUT or DELETE on ``id``, at ``revision``, begun at ``started`` (ISO 8601); ``rows`` must come to rest."""

    verb: str
    id: str
    revision: int
    started: str
    rows: tuple[str, ...] = ()


class Operations:
    """Makes and reads operation ids. ``key`` is a secret of this cloud: ids that it did not make are refused."""

    def __init__(self, key: bytes):
        self._key = hashlib.sha256(b"operations" + key).digest()

    def name(self, operation: Operation) -> str:
        """The operation's id: letters, digits, ``-`` and ``_``."""
        packed = zlib.compress(msgspec.msgpack.encode(operation), 9)
        return base64.urlsafe_b64encode(self._mark(packed) + packed).rstrip(b"=").decode()

    def read(self, name: str) -> Operation:
        """The operation of that id. Raises ArmError 404 for one that was never given out."""
        try:
            raw = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4))
            mark, packed = raw[:_MARK_BYTES], raw[_MARK_BYTES:]
            if hmac.compare_digest(mark, self._mark(packed)):
                return msgspec.msgpack.decode(zlib.decompress(packed), type=Operation)
        except (ValueError, binascii.Error, zlib.error, msgspec.MsgspecError):
            pass
        message = f"cannot find the operation '{name[:60]}': this cloud never gave it out; start the request again."
        raise ArmError(404, "OperationNotFound", message)

    def _mark(self, packed: bytes) -> bytes:
        return hmac.digest(self._key, packed, hashlib.sha256)[:_MARK_BYTES]


def begin(verb: str, id: ResourceId, revision: int, started: str, rows: list[str]) -> Operation:
    """The operation of a write that is not yet applied."""
    return Operation(verb, id.text, revision, started, tuple(rows[:IDS_MAX]))


def headers(name: str, operation: Operation, id: ResourceId, location: str, authority: str, api_version: str) -> dict[str, str]:
    """``Azure-AsyncOperation``, ``Location`` (DELETE) and the waiting time; URLs lead to the host the client asked."""
    namespace = id.provider or "Microsoft.Resources"
    base = f"https://{authority or 'management.azure.com'}"
    base += f"/subscriptions/{id.subscription}" if id.subscription else ""
    base += f"/providers/{namespace}/locations/{location or 'global'}"
    out = {"azure-asyncoperation": f"{base}/operationStatuses/{name}?api-version={api_version}", **waiting()}
    if operation.verb != "PUT":
        out["location"] = f"{base}/operationResults/{name}?api-version={api_version}"
    return out


def waiting() -> dict[str, str]:
    """How long a client should wait before it asks again."""
    return {"retry-after": str(RETRY_AFTER_SECONDS), "retry-after-ms": str(RETRY_AFTER_MILLISECONDS)}


def status_body(name: str, url_path: str, operation: Operation, state: str, reason: str, now: str) -> dict[str, Any]:
    """What ``operationStatuses`` answers: ``status`` InProgress, Succeeded or Failed (with ``error``)."""
    word = "InProgress" if state == "Updating" else state
    body: dict[str, Any] = {
        "id": url_path,
        "name": name,
        "status": word,
        "startTime": operation.started,
        "percentComplete": 50.0 if word == "InProgress" else 100.0,
    }
    if word != "InProgress":
        body["endTime"] = now
    if word == "Failed":
        body["error"] = {"code": "ResourceOperationFailure", "message": f"cannot apply '{operation.id}': {reason}"}
    return body
