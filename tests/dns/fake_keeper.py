"""A keeper for tests without rights: speaks the keeper's protocol for sockets, and puts every view on 127.0.0.1.

Port 53 of a namespace becomes a free port of the loopback, the same for UDP and TCP; ``ports`` tells which.
"""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path


class FakeKeeper:
    """Serves ``socket``, ``drop_socket`` and ``sockets`` at ``path`` until ``close``. ``gone`` namespaces are refused."""

    def __init__(self, path: Path):
        self.ports: dict[str, int] = {}
        self.sockets: dict[str, tuple[str, socket.socket]] = {}
        self.gone: set[str] = set()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path.unlink(missing_ok=True)
        self._listener.bind(str(path))
        self._listener.listen()
        self._peers: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for _, made in self.sockets.values():
            made.close()

    def drop_namespace(self, namespace: str) -> None:
        """As the keeper does: its sockets go with it."""
        self.gone.add(namespace)
        for name in [name for name, (inside, _) in self.sockets.items() if inside == namespace]:
            self.sockets.pop(name)[1].close()
        self.ports.pop(namespace, None)

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        while message := peer.recv(65536):
            request = json.loads(message)
            try:
                answer, descriptors = self._answer(request)
            except OSError as error:
                answer, descriptors = {"ok": False, "error": f"cannot do that: {error}"}, []
            socket.send_fds(peer, [json.dumps(answer).encode()], descriptors)
        peer.close()

    def _answer(self, request: dict) -> tuple[dict, list[int]]:
        if request["op"] == "drop_socket":
            held = self.sockets.pop(request["name"], None)
            if held is not None:
                held[1].close()
                self.ports.pop(held[0], None)
            return {"ok": True, "dropped": held is not None}, []
        if request["op"] == "sockets":
            return {"ok": True, "sockets": [{"name": name} for name in self.sockets], "more": False}, []
        namespace, name = request["namespace"], request["name"]
        if namespace in self.gone:
            return {"ok": False, "error": f"cannot find the namespace {namespace!r}"}, []
        created = name not in self.sockets
        if created:
            self._make(namespace)
        return {"ok": True, "created": created}, [self.sockets[name][1].fileno()]

    def _make(self, namespace: str) -> None:
        """Both sockets of a namespace, at a port that is free for both."""
        while True:
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                udp.bind(("127.0.0.1", 0))
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tcp.bind(udp.getsockname())
                tcp.listen()
            except OSError:
                udp.close()
                tcp.close()
                continue
            self.ports[namespace] = udp.getsockname()[1]
            self.sockets[f"dns-udp-{namespace}"] = namespace, udp
            self.sockets[f"dns-tcp-{namespace}"] = namespace, tcp
            return
