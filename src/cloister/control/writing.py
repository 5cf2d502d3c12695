"""What a PUT, PATCH, DELETE or action would change: the candidates in the draft, each checked, before anything settles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from cloister.arm.catalog import GROUP_TYPE
from cloister.arm.envelope import clean_body, missing_parts, name_problem
from cloister.arm.errors import ArmError, Problem
from cloister.arm.ids import IdError, ResourceId, key, parse
from cloister.arm.jsonbody import check_made, parse_object, require_object
from cloister.arm.merge import merge_patch
from cloister.arm.resource import Call, Change, ResourceType, Row
from cloister.arm.schema_check import Checker, filled, short, written_only
from cloister.control.distrust import blamed
from cloister.control.passage import Passage
from cloister.control.policy import amended
from cloister.control.removal import refuse_nested, remove

_TAKEN: dict[str, tuple[str, str]] = {
    "microsoft.storage/storageaccounts": ("StorageAccountAlreadyTaken", "The storage account named {name} is already taken."),
    "microsoft.keyvault/vaults": (
        "VaultAlreadyExists",
        "The vault name '{name}' is already in use. Vault names are globally unique so it is possible that the name is "
        "already taken.",
    ),
    "microsoft.containerregistry/registries": (
        "AlreadyInUse",
        "The registry DNS name {name}.azurecr.io is already in use.",
    ),
}
"""Azure's own code and words for a name that the whole cloud shares and somebody has."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One row that the request would write."""

    kind: ResourceType
    row: Row
    old: Row | None
    written: dict[str, Any]


def _body(p: Passage) -> dict[str, Any]:
    """What is to be written; a child may come without any (a table, a queue: their published bodies are optional)."""
    if p.raw is None:
        return require_object(p.body)
    is_bare = p.kind.location == "none" and "/" in p.kind.name.split("/", 1)[1] and not p.raw.strip()
    return {} if is_bare else parse_object(p.raw)


def plan_write(p: Passage) -> None:
    """PUT and PATCH: candidates for the resource and the child rows that stand inside its body, checked together."""
    body = amended(p, _body(p))
    if p.raw is None:
        check_made(body)
    if p.old is not None and p.old.owner and not (p.kind.yields_to_writes and p.kind.yields_to_writes(p.old)):
        _amend(p, body)
        return
    checker = Checker(p.thing)
    candidates: list[Candidate] = []
    replaced: list[str] = []
    if p.old is None:
        _check_name(p, checker)
    _gather(p, checker, p.kind, p.id, body, candidates, replaced)
    _raise(checker.problems)
    for candidate in candidates:
        p.draft.put(candidate.row)
    if replaced:
        p.dropped = [key(row.id) for row in remove(p.draft, p.engine.types, replaced)]
    problems: list[Problem] = []
    for candidate in candidates:
        change = Change(
            old=candidate.old, row=candidate.row, written=candidate.written, api_version=p.api_version, caller=p.caller.principal
        )
        with blamed(candidate.kind.name, "check", candidate.row.id):
            problems += candidate.kind.check(change, p.draft)
    _raise(problems)
    if p.old is None and p.kind.amend is not None:
        raise p.not_found()  # rows of this type are made by their owners alone
    p.puts = {key(candidate.row.id): candidate.written for candidate in candidates}
    p.created = p.old is None
    if p.created and p.kind.restore is not None:
        _restore(p, candidates[0].row)


def _restore(p: Passage, row: Row) -> None:
    """Where the new row stands for one that was deleted: that one instead, with what stood in it."""
    assert p.kind.restore is not None
    with blamed(p.kind.name, "restore", row.id):
        restored = p.kind.restore(row, p.draft)
    if restored is None:
        return
    for back in restored.rows:
        p.draft.put(back)
    for id in restored.gone:
        p.draft.drop(key(id))
    p.puts = {key(back.id): None for back in restored.rows}


def _raise(problems: list[Problem]) -> None:
    if problems:
        raise ArmError.of(problems)


def _check_name(p: Passage, checker: Checker) -> None:
    if problem := name_problem(p.kind, p.id.name):
        checker.problems.append(problem)
    elif p.kind.name_unique and (others := p.draft.named(p.kind.name, p.id.name)):
        code, words = _TAKEN.get(p.kind.name.lower(), ("NameAlreadyInUse", "The name '{name}' is already in use."))
        where = f" cannot create {p.thing}: '{others[0].id}' has the name; choose another."
        raise ArmError(409, code, words.format(name=p.id.name) + where, target="name")


def _gather(
    p: Passage,
    checker: Checker,
    kind: ResourceType,
    id: ResourceId,
    body: dict[str, Any],
    candidates: list[Candidate],
    replaced: list[str],
) -> None:
    """The candidate of one body, and those of the children inside it."""
    old = p.draft.committed(id.text)
    written = clean_body(checker, kind, body)
    whole = written
    if p.method == "PATCH" and old is not None and id.key == p.id.key:
        base = {**old.body, "properties": written_only(kind.properties, old.properties)}
        checker.problems.clear()
        whole = clean_body(checker, kind, merge_patch(base, body))
    whole = _located(checker, kind, old, whole)
    missing_parts(checker, kind, whole)
    properties = whole.get("properties") or {}
    if old is not None:
        properties = checker.carried(kind.properties, old.properties, properties, "properties")
    children = _inline(p, checker, kind, id, properties)
    properties = filled(kind.properties, {name: value for name, value in properties.items() if name not in children})
    row = Row(
        id=old.id if old is not None else id.text,
        type=kind.name,
        body={**whole, "properties": properties},
        facts=old.facts if old is not None else {},
        created=old.created if old is not None else p.now,  # hooks tell a resource made anew from the one before by it
        created_by=old.created_by if old is not None else "",
    )
    mine = {name: value for name, value in (written.get("properties") or {}).items() if name not in children}
    candidates.append(Candidate(kind=kind, row=row, old=old, written={**written, "properties": mine}))
    for name, items in children.items():
        _gather_children(p, kind, id, name, items, candidates, replaced, checker)


def _located(checker: Checker, kind: ResourceType, old: Row | None, body: dict[str, Any]) -> dict[str, Any]:
    """The body with its location; a resource never moves.

    Source of the code and words: Azure's InvalidResourceLocation.
    """
    if kind.location == "none":
        return body
    before, now = (old.body.get("location") if old is not None else None), body.get("location")
    if before and now and before != now:
        why = f"is '{now}', but the resource exists in '{before}'; leave the location as it is, or choose another name"
        code = "InvalidResourceGroupLocation" if kind.name == GROUP_TYPE else "InvalidResourceLocation"
        checker.add(code, "location", why, 409)
    if now is None:
        now = before or ("global" if kind.location == "global" else None)
    return {**body, "location": now} if now else body


def _inline(
    p: Passage, checker: Checker, kind: ResourceType, id: ResourceId, properties: dict[str, Any]
) -> dict[str, list[tuple[str, dict]]]:
    """The array properties whose items are child rows, as ``property -> [(child's name, child's body)]``."""
    found: dict[str, list[tuple[str, dict]]] = {}
    for name, segment in kind.inline.items():
        items = properties.get(name)
        if f"{kind.name}/{segment}" not in p.engine.types or items is None:
            continue
        if not isinstance(items, list):
            checker.add("InvalidRequestContent", f"properties.{name}", f"must be a list, not {short(items)}")
            continue
        found[name] = []
        seen: set[str] = set()
        for n, item in enumerate(items):
            path = f"properties.{name}[{n}]"
            child = _child_name(item)
            if not child:
                checker.add("InvalidRequestContent", path, "must be an object with a name; give each item its 'name'")
            elif child.lower() in seen:
                checker.add("InvalidRequestContent", path, f"has the name {short(child)} a second time; names must differ")
            else:
                seen.add(child.lower())
                found[name].append((child, item))
    return found


def _child_name(item: Any) -> str:
    if not isinstance(item, dict):
        return ""
    name, id = item.get("name"), item.get("id")
    if isinstance(name, str) and name:
        return name.rsplit("/", 1)[-1]
    if isinstance(id, str):
        try:
            return parse(id).name
        except IdError:
            return ""
    return ""


def _gather_children(
    p: Passage,
    kind: ResourceType,
    id: ResourceId,
    name: str,
    items: list[tuple[str, dict]],
    candidates: list[Candidate],
    replaced: list[str],
    checker: Checker,
) -> None:
    """Candidates for the children in one array; existing ones that it leaves out will be deleted."""
    child_kind = p.engine.types[f"{kind.name}/{kind.inline[name]}"]
    segment = child_kind.name.rsplit("/", 1)[-1]
    kept: set[str] = set()
    for child_name, item in items:
        child = id.child(segment, child_name)
        old = p.draft.committed(child.text)
        kept.add(child.key)
        if old is not None and old.owner:
            continue  # another row's: it is shown here, and written by its owner
        below = Checker(f"{segment} '{child_name}' of {checker.thing}")
        if old is None and (problem := name_problem(child_kind, child_name)):
            below.problems.append(problem)
        _gather(p, below, child_kind, parse(old.id) if old is not None else child, item, candidates, replaced)
        checker.problems += below.problems
    for row in p.draft.children(id.text, child_kind.name):
        if key(row.id) not in kept and not row.owner and len(parse(row.id).names) == len(id.names) + 1:
            replaced.append(key(row.id))


def _amend(p: Passage, body: dict[str, Any] | None) -> None:
    """A direct write to a row that another row owns: what its type lets the other side change, or a refusal."""
    assert p.old is not None
    if p.kind.amend is None:
        owner = parse(p.old.owner)
        verb = "delete" if body is None else "change"
        message = (
            f"cannot {verb} {p.thing} directly: it belongs to {owner.type.rsplit('/', 1)[-1]} '{owner.name}' "
            f"({p.old.owner}); {verb} that instead."
        )
        raise ArmError(409, "OperationNotAllowed", message, target=p.old.id)
    written = None
    if body is not None:
        checker = Checker(p.thing)
        if p.method == "PATCH":
            body = merge_patch({**p.old.body, "properties": written_only(p.kind.properties, p.old.properties)}, body)
        written = clean_body(checker, p.kind, body)
        checker.missing(p.kind.properties, written.get("properties") or {}, "properties")
        _raise(checker.problems)
    with blamed(p.kind.name, "amend", p.old.id):
        new = p.kind.amend(p.old, written, p.draft, p.caller.principal)
    p.draft.put(new)
    p.puts = {key(new.id): None}


def plan_delete(p: Passage) -> None:
    """DELETE: the resource with all that goes with it, unless something that stays needs it."""
    assert p.old is not None
    if p.old.owner:
        _amend(p, None)
    else:
        refuse_nested(p.draft, p.kind, p.old)
        p.dropped = [key(row.id) for row in remove(p.draft, p.engine.types, [key(p.old.id)])]


def plan_action(p: Passage, body: Any, run: Callable[[Call, Any], Any]) -> None:
    """POST of an action: its answer, and the rows it changes."""
    row = p.old if p.old is not None else Row(id=p.id.text, type=p.kind.name, body={})
    with blamed(p.kind.name, f"the action {p.target.action}", row.id):
        p.outcome = run(Call(row=row, body=body, query=p.query, api_version=p.api_version), p.draft)
    for changed in p.outcome.rows:
        p.draft.put(changed)
    for id in p.outcome.gone:
        p.draft.drop(key(id))
    p.dropped = [key(id) for id in p.outcome.gone]
    p.puts = {key(changed.id): None for changed in p.outcome.rows}
