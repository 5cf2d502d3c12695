"""Microsoft.Authorization/policyDefinitions, policySetDefinitions, policyAssignments: Append, Modify, Deny, Audit are enforced.

Source: learn.microsoft.com/azure/governance/policy/concepts/definition-structure
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.arm import policy_effects
from cloister.arm.errors import Problem
from cloister.arm.policies import built_in
from cloister.arm.policy import unknown_words
from cloister.arm.policy_effects import APPEND, MODIFY
from cloister.arm.resource import Change, Row, View, enforced
from cloister.arm.schema import anything, array, obj, string
from cloister.providers.authorization.versions import API_VERSIONS
from cloister.providers.plain import plain

DEFINITION_NAME = "Microsoft.Authorization/policyDefinitions"

DEFINITION_PROPERTIES = obj(
    policyType=string("NotSpecified", "BuiltIn", "Custom", "Static"),
    mode=string(),
    displayName=string(),
    description=string(),
    policyRule=anything(),
    metadata=anything(),
    parameters=anything(),
    version=string(),
    versions=array(string()),
)

LACKS = (
    "effects other than Append, Modify, Deny, Audit and AuditIfNotExists (judged as Audit) do nothing: DeployIfNotExists "
    "makes nothing; what is there already is not remedied; a rule's unknown words are refused"
)


def check_definition(change: Change, view: View) -> Iterator[Problem]:
    """A rule is taken only where every word of it is known, so that none is judged wrongly."""
    rule, title = change.row.properties.get("policyRule"), change.row.name
    if rule is None:
        return
    words = list(unknown_words(rule.get("if"))) if isinstance(rule, dict) else ["it is no object"]
    for word in words:
        why = f"cannot take the policy rule of '{title}': {word}; write it with what docs say is known."
        yield Problem("InvalidPolicyRule", "properties.policyRule", why)
    effect = rule.get("then", {}).get("effect") if isinstance(rule, dict) and isinstance(rule.get("then"), dict) else None
    if not words and not isinstance(effect, str):
        why = f"cannot take the policy rule of '{title}': then.effect is missing; give it, such as 'deny'."
        yield Problem("InvalidPolicyRule", "properties.policyRule.then", why)
    elif not words and isinstance(effect, str) and effect.lower() in (APPEND, MODIFY):
        for word in policy_effects.problems(effect.lower(), rule["then"].get("details")):
            why = f"cannot take the policy rule of '{title}': {word}; see the effect's page in Azure's docs."
            yield Problem("InvalidPolicyRuleEffectDetails", "properties.policyRule.then.details", why)


DEFINITION_TYPE = plain(
    DEFINITION_NAME,
    API_VERSIONS,
    DEFINITION_PROPERTIES,
    lacks=LACKS,
    coverage=enforced(LACKS),
    check=check_definition,
    scopes=("subscription", "group", "resource"),
    location="none",
    listed=False,
    delete_shows=True,
)

SET_NAME = "Microsoft.Authorization/policySetDefinitions"

SET_PROPERTIES = obj(
    policyType=string("NotSpecified", "BuiltIn", "Custom", "Static"),
    displayName=string(),
    description=string(),
    metadata=anything(),
    parameters=anything(),
    policyDefinitions=array(
        obj(
            policyDefinitionId=string(required=True),
            parameters=anything(),
            policyDefinitionReferenceId=string(),
            groupNames=array(string()),
        ),
        required=True,
    ),
    policyDefinitionGroups=array(anything()),
    version=string(),
    versions=array(string()),
)

SET_TYPE = plain(
    SET_NAME,
    API_VERSIONS,
    SET_PROPERTIES,
    lacks=LACKS,
    coverage=enforced(LACKS),
    scopes=("subscription", "group", "resource"),
    location="none",
    listed=False,
    delete_shows=True,
)

ASSIGNMENT_NAME = "Microsoft.Authorization/policyAssignments"

ASSIGNMENT_PROPERTIES = obj(
    displayName=string(),
    policyDefinitionId=string(required=True),
    definitionVersion=string(),
    scope=string(read_only=True),
    notScopes=array(string()),
    parameters=anything(),
    description=string(),
    metadata=anything(),
    enforcementMode=string("Default", "DoNotEnforce", "Enroll", default="Default"),
    nonComplianceMessages=array(anything()),
    resourceSelectors=array(anything()),
    overrides=array(anything()),
)


def show(row: Row, view: View, api_version: str) -> dict[str, Any]:
    """The scope on which it stands."""
    return {"scope": row.id.rsplit("/providers/", 1)[0]}


def check_assignment(change: Change, view: View) -> Iterator[Problem]:
    """The policy exists, unless it is a built-in one of Azure's that this cloud does not know; its effect is one it has."""
    wanted = str(change.row.properties.get("policyDefinitionId") or "")
    known = built_in(wanted)
    if known is None and wanted.lower().startswith("/subscriptions/") and view.get(wanted) is None:
        why = f"cannot assign '{wanted}': there is no such policy; make it first."
        yield Problem("PolicyDefinitionNotFound", "properties.policyDefinitionId", why, 404)
    given = change.row.properties.get("parameters")
    if known is None or not isinstance(given, dict):
        return
    for name, item in given.items():
        value, at = item.get("value") if isinstance(item, dict) else None, f"properties.parameters.{name}"
        if name.lower() != known.parameter.lower():
            why = f"cannot assign '{known.title}' with the parameter '{name}': it is not defined; use '{known.parameter}'."
            yield Problem("UndefinedPolicyParameter", at, why)
        elif str(value).lower() not in map(str.lower, known.effects):
            why = f"cannot assign '{known.title}' with the effect '{value}': use one of {', '.join(known.effects)}."
            yield Problem("PolicyParameterValueNotAllowed", at, why)


ASSIGNMENT_TYPE = plain(
    ASSIGNMENT_NAME,
    API_VERSIONS,
    ASSIGNMENT_PROPERTIES,
    lacks=LACKS,
    coverage=enforced(LACKS),
    check=check_assignment,
    scopes=("subscription", "group", "resource"),
    location="optional",
    listed=False,
    show=show,
    delete_shows=True,
)

TYPES = (
    DEFINITION_TYPE,
    SET_TYPE,
    ASSIGNMENT_TYPE,
)
"""The types of this module."""
