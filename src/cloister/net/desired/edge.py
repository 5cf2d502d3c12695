"""What the edge holds: sites, policies, identities, relays, permissions, metadata services (the package has the vocabulary)."""

from __future__ import annotations

import msgspec


class Site(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A name that the edge answers TLS for. ``resource`` is the id behind it (``""`` for the control plane).

    ``service``: ``arm``, ``login``, ``machinelearning``, ...; ``member``: default, notebook, inference, ...;
    ``fqdn`` may begin with ``*.`` (one label).
    """

    owner: str
    fqdn: str
    service: str
    resource: str = ""
    member: str = ""

    @property
    def key(self) -> str:
        return f"site {self.fqdn}"


class Policy(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """Who may reach a resource's data plane from public addresses, and what the data plane must know of it.

    ``endpoints`` are the Approved connections (ids), for the discovery document and the refusal's words.
    """

    owner: str
    resource: str
    service: str
    public_access: bool
    because: str
    facts: tuple[tuple[str, str], ...] = ()
    endpoints: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()  # let in by service endpoint (keys of ids)

    @property
    def key(self) -> str:
        return f"policy {self.resource.lower()}"


class Identity(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """An endpoint's source address: connections from it may ask for ``resource`` and nothing else."""

    owner: str
    address: str
    resource: str
    group: str
    connection: str

    @property
    def key(self) -> str:
        return f"identity {self.address}"


class Relay(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """One port of a private link service: what comes to ``address`` by an endpoint of ``resource`` goes on to ``targets`` from
    ``namespaces`` in turn, each of which holds a NAT address; ``proxy`` adds the PROXY protocol's header."""

    owner: str
    address: str
    resource: str
    namespaces: tuple[str, ...]
    targets: tuple[tuple[str, int], ...]
    proxy: bool = False

    @property
    def key(self) -> str:
        return f"relay {self.address}"


class Outlet(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """The way out to a name of the real internet: TLS and HTTP for ``name`` (or one label below it, where it begins with
    ``*.``) that come to ``address`` go on to it, at ``pins`` where the operator wrote its addresses."""

    owner: str
    address: str
    name: str
    pins: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"outlet {self.address}"


class Caller(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A subnet's source address where it has service endpoints: connections from it come from ``subnet``."""

    owner: str
    address: str
    subnet: str

    @property
    def key(self) -> str:
        return f"caller {self.address}"


class InstanceMetadata(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """The metadata service of one network's machines: plain HTTP at ``address``, port 80, in the router ``namespace``."""

    owner: str
    namespace: str
    address: str

    @property
    def key(self) -> str:
        return f"metadata {self.namespace}"


class Tenancy(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """Whose tokens count for the resources of a subscription (its id): those of one tenant."""

    owner: str
    subscription: str
    tenant: str

    @property
    def key(self) -> str:
        return f"tenancy {self.subscription.lower()}"


class Permission(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A role assignment for data-plane checks at the edge; fields as in ``intent.Grant``."""

    owner: str
    principal: str
    scope: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"permission {self.owner.lower()}"
