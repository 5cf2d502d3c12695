"""Small rules that several providers share about the members of the envelope: ``sku``, ``kind``, free names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cloister.arm.errors import Problem
from cloister.arm.resource import Action, Call, Outcome, Row, View


def sku(row: Row) -> dict[str, Any]:
    """``sku`` as an object; empty where there is none or the user wrote something else."""
    found = row.body.get("sku")
    return found if isinstance(found, dict) else {}


def sku_name(row: Row) -> str:
    """``sku.name`` as the user wrote it, ``""`` for none."""
    return str(sku(row).get("name") or "")


def asked(call: Call, name: str) -> str:
    """A member of an action's body as text, ``""`` where it is missing or the body is no object."""
    return str(call.body.get(name) or "") if isinstance(call.body, dict) else ""


def choice(row: Row, member: str, given: str, allowed: Iterable[str], words: str) -> Iterator[Problem]:
    """A problem unless ``given`` is one of ``allowed``, compared without case."""
    names = tuple(allowed)
    if not given:
        yield Problem(
            "InvalidParameter", member, f"cannot make {words} '{row.name}' without '{member}'; give one of {', '.join(names)}."
        )
    elif given.lower() not in {name.lower() for name in names}:
        yield Problem(
            "InvalidParameter",
            member,
            f"cannot make {words} '{row.name}' with {member} '{given}'; give one of {', '.join(names)}.",
        )


def spelled(given: str, allowed: Iterable[str]) -> str:
    """``given`` in Azure's spelling."""
    return next((name for name in allowed if name.lower() == given.lower()), given)


def name_check(type_name: str, words: str, *also: str) -> Action:
    """The scope action ``checkNameAvailability`` of a type whose names are global; ``also`` names other types that hold them."""

    def run(call: Call, view: View) -> Outcome:
        wanted = asked(call, "name")
        holders = [row for kind in (type_name, *also) for row in view.of_type(kind)]
        taken = any(row.name.lower() == wanted.lower() for row in holders)
        body: dict[str, Any] = {"nameAvailable": not taken}
        if taken:
            body |= {
                "reason": "AlreadyExists",
                "message": f"cannot use the name '{wanted}': a {words} of this cloud has it; choose another.",
            }
        return Outcome(body=body)

    namespace = type_name.split("/", 1)[0]
    return Action(run=run, permission=f"{namespace}/checkNameAvailability/read")
