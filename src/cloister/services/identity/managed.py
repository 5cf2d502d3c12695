"""Tokens for managed identities, as the metadata service gives them: no secret, the machine itself is the proof.

Which identity: the one that is asked for (``client_id``, ``object_id`` or ``msi_res_id``), else the resource's own, else the
only user assigned one. Source: learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
(parameters, answer, errors), .../managed-identities-faq ("What identity will IMDS default to").
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence

from cloister.arm.identity import ManagedIdentity
from cloister.ipc.messages import Response
from cloister.limits import TOKEN_SECONDS
from cloister.services.identity.directory import Principal
from cloister.services.identity.http import AUDIENCES, known_audience
from cloister.services.identity.tokens import Clock, Mint

CHOICES = ("client_id", "object_id", "principal_id", "msi_res_id", "mi_res_id")
"""The parameters that name an identity; at most one of them is given."""


class Refused(Exception):
    """A request that gets no token: Azure's word for it, and a sentence."""

    def __init__(self, error: str, text: str):
        super().__init__(text)
        self.error, self.text = error, text


def chosen(identities: Sequence[ManagedIdentity], query: Mapping[str, str], who: str) -> ManagedIdentity:
    """The identity that a request is about. ``who`` names the machine, for people. Raises Refused."""
    asked = [(name, query[name]) for name in CHOICES if query.get(name)]
    if len(asked) > 1:
        names = "', '".join(name for name, _ in asked)
        raise Refused("invalid_request", f"Only one identity can be asked for: '{names}' name several; give one of them.")
    if not identities:
        text = f"Identity not found. {who} has no managed identity; assign one ('identity' of the virtual machine)."
        raise Refused("invalid_request", text)
    if asked:
        name, value = asked[0]
        found = next((one for one in identities if _named(one, name) == value.rstrip("/").lower()), None)
        if found is None:
            text = f"Identity not found. {who} has no identity whose {name} is '{value[:200]}'; assign it, or ask for another."
            raise Refused("invalid_request", text)
        return found
    if identities[0].is_own or len(identities) == 1:
        return identities[0]
    text = (
        "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request."
    )
    raise Refused("invalid_request", text)


def _named(one: ManagedIdentity, parameter: str) -> str:
    if parameter == "client_id":
        return one.client.lower()
    return (one.resource if parameter.endswith("res_id") else one.principal).lower()


def answer(
    mint: Mint, identities: Sequence[ManagedIdentity], query: Mapping[str, str], who: str, clock: Clock = time.time
) -> Response:
    """A token, or the error that a client of Azure's expects."""
    try:
        return _granted(mint, identities, query, who, int(clock()))
    except Refused as refused:
        return _json(400, {"error": refused.error, "error_description": refused.text})


def _granted(mint: Mint, identities: Sequence[ManagedIdentity], query: Mapping[str, str], who: str, now: int) -> Response:
    resource = query.get("resource", "")
    if not resource:
        raise Refused("invalid_request", "The request is missing the required parameter 'resource'.")
    audience = known_audience(resource)
    if not audience:
        text = (
            f"AADSTS500011: The resource principal named {resource[:200]} was not found in the directory. "
            f"This cloud gives tokens for {', '.join(AUDIENCES)}."
        )
        raise Refused("invalid_resource", text)
    one = chosen(identities, query, who)
    name = one.resource.rsplit("/", 1)[-1]
    principal = Principal(client_id=one.client, object_id=one.principal, name=name, kind="ManagedIdentity", tenant=one.tenant)
    seconds = str(TOKEN_SECONDS - 1)
    return _json(
        200,
        {
            "access_token": mint.token(principal, audience, xms_mirid=one.resource),
            "client_id": one.client,
            "expires_in": seconds,
            "expires_on": str(now + TOKEN_SECONDS - 1),
            "ext_expires_in": seconds,
            "not_before": str(now - 300),
            "resource": resource,
            "token_type": "Bearer",
        },
    )


def _json(status: int, found: dict[str, str]) -> Response:
    headers = {"content-type": "application/json; charset=utf-8", "cache-control": "no-store, no-cache", "pragma": "no-cache"}
    return Response(status=status, headers=headers, body=json.dumps(found).encode())
