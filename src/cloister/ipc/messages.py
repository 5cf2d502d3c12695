"""What is said between the processes: requests handed over by the edge, and the answers.

Sockets under ``$CLOISTER_HOME/run`` and their methods:

``control.sock``
    ``http`` (Request -> Response: ARM and login, parsed by the edge), ``certificate`` ({"name"} -> {"chain", "key"}, PEM),
    ``token`` ({"principal"?, "audience"?} -> {"access_token"}: the local owner only), ``principal`` ({"name", "create"?,
    "tenant"?} -> {"client_id", "client_secret", "object_id"}), ``tenant`` ({"name", "create"?, "subscription"?} -> the same,
    "tenant_id", "subscription_id"), ``tenants`` (-> [{"name", "tenant_id", "subscriptions"}]), ``status`` (-> dict),
    ``explain`` ({"from", "to"} -> trace), ``ping``.
``fabric.sock``, ``edge.sock``, ``resolver.sock``
    ``apply`` ([Edit] -> ["" or reason]), ``observe`` (-> [Desired]), ``ping``.
``resolver.sock``
    also ``public`` ({"message": bytes} -> {"message": bytes or null, "ttl": seconds}): what the internet's resolver answers.
``keeper.sock``
    its own small protocol, see ``keeper/__init__.py``.
``tracking.sock``
    ``http`` (Request -> Response), started by the keeper when the edge first asks.
"""

from __future__ import annotations

import msgspec


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """How a request came in: ``via`` is "internet", "endpoint", "host" (loopback of this machine), "metadata" (a machine, at its
    network's metadata service) or "local" (unix socket).

    ``address`` is the peer's address; ``connection`` the private endpoint connection's id when via is "endpoint".
    """

    via: str
    address: str = ""
    connection: str = ""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP request after parsing. ``path`` is percent-decoded, without the query; header names are lower case.

    ``authority`` is the host (and port) the client asked for, from which absolute URLs in answers are made.
    ``claims`` are the token's claims where the edge has already checked it (data planes); ARM checks its own.
    """

    method: str
    path: str
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: bytes = b""
    authority: str = ""
    origin: Origin = Origin(via="local")
    claims: dict = {}
    facts: dict[str, str] = {}


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP answer: status, headers (lower case names), body."""

    status: int
    headers: dict[str, str] = {}
    body: bytes = b""
