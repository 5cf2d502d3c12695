"""A client that says exactly what it is told: run on a machine of the cloud, it prints what each step was answered.

    python edge_probe.py '[{"sni": NAME, "to": ADDRESS | NAME, "requests": [{"host", "path", "method", "token"}]}]'

Each step is one TLS connection; its requests go over it one after the other. The answer is a list of lists.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import sys
from typing import Any


def attempt(step: dict[str, Any]) -> list[dict[str, Any]]:
    """One connection."""
    try:
        raw = socket.create_connection((step.get("to") or step["sni"], 443), timeout=10)
    except OSError as error:
        return [{"failed": f"connect: {error}"}]
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    try:
        tls = context.wrap_socket(raw, server_hostname=step["sni"])
    except OSError as error:
        return [{"failed": f"tls: {error}"}]
    connection = http.client.HTTPConnection(step["sni"])
    connection.sock = tls
    found = []
    for asked in step["requests"]:
        headers = {
            "host": asked.get("host", step["sni"]),
            **({"authorization": f"Bearer {asked['token']}"} if "token" in asked else {}),
        }
        try:
            connection.request(asked.get("method", "GET"), asked["path"], headers=headers)
            response = connection.getresponse()
            found.append(
                {
                    "status": response.status,
                    "body": response.read().decode(),
                    "peer": raw.getpeername()[0] if raw.fileno() >= 0 else "",
                }
            )
        except (OSError, http.client.HTTPException) as error:
            found.append({"failed": f"request: {error}"})
            break
    return found


if __name__ == "__main__":
    print(json.dumps([attempt(step) for step in json.loads(sys.argv[1])]))
