"""One client of Resource Manager over TLS on one kept-alive connection, for a while: prints each request's milliseconds as JSON.

Standard library only. Stdin: a JSON object ``{"port", "token", "seconds", "method", "paths", "body", "pause"}``; ``pause`` is
the time from one request's beginning to the next one's, 0 for as fast as may be.
"""

import http.client
import json
import ssl
import sys
import time


def main() -> None:
    """Ask until the time is over."""
    told = json.load(sys.stdin)
    context = ssl.create_default_context()
    connection = http.client.HTTPSConnection("localhost", told["port"], context=context)
    headers = {"Authorization": f"Bearer {told['token']}", "Content-Type": "application/json"}
    taken, statuses, at = [], set(), 0
    end = time.monotonic() + told["seconds"]
    due = time.monotonic()
    while time.monotonic() < end:
        body = json.dumps(told["body"]) if told["body"] is not None else None
        path = told["paths"][at % len(told["paths"])].replace("{n}", str(at))
        at += 1
        began = time.perf_counter()
        connection.request(told["method"], path, body, headers)
        answer = connection.getresponse()
        answer.read()
        taken.append(1000 * (time.perf_counter() - began))
        statuses.add(answer.status)
        due += told["pause"]
        if told["pause"]:
            time.sleep(max(0.0, due - time.monotonic()))
    print(json.dumps({"taken": taken, "statuses": sorted(statuses)}))


if __name__ == "__main__":
    main()
