"""What ends a command: an error a person can act on, with the exit code."""

from __future__ import annotations

from typing import Any


class CliError(Exception):
    """Ends the command with exit code 1; the text begins with "cannot" and ends with the way out."""

    exit_code = 1


class UsageError(CliError):
    """The command was typed wrongly; exit code 2."""

    exit_code = 2


class ArmFailure(CliError):
    """The control plane refused: its status and Azure's error body, kept for those who want to see it whole."""

    def __init__(self, text: str, status: int, error: dict[str, Any]):
        super().__init__(text)
        self.status = status
        self.error = error


def error_of(body: Any) -> dict[str, Any]:
    """The inner object of Azure's error envelope, whichever of its forms came; ``{}`` if it is none."""
    if not isinstance(body, dict):
        return {}
    inner = body.get("error")
    if isinstance(inner, dict):
        return inner
    properties = body.get("properties")
    if isinstance(properties, dict) and isinstance(properties.get("error"), dict):
        return properties["error"]
    if isinstance(inner, str):  # OAuth's form
        return {"code": inner, "message": str(body.get("error_description") or "")}
    return body if "code" in body and "message" in body else {}


def error_lines(error: dict[str, Any], depth: int = 0) -> list[str]:
    """Azure's error as an indented tree of ``code: message``, its ``details`` below; each text once."""
    code, message = str(error.get("code") or "Error"), str(error.get("message") or "").strip()
    target = f" (at {error['target']})" if error.get("target") else ""
    lines = ["  " * depth + f"{code}: {message}{target}"]
    for detail in error.get("details") or []:
        if isinstance(detail, dict) and (detail.get("code"), detail.get("message")) != (error.get("code"), error.get("message")):
            lines += error_lines(detail, depth + 1)
    return lines
