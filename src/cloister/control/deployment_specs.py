"""Template specs: the template that a ``templateLink.id`` leads to, and those that stand beside it in the same version.

A version is read as the caller reads it (``templateSpecs/versions/read``). A ``relativePath`` in one of its templates is the path
of another one in its ``linkedTemplates``, told from the linking one.

Source: learn.microsoft.com/azure/azure-resource-manager/templates/template-specs and .../template-specs-create-linked.
"""

from __future__ import annotations

import posixpath
from typing import Any

import orjson

from cloister.arm.ids import IdError, parse
from cloister.arm.template.values import get
from cloister.control.deployment_facts import Failure
from cloister.control.deployment_record import error_of
from cloister.control.ports import Caller, Engine

VERSIONS = "Microsoft.Resources/templateSpecs/versions"
API_VERSION = "2022-02-01"


def is_link(link: dict[str, Any], parent: dict[str, Any] | None) -> bool:
    """Whether a link leads to a template spec: by its id, or relative to a template of one."""
    return get(link, "id") is not None or (get(link, "relativePath") is not None and get(parent, "id") is not None)


async def follow(
    engine: Engine, caller: Caller, link: dict[str, Any], parent: dict[str, Any] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The template, and the link with all that further links need. Raises Failure."""
    own = get(link, "id")
    id = own if own is not None else get(parent, "id")
    version = await _version(engine, caller, id)
    relative = str(get(link, "relativePath") or "")
    if not relative:
        template, link = get(version, "mainTemplate"), {"id": id}
    else:
        beside = "" if own is not None else posixpath.dirname(str(get(parent, "relativePath") or ""))
        path = posixpath.normpath(posixpath.join(beside, relative))
        parts = [one for one in get(version, "linkedTemplates") or () if isinstance(one, dict)]
        template = next((get(one, "template") for one in parts if _same(str(get(one, "path")), path)), None)
        link = {"id": id, "relativePath": path}
        if template is None:
            paths = ", ".join(f"'{get(one, 'path')}'" for one in parts) or "none"
            raise _failure(f"The template spec '{id}' has no linked template '{path}'; its paths are: {paths}.")
    if not isinstance(template, dict):
        raise _failure(f"The template spec '{id}' holds no template; write its 'mainTemplate' as a JSON object.")
    return template, link


async def _version(engine: Engine, caller: Caller, id: Any) -> dict[str, Any]:
    try:
        place = parse(id) if isinstance(id, str) else None
    except IdError:
        place = None
    if place is None or place.type.lower() != VERSIONS.lower():
        raise _failure(f"The template link's id '{id}' is not that of a version of a template spec ({VERSIONS}).")
    response = await engine.perform("GET", place.text, caller=caller, api_version=API_VERSION)
    if response.status >= 300:
        raise Failure(error_of(response), response.status)
    found = orjson.loads(response.body)["properties"]
    return found if isinstance(found, dict) else {}


def _same(written: str, path: str) -> bool:
    return posixpath.normpath(written).lower() == path.lower()


def _failure(message: str) -> Failure:
    return Failure({"code": "InvalidContentLink", "message": message}, 400)
