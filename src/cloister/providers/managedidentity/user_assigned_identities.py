"""Microsoft.ManagedIdentity/userAssignedIdentities: an identity of its own, and the federated credentials on it.

Source: azure-rest-api-specs ManagedIdentity.json 2018-11-30; bicep types 2023-01-31.
"""

from __future__ import annotations

from cloister.arm.resource import Change, ResourceType, Row, View, enforced, stored
from cloister.arm.schema import array, obj, string
from cloister.arm.tenants import tenant_of

NAME = "Microsoft.ManagedIdentity/userAssignedIdentities"
API_VERSIONS = ("2024-11-30", "2023-01-31", "2022-01-31-preview", "2018-11-30", "2015-08-31-preview")


def settle(change: Change, view: View) -> Row:
    """Its principal and client ids, for life. They stand in properties: others' ``identity`` reads them there."""
    facts = {**(change.old.facts if change.old else {}), **change.row.facts}
    if "principal" not in facts:
        facts["principal"] = view.new_id(f"{change.row.id} principalId {view.now}")
        facts["client"] = view.new_id(f"{change.row.id} clientId {view.now}")
    ids = {"tenantId": tenant_of(change.row.id, view), "principalId": facts["principal"], "clientId": facts["client"]}
    return change.row.with_facts(**facts).with_properties(**ids)


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced(),
    properties=obj(
        tenantId=string(read_only=True),
        principalId=string(read_only=True),
        clientId=string(read_only=True),
        isolationScope=string("None", "Regional"),
    ),
    settle=settle,
    name_pattern=r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
)
FEDERATED_CREDENTIALS = ResourceType(
    name=f"{NAME}/federatedIdentityCredentials",
    api_versions=API_VERSIONS,
    coverage=stored("no token is exchanged"),
    properties=obj(
        issuer=string(required=True),
        subject=string(required=True),
        audiences=array(string(), required=True),
    ),
    location="none",
)
