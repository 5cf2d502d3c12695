"""Microsoft.KeyVault/locations/deletedVaults: what a deleted vault leaves, until it is recovered or purged.

A vault with soft delete (all but those made with ``enableSoftDelete: false``) keeps its name when it is deleted. PUT of the same
vault with ``createMode: recover`` brings it back as it was, with its policies, secrets and keys, not its private endpoints; POST
``purge`` ends it. Nothing is purged at its date.

Source: azure-rest-api-specs keyvault.json 2022-07-01 (Vaults_ListDeleted, GetDeleted, PurgeDeleted); learn.microsoft.com/azure/
key-vault/general/soft-delete-overview, .../key-vault-recovery.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from cloister.arm.errors import ArmError, Problem
from cloister.arm.ids import key, parse
from cloister.arm.resource import Action, Call, Change, Outcome, ResourceType, Restored, Row, View, enforced
from cloister.arm.schema import anything, boolean, obj, string
from cloister.net.plan import normal_region
from cloister.providers.keyvault.versions import API_VERSIONS

NAME = "Microsoft.KeyVault/locations/deletedVaults"
VAULTS = "Microsoft.KeyVault/vaults"
RETENTION_DAYS = 90


def deleted(name: str, view: View) -> Row | None:
    """The deleted vault of that name, wherever it was: names are shared by the whole cloud."""
    return next((row for row in view.of_type(NAME) if row.name.lower() == name.lower()), None)


def leaves(vault: Row, inside: Sequence[Row], view: View) -> Iterator[Row]:
    """What stays of a vault that goes."""
    if vault.properties.get("enableSoftDelete") is False:
        return
    days = int(vault.properties.get("softDeleteRetentionInDays") or RETENTION_DAYS)
    region = normal_region(str(vault.body.get("location") or ""))
    own = [row for row in inside if not row.owner and row.type.startswith(VAULTS + "/")]
    properties = {
        "vaultId": vault.id,
        "location": region,
        "tags": vault.body.get("tags") or {},
        "deletionDate": view.now,
        "scheduledPurgeDate": _later(view.now, days),
        **({"purgeProtectionEnabled": True} if _is_protected(vault) else {}),
    }
    yield Row(
        id=f"/subscriptions/{parse(vault.id).subscription}/providers/Microsoft.KeyVault/locations/{region}/deletedVaults/{vault.name}",
        type=NAME,
        body={"properties": properties},
        facts={"vault": msgspec.to_builtins(vault), "inside": msgspec.to_builtins(own)},
    )


def _is_protected(vault: Row) -> bool:
    return vault.properties.get("enablePurgeProtection") is True


def _later(now: str, days: int) -> str:
    return (datetime.fromisoformat(now) + timedelta(days=days)).isoformat().replace("+00:00", "Z")


def wants_back(vault: Row) -> bool:
    """Whether a body asks for the deleted vault of its name."""
    return str(vault.properties.get("createMode") or "").lower() == "recover"


def problems(vault: Row, view: View) -> Iterator[Problem]:
    """A new vault's name is not that of a deleted one, unless it is to come back; then there is one, and of this id."""
    found = deleted(vault.name, view)
    was = str(found.properties.get("vaultId")) if found is not None else ""
    if not wants_back(vault):
        if found is not None:
            why = "A vault with the same name already exists in deleted state. You need to either recover or purge it."
            way = f"cannot create vault '{vault.name}': '{was}' was deleted; PUT that with createMode 'recover', or purge it."
            yield Problem("ConflictError", "name", f"{why} {way}", 409)
    elif found is None:
        why = "no deleted vault has the name; leave createMode out to make a new one."
        yield Problem("VaultNotFound", "properties.createMode", f"cannot recover vault '{vault.name}': {why}", 404)
    elif key(was) != key(vault.id):
        why = f"the deleted vault of that name was '{was}'; recover it there."
        yield Problem("ConflictError", "properties.createMode", f"cannot recover vault '{vault.name}' here: {why}", 409)


def restore(vault: Row, view: View) -> Restored | None:
    """The vault and what stood in it, as they were; None for one that is new."""
    found = deleted(vault.name, view) if wants_back(vault) else None
    if found is None:
        return None
    rows = msgspec.convert([found.facts["vault"], *found.facts["inside"]], list[Row])
    return Restored(rows=tuple(rows), gone=(found.id,))


def purge(call: Call, view: View) -> Outcome:
    """POST purge: the name is free again, and what it had is lost."""
    if call.row.properties.get("purgeProtectionEnabled"):
        until = call.row.properties.get("scheduledPurgeDate")
        why = f"cannot purge vault '{call.row.name}' before {until}: its purge protection is on; recover it instead."
        raise ArmError(405, "MethodNotAllowed", f'Operation "DeletedVaultPurge" is not allowed. ({why})')
    return Outcome(gone=(call.row.id,))


def check(change: Change, view: View) -> Iterator[Problem]:
    """Deletion alone makes them."""
    if change.written is not None:
        why = "deleting a vault makes one; recover it by a PUT of the vault with createMode 'recover'."
        yield Problem("MethodNotAllowed", "", f"cannot write deleted vault '{change.row.name}': {why}", 405)


def blockers(row: Row, view: View) -> Iterator[str]:
    """They go by ``purge``."""
    yield "its retention (POST .../purge)"


TYPE = ResourceType(
    name=NAME,
    api_versions=API_VERSIONS,
    coverage=enforced("nothing is purged at its date; of its private endpoints a recovered vault knows nothing"),
    properties=obj(
        vaultId=string(read_only=True),
        location=string(read_only=True),
        tags=anything(read_only=True),
        deletionDate=string(read_only=True),
        scheduledPurgeDate=string(read_only=True),
        purgeProtectionEnabled=boolean(read_only=True),
    ),
    scopes=("subscription",),
    location="none",
    top_level=(),
    check=check,
    blockers=blockers,
    actions={"purge": Action(run=purge)},
    listed=False,
)
