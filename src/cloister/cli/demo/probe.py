"""Ask one question over HTTPS from where this program runs, and say in one JSON line how far it came.

A program of its own, run on machines of the cloud; standard library only. Arguments: name, path, and an address to use
instead of the name's (or ""); it POSTs ``{}``. The token is read from stdin, so that it stands in no process list. Answer:
``{"addresses", "connected", "status", "error", "body"}``.
"""

import http.client
import json
import socket
import ssl
import sys

CONNECT_SECONDS = 2.5  # a dropped SYN is sent again after 1 s: more than two tries
ANSWER_SECONDS = 30.0  # the tracking store starts when it is first asked


def probe(name: str, path: str, token: str, address: str) -> dict:
    """Resolve, connect, shake hands, ask; stop at the first that fails."""
    told: dict = {"addresses": [], "connected": False, "status": 0, "error": "", "body": ""}
    try:
        found = socket.getaddrinfo(address or name, 443, socket.AF_INET, socket.SOCK_STREAM)
        told["addresses"] = sorted({entry[4][0] for entry in found})
        plain = socket.create_connection((told["addresses"][0], 443), CONNECT_SECONDS)
        told["connected"] = True
        plain.settimeout(ANSWER_SECONDS)
        connection = http.client.HTTPSConnection(name)
        connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=name)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request("POST", path, "{}", headers)
        answer = connection.getresponse()
        told["status"] = answer.status
        told["body"] = answer.read(65536).decode(errors="replace")
        connection.close()
    except socket.gaierror as error:
        told["error"] = f"no such name ({error.strerror})"
    except TimeoutError:
        told["error"] = "no answer" if told["connected"] else "no packet came back"
    except (OSError, http.client.HTTPException) as error:
        told["error"] = str(error) or type(error).__name__
    return told


if __name__ == "__main__":
    print(json.dumps(probe(sys.argv[1], sys.argv[2], sys.stdin.readline().strip(), sys.argv[3])))
