"""A trace in words, for people."""

from __future__ import annotations

import re

from cloister.explain.trace import DISPOSITIONS, Trace

_SCOPE = re.compile(r"/subscriptions/[^/\s]+/resourceGroups/[^/\s]+/providers/[^/\s]+/")


def render(trace: Trace) -> str:
    """The trace as text: a line a step, the verdict last; ids shortened (``Trace.plain`` has them whole)."""
    flow = trace.flow
    lines = [f"from {flow.source} to {flow.to}:{flow.port}" + (f" ({trace.address})" if trace.address else "")]
    for step in trace.steps:
        because = f"   [{step.because}]" if step.because else ""
        lines.append(f"  {step.stage:9} {step.action:11} {step.detail}{because}")
    lines.append(f"{trace.disposition}: {DISPOSITIONS[trace.disposition]}")
    return "\n".join(short(line) for line in lines)


def short(text: str) -> str:
    """The text with resource ids cut to what tells them apart for a person: type and name."""
    return _SCOPE.sub("", text)
