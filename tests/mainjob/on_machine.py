"""What runs on a machine of a test: reads one JSON command a line, answers one JSON line. Standard library only.

{"do": "resolve", "name": N}                        -> {"address": A | ""}
{"do": "open", "as": K, "name": SNI, "address"?: A} -> {"opened": bool, "why": text}   (TLS, kept open under K)
{"do": "ask", "as": K, "host": H, "path": P, "token"?: T, "method"?: M, "body"?: B} -> {"status": int, "body": B} | {"ended": why}
{"do": "end", "as": K, "seconds": S, "sending": bool} -> {"ended": bool, "at": unix time}  (waits for the end)
{"do": "tcp", "address": A, "port": P, "seconds": S} -> {"reached": bool, "why": text}
{"do": "serve", "port": P}                          -> {"serving": true}  (tells each caller its address)
{"do": "forwarded"}                                 -> {"packets": int}
{"do": "greet", "address": A, "port": P, "seconds": S} -> {"seen": address | "", "why": text}  (what ``serve`` tells)
{"do": "hammer", "addresses": [A, ...], "seconds": S} -> {"begun": true}  (connects again and again to port 443 of each)
{"do": "hammered"}                                  -> {A: [[began, ended, reached], ...]}  (ends it; times as time.monotonic)
{"do": "echo", "port": P}                           -> {"serving": true}  (tells each caller its address, then echoes)
{"do": "hold", "as": K, "address": A, "port": P, "seconds": S, "bytes"?: N} -> {"seen": address | "", "same": bool}  (of ``echo``)
{"do": "own"}                                       -> {"address": A}  (the machine's own)
{"do": "say", "as": K, "seconds": S}                -> {"echoed": bool}  (over a connection of ``hold``)
{"do": "fetch", "scheme": http|https, "name": N, "asked": H, "seconds": S} -> {"body": text | ""}  (whatever the certificate)
{"do": "proxied", "address": A, "port": P, "seconds": S} -> {"heard": hex}  (what ``echo`` heard though nothing was sent)
{"do": "doh", "server": S, "name": N, "method": GET|POST} -> {"status": int, "address": the last record's | "", "type": text}
"""

import base64
import http.client
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time

CONNECTIONS = {}


def resolve(name):
    try:
        return {"address": socket.getaddrinfo(name, 443, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]}
    except OSError:
        return {"address": ""}


def open_connection(command):
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    if not command.get("name"):
        context.check_hostname = False
    address = command.get("address") or command["name"]
    try:
        plain = socket.create_connection((address, command.get("port", 443)), timeout=command.get("seconds", 3))
        held = context.wrap_socket(plain, server_hostname=command.get("name"))
    except OSError as error:
        return {"opened": False, "why": f"{type(error).__name__}: {error}"}
    CONNECTIONS[command["as"]] = held
    return {"opened": True, "why": ""}


def ask(command):
    held = CONNECTIONS[command["as"]]
    held.settimeout(command.get("seconds", 20))
    sent = command.get("body", "").encode()
    lines = [f"{command.get('method', 'GET')} {command['path']} HTTP/1.1", f"Host: {command['host']}", "Accept: */*"]
    if sent:
        lines += ["Content-Type: application/json", f"Content-Length: {len(sent)}"]
    if command.get("token"):
        lines.append(f"Authorization: Bearer {command['token']}")
    try:
        held.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + sent)
        head = b""
        while b"\r\n\r\n" not in head:
            part = held.recv(65536)
            if not part:
                return {"ended": "closed"}
            head += part
        head, _, body = head.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        while len(body) < int(fields.get(b"content-length", 0)):
            part = held.recv(65536)
            if not part:
                return {"ended": "closed in the body"}
            body += part
        return {"status": int(head.split()[1]), "body": body.decode()}
    except OSError as error:
        return {"ended": f"{type(error).__name__}: {error}"}


def wait_for_end(command):
    held = CONNECTIONS[command["as"]]
    until = time.monotonic() + command["seconds"]
    held.settimeout(0.005)
    while time.monotonic() < until:
        try:
            if command["sending"]:
                held.sendall(b"G")  # the first letter of a request that never comes to its end
            if not held.recv(1):
                return {"ended": True, "at": time.time()}
        except (TimeoutError, ssl.SSLWantReadError):
            continue
        except OSError:
            return {"ended": True, "at": time.time()}
    return {"ended": False, "at": time.time()}


def tcp(command):
    try:
        with socket.create_connection((command["address"], command["port"]), timeout=command["seconds"]):
            return {"reached": True, "why": ""}
    except OSError as error:
        return {"reached": False, "why": f"{type(error).__name__}: {error}"}


def serve(port):
    listening = socket.create_server(("0.0.0.0", port))

    def answer():
        while True:
            caller, (address, _) = listening.accept()
            with caller:
                caller.sendall(address.encode())

    threading.Thread(target=answer, daemon=True).start()
    return {"serving": True}


def greet(command):
    try:
        with socket.create_connection((command["address"], command["port"]), timeout=command["seconds"]) as made:
            return {"seen": made.recv(100).decode(), "why": ""}
    except OSError as error:
        return {"seen": "", "why": f"{type(error).__name__}: {error}"}


def echo(port):
    listening = socket.create_server(("0.0.0.0", port))

    def one(caller, address):
        with caller:
            caller.sendall(f"{address}\n".encode())
            while part := caller.recv(65536):
                caller.sendall(part)

    def answer():
        while True:
            caller, (address, _) = listening.accept()
            threading.Thread(target=one, args=(caller, address), daemon=True).start()

    threading.Thread(target=answer, daemon=True).start()
    return {"serving": True}


def hold(command):
    try:
        made = socket.create_connection((command["address"], command["port"]), timeout=command["seconds"])
        CONNECTIONS[command["as"]] = made
        seen = made.recv(100).decode().strip()
        sent = os.urandom(command.get("bytes", 0))
        threading.Thread(target=made.sendall, args=(sent,), daemon=True).start()
        came = b""
        while len(came) < len(sent):
            came += made.recv(1 << 20)
        return {"seen": seen, "same": came == sent}
    except OSError as error:
        return {"seen": "", "same": False, "why": f"{type(error).__name__}: {error}"}


def fetch(command):
    name, asked, seconds = command["name"], command["asked"], command["seconds"]
    try:
        made = http.client.HTTPConnection(name, timeout=seconds)
        if command["scheme"] == "https":
            plain = socket.create_connection((name, 443), timeout=seconds)
            made.sock = ssl._create_unverified_context().wrap_socket(plain, server_hostname=asked)
        made.request("GET", "/", headers={"Host": asked})
        return {"body": made.getresponse().read().decode()}
    except (OSError, http.client.HTTPException):
        return {"body": ""}


def own():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.connect(("198.18.0.1", 9))
        return {"address": made.getsockname()[0]}


def say(command):
    held = CONNECTIONS[command["as"]]
    held.settimeout(command["seconds"])
    try:
        held.sendall(b"x")
        return {"echoed": held.recv(1) == b"x"}
    except OSError:
        return {"echoed": False}


def proxied(command):
    try:
        with socket.create_connection((command["address"], command["port"]), timeout=command["seconds"]) as made:
            came = b""
            while len(came.partition(b"\n")[2]) < 28:
                part = made.recv(1000)
                if not part:
                    break
                came += part
            return {"heard": came.partition(b"\n")[2].hex()}
    except OSError:
        return {"heard": ""}


def question(name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"\0\0\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"


def doh(command):
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    made = http.client.HTTPSConnection(command["server"], timeout=10, context=context)
    message = question(command["name"])
    if command["method"] == "POST":
        made.request("POST", "/dns-query", message, {"Content-Type": "application/dns-message"})
    else:
        text = base64.urlsafe_b64encode(message).decode().rstrip("=")
        made.request("GET", f"/dns-query?dns={text}", headers={"Accept": "application/dns-message"})
    said = made.getresponse()
    body = said.read()
    found = said.status == 200 and body[3] & 15 == 0 and body[7]
    address = ".".join(str(byte) for byte in body[-4:]) if found else ""
    return {"status": said.status, "type": said.getheader("content-type"), "address": address}


def forwarded():
    """How many packets of others this machine has sent on (ipForwDatagrams of RFC 4293)."""
    with open("/proc/thread-self/net/snmp") as table:
        names, values = [line.split() for line in table if line.startswith("Ip:")][:2]
    return {"packets": int(values[names.index("ForwDatagrams")])}


HAMMERS = {}
STOP = threading.Event()


def hammer(address, seconds, found):
    """Each connection is reset, not closed: no port waits for its end."""
    while not STOP.is_set():
        began = time.monotonic()
        reached = True
        with socket.socket() as made:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            made.settimeout(seconds)
            try:
                made.connect((address, 443))
            except OSError:
                reached = False
        found.append((began, time.monotonic(), reached))
        time.sleep(0.001)


def begin_hammering(command):
    for address in command["addresses"]:
        found = []
        thread = threading.Thread(target=hammer, args=(address, command["seconds"], found), daemon=True)
        HAMMERS[address] = thread, found
        thread.start()
    return {"begun": True}


def end_hammering():
    STOP.set()
    for thread, _ in HAMMERS.values():
        thread.join()
    return {address: found for address, (_, found) in HAMMERS.items()}


DO = {
    "hammer": begin_hammering,
    "hammered": lambda c: end_hammering(),
    "forwarded": lambda c: forwarded(),
    "resolve": lambda c: resolve(c["name"]),
    "open": open_connection,
    "ask": ask,
    "end": wait_for_end,
    "tcp": tcp,
}
DO |= {"echo": lambda c: echo(c["port"]), "hold": hold, "proxied": proxied, "say": say, "fetch": fetch, "own": lambda c: own()}
DO |= {"doh": doh, "serve": lambda c: serve(c["port"]), "greet": greet}

for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(DO[asked["do"]](asked)), flush=True)
