"""Namespaces as the fabric works in them: a descriptor from the keeper, and netlink sockets kept open inside."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from cloister.drivers.linux import netlink
from cloister.drivers.linux.netlink import Channel
from cloister.keeper.client import Keeper, KeeperRefused, enter_network
from cloister.keeper.kernel import new_network

_SYSCTLS = "/proc/sys/net/"


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
                self._route = Channel(netlink.ROUTE)
        return self._route

    @property
    def filter(self) -> Channel:
        """nftables and conntrack."""
        if self._filter is None:
            with self._spaces.inside(self):
                self._filter = Channel(netlink.NETFILTER)
        return self._filter

    def write_sysctls(self, settings: Iterable[tuple[str, str]]) -> None:
        """Write settings below /proc/sys/net as this namespace sees it. One that the kernel lacks is passed over.

        Raises OSError.
        """
        with self._spaces.inside(self):
            for path, value in settings:
                with suppress(FileNotFoundError):  # a kernel without IPv6 has none of its settings
                    descriptor = os.open(_SYSCTLS + path, os.O_WRONLY | os.O_CLOEXEC)
                    try:
                        os.write(descriptor, value.encode())
                    finally:
                        os.close(descriptor)

    def sysctls_hold(self, settings: Iterable[tuple[str, str]]) -> bool:
        """Whether all settings have these values. Raises OSError."""
        with self._spaces.inside(self):
            for path, value in settings:
                with suppress(FileNotFoundError):
                    descriptor = os.open(_SYSCTLS + path, os.O_RDONLY | os.O_CLOEXEC)
                    try:
                        if os.read(descriptor, 64).decode().strip() != value:
                            return False
                    finally:
                        os.close(descriptor)
        return True

    def close(self) -> None:
        """Close what is open in it; while any of it is open the namespace lives."""
        for channel in (self._route, self._filter):
            if channel is not None:
                channel.close()
        os.close(self.descriptor)


class Spaces:
    """All namespaces of one cloud, as far as they were used. For one thread, which stands in an empty one otherwise."""

    def __init__(self, keeper: Keeper):
        self.keeper = keeper
        self._spaces: dict[str, Space] = {}
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
                space = Space(name, self.keeper.namespace(name, create=False), self)
            except KeeperRefused as error:
                raise Missing(f"there is no network namespace {name!r}") from error
            self._spaces[name] = space
        return space

    def make(self, name: str) -> tuple[Space, bool]:
        """The namespace of that name, and whether it was just made. Raises KeeperRefused, ConnectionError."""
        if name in self._spaces:
            return self._spaces[name], False
        descriptor, created = self.keeper.make(name)
        space = self._spaces[name] = Space(name, descriptor, self)
        return space, created

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
        os.close(self._home)
