"""Tenants: a subscription belongs to one, and only that one's tokens count in it. Pure.

Source: learn.microsoft.com/azure/role-based-access-control/overview ("a subscription trusts one directory"); of the refusal:
learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors (InvalidAuthenticationTokenTenant).
"""

from __future__ import annotations

from cloister.arm.errors import ArmError
from cloister.arm.ids import IdError, parse
from cloister.arm.resource import View

SUBSCRIPTIONS = "/subscriptions/"


def tenant_of(id: str, view: View) -> str:
    """The tenant that a resource, a group or a subscription belongs to; the cloud's own for what is in no subscription."""
    try:
        subscription = parse(id).subscription
    except IdError:
        subscription = ""
    row = view.get(SUBSCRIPTIONS + subscription) if subscription else None
    return str(row.properties.get("tenantId") or view.tenant_id) if row is not None else view.tenant_id


def wrong_tenant(given: str, wanted: str) -> ArmError:
    """401 in Azure's words, with the authority that gives the right token."""
    authority = f"https://login.windows.net/{wanted}"
    message = (
        f"The access token is from the wrong issuer 'https://sts.windows.net/{given}/'. It must match the tenant "
        f"'https://sts.windows.net/{wanted}/' associated with this subscription. Please use the authority (URL) '{authority}' to "
        "get the token."
    )
    challenge = (
        f'Bearer authorization_uri="{authority}", error="invalid_token", error_description="The access token is from the wrong '
        'issuer. It must match the tenant associated with this subscription. Please use correct authority to get the token."'
    )
    return ArmError(401, "InvalidAuthenticationTokenTenant", message, headers={"www-authenticate": challenge})
