"""Namespaces as the fabric works in them: a descriptor from the keeper, and netlink sockets kept open inside."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from cloister.drivers.linux import netlink
from cloister.drivers.linux.netlink import Channel
from cloister.drivers.linux.settings import Setting, Settings
from cloister.keeper.client import Keeper, KeeperRefused, enter_network
from cloister.keeper.kernel import new_network

T = TypeVar("T")


class Missing(Exception):
    """There is no namespace of that name."""


class Space:
    """One namespace: its descriptor and, opened when first used, its channels."""

    def __init__(self, name: str, descriptor: int, spaces: Spaces):
        self.name = name
        self.descriptor = descriptor
        self._spaces = spaces
        self._route: Channel | None = None
        self._filter: Channel | None = None

    @property
    def route(self) -> Channel:
        """Links, addresses, routes."""
        if self._route is None:
            with self._spaces.inside(self):
                self._route = self._spaces.with_room(lambda: Channel(netlink.ROUTE), self)
        return self._route

    @property
    def filter(self) -> Channel:
        """nftables and conntrack."""
        if self._filter is None:
            with self._spaces.inside(self):
                self._filter = self._spaces.with_room(lambda: Channel(netlink.NETFILTER), self)
        return self._filter

    def write_sysctls(self, settings: Iterable[Setting]) -> None:
        """Write settings below /proc/sys/net as this namespace sees it. Raises OSError."""
        with self._spaces.inside(self):
            self._spaces.with_room(lambda: self._spaces.settings.write(settings), self)

    def sysctls_hold(self, settings: Iterable[Setting]) -> bool:
        """Whether all settings have these values. Raises OSError."""
        with self._spaces.inside(self):
            return self._spaces.with_room(lambda: self._spaces.settings.hold(settings), self)

    def close_channels(self) -> bool:
        """Close the channels, until they are used again; whether any was open."""
        opened = [channel for channel in (self._route, self._filter) if channel is not None]
        for channel in opened:
            channel.close()
        self._route = self._filter = None
        return bool(opened)

    def close(self) -> None:
        """Close what is open in it; while any of it is open the namespace lives."""
        self.close_channels()
        os.close(self.descriptor)


class Spaces:
    """All namespaces of one cloud, as far as they were used. For one thread, which stands in an empty one otherwise."""

    def __init__(self, keeper: Keeper):
        self.keeper = keeper
        self.settings = Settings()
        self._spaces: dict[str, Space] = {}
        self._ahead: dict[str, Future[tuple[int, bool]]] = {}
        self._home = new_network()  # empty: not the host's, to which an ordinary user's cloud could not come back

    @contextmanager
    def inside(self, space: Space) -> Iterator[None]:
        """The calling thread is in ``space`` meanwhile. Raises OSError."""
        enter_network(space.descriptor)
        try:
            yield
        finally:
            enter_network(self._home)

    def get(self, name: str) -> Space:
        """The namespace of that name. Raises Missing, ConnectionError."""
        space = self._spaces.get(name)
        if space is None:
            try:
                space = Space(name, self.with_room(lambda: self.keeper.namespace(name, create=False)), self)
            except KeeperRefused as error:
                raise Missing(f"there is no network namespace {name!r}") from error
            self._spaces[name] = space
        return space

    def make(self, name: str) -> tuple[Space, bool]:
        """The namespace of that name, and whether it was just made. Raises KeeperRefused, ConnectionError."""
        if name in self._spaces:
            return self._spaces[name], False
        coming = self._ahead.pop(name, None)
        if coming is not None and not _lacked_descriptor(coming.exception()):
            descriptor, created = coming.result()
        else:
            descriptor, created = self.with_room(lambda: self.keeper.make(name))
        space = self._spaces[name] = Space(name, descriptor, self)
        return space, created

    def with_room(self, work: Callable[[], T], keep: Space | None = None) -> T:
        """What ``work`` answers. Where no descriptor is left, other namespaces' channels make room. Raises what it raises."""
        try:
            return work()
        except OSError as error:
            others = [space for space in self._spaces.values() if space is not keep]
            if not _lacked_descriptor(error) or not sum([space.close_channels() for space in others]):
                raise
        return work()

    @contextmanager
    def ahead(self, names: Iterable[str]) -> Iterator[None]:
        """Meanwhile the keeper makes those that are not here, one after the other; ``make`` takes what is made."""
        missing = [name for name in names if name not in self._spaces]
        if len(missing) < 2:
            yield
            return
        thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._ahead = {name: thread.submit(self.keeper.make, name) for name in missing}
        try:
            yield
        finally:
            thread.shutdown(cancel_futures=True)
            for left in self._ahead.values():
                if not left.cancelled() and left.exception() is None:
                    os.close(left.result()[0])
            self._ahead = {}

    def names(self) -> list[str]:
        """All that the keeper holds; what it let go of is forgotten here too. Raises ConnectionError."""
        names = self.keeper.namespaces()
        for gone in self._spaces.keys() - set(names):
            self._spaces.pop(gone).close()
        return names

    def drop(self, name: str) -> None:
        """Let go of a namespace here and in the keeper; one that is not there is fine. Raises ConnectionError."""
        space = self._spaces.pop(name, None)
        if space is not None:
            space.close()
        self.keeper.drop(name)

    def close(self) -> None:
        """Close everything here; the keeper's own stay."""
        for space in self._spaces.values():
            space.close()
        self._spaces.clear()
        self.settings.close()
        os.close(self._home)


def _lacked_descriptor(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)
