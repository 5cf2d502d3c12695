"""On a machine of the cloud: wait until something comes about, polling, and say when that was (CLOCK_MONOTONIC, seconds).

Standard library only. Each line of stdin is one thing to wait for, as JSON: ``{"resolve": name, "to": address}``, or
``{"ask": name, "path", "token", "inside": prefix}``: a GET answered with 200 at an address that begins with ``inside``.
Each is answered with a line when it begins and one when it came about.
"""

import http.client
import json
import socket
import ssl
import sys
import time

PAUSE = {"resolve": 0.0005, "ask": 0.002}
CONNECT_SECONDS = 0.01


def address_of(name: str) -> str:
    """What the name leads to now, or nothing."""
    try:
        return str(socket.getaddrinfo(name, 443, socket.AF_INET, socket.SOCK_STREAM)[0][4][0])
    except OSError:
        return ""


def answers(wanted: dict, context: ssl.SSLContext) -> bool:
    """Whether the workspace answers 200 by its endpoint now."""
    name, address = wanted["ask"], address_of(wanted["ask"])
    if not address.startswith(wanted["inside"]):
        return False
    headers = {"Authorization": f"Bearer {wanted['token']}"}
    try:
        plain = socket.create_connection((address, 443), CONNECT_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as http.client sets it on sockets of its own
        plain.settimeout(20)
        connection = http.client.HTTPSConnection(name, context=context)
        connection.sock = context.wrap_socket(plain, server_hostname=name)
        connection.request("GET", wanted["path"], headers=headers)
        status = connection.getresponse().status
        connection.close()
    except (OSError, http.client.HTTPException):
        return False
    return status == 200


def main() -> None:
    """One thing after the other, a minute at most for each."""
    context = ssl.create_default_context()
    for line in sys.stdin:
        wanted = json.loads(line)
        pause = PAUSE["ask" if "ask" in wanted else "resolve"]
        print("trying", flush=True)
        end = time.monotonic() + 60
        while not (answers(wanted, context) if "ask" in wanted else address_of(wanted["resolve"]) == wanted["to"]):
            if time.monotonic() > end:
                sys.exit(f"not within a minute: {wanted}")
            time.sleep(pause)
        print(time.clock_gettime(time.CLOCK_MONOTONIC), flush=True)


if __name__ == "__main__":
    main()
