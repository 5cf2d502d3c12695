"""A blocking client of the keeper (protocol: ``cloister.keeper``), for the fabric, the edge, the resolver and the CLI.

Standard library only. One client may be used by several threads; each call is one datagram out and one back.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

from cloister.keeper.kernel import enter_network
from cloister.limits import KEEPER_MESSAGE_BYTES_MAX

__all__ = ["Keeper", "KeeperRefused", "enter_network"]


class KeeperRefused(Exception):
    """The keeper said no; ``str()`` begins with "cannot"."""


class Keeper:
    """Calls of the keeper at ``path``. Each raises ConnectionError when it does not answer and KeeperRefused when it refuses.

    It connects when first needed, and again after a loss.
    """

    def __init__(self, path: Path, timeout: float = 30.0):
        self._path = path
        self._timeout = timeout
        self._sock: socket.socket | None = None
        self._lock = threading.Lock()

    def namespace(self, name: str, create: bool = True) -> int:
        """A descriptor of the namespace ``name``, made unless it is there or ``create`` is false. The caller closes it."""
        return self.make(name, create)[0]

    def make(self, name: str, create: bool = True) -> tuple[int, bool]:
        """As ``namespace``, and whether it was made by this call."""
        answer, descriptors = self._call({"op": "namespace", "name": name, "create": create})
        return self._taken(descriptors), answer["created"]

    def namespaces(self) -> list[str]:
        """The names of all namespaces, sorted."""
        names: list[str] = []
        more = True
        while more:
            answer, _ = self._call({"op": "namespaces", "after": names[-1] if names else ""})
            names += answer["names"]
            more = answer["more"]
        return names

    def drop(self, name: str) -> bool:
        """Let go of a namespace and the sockets in it; False when it was not there."""
        return self._call({"op": "drop", "name": name})[0]["dropped"]

    def socket(self, name: str, namespace: str | None, type: str, address: str, port: int) -> socket.socket:
        """The socket ``name``, non-blocking, made at the first call and kept; ``type`` tcp (listening), udp, or out (unbound).

        ``namespace`` None is the host. Closing what is returned leaves the keeper's own open.
        """
        request = {"op": "socket", "name": name, "namespace": namespace, "type": type, "address": address, "port": port}
        made = socket.socket(fileno=self._taken(self._call(request)[1]))
        made.setblocking(False)
        return made

    def drop_socket(self, name: str) -> bool:
        """Let go of a socket; False when it was not there."""
        return self._call({"op": "drop_socket", "name": name})[0]["dropped"]

    def sockets(self) -> list[dict[str, Any]]:
        """``{"name", "namespace", "type", "address", "port"}`` of each held socket."""
        found: list[dict[str, Any]] = []
        more = True
        while more:
            answer, _ = self._call({"op": "sockets", "after": found[-1]["name"] if found else ""})
            found += answer["sockets"]
            more = answer["more"]
        return found

    def children(self) -> list[dict[str, Any]]:
        """``{"name", "pid", "restarts", "since"}`` of each program; pid 0: it does not run."""
        return self._call({"op": "children"})[0]["children"]

    def start(self, name: str) -> int:
        """Start a program of the table unless it runs; its pid."""
        return self._call({"op": "start", "name": name})[0]["pid"]

    def ping(self) -> int:
        """The keeper's pid."""
        return self._call({"op": "ping"})[0]["pid"]

    def user(self) -> int:
        """A descriptor of the cloud's own user namespace, which the caller closes; -1 where it has none: it runs as root."""
        answer, descriptors = self._call({"op": "user"})
        return self._taken(descriptors) if answer["own"] else -1

    def stop(self, timeout: float = 15.0) -> None:
        """End the cloud and wait until the keeper is gone. Raises TimeoutError."""
        with self._lock:
            self._exchange({"op": "stop"})
            assert self._sock is not None
            self._sock.settimeout(timeout)
            with contextlib.suppress(ConnectionError):
                self._sock.recv(1)
            self._close()

    def close(self) -> None:
        """Close the connection; a later call opens a new one."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _call(self, request: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        with self._lock:
            answer, descriptors = self._exchange(request)
        if not answer["ok"]:
            for descriptor in descriptors:
                os.close(descriptor)
            raise KeeperRefused(answer["error"])
        return answer, descriptors

    def _taken(self, descriptors: list[int]) -> int:
        """The descriptor that came with an answer. The kernel drops it where this process may have no more."""
        if not descriptors:
            raise OSError(errno.EMFILE, "cannot take a descriptor from the keeper: this process may have no more open files")
        return descriptors[0]

    def _exchange(self, request: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        message = json.dumps(request).encode()
        try:
            if self._sock is None:
                self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                self._sock.settimeout(self._timeout)
                self._sock.connect(str(self._path))
            self._sock.send(message)
            answer, descriptors, _, _ = socket.recv_fds(self._sock, KEEPER_MESSAGE_BYTES_MAX, 1, socket.MSG_CMSG_CLOEXEC)
        except OSError as error:
            self._close()
            raise ConnectionError(f"cannot reach the keeper at {self._path}: {error.strerror or error}") from error
        if not answer:
            self._close()
            raise ConnectionError(f"cannot reach the keeper at {self._path}: it ended the connection")
        return json.loads(answer), descriptors
