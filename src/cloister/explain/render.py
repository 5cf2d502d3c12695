"""A trace in words, for people."""

from __future__ import annotations

from cloister.explain.trace import DISPOSITIONS, Trace


def render(trace: Trace) -> str:
    """The trace as text: a line a step, the verdict last."""
    flow = trace.flow
    lines = [f"from {flow.source} to {flow.to}:{flow.port}" + (f" ({trace.address})" if trace.address else "")]
    for step in trace.steps:
        because = f"   [{step.because}]" if step.because else ""
        lines.append(f"  {step.stage:9} {step.action:11} {step.detail}{because}")
    lines.append(f"{trace.disposition}: {DISPOSITIONS[trace.disposition]}")
    return "\n".join(lines)
