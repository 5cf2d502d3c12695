"""Network intent: what must hold, in the network's own words, each with the row that owns it.

Providers emit it (``realize``), compilers turn it into desired objects, ``explain`` reads it to say why. It knows
nothing of ARM's JSON. All values are plain strings and numbers so that it can be hashed, compared and printed.
"""

from __future__ import annotations

import msgspec


class LinkedName(msgspec.Struct, frozen=True):
    """A public name of a service and its private twin.

    ``member`` is the private-link member that holds the name's address; ``fqdn`` the public name (may begin with
    ``*.``); ``privatelink`` the CNAME target inside a privatelink zone, e.g.
    ``<guid>.workspace.eastus2.privatelink.api.azureml.ms``; ``address`` the public address it otherwise leads to.
    """

    member: str
    fqdn: str
    privatelink: str
    address: str


class Network(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A virtual network: a router of its own, numbered for life."""

    owner: str
    number: int
    prefixes: tuple[str, ...]
    dns_servers: tuple[str, ...] = ()  # empty: 168.63.129.16
    region: str = ""


class UserRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A route of a route table, as written. ``hop`` is VirtualNetworkGateway, VnetLocal, Internet, VirtualAppliance or None.

    ``via`` is the appliance's address. A prefix may be a service tag (``net/tags.py``). ``because`` is the route's id.
    """

    prefix: str
    hop: str
    via: str = ""
    because: str = ""


class Subnet(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A part of a network. ``network`` is the VNet's id; the first address of ``prefix`` is the gateway."""

    owner: str
    network: str
    prefix: str
    default_outbound: bool = True
    endpoint_policies: str = "Disabled"
    filter: str = ""  # the id of its network security group
    routes: tuple[UserRoute, ...] = ()  # of its route table
    service_endpoints: tuple[str, ...] = ()  # the services (of ``plan.SERVICE_OCTETS``) that know it by ``identity``
    identity: str = ""
    nat: tuple[str, ...] = ()  # the public source addresses of its NAT gateway
    nat_because: str = ""  # the NAT gateway's id
    nat_idle: int = 4  # after how many minutes the gateway forgets an idle TCP connection


class Interface(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A machine's NIC. ``network`` is a VNet id or ``internet``; ``subnet`` a subnet id or ``internet``.

    ``number`` 0 is a network interface that no machine runs on: it has an address and groups, and no packets.
    """

    owner: str
    network: str
    subnet: str
    number: int
    address: str
    dns_servers: tuple[str, ...] = ()
    forwarding: bool = False  # enableIPForwarding: it may be an appliance, and send from addresses that are not its own
    public: str = ""  # its public IP address
    public_because: str = ""  # and the id of that
    public_open: bool = False  # of SKU Basic: reached from outside also where no network security group is
    public_idle: int = 4  # after how many minutes an idle TCP connection from outside is forgotten
    filter: str = ""  # the id of its own network security group
    groups: tuple[str, ...] = ()  # ids of application security groups


class Endpoint(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A private endpoint: addresses in a subnet that lead to one group of one resource.

    ``state`` is the connection's status (Approved, Pending, Rejected, Disconnected); only Approved carries
    packets. ``number`` makes the identity that the service sees as source, never reused. ``addresses`` maps
    member to address. ``because`` is the connection's id: the row that decides.
    """

    owner: str
    network: str
    subnet: str
    number: int
    target: str
    group: str
    state: str
    addresses: tuple[tuple[str, str], ...]
    names: tuple[LinkedName, ...]
    ports: tuple[int, ...] = (443,)
    because: str = ""
    groups: tuple[str, ...] = ()  # ids of application security groups
    leads: tuple[tuple[int, str], ...] = ()  # to a private link service: port to slot address


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One security rule, as written. ``because`` is its id.

    ``sources`` and ``destinations`` are ``*``, prefixes and service tags (``net/tags.py`` says what they mean where);
    ``source_groups`` and ``destination_groups`` ids of application security groups. ``protocol`` is ``*``, ``tcp``, ``udp``,
    ``icmp``, ``esp`` or ``ah``; ports are ranges, and mean something for TCP and UDP only.
    """

    because: str
    priority: int
    inbound: bool
    allow: bool
    protocol: str = "*"
    sources: tuple[str, ...] = ()
    source_groups: tuple[str, ...] = ()
    source_ports: tuple[tuple[int, int], ...] = ((0, 65535),)
    destinations: tuple[str, ...] = ()
    destination_groups: tuple[str, ...] = ()
    destination_ports: tuple[tuple[int, int], ...] = ((0, 65535),)


class Filter(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A network security group: its rules, the six default ones included, lowest priority number first.

    ``networks`` are the ids of the networks where a subnet or an interface names it. ``flush``: flushConnection, a change of its
    rules ends what is open and no longer allowed.
    """

    owner: str
    networks: tuple[str, ...]
    rules: tuple[Rule, ...]
    flush: bool = False


class Peering(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """One half of a peering whose other half stands too: ``network`` reaches ``prefixes`` of ``remote`` directly.

    Half a peering is never emitted. ``number`` and ``remote_number`` are the networks' numbers. ``access`` is
    allowVirtualNetworkAccess: whether the tag VirtualNetwork means the remote prefixes too; ``forwarded`` is
    allowForwardedTraffic: whether this network takes packets in whose source is not of ``prefixes``.
    """

    owner: str
    network: str
    number: int
    remote: str
    remote_number: int
    prefixes: tuple[str, ...]
    access: bool = True
    forwarded: bool = False
    endpoints: tuple[tuple[str, bool], ...] = ()  # of the remote network: address, and whether it obeys user routes
    is_global: bool = False  # between two regions


class LinkService(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A private link service: ``ports`` are ``(port, slot, targets)``; each of ``sources`` is a NAT address with the number of
    the Interface that holds it.

    ``network`` is the one it stands in; ``slot`` the number of ``plan.link_slot``.
    """

    owner: str
    network: str
    sources: tuple[tuple[int, str], ...]
    ports: tuple[tuple[int, int, tuple[tuple[str, int], ...]], ...]
    proxy: bool = False


class Service(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A resource's data plane at the edge: its names, and who may come in.

    ``service`` says which (``machinelearning``, ...). ``public_access`` is true when callers from public addresses
    are let in; ``because`` names the property that decides. ``facts`` are handed to the data plane (workspace guid,
    region, ...) as sorted pairs.
    """

    owner: str
    service: str
    region: str
    names: tuple[LinkedName, ...]
    public_access: bool
    because: str
    facts: tuple[tuple[str, str], ...] = ()
    subnets: tuple[str, ...] = ()  # ids of those that are let in by service endpoint whatever ``public_access`` says


class PublicLabel(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A public IP address's DNS label: ``fqdn`` leads to ``address``, for everybody."""

    owner: str
    fqdn: str
    address: str


class AllowedName(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A name of the real internet that the operator allows: ``pypi.org``, or ``*.ubuntu.com`` (one label).

    It leads to ``address`` (of ``plan.ALLOWED_NAMES``), whence the edge carries TLS and HTTP on to it. ``pins`` are the real
    addresses that the operator wrote for it; without any it is looked up.
    """

    owner: str
    name: str
    address: str
    pins: tuple[str, ...] = ()


class Zone(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A private DNS zone. ``name`` in lower case, no final dot."""

    owner: str
    name: str


class Record(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A record set: relative ``name`` (``@`` for the apex), ``type``, TTL in seconds, values in presentation form."""

    owner: str
    zone: str
    name: str
    type: str
    ttl: int
    values: tuple[str, ...]


class ZoneLink(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A virtual network link: ``network`` sees ``zone``. ``redirect`` is resolutionPolicy NxDomainRedirect."""

    owner: str
    zone: str
    network: str
    redirect: bool = False
    registration: bool = False


class Host(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A machine's address and a name of it: what asking for the address's name answers in ``network``.

    A machine has one name below ``net.names.INTERNAL`` (owned by its own row), and one in the zone that it registers in (owned by
    the zone's link).
    """

    owner: str
    network: str
    address: str
    fqdn: str


class ResolverDoor(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """An inbound endpoint of a DNS private resolver: at ``address`` somebody answers what ``network`` sees.

    The endpoint has an Interface of its own with the same ``number``; ``network_number`` is the network's.
    """

    owner: str
    network: str
    network_number: int
    number: int
    address: str


class Forwarding(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A forwarding rule as one linked ``network`` has it: questions for ``domain`` (lower case, ``""`` for all) go to ``targets``
    (address, port; the first that answers) from the outbound endpoint whose Interface has ``number``. ``because`` is the
    rule's id, ``owner`` the link's, ``origin`` the network that the outbound endpoint stands in."""

    owner: str
    network: str
    domain: str
    targets: tuple[tuple[str, int], ...]
    number: int
    origin: str
    because: str


class Tenancy(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """Whose tokens count in a subscription: those of one tenant."""

    owner: str
    tenant: str


class Grant(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A role assignment, flattened: what ``principal`` may do at ``scope`` and below."""

    owner: str
    principal: str
    scope: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()


Intent = (
    Network
    | Subnet
    | Interface
    | Peering
    | Endpoint
    | Filter
    | Service
    | LinkService
    | PublicLabel
    | AllowedName
    | Zone
    | Record
    | ZoneLink
    | Host
    | ResolverDoor
    | Forwarding
    | Grant
    | Tenancy
)
