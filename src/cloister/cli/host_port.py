"""The loopback port for clients of the host, of ``cloud.json``: whether it can be had, and whether it is ours."""

from __future__ import annotations

import errno
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cloister.home import Home

TRY_SECONDS = 3
POLL_SECONDS = 0.02
_TURN = "\0cloister/first-start"


def obstacle(port: int) -> str:
    """Why 127.0.0.1:``port`` cannot be listened on now; "" where it can."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


@contextmanager
def turn(seconds: float) -> Iterator[None]:
    """Held from the choice of a port until it is listened on, so that two first starts of this machine choose two ports.

    Waits for others that hold it, but no longer than that: where one of them hangs, or the kernel gives no such socket, the worst
    is a port that is taken. The kernel lets go of it with the process (an abstract socket, unix(7)).
    """
    end = time.monotonic() + seconds
    with socket.socket(socket.AF_UNIX) as held:
        while True:
            try:
                held.bind(_TURN)
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                    break
                time.sleep(POLL_SECONDS)
        yield


def is_ours(home: Home, port: int) -> bool:
    """Whether what listens there shows a certificate of this cloud."""
    try:
        context = ssl.create_default_context(cafile=str(home.ca_file))
        with socket.create_connection(("127.0.0.1", port), timeout=TRY_SECONDS) as plain:
            context.wrap_socket(plain, server_hostname="localhost").close()
    except OSError:
        return False
    return True


def way_out(home: Home) -> str:
    """What to do about a port that somebody else has."""
    return f"end what listens there, or set another host_port in {home.cloud_file}"
