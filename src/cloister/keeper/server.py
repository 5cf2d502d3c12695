"""The keeper's loop: answers requests on its socket, watches children, ends in order. One thread."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import selectors
import signal
import socket
import struct
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from cloister.home import Home
from cloister.keeper import rights
from cloister.keeper.children import Children
from cloister.keeper.holdings import Holdings, Place, Refused
from cloister.keeper.table import PROGRAMS, Program
from cloister.limits import KEEPER_MESSAGE_BYTES_MAX

END_SECONDS = 5.0  # between SIGTERM and SIGKILL to the children
SOCKET_PATH_BYTES_MAX = 107  # sun_path, unix(7), less its final zero
LONGEST_NAME = "resolver"
CLOSE_SECONDS_MAX = 3.0  # at the end: what is not closed slowly by then closes with the process


class CannotStart(Exception):
    """Another keeper runs on the same home, or the home cannot hold sockets."""


class Server:
    """The keeper of one home. ``run`` serves until told to stop. ``own_user``: it owns the user namespace that it is in."""

    def __init__(
        self,
        home: Home,
        programs: Sequence[Program] = PROGRAMS,
        environment: Mapping[str, str] | None = None,
        own_user: bool = False,
    ):
        self.home = home
        self.user = rights.user_namespace() if own_user else -1
        too_long = len(os.fsencode(home.socket(LONGEST_NAME))) - SOCKET_PATH_BYTES_MAX
        if too_long > 0:
            raise CannotStart(
                f"cannot start on {home.root}: its path is {too_long} bytes too long for sockets; "
                "set CLOISTER_HOME to a shorter one"
            )
        home.make()
        self._lock = self._only_one()
        self._log = os.open(home.log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._selector = selectors.DefaultSelector()
        inherited = dict(os.environ if environment is None else environment)
        inherited |= {"CLOISTER_HOME": str(home.root), "PYTHONUNBUFFERED": "1"}
        also_keep = rights.needed_for_files([sys.executable, rights.__file__], [home.root])
        self.children = Children(programs, inherited, home.log_file, self._selector, self.note, also_keep)
        self.holdings = Holdings()
        self._ending = False
        self._kill_at: float | None = None
        self._closed_at: float | None = None

    def note(self, text: str) -> None:
        """One line in the cloud's log; lost where the disk is full."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with suppress(OSError):
            os.write(self._log, f"{stamp} keeper: {text}\n".encode())

    def _only_one(self) -> int:
        lock = os.open(self.home.run / "keeper.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise CannotStart(
                f"cannot start on {self.home.root}: a cloud runs there already; stop it with `cloister down`"
            ) from None
        return lock

    def run(self) -> None:
        """Serve until ``stop``, SIGTERM or SIGINT, and end everything in order."""
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self._watch_signals()
        self._listen()
        self.children.start_all()
        while not self._done():
            waits = [wait for wait in (self.children.tick(), self.holdings.tick(), self._until_next()) if wait is not None]
            for key, _ in self._selector.select(min(waits) if waits else None):
                key.data()  # each closes at most what it was called for
        self.home.socket("keeper").unlink(missing_ok=True)
        self.note("ended")

    def _watch_signals(self) -> None:
        ours, kernels = socket.socketpair()
        ours.setblocking(False)
        kernels.setblocking(False)
        signal.set_wakeup_fd(kernels.fileno())
        self._signals = ours, kernels
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)  # the number arrives through the socket

        def arrived() -> None:
            with suppress(BlockingIOError):
                ours.recv(64)
            self.stop()

        self._selector.register(ours, selectors.EVENT_READ, arrived)

    def _listen(self) -> None:
        path = self.home.socket("keeper")
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        old = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(old)
        listener.listen(64)
        self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener))

    def _accept(self, listener: socket.socket) -> None:
        try:
            peer, _ = listener.accept()
        except (BlockingIOError, ConnectionError):
            return
        except OSError as error:  # no descriptor left: the caller waits in the queue until one is
            self.note(f"cannot accept a caller: {error.strerror}")
            time.sleep(0.1)
            return
        uid = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if uid not in (os.getuid(), 0):
            peer.close()
            return
        peer.setblocking(False)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KEEPER_MESSAGE_BYTES_MAX)
        self._selector.register(peer, selectors.EVENT_READ, lambda: self._serve(peer))

    def _serve(self, peer: socket.socket) -> None:
        try:
            message = peer.recv(KEEPER_MESSAGE_BYTES_MAX)
            if message:
                answer, descriptors = self._answer(message)
                socket.send_fds(peer, [json.dumps(answer).encode()], descriptors)
                return
        except BlockingIOError:
            pass  # a peer that asks and does not read: it goes
        except OSError:
            pass
        self._selector.unregister(peer)
        peer.close()

    def _answer(self, message: bytes) -> tuple[dict[str, Any], list[int]]:
        try:
            request = json.loads(message)
            operation = OPERATIONS.get(request.get("op", "")) if isinstance(request, dict) else None
            if operation is None:
                raise Refused(f"cannot understand {message[:100]!r}: use one of {', '.join(OPERATIONS)}")
            if self._ending and operation is not _stop:
                raise Refused("cannot do that: the cloud is stopping")
            answer, descriptors = operation(self, request)
            return {"ok": True, **answer}, descriptors
        except Refused as error:
            return {"ok": False, "error": str(error)}, []
        except OSError as error:
            return {
                "ok": False,
                "error": error.strerror if "cannot" in (error.strerror or "") else f"cannot do that: {error}",
            }, []
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            return {"ok": False, "error": f"cannot understand {message[:100]!r}: {type(error).__name__} {error}"}, []

    def stop(self) -> None:
        """Begin to end: children first."""
        if not self._ending:
            self._ending = True
            self._kill_at = time.monotonic() + END_SECONDS
            self.note("stopping")
            self.children.end(signal.SIGTERM)

    def _until_next(self) -> float | None:
        if not self._ending:
            return None
        now = time.monotonic()
        if self.children.running:
            if self._kill_at is not None and now >= self._kill_at:
                self._kill_at = None
                self.children.end(signal.SIGKILL)
            return self._kill_at - now if self._kill_at is not None else None
        if self._closed_at is None:
            self._closed_at = now + CLOSE_SECONDS_MAX
            self.holdings.drop_all()
            return 0.0
        return 0.0 if self.holdings.closed else max(0.0, self._closed_at - now)

    def _done(self) -> bool:
        if self._closed_at is None:
            return False
        return self.holdings.closed or time.monotonic() >= self._closed_at


Answer = tuple[dict[str, Any], list[int]]


def _text(request: dict, field: str) -> str:
    if not isinstance(request[field], str):
        raise ValueError(f"{field} is no text")
    return request[field]


def _namespace(server: Server, request: dict) -> Answer:
    descriptor, created = server.holdings.namespace(_text(request, "name"), bool(request.get("create", True)))
    return {"created": created}, [descriptor]


def _namespaces(server: Server, request: dict) -> Answer:
    names, more = server.holdings.names(str(request.get("after", "")))
    return {"names": names, "more": more}, []


def _drop(server: Server, request: dict) -> Answer:
    return {"dropped": server.holdings.drop(_text(request, "name"))}, []


def _socket(server: Server, request: dict) -> Answer:
    namespace = None if request["namespace"] is None else _text(request, "namespace")
    place = Place(namespace, _text(request, "type"), _text(request, "address"), int(request["port"]))
    made, created = server.holdings.socket(_text(request, "name"), place)
    return {"created": created}, [made.fileno()]


def _drop_socket(server: Server, request: dict) -> Answer:
    return {"dropped": server.holdings.drop_socket(_text(request, "name"))}, []


def _sockets(server: Server, request: dict) -> Answer:
    sockets, more = server.holdings.sockets(str(request.get("after", "")))
    return {"sockets": sockets, "more": more}, []


def _start(server: Server, request: dict) -> Answer:
    name = _text(request, "name")
    if name not in {child["name"] for child in server.children.told()}:
        raise Refused(f"cannot start {name!r}: it is none of the cloud's programs")
    return {"pid": server.children.start(name)}, []


def _children(server: Server, request: dict) -> Answer:
    return {"children": server.children.told()}, []


def _ping(server: Server, request: dict) -> Answer:
    return {"pid": os.getpid()}, []


def _user(server: Server, request: dict) -> Answer:
    return {"own": server.user >= 0}, [server.user] if server.user >= 0 else []


def _stop(server: Server, request: dict) -> Answer:
    server.stop()
    return {}, []


OPERATIONS = {
    "namespace": _namespace,
    "namespaces": _namespaces,
    "drop": _drop,
    "socket": _socket,
    "drop_socket": _drop_socket,
    "sockets": _sockets,
    "start": _start,
    "children": _children,
    "ping": _ping,
    "user": _user,
    "stop": _stop,
}
