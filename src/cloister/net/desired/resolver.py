"""What the resolver holds: views, doors, zones, public names (see the package for the shared vocabulary)."""

from __future__ import annotations

import msgspec


class Onward(msgspec.Struct, frozen=True, kw_only=True):
    """Questions for ``suffix`` (lower case, ``""`` for all) go on to ``targets``, the first that answers, from ``namespace``."""

    suffix: str
    namespace: str
    targets: tuple[tuple[str, int], ...]
    because: str


class View(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """What one network's resolver answers from: a socket pair at ``address``:53 in ``namespace`` and its linked zones.

    ``links`` are ``(zone key, redirect)`` pairs; ``public`` views (the internet's resolver) have none and no owner.
    ``because`` holds the virtual network link's id for each of ``links``, in the same order. ``hosts`` are
    ``(address, fqdn, because)`` of machines: the names of addresses (PTR), because of a registering link or the machine itself.
    ``onward``: what no linked zone has is asked of others.
    """

    owner: str
    namespace: str
    address: str
    links: tuple[tuple[str, bool], ...] = ()
    because: tuple[str, ...] = ()
    hosts: tuple[tuple[str, str, str], ...] = ()
    onward: tuple[Onward, ...] = ()

    @property
    def key(self) -> str:
        return f"view {self.namespace}"


class Door(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A second socket pair of the view of ``network`` (its namespace's name): at ``address``:53 in ``namespace``."""

    owner: str
    namespace: str
    address: str
    network: str

    @property
    def key(self) -> str:
        return f"door {self.namespace}"


class ZoneRecords(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A private zone with all its record sets: ``(relative name, type, ttl, values)``."""

    owner: str
    name: str
    records: tuple[tuple[str, str, int, tuple[str, ...]], ...] = ()

    @property
    def key(self) -> str:
        return f"zone {self.owner.lower()}"


class PublicName(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A public name: ``address``, and, once the resource has an approved endpoint, ``privatelink`` as CNAME between.

    ``fqdn`` may begin with ``*.`` (one label, which takes the place of a ``*`` in ``privatelink``). ``because`` is the
    connection that put the CNAME there.
    """

    owner: str
    fqdn: str
    address: str
    privatelink: str = ""
    because: str = ""

    @property
    def key(self) -> str:
        return f"name {self.fqdn}"


class OutsideName(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A name of the real internet that the operator allows: it leads to ``address``.

    ``fqdn`` may begin with ``*.`` (one label). A name of this cloud stands before it.
    """

    owner: str
    fqdn: str
    address: str

    @property
    def key(self) -> str:
        return f"outside {self.fqdn}"
