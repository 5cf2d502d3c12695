"""Azure's error body as an exception: code, message, target, details; the status goes with it.

Source: github.com/microsoft/api-guidelines, azure/Guidelines.md "Handling errors", and ARM's own
``{"error": {...}}`` envelope.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what the user declared.

    ``code`` is Azure's code, ``target`` a JSON path such as ``properties.subnet.id``, ``message``
    begins with "cannot", names the user's thing and ends with the way out. ``status`` is the HTTP
    status if this is the first problem.
    """

    code: str
    target: str
    message: str
    status: int = 400


class ArmError(Exception):
    """A request that ends in Azure's error body."""

    def __init__(
        self, status: int, code: str, message: str, *, target: str = "", details: Iterable[dict] = (), headers: dict | None = None
    ):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.details = list(details)
        self.headers = headers or {}

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> ArmError:
        """All problems of one body at once: the first leads, the whole list stands in ``details``."""
        found = list(problems)
        first = found[0]
        details = [{"code": p.code, "target": p.target, "message": p.message} for p in found] if len(found) > 1 else []
        return cls(first.status, first.code, first.message, target=first.target, details=details)

    def body(self) -> dict:
        """The envelope: ``{"error": {"code", "message", "target"?, "details"?}}``."""
        inner: dict = {"code": self.code, "message": self.message}
        if self.target:
            inner["target"] = self.target
        if self.details:
            inner["details"] = self.details
        return {"error": inner}


def not_found(id_text: str, type_name: str, group: str) -> ArmError:
    """404 ``ResourceNotFound`` in Azure's wording."""
    name = f"{type_name}/{id_text.rsplit('/', 1)[-1]}"
    return ArmError(404, "ResourceNotFound", f"The Resource '{name}' under resource group '{group}' was not found.")
