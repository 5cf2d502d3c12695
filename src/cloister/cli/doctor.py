"""``cloister doctor``: named checks of this machine and this home; each finding says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict

from cloister.cli import show
from cloister.cli.checks import BAD, GOOD, WARNING, Finding, home, leftovers, machine
from cloister.cli.errors import CliError
from cloister.home import Home

CHECKS: tuple[Callable[[Home], Iterator[Finding]], ...] = (*machine.CHECKS, *home.CHECKS, *leftovers.CHECKS)
"""In the order in which they are printed."""


def doctor(*, as_json: bool) -> None:
    """Run all checks, print them; exit code 1 where one is bad."""
    chosen = Home.default()
    findings = [finding for check in CHECKS for finding in _found(check, chosen)]
    if as_json:
        show.print_json([asdict(finding) for finding in findings])
    else:
        _print(findings)
    bad = [finding.check for finding in findings if finding.state == BAD]
    if bad:
        raise CliError(f"cannot call this machine ready: {', '.join(bad)}")


def _found(check: Callable[[Home], Iterator[Finding]], chosen: Home) -> list[Finding]:
    """What a check finds; one that cannot be made is a finding too, and the others go on."""
    try:
        return list(check(chosen))
    except OSError as error:
        return [Finding(check.__name__, WARNING, f"cannot be checked: {error}", "run doctor as the user who runs the cloud")]


def _print(findings: list[Finding]) -> None:
    from rich.markup import escape

    out = show.console()
    colours = {GOOD: "green", WARNING: "yellow", BAD: "red"}
    for finding in findings:
        mark = f"[{colours[finding.state]}]{finding.state:6}[/]"
        out.print(f"{mark}{finding.check:36} {escape(finding.text)}")
        if finding.advice:
            out.print(f"{'':6}{'':36} → {finding.advice}", markup=False)
