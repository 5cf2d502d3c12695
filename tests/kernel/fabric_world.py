"""A keeper of its own, a fabric without control, and sockets inside namespaces: what the kernel tests stand on."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from cloister.compilers.diff import difference
from cloister.compilers.order import arrange
from cloister.drivers.linux.main import Fabric
from cloister.drivers.linux.netlink import NETFILTER, ROUTE, Channel
from cloister.home import Home
from cloister.keeper.client import Keeper, enter_network
from cloister.keeper.kernel import in_thread, new_network
from cloister.net import plan
from cloister.net.desired import (
    Drop,
    Edit,
    EndpointAddress,
    FabricObject,
    Forward,
    Gateway,
    IdentityRoute,
    Namespace,
    Nic,
    Put,
    Uplink,
)

Result = TypeVar("Result")
KEEPER = """
import json, pathlib, sys
from cloister.home import Home
from cloister.keeper.server import Server
from cloister.keeper.table import Program
programs = [Program(name, tuple(argv), on_demand) for name, argv, on_demand in json.loads(sys.argv[2])]
Server(Home(pathlib.Path(sys.argv[1])), programs).run()
"""
BLOB = "198.19.16.2"  # a service's public address in these tests


def no_network_rights() -> str:
    """Why this process cannot make network namespaces; "" when it can."""
    try:
        os.close(new_network())
    except OSError as error:
        return f"{error.strerror}: run as root, or inside `unshare --user --map-root-user --net --mount`"
    return ""


def needs_network_rights() -> None:
    """Skip, saying why, where the kernel refuses."""
    if why := no_network_rights():
        pytest.skip(why)


def eventually(what: Callable[[], Result], seconds: float = 5.0) -> Result:
    """Ask until the answer is true; fail after the deadline with the last answer."""
    deadline = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < deadline, f"still {found!r} after {seconds} s"
        time.sleep(0.01)


def patience() -> float:
    """Seconds after which no answer is silence: more on a machine with other work."""
    return 0.3 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


class RunningKeeper:
    """A keeper process on a home of its own."""

    def __init__(self, root: Path, programs: Sequence[tuple[str, Sequence[str], bool]] = ()):
        import json

        self.home = Home(root)
        self.home.make()
        self.process = subprocess.Popen([sys.executable, "-c", KEEPER, str(root), json.dumps(programs)])
        self.client = Keeper(self.home.socket("keeper"))
        eventually(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"the keeper ended: {self.log()}"
        try:
            return self.client.ping() == self.process.pid
        except ConnectionError:
            return False

    def log(self) -> str:
        """What the cloud's log says."""
        return self.home.log_file.read_text() if self.home.log_file.exists() else ""

    def end(self) -> None:
        """Stop it, by force if need be."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.client.close()


@contextlib.contextmanager
def running_keeper(root: Path, programs: Sequence[tuple[str, Sequence[str], bool]] = ()) -> Iterator[RunningKeeper]:
    """A keeper for the length of a block."""
    keeper = RunningKeeper(root, programs)
    try:
        yield keeper
    finally:
        keeper.end()


class Edge:
    """A tiny TCP server in ``services``: tells each caller its address, answers each line, resets by identity."""

    def __init__(self, keeper: Keeper, address: str = "0.0.0.0", port: int = 443, name: str = "edge"):
        self._listener = keeper.socket(name, "services", "tcp", address, port)
        self._open: dict[socket.socket, str] = {}
        self.refused: set[str] = set()  # identities that are withdrawn
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._lock = threading.Lock()
        self._ending = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._ending:
            for key, _ in self._selector.select(0.05):
                with self._lock:
                    if key.fileobj is self._listener:
                        self._accept()
                    else:
                        self._echo(key.fileobj)  # type: ignore[arg-type]

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            peer, (address, _) = self._listener.accept()
            if address in self.refused:
                self._reset(peer)
                return
            peer.sendall(f"you are {address}\n".encode())
            self._open[peer] = address
            self._selector.register(peer, selectors.EVENT_READ)

    @staticmethod
    def _reset(peer: socket.socket) -> None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()

    def _echo(self, peer: socket.socket) -> None:
        if peer.fileno() < 0:
            return
        try:
            got = peer.recv(65536)
            if got:
                peer.sendall(got)
                return
        except OSError:
            pass
        self._close(peer)

    def _close(self, peer: socket.socket) -> None:
        self._selector.unregister(peer)
        del self._open[peer]
        peer.close()

    def peers(self) -> list[str]:
        """The addresses of all open callers."""
        with self._lock:
            return list(self._open.values())

    def sever(self, identity: str) -> None:
        """Reset all callers of that address and those still to come, as the edge does."""
        with self._lock:
            self.refused.add(identity)
            for peer in [peer for peer, address in self._open.items() if address == identity]:
                self._selector.unregister(peer)
                del self._open[peer]
                self._reset(peer)

    def end(self) -> None:
        """Close everything."""
        self._ending = True
        self._thread.join()
        for peer in list(self._open):
            self._close(peer)
        self._listener.close()


class World:
    """A fabric over a keeper, edits by hand, and a person's view of it."""

    def __init__(self, root: Path):
        self.running = self.start_keeper(root)
        self.keeper = self.running.client
        self._thread = ThreadPoolExecutor(1)
        self.fabric = self.on_thread(lambda: Fabric(Keeper(self.running.home.socket("keeper"))))
        self._sockets: list[socket.socket] = []
        self._edges: list[Edge] = []
        self.desired: dict[str, FabricObject] = {}

    def start_keeper(self, root: Path) -> RunningKeeper:
        """The keeper of this world."""
        return RunningKeeper(root)

    def on_thread(self, work: Callable[[], Result]) -> Result:
        """Do something in the fabric's thread."""
        return self._thread.submit(work).result()

    def apply(self, *edits: Edit) -> list[str]:
        """Apply edits and remember what is desired then."""
        for edit in edits:
            if isinstance(edit, Put):
                self.desired[edit.object.key] = edit.object  # type: ignore[assignment]
            elif isinstance(edit, Drop):
                self.desired.pop(edit.object.key, None)
        return self.on_thread(lambda: self.fabric.apply(list(edits)))

    def put(self, *items: FabricObject) -> None:
        """Put objects; each must succeed."""
        answers = self.apply(*map(Put, items))
        assert answers == [""] * len(items), answers

    def drop(self, *items: FabricObject) -> None:
        """Drop objects; each must succeed."""
        answers = self.apply(*map(Drop, items))
        assert answers == [""] * len(items), answers

    def observe(self) -> dict[str, FabricObject]:
        """What holds, by key, owners taken away."""
        return {item.key: ownerless(item) for item in self.on_thread(self.fabric.observe)}

    def wanted(self) -> dict[str, FabricObject]:
        """What should hold, by key, owners taken away."""
        return {key: ownerless(item) for key, item in self.desired.items()}

    def new_fabric(self) -> None:
        """As after kill -9 of the fabric's process: nothing remembered, nothing let go."""
        self.on_thread(self.fabric.close)
        self.fabric = self.on_thread(lambda: Fabric(Keeper(self.running.home.socket("keeper"))))

    def edge(self, **how: Any) -> Edge:
        """Start a server in ``services``."""
        edge = Edge(self.keeper, **how)
        self._edges.append(edge)
        return edge

    def inside(self, namespace: str, work: Callable[[], Result]) -> Result:
        """Do something in a thread inside a namespace."""
        descriptor = self.keeper.namespace(namespace, create=False)

        def there() -> Result:
            enter_network(descriptor)
            return work()

        try:
            return in_thread(there)
        finally:
            os.close(descriptor)

    def socket(self, namespace: str, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> socket.socket:
        """A socket inside a namespace, closed with the world."""
        made = self.inside(namespace, lambda: socket.socket(socket.AF_INET, kind, protocol))
        self._sockets.append(made)
        return made

    def connect(self, namespace: str, address: str, port: int = 443, timeout: float = 2.0) -> socket.socket:
        """A TCP connection from a machine. Raises OSError, TimeoutError."""
        made = self.socket(namespace)
        made.settimeout(timeout)
        made.connect((address, port))
        return made

    def greeting(self, namespace: str, address: str, port: int = 443) -> str:
        """What the edge says to a caller: as whom it sees it."""
        with self.connect(namespace, address, port) as made:
            return made.recv(100).decode().strip()

    def reach(self, namespace: str, address: str, port: int = 443) -> str:
        """ "open", or how a connection fails: an errno's name, or "silence"."""
        try:
            self.connect(namespace, address, port, patience()).close()
        except TimeoutError:
            return "silence"
        except OSError as error:
            return errno.errorcode.get(error.errno or 0, str(error))
        return "open"

    def reaches(self, namespace: str, places: Iterable[tuple[str, int]], seconds: float = 0) -> dict[tuple[str, int], str]:
        """As ``reach`` for many places at once; ``seconds`` instead of ``patience``."""
        found = dict.fromkeys(places, "silence")
        waiting = selectors.DefaultSelector()
        for place in found:
            made = self.socket(namespace)
            made.setblocking(False)
            failure = made.connect_ex(place)
            if failure == errno.EINPROGRESS:
                waiting.register(made, selectors.EVENT_WRITE, place)
            else:
                found[place] = errno.errorcode[failure] if failure else "open"
        left = seconds or patience()
        deadline = time.monotonic() + left
        while waiting.get_map() and left >= 0:
            left = deadline - time.monotonic()  # a process that had no turn looks once more after it
            for key, _ in waiting.select(max(left, 0)):
                waiting.unregister(key.fileobj)
                failure = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # type: ignore[union-attr]
                found[key.data] = errno.errorcode[failure] if failure else "open"
        return found

    def route(self, namespace: str) -> Channel:
        """A channel of one's own for links and routes there: for edits behind the fabric's back."""
        return self.inside(namespace, lambda: Channel(ROUTE))

    def filter(self, namespace: str) -> Channel:
        """Likewise for nftables."""
        return self.inside(namespace, lambda: Channel(NETFILTER))

    def mend(self) -> list[Edit]:
        """What a loop does: observe, compare, apply in ORDER. The edits it made."""
        edits = difference(self.wanted(), self.observe())
        for phase, some in arrange(edits):
            if phase.driver == "fabric":
                answers = self.on_thread(lambda some=some: self.fabric.apply(some))  # type: ignore[misc]
                assert answers == [""] * len(some), answers
        return edits

    def run(self, namespace: str, *argv: str) -> str:
        """Run a program in a namespace and return what it printed."""
        return self.inside(namespace, lambda: subprocess.run(argv, capture_output=True, text=True, check=True).stdout)

    def end(self) -> None:
        """Close everything and stop the keeper."""
        for made in self._sockets:
            made.close()
        for edge in self._edges:
            edge.end()
        self.on_thread(self.fabric.close)
        self._thread.shutdown()
        self.running.end()


def ownerless(item: FabricObject) -> FabricObject:
    """The object without its owner, for comparison."""
    import msgspec

    return msgspec.structs.replace(item, owner="")


def base() -> list[FabricObject]:
    """The service network and the internet."""
    return [
        Namespace(owner="", name="services", role="services"),
        Namespace(owner="", name="internet", role="internet"),
        Uplink(owner="", namespace="internet", routes=("198.18.0.0/18", "198.18.64.0/18")),
        Gateway(owner="", namespace="internet", prefix=str(plan.INTERNET), address=str(plan.INTERNET_GATEWAY)),
    ]


def vnet(number: int, outbound: bool = True, prefix: str = "10.0.0.0/24") -> list[FabricObject]:
    """A network with one subnet."""
    name, owner = f"vnet-{number}", f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v{number}"
    gateway = prefix.partition("/")[0].rpartition(".")[0] + ".1"
    address = plan.outbound_address(number)
    return [
        Namespace(owner=owner, name=name, role="vnet", outbound=address),
        Uplink(owner=owner, namespace=name, routes=(f"{address}/32",)),
        Gateway(owner=f"{owner}/subnets/default", namespace=name, prefix=prefix, address=gateway, outbound=outbound),
    ]


def machine(number: int, router: str, address: str, length: int = 24, gateway: str = "10.0.0.1") -> list[FabricObject]:
    """A machine with one NIC."""
    name = f"machine-{number}"
    return [
        Namespace(owner="m", name=name, role="machine"),
        Nic(
            owner="m",
            router=router,
            machine=name,
            number=number,
            address=address,
            prefix_length=length,
            gateway=gateway,
        ),
    ]


def endpoint(number: int, network: int, address: str, to: str = BLOB, port: int = 443) -> list[FabricObject]:
    """An approved endpoint: its address, the way back, the way."""
    router, identity = f"vnet-{network}", plan.identity_address(number)
    owner = f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/pe{number}"
    return [
        EndpointAddress(owner=owner, namespace=router, address=address),
        IdentityRoute(owner=owner, namespace=router, identity=identity),
        Forward(
            owner=owner,
            namespace=router,
            address=address,
            port=port,
            to_address=to,
            to_port=443,
            identity=identity,
        ),
    ]
