"""Linked templates: read from folders that the operator allows, each standing for the URIs that begin with its prefix.

Nothing is fetched from any network: this cloud has no way out unless its user asks for one. A ``relativePath`` is read
beside the template that links to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from cloister.arm.template import jsonc
from cloister.arm.template.values import get
from cloister.control.deployment_facts import Failure
from cloister.limits import BODY_BYTES_MAX


class Links:
    """``folders`` maps URI prefixes (``https://host/path/``) to directories."""

    def __init__(self, folders: Mapping[str, Path]):
        self._folders = {prefix.rstrip("/") + "/": path.resolve() for prefix, path in folders.items()}

    def follow(self, link: dict[str, Any], parent: dict[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
        """The template that a link leads to, and the link with its whole URI. Reads a file: call it from a thread.

        Raises Failure ``InvalidContentLink`` or ``InvalidTemplate``.
        """
        uri = self._uri(link, parent)
        path = self._path(uri)
        try:
            if path is None or path.stat().st_size > BODY_BYTES_MAX:
                raise FileNotFoundError
            template = jsonc.parse(path.read_bytes())
        except OSError:
            prefixes = ", ".join(f"'{prefix}'" for prefix in self._folders) or "none"
            raise _failure(
                "InvalidContentLink",
                f"Unable to download deployment content from '{uri}'. This cloud reads linked templates from folders that its "
                f"operator allows only (now: {prefixes}); allow one for this address, or nest the template inline.",
            ) from None
        except jsonc.JsonError as error:
            raise _failure("InvalidTemplate", f"Unable to process the template at '{uri}': {error}") from None
        if not isinstance(template, dict):
            raise _failure("InvalidTemplate", f"Unable to process the template at '{uri}': it must be a JSON object.")
        return template, {**{name: value for name, value in link.items() if name.lower() != "relativepath"}, "uri": uri}

    def _uri(self, link: dict[str, Any], parent: dict[str, Any] | None) -> str:
        relative = get(link, "relativePath")
        if isinstance(relative, str) and relative:
            start = get(parent, "uri")
            if not isinstance(start, str):
                raise _failure(
                    "InvalidContentLink",
                    f"The relative path '{relative}' of a template link needs a main template that was deployed by its URI.",
                )
            return urljoin(start, relative)
        uri = get(link, "uri")
        if not isinstance(uri, str) or not uri:
            text = "A template link needs a 'uri', the 'id' of a template spec's version, or a 'relativePath'."
            raise _failure("InvalidContentLink", text)
        return uri

    def _path(self, uri: str) -> Path | None:
        """The file that a URI means; None outside the allowed folders."""
        plain = urlsplit(uri)._replace(query="", fragment="").geturl()
        for prefix, folder in self._folders.items():
            if plain.lower().startswith(prefix.lower()):
                path = (folder / unquote(plain[len(prefix) :])).resolve()
                return path if path.is_relative_to(folder) and path.is_file() else None
        return None


def _failure(code: str, message: str) -> Failure:
    return Failure({"code": code, "message": message}, 400)
