"""DNS over HTTPS (RFC 8484): the public resolver of this cloud's internet, asked through TLS.

It answers what the internet's resolver answers, whoever asks and from where: a client inside a private network that uses it
gets public addresses, and is refused by what is private, as on Azure with any public DoH service. GET and POST of
``/dns-query``, ``application/dns-message`` only. The resolver process answers; the edge hands bytes over.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode

from cloister.ipc.frames import CallFailed, Unreachable
from cloister.ipc.messages import Request, Response
from cloister.services.edge import refusals
from cloister.services.edge.handover import Desk

PATH = "/dns-query"
MEDIA_TYPE = "application/dns-message"
MESSAGE_BYTES_MAX = 65_535  # RFC 8484, 6


def question(request: Request) -> bytes | Response:
    """The DNS message in a request, or the refusal of a request that carries none."""
    if request.path.rstrip("/") != PATH:
        return refusals.refusal(404, "NotFound", f"cannot find '{request.path}': DNS over HTTPS is at {PATH}")
    if request.method == "POST":
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            text = f"cannot read the body: its content-type must be {MEDIA_TYPE}"
            return refusals.refusal(415, "UnsupportedMediaType", text)
        message = request.body
    elif request.method in ("GET", "HEAD"):
        text = request.query.get("dns", "")
        try:
            message = urlsafe_b64decode(text + "=" * (-len(text) % 4)) if text and "=" not in text else b""
        except (binascii.Error, ValueError):
            message = b""
    else:
        text = f"cannot {request.method} {PATH}: use GET or POST"
        return refusals.refusal(405, "MethodNotAllowed", text, {"allow": "GET, HEAD, POST"})
    if len(message) > MESSAGE_BYTES_MAX:
        return refusals.refusal(413, "ContentTooLarge", f"cannot read the message: it has over {MESSAGE_BYTES_MAX} bytes")
    if not message:
        where = "the query's 'dns', in base64url without padding" if request.method != "POST" else "the body"
        return refusals.refusal(400, "BadRequest", f"cannot read a DNS message: put one in {where}")
    return message


async def answer(request: Request, resolver: Desk) -> Response:
    """The answer to one DoH request; its freshness is the shortest TTL in it (RFC 8484, 5.1)."""
    asked = question(request)
    if isinstance(asked, Response):
        return asked
    try:
        found = await resolver.call("public", {"message": asked}, repeatable=True)
    except (Unreachable, TimeoutError, CallFailed):
        return refusals.refusal(503, "ServiceUnavailable", "cannot answer: the resolver is being restarted; try again", {})
    if found["message"] is None:
        return refusals.refusal(400, "BadRequest", "cannot read the DNS message: it is no query")
    headers = {"content-type": MEDIA_TYPE, "cache-control": f"max-age={found['ttl']}"}
    return Response(status=200, headers=headers, body=found["message"])
