"""What a template can be refused for: one exception, with Azure's code and Azure's wording.

Source of the wording: learn.microsoft.com/azure/azure-resource-manager/troubleshooting (common deployment errors,
invalid template errors). Where Azure has no text of its own, ours begins with "cannot".
"""

from __future__ import annotations

from typing import Any

from cloister.arm.errors import ArmError

FUNCTIONS_PAGE = "Please see https://aka.ms/arm-functions for usage details."
SYNTAX_PAGE = "Please see https://aka.ms/arm-syntax for usage details."
RESOURCES_PAGE = "Please see https://aka.ms/arm-syntax-resources for usage details."
PARAMETERS_PAGE = "Please see https://aka.ms/arm-create-parameter-file for usage details."


class TemplateError(Exception):
    """A template, its parameters or an expression in it is not valid.

    ``code`` is Azure's code, ``message`` the whole text, ``target`` the place in the template (a resource's name or a
    JSON path) or ``""``, ``details`` nested error objects ``{"code", "message", ...}``.
    """

    def __init__(
        self, message: str, *, code: str = "InvalidTemplate", target: str = "", details: list[dict[str, Any]] | None = None
    ):
        super().__init__(message)
        self.code = code
        self.message = message
        self.target = target
        self.details = details or []

    def validation(self) -> TemplateError:
        """This error as Azure words one that stops the whole template: "Deployment template validation failed: '...'."."""
        if self.code != "InvalidTemplate" or self.message.startswith(
            ("Deployment template validation failed", "Unable to process")
        ):
            return self
        text = f"Deployment template validation failed: '{self.message}'."
        return TemplateError(text, code=self.code, target=self.target, details=self.details)

    def body(self) -> dict[str, Any]:
        """The inner error object: ``{"code", "message", "target"?, "details"?}``."""
        out: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target:
            out["target"] = self.target
        if self.details:
            out["details"] = self.details
        return out

    def http(self, status: int = 400) -> ArmError:
        """The same as the error of a whole request."""
        return ArmError(status, self.code, self.message, target=self.target, details=self.details)


class ExpressionError(TemplateError):
    """An expression cannot be parsed or evaluated."""


class NotKnownYet(TemplateError):
    """A value that must be known before anything is deployed depends on something that only a deployment can tell."""


def not_expected(function: str) -> ExpressionError:
    """Azure's error for a function used where it may not stand (``reference`` in a name, ``utcNow`` in a resource)."""
    return ExpressionError(f"The template function '{function}' is not expected at this location. {FUNCTIONS_PAGE}")


def failed(function: str, reason: str) -> ExpressionError:
    """A template function got arguments that it cannot work with; ``reason`` is a sentence without its full stop."""
    page = f"Please see https://aka.ms/arm-functions#{function.lower()} for usage details."
    return ExpressionError(f"Unable to evaluate template language function '{function}': {reason}. {page}")
