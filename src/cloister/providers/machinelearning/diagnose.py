"""POST workspaces/{w}/diagnose: what keeps a workspace from working, as far as its rows and those around it tell.

Looked at are the names behind its private endpoints, the resources it uses, and locks. Security rules and user-defined routes
are not (``cloister explain`` walks those, for one flow); their lists are always empty. ``CustomDNSInUse`` is Azure's code, the
others are this cloud's: Azure publishes no list.
Source: azure-rest-api-specs machineLearningServices.json 2022-05-01 (Workspaces_Diagnose) and its example;
learn.microsoft.com/azure/machine-learning/how-to-workspace-diagnostic-api.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cloister.arm.ids import key, parse
from cloister.arm.resource import Action, Call, Outcome, Row, View
from cloister.providers import private_link
from cloister.providers.machinelearning import names
from cloister.providers.network import virtual_networks
from cloister.providers.privatedns import links

Result = dict[str, str]
ENDPOINTS = "Microsoft.Network/privateEndpoints"
LOCKS = "Microsoft.Authorization/locks"


def _result(level: str, code: str, message: str) -> Result:
    return {"code": code, "level": level, "message": message}


def endpoints(workspace: Row, view: View) -> Iterator[Row]:
    """The approved private endpoints that still exist."""
    for connection in private_link.connections(workspace, view):
        found = view.get((connection.properties.get("privateEndpoint") or {}).get("id") or "")
        if found is not None and private_link.status(connection) == private_link.APPROVED:
            yield found


def names_of_endpoints(workspace: Row, view: View) -> Iterator[Result]:
    """Whether each endpoint's network finds the workspace's private names."""
    for endpoint in endpoints(workspace, view):
        subnet = (endpoint.properties.get("subnet") or {}).get("id") or ""
        network = view.get(subnet.rsplit("/subnets/", 1)[0])
        if network is None:
            continue
        if virtual_networks.dns_servers(network):
            yield _result(
                "Warning",
                "CustomDNSInUse",
                f"Virtual network '{network.id}' of private endpoint '{endpoint.name}' does not use Azure's DNS. Its servers "
                "must forward the public suffixes to 168.63.129.16 from a network that the private zones are linked to.",
            )
        else:
            yield from _names_in(workspace, endpoint, network, view)


def _names_in(workspace: Row, endpoint: Row, network: Row, view: View) -> Iterator[Result]:
    linked = {
        zone.name.lower(): zone
        for link in view.referring(network.id, links.NAME)
        if key((link.properties.get("virtualNetwork") or {}).get("id") or "") == key(network.id)
        and (zone := view.get(_above(link))) is not None
    }
    for suffix in names.WORKSPACE_GROUP.zones:
        zone = linked.get(suffix)
        if zone is None:
            text = f"No private DNS zone '{suffix}' is linked to network '{network.id}' of private endpoint '{endpoint.name}'."
            yield _result("Error", "PrivateDnsZoneNotLinked", text + " Link it, or the names lead to public addresses there.")
            continue
        for name in names.linked_names(workspace):
            label = name.privatelink.removesuffix(f".{suffix}")
            if label != name.privatelink and view.get(f"{zone.id}/A/{label}") is None:
                text = f"Private DNS zone '{zone.id}' has no record '{label}' for '{name.fqdn}', asked in '{network.name}'."
                yield _result("Error", "PrivateDnsRecordMissing", text + " Make a DNS zone group on the endpoint, or the record.")


def _above(row: Row) -> str:
    parent = parse(row.id).parent
    return parent.text if parent is not None else ""


def _dependency(member: str, title: str) -> Callable[[Row, View], Iterator[Result]]:
    """A check of one resource that the workspace uses: it is there, and where it is private there is a way to it."""

    def look(workspace: Row, view: View) -> Iterator[Result]:
        id = str(workspace.properties.get(member) or "")
        found = view.get(id) if id else None
        if id and found is None:
            yield _result("Error", "DependencyNotFound", f"The {title} '{id}' of the workspace does not exist. Name another one.")
        elif found is not None and _is_closed(found) and not private_link.has_approved(found, view):
            text = f"The {title} '{id}' refuses public addresses and has no approved private endpoint."
            yield _result("Warning", "DependencyNotReachable", text + " Make one in a network that computes and users are in.")

    return look


def _is_closed(row: Row) -> bool:
    properties = row.properties
    acls = properties.get("networkAcls") or properties.get("networkRuleSet") or {}
    closed = str(properties.get("publicNetworkAccess") or "Enabled").lower() == "disabled"
    return closed or (isinstance(acls, dict) and acls.get("defaultAction") == "Deny")


def locks(workspace: Row, view: View) -> Iterator[Result]:
    """Locks at the workspace or above it that keep it from being changed."""
    for lock in view.of_type(LOCKS):
        scope = parse(lock.id).scope or "/"
        if key(workspace.id) == key(scope) or key(workspace.id).startswith(key(scope).rstrip("/") + "/"):
            text = f"The lock '{lock.name}' ({lock.properties.get('level')}) at '{scope}' holds for the workspace."
            yield _result("Warning", "ResourceLockExists", text + " Remove it where the workspace must change what it holds.")


def others(workspace: Row, view: View) -> Iterator[Result]:
    """Connections that wait or were refused."""
    for connection in private_link.connections(workspace, view):
        state = private_link.status(connection)
        if state != private_link.APPROVED:
            text = f"The private endpoint connection '{connection.name}' is {state}: nothing passes it. Approve it, or delete it."
            yield _result("Warning", "PrivateEndpointConnectionNotApproved", text)


LOOKS: dict[str, tuple[str, Callable[[Row, View], Iterator[Result]]]] = {
    "udr": ("userDefinedRouteResults", lambda workspace, view: iter(())),
    "nsg": ("networkSecurityRuleResults", lambda workspace, view: iter(())),
    "resourceLock": ("resourceLockResults", locks),
    "dnsResolution": ("dnsResolutionResults", names_of_endpoints),
    "storageAccount": ("storageAccountResults", _dependency("storageAccount", "storage account")),
    "keyVault": ("keyVaultResults", _dependency("keyVault", "key vault")),
    "containerRegistry": ("containerRegistryResults", _dependency("containerRegistry", "container registry")),
    "applicationInsights": ("applicationInsightsResults", _dependency("applicationInsights", "Application Insights component")),
    "others": ("otherResults", others),
}
"""What may be asked for: the member of the request, that of the answer, and how it is found."""


def diagnose(call: Call, view: View) -> Outcome:
    """All that is asked for; a request that names nothing asks for everything."""
    value = (call.body or {}).get("value") if isinstance(call.body, dict) else None
    asked = {name.lower() for name in value} if isinstance(value, dict) else set()
    found = {
        member: list(look(call.row, view)) if not asked or name.lower() in asked else [] for name, (member, look) in LOOKS.items()
    }
    return Outcome(body={"value": found})


ACTION = Action(run=diagnose)
