"""What the fabric holds: kernel objects (see the package for the vocabulary they share)."""

from __future__ import annotations

import msgspec


class Namespace(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A network namespace with its base: ``role`` chooses sysctls and base ruleset.

    ``name`` is ``services``, ``internet``, ``vnet-<number>`` or ``machine-<number>``; roles: services, internet, vnet,
    machine. ``outbound`` (role vnet): the public source address of default outbound access.
    """

    owner: str
    name: str
    role: str
    outbound: str = ""

    @property
    def key(self) -> str:
        return f"namespace {self.name}"


class Uplink(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """The veth from router ``namespace`` to ``services``: ``up`` inside, ``u-<namespace>`` at the services' side.

    ``routes`` are the source prefixes that lead back over it (outbound address /32, or 198.18.0.0/16 of the internet).
    """

    owner: str
    namespace: str
    routes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"uplink {self.namespace}"


class Gateway(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A subnet's gateway address /32 on the router's ``lo``; unused addresses of ``prefix`` are unreachable.

    ``outbound``: machines of this subnet may use default outbound access.
    """

    owner: str
    namespace: str
    prefix: str
    address: str
    outbound: bool = True

    @property
    def key(self) -> str:
        return f"gateway {self.namespace} {self.prefix}"


class Nic(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A machine's NIC: veth ``n<number>`` in ``router``, ``eth0`` in ``machine``, a /32 route between them.

    ``prefix_length`` is what the machine's address shows; all its traffic goes by ``gateway``.
    """

    owner: str
    router: str
    machine: str
    number: int
    address: str
    prefix_length: int
    gateway: str
    forwarding: bool = False  # the machine forwards, and may send from addresses that are not its own

    @property
    def key(self) -> str:
        return f"nic {self.machine}"


class Egress(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A machine's own public sources: what ``address`` of router ``namespace`` sends out is sent from one of ``sources``.

    Those of its NAT gateway, which connections take in turn, or its own public IP address; they stand before default outbound
    access. With ``to``, a /24 of the services, it holds for what goes there, before all others: by a service endpoint, from the
    subnet's identity. ``idle``: after how many minutes a TCP connection by which nothing goes is forgotten (0: the kernel's).
    """

    owner: str
    namespace: str
    address: str
    sources: tuple[str, ...]
    to: str = ""
    idle: int = 0

    @property
    def key(self) -> str:
        return f"egress {self.namespace} {self.address} {self.to}".rstrip()


class Publication(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A public address by which a machine is reached: what comes to ``public`` over the uplink of router ``namespace`` goes to
    ``address``, its source as it was. ``idle`` as for Egress."""

    owner: str
    namespace: str
    public: str
    address: str
    idle: int = 4

    @property
    def key(self) -> str:
        return f"publication {self.namespace} {self.public}"


class NicRoutes(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """User-defined routes for what comes from NIC ``number`` of router ``namespace``: a table of its own, asked first.

    ``routes`` are ``(prefix, to, by)``, the longest prefix wins: ``system`` goes on to the router's own routes, ``uplink`` out,
    ``drop`` nowhere, an address to the machine that has it: ``by`` is its NIC here (``n<number>``), or the router of the peered
    network where it stands, to which a ``Hop`` leads. It leads nowhere while either is not there.
    ``overridden`` are endpoints' addresses of this network that such a route leads away from.
    """

    owner: str
    namespace: str
    number: int
    routes: tuple[tuple[str, str, str], ...]
    overridden: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"nic-routes {self.namespace} {self.number}"


class Hop(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """From router ``namespace``, over its link to ``other``: what goes this way is for the appliance at ``address`` there."""

    owner: str
    namespace: str
    other: str
    address: str

    @property
    def key(self) -> str:
        return f"hop {self.namespace} {self.address}"


class Appliance(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """In router ``namespace``: what a peered network sends to the appliance at ``address`` goes out by NIC ``number``."""

    owner: str
    namespace: str
    address: str
    number: int

    @property
    def key(self) -> str:
        return f"appliance {self.namespace} {self.address}"


class PeerLink(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """The veth between the routers of two peered networks: ``p<number of the other>`` at either end.

    ``namespace`` is the one with the lower number. ``forwarded`` names the routers that take packets in over it whose source is
    not of the other network (allowForwardedTraffic); elsewhere only the other's own prefixes come in.
    """

    owner: str
    namespace: str
    other: str
    forwarded: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"peer-link {self.namespace} {self.other}"


class PeerRoute(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """In router ``namespace``: ``prefix`` is the peered network's whose router is ``other``."""

    owner: str
    namespace: str
    other: str
    prefix: str

    @property
    def key(self) -> str:
        return f"peer-route {self.namespace} {self.prefix}"


class EndpointAddress(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """The place of an endpoint's address: ``local`` /32 in the router, whatever the connection's state.

    It answers ARP and resets TCP; it leads nowhere without a Forward.
    """

    owner: str
    namespace: str
    address: str

    @property
    def key(self) -> str:
        return f"address {self.namespace} {self.address}"


class Forward(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """An approved way: ``address``:``port`` in ``namespace`` is DNATed to ``to_address``:``to_port`` in services, with
    ``identity`` as source. One object is both map elements, in one netlink batch."""

    owner: str
    namespace: str
    address: str
    port: int
    to_address: str
    to_port: int
    identity: str

    @property
    def key(self) -> str:
        return f"forward {self.namespace} {self.address} {self.port}"


class IdentityRoute(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """In services: ``identity``/32 leads back over the uplink of ``namespace``."""

    owner: str
    namespace: str
    identity: str

    @property
    def key(self) -> str:
        return f"identity-route {self.identity}"


Range = tuple[int, int]  # first and last, both inclusive


class FilterRule(msgspec.Struct, frozen=True, kw_only=True):
    """A security rule where every word has become numbers. ``protocol`` 0 is any; ports count for TCP (6) and UDP (17) only.

    ``platform``: it names one of the host's own services (AzurePlatformDNS, ...); only such rules apply to those.
    """

    because: str
    inbound: bool
    allow: bool
    protocol: int
    sources: tuple[Range, ...]
    source_ports: tuple[Range, ...]
    destinations: tuple[Range, ...]
    destination_ports: tuple[Range, ...]
    platform: bool = False


class FilterChain(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one network security group, first match decides; what matches none is dropped.

    They are about the first packet of a flow, with ``flush`` about every packet of who began it.
    """

    owner: str
    rules: tuple[FilterRule, ...]
    flush: bool = False


class FilterPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a chain (by its place in ``chains``) applies: to a ``nic``, a ``subnet``, or the ``endpoint`` addresses of one.

    A NIC that forwards what is not its own is told by its link's name alone: ``link`` (chain -1), and ``nic-link`` and
    ``subnet-link`` for its own group and its subnet's.
    """

    place: str
    prefix: str
    chain: int


class Filters(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """All security rules of one network, replaced as a whole: no packet ever sees half of a change.

    ``digest`` stands for ``chains`` and ``places``: what was observed has no more than that.
    """

    owner: str
    namespace: str
    digest: str
    chains: tuple[FilterChain, ...] = ()
    places: tuple[FilterPlace, ...] = ()

    @property
    def key(self) -> str:
        return f"filters {self.namespace}"
