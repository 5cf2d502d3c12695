"""What a request passes before anything behind the edge sees it, on every request of a connection, in this order.

    way        the way in is still open: the endpoint it came by has not been withdrawn
    name       the Host is the name the connection was made for
    boundary   the resource in the path is the one the name stands for, and the one the endpoint leads to
    network    the resource's network policy lets this way in
    token      the token is this cloud's, of the resource's tenant, for this kind of service, and has not expired
    permission a role assignment allows the action

Each gate answers (a refusal ends the request) or passes None on. Names of the control plane pass ``way`` and ``name``
only: ARM answers everywhere, and checks tokens and roles itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cloister.arm import ids
from cloister.arm.errors import ArmError
from cloister.arm.tenants import wrong_tenant
from cloister.ipc.messages import Response
from cloister.net.desired import Identity, Policy, Site
from cloister.services.edge import actions, pages, refusals
from cloister.services.edge.state import EdgeState
from cloister.services.identity.tokens import ML_AUDIENCES, Verifier, bearer

HOST_NAMES = ("localhost", "127.0.0.1")
"""What the host's own listener is called."""

_WORKSPACE = re.compile(
    r"/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft\.machinelearningservices/workspaces/[^/?]+", re.IGNORECASE
)


@dataclass(frozen=True)
class Way:
    """How a connection came in: ``via`` is "internet", "endpoint" or "host"; ``identity`` the endpoint's, if it was one."""

    via: str
    address: str
    identity: Identity | None = None
    subnet: str = ""  # the public way, but by a service endpoint of this subnet

    @property
    def words(self) -> str:
        """For people."""
        if self.identity is not None:
            return f"the private endpoint connection '{self.identity.connection}'"
        if self.subnet:
            return f"a service endpoint of the subnet '{self.subnet}'"
        return "this machine's loopback, which counts as internet" if self.via == "host" else f"the public address {self.address}"


@dataclass
class Passage:
    """One request on its way through the gates. ``name`` is the connection's SNI; ``path`` is decoded, without query."""

    state: EdgeState
    verifier: Verifier
    way: Way
    name: str
    method: str
    path: str
    host: str
    headers: dict[str, str]
    site: Site | None = None
    policy: Policy | None = None
    claims: dict = field(default_factory=dict)
    closes: bool = False  # the connection must end after the answer

    @property
    def region(self) -> str:
        """The region of the resource asked for, if it is known."""
        return dict(self.policy.facts).get("region", "") if self.policy else ""


Gate = Callable[[Passage], Response | None]


def way(passage: Passage) -> Response | None:
    """The endpoint a connection came by must still be there and lead to the same resource."""
    known = passage.way.identity
    if known is None or passage.state.identity(passage.way.address) == known:
        return None
    passage.closes = True
    reason = f"The private endpoint connection '{known.connection}' has been withdrawn."
    return refusals.private_link(reason=reason, target=known.resource)


def name(passage: Passage) -> Response | None:
    """The Host must be the name that TLS was made for: a kept-alive connection cannot change its mind."""
    if passage.host != passage.name and not (passage.name in HOST_NAMES and passage.host in HOST_NAMES):
        passage.closes = True
        to = passage.way.identity
        reason = f"it leads to '{to.resource}' and to nothing else" if to else "TLS was made for another name"
        return refusals.misdirected(passage.host, passage.name, reason)
    passage.site = passage.state.site(passage.name)
    if passage.site is None and passage.name not in HOST_NAMES:
        passage.closes = True
        return refusals.misdirected(passage.host, passage.name, "that name is no longer served")
    if passage.site is not None and passage.site.resource:
        passage.policy = passage.state.policy(passage.site.resource)
    return None


def boundary(passage: Passage) -> Response | None:
    """Every resource that the path names must be the one the name stands for; an endpoint leads to one resource."""
    assert passage.site is not None
    own = passage.site.resource
    to = passage.way.identity
    if to is not None and ids.key(to.resource) != ids.key(own):
        passage.closes = True
        return refusals.misdirected(passage.host, passage.name, f"it leads to '{to.resource}' and to nothing else")
    for found in _WORKSPACE.finditer(passage.path):
        if ids.key(found.group()) != ids.key(own):
            by = f"The private endpoint connection '{to.connection}' leads" if to else f"The name '{passage.name}' leads"
            reason = (
                f"{by} to '{own}' and to nothing else: cannot reach '{found.group()}' through it; use that workspace's own name."
            )
            return refusals.private_link(reason=reason, target=found.group(), region=passage.region)
    return None


def network(passage: Passage) -> Response | None:
    """Who comes by an approved endpoint passes; who comes from a public address passes while public access is on."""
    assert passage.site is not None
    policy = passage.policy
    if policy is None:
        reason = f"No network policy is known for '{passage.site.resource}' yet; try again in a moment."
        return refusals.private_link(reason=reason, target=passage.site.resource)
    if passage.way.identity is not None or policy.public_access:
        return None
    if passage.way.subnet and ids.key(passage.way.subnet) in policy.subnets:
        return None
    count = len(policy.endpoints)
    approved = f"one of its {count} approved private endpoints" if count else "a private endpoint (it has none yet)"
    reason = (
        f"Public access to '{policy.resource}' is disabled (decided by {policy.because}). The request came from "
        f"{passage.way.words}. Reach it from a network with {approved}, or enable public access: PATCH the workspace with "
        "properties.publicNetworkAccess = Enabled."
    )
    if policy.service != "machinelearning":
        text = f"This request is not authorized to perform this operation. (cannot reach '{policy.resource}' by "
        return refusals.refusal(403, "AuthorizationFailure", f"{text}{passage.way.words}: {policy.because})")
    return refusals.private_link(reason=reason, target=policy.resource, region=passage.region)


def token(passage: Passage) -> Response | None:
    """A bearer token for this cloud's ARM or for machine learning."""
    if _is_open(passage):
        return None
    try:
        passage.claims = passage.verifier.verify(bearer(passage.headers.get("authorization", "")), ML_AUDIENCES)
        wanted = passage.state.tenant(passage.site.resource if passage.site is not None else "")
        if passage.claims["tid"] != wanted:
            raise wrong_tenant(passage.claims["tid"], wanted)
    except ArmError as error:
        texts = {"AuthenticationFailed": "Bearer token not provided."}
        text = texts.get(error.code, error.message)
        return refusals.data_plane(401, text, inner=error.code, region=passage.region, headers=error.headers)
    return None


def permission(passage: Passage) -> Response | None:
    """A role assignment of the token's principal must allow what the path and method ask."""
    if _is_open(passage):
        return None
    assert passage.site is not None
    action = actions.action_of(passage.method, passage.path)
    principal = passage.claims["oid"]
    if passage.state.allows(principal, action, passage.site.resource):
        return None
    text = (
        f"The client '{passage.claims.get('appid', '')}' with object id '{principal}' does not have authorization to perform "
        f"action '{action}' over scope '{passage.site.resource}' or the scope is invalid. If access was recently granted, please "
        "refresh your credentials."
    )
    reason = (
        f"No role assignment of '{principal}' at '{passage.site.resource}' or above allows '{action}'; assign a role that does."
    )
    return refusals.data_plane(403, text, inner="AuthorizationError", reason=reason, region=passage.region)


def _is_open(passage: Passage) -> bool:
    """Whether no token is asked: the discovery document, read before a client has one, and the notebook name's plain page."""
    assert passage.site is not None
    return passage.site.member == "notebook" or pages.is_discovery(passage.path)


GATES: tuple[Gate, ...] = (way, name, boundary, network, token, permission)
"""The gates of a data plane, in order."""

NETWORK_GATES: tuple[Gate, ...] = (way, name, boundary, network)
"""The gates of a resource whose data plane is not here: whether the network lets a caller in is known all the same."""

CONTROL_GATES: tuple[Gate, ...] = (way, name)
"""The gates of ARM and login, which do the rest themselves."""
