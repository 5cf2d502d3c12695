"""Parameters that stand for a secret of a key vault: ``{"reference": {"keyVault": {"id"}, "secretName", "secretVersion"?}}``.

The vault must be open to deployments (``enabledForTemplateDeployment``) and the caller may do ``vaults/deploy/action`` on it; its
network rules do not count, since Resource Manager itself asks. What is kept on disk is the reference; a restart reads the secret
anew.

Source: learn.microsoft.com/azure/azure-resource-manager/templates/key-vault-parameter; the codes and texts as Azure's users quote
them (github.com/Azure/azure-powershell issues 3318 and 5324).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloister.arm.ids import IdError, parse
from cloister.arm.resource import Row
from cloister.arm.template.values import find, get
from cloister.control.deployment_facts import Failure
from cloister.control.ports import Caller, Engine

VAULTS = "Microsoft.KeyVault/vaults"
ACTION = f"{VAULTS}/deploy/action"
_PAGE = "Please see https://aka.ms/arm-keyvault for usage details."


def with_secrets(engine: Engine, caller: Caller, given: Mapping[str, Any]) -> dict[str, Any]:
    """``given`` with the value beside each reference to a secret. Raises Failure."""
    return {name: _whole(engine, caller, name, entry) for name, entry in given.items()}


def _whole(engine: Engine, caller: Caller, name: str, entry: Any) -> Any:
    reference = get(entry, "reference") if isinstance(entry, dict) else None
    if reference is None or find(entry, "value")[0]:
        return entry
    vault = _vault(engine, caller, get(get(reference, "keyVault"), "id"))
    wanted, version = get(reference, "secretName"), get(reference, "secretVersion")
    if not isinstance(wanted, str) or not wanted:
        raise _failure("InvalidTemplate", f"The parameter '{name}' refers to a key vault without a 'secretName'. {_PAGE}")
    if vault.properties.get("enabledForTemplateDeployment") is not True:
        text = f"Access denied to first party service. Vault: {vault.name};location={vault.body.get('location', '')}"
        raise _not_read(name, "Forbidden", f"{text}; set 'enabledForTemplateDeployment' of the vault")
    secret = engine.view().get(f"{vault.id}/secrets/{wanted}")
    if secret is None or (version and str(version) != str(secret.facts.get("version"))):
        called = f"{wanted}/{version}" if version else wanted
        raise _not_read(name, "NotFound", f"A secret with (name/id) {called} was not found in this key vault.")
    if (secret.properties.get("attributes") or {}).get("enabled") is False:
        raise _not_read(name, "Forbidden", "Operation get is not allowed on a disabled secret.")
    return {**entry, "value": secret.properties.get("value") or ""}


def _vault(engine: Engine, caller: Caller, id: Any) -> Row:
    """The vault that a reference names. Raises Failure where it is not, or the caller may not deploy from it."""
    try:
        place = parse(id) if isinstance(id, str) else None
    except IdError:
        place = None
    row = engine.view().get(place.text) if place is not None and place.type.lower() == VAULTS.lower() else None
    if row is None:
        raise _failure("KeyVaultParameterReferenceNotFound", f"The specified KeyVault '{id}' could not be found. {_PAGE}")
    if not engine.allows(caller, ACTION, row.id):
        who = caller.client_id or caller.name or caller.principal
        raise _failure(
            "KeyVaultParameterReferenceAuthorizationFailed",
            f"The client '{who}' with object id '{caller.principal}' does not have permission to perform action "
            f"'{ACTION.upper()}' on the specified KeyVault resource '{row.id}'. {_PAGE}",
            403,
        )
    return row


def _not_read(name: str, status: str, why: str) -> Failure:
    text = f"The secret of KeyVault parameter '{name}' cannot be retrieved. Http status code: '{status}'. Error message: '{why}'."
    return _failure("KeyVaultParameterReferenceSecretRetrieveFailed", f"{text} {_PAGE}")


def _failure(code: str, message: str, status: int = 400) -> Failure:
    return Failure({"code": code, "message": message}, status)
