"""Try a workspace at an address until it answers 200, every 2 ms, and print when that was (CLOCK_MONOTONIC, seconds).

Runs on a machine of the cloud; standard library only. Arguments: name, address. Stdin: the token, the path. Prints a line when
it begins and one when it has its answer.
"""

import http.client
import socket
import ssl
import sys
import time


def answers(name: str, address: str, path: str, token: str, context: ssl.SSLContext) -> bool:
    """Whether the workspace answers 200 now."""
    try:
        plain = socket.create_connection((address, 443), 0.02)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as http.client sets it on sockets of its own
        plain.settimeout(20)
        connection = http.client.HTTPSConnection(name, context=context)
        connection.sock = context.wrap_socket(plain, server_hostname=name)
        connection.request("POST", path, "{}", {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        status = connection.getresponse().status
        connection.close()
    except (OSError, http.client.HTTPException):
        return False
    return status == 200


def main() -> None:
    """Until it answers, a minute at most."""
    name, address = sys.argv[1:3]
    token, path = (sys.stdin.readline().strip() for _ in range(2))
    context = ssl.create_default_context()
    print("trying", flush=True)
    end = time.monotonic() + 60
    while not answers(name, address, path, token, context):
        if time.monotonic() > end:
            sys.exit(f"{name} did not answer at {address} within a minute")
        time.sleep(0.002)
    print(time.clock_gettime(time.CLOCK_MONOTONIC), flush=True)


if __name__ == "__main__":
    main()
