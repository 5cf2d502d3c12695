"""The two keys of an endpoint that is called with keys: made with it, listed, made anew.

Source: azure-rest-api-specs mfe.json 2022-05-01 (EndpointAuthKeys: written keys are the first ones, and only ``listKeys`` tells
them; RegenerateEndpointKeysRequest). That an endpoint without keys is refused with ``UserError``, the code of the service's
other refusals, is this cloud's choice. No token is given: nothing here would sign or check one.
"""

from __future__ import annotations

from cloister.arm.errors import ArmError
from cloister.arm.resource import Action, Call, Change, Outcome, Row, View
from cloister.providers.required import asked

KEYS = ("primaryKey", "secondaryKey")
WITH_KEYS = ("key", "keyandaad")
"""What ``authMode`` is, in lower case, where callers may show a key."""


def settle(change: Change, view: View) -> Row:
    """The first keys, once: those that were written, made ones for the others."""
    if "keys" in change.row.facts:
        return change.row
    return change.row.with_facts(keys=_first(change.row, view))


def _first(row: Row, view: View) -> dict[str, str]:
    written = row.properties.get("keys")
    given = written if isinstance(written, dict) else {}
    return {name: given.get(name) or _made(row, name, row.created, view) for name in KEYS}


def _made(row: Row, name: str, when: str, view: View) -> str:
    letters = view.secret(f"{row.id} {name} {when}").replace("/", "A").replace("+", "B")
    return letters[:32]


def _keys(row: Row, view: View) -> dict[str, str]:
    if str(row.properties.get("authMode", "")).lower() not in WITH_KEYS:
        raise ArmError(
            400,
            "UserError",
            f"cannot give keys of endpoint '{row.name}': its authMode is {row.properties.get('authMode')}; only endpoints that "
            "are made with authMode Key have any.",
        )
    return row.facts.get("keys") or _first(row, view)


def list_keys(call: Call, view: View) -> Outcome:
    """POST listKeys."""
    return Outcome(body=_keys(call.row, view))


def regenerate(call: Call, view: View) -> Outcome:
    """POST regenerateKeys {keyType: Primary | Secondary, keyValue}: that key is another one from now on.

    A ``keyValue`` becomes the key. One that is the key already asks for a new one: azure-ai-ml sends what it has read.
    """
    keys, row = dict(_keys(call.row, view)), call.row
    wanted = f"{asked(call, 'keyType').lower()}Key"
    if wanted not in KEYS:
        raise ArmError(
            400,
            "UserError",
            f"cannot regenerate the key '{asked(call, 'keyType')}' of endpoint '{row.name}': give keyType Primary or Secondary.",
            target="keyType",
        )
    given = asked(call, "keyValue")
    keys[wanted] = given if given and given != keys[wanted] else _made(row, wanted, view.now, view)
    return Outcome(rows=(row.with_facts(keys=keys),))


LIST = {"listKeys": Action(run=list_keys)}
ACTIONS = {**LIST, "regenerateKeys": Action(run=regenerate)}
