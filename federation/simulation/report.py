"""What a run of seeds met and did not meet, as plain values and as lines for people and logs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from federation.simulation import invariants, saga
from federation.simulation.plan import FAULTS, NOT_INJECTED, POINTS
from federation.simulation.run import Failure, Simulated

_trace_lines = 60


def body(found: Simulated) -> Mapping[str, Any]:
    """For machines."""
    coverage = found.coverage
    return {
        "line": found.line(),
        "commit": commit(),
        "seeds": coverage.seeds,
        "faults": found.faults,
        "violations": found.violations,
        "invariants": {"checked": invariants.checked(), "not_checked": dict(invariants.NOT_CHECKED)},
        "not_injected": dict(NOT_INJECTED),
        "fault_kinds": {kind: {"times": coverage.faults[kind], "seeds": coverage.seeds_with[kind]} for kind in FAULTS},
        "crash_points": {point: {"crashes": coverage.crashes[point], "passed": coverage.points[point]} for point in POINTS},
        "pairs": {f"{state} x {kind}": coverage.pairs[state, kind] for state in saga.STATES for kind in FAULTS},
        "acts": dict(sorted(coverage.acts.items())),
        "operators": dict(sorted(coverage.operators.items())),
        "refusals": dict(sorted(coverage.refusals.items())),
        "seeds_with_forks": coverage.forks,
        "failures": [
            {
                "seed": failure.seed,
                "violations": [one.line() for one in failure.violations],
                "plan": [item.line() for item in failure.plan.items],
                "trace": list(failure.trace[-_trace_lines:]),
            }
            for failure in found.failures
        ],
    }


def failure_lines(failure: Failure) -> Iterator[str]:
    """What has to be known to run a failure again."""
    yield f"seed {failure.seed} at commit {commit()}"
    for violation in failure.violations:
        yield f"  {violation.line()}"
    yield f"  least plan that still fails, pace {failure.plan.pace:g}, greeting every {failure.plan.hello_seconds:g} s:"
    for item in failure.plan.items:
        yield f"    {item.line()}"
    yield "  what then happened:"
    for line in failure.trace[-_trace_lines:]:
        yield f"    {line}"


def coverage_lines(found: Simulated) -> Iterator[str]:
    """What was met: faults by kind, deaths by point, faults by the state that an escalation was in."""
    coverage = found.coverage
    yield "faults (times, share of seeds): " + ", ".join(
        f"{kind} {coverage.faults[kind]} ({coverage.seeds_with[kind] / max(coverage.seeds, 1):.0%})" for kind in FAULTS
    )
    yield "deaths (of so many passes): " + ", ".join(f"{point} {coverage.crashes[point]} ({coverage.points[point]})" for point in POINTS)
    for state in saga.STATES:
        yield f"{state}: " + ", ".join(f"{kind} {coverage.pairs[state, kind]}" for kind in FAULTS if coverage.pairs[state, kind])
    missing = [f"{state} x {kind}" for state in saga.STATES for kind in FAULTS if not coverage.pairs[state, kind]]
    yield f"pairs never met: {len(missing)} of {len(saga.STATES) * len(FAULTS)}"
    yield f"checked: {' '.join(invariants.checked())}"
    for name, reason in invariants.NOT_CHECKED.items():
        yield f"not checked: {name} ({reason})"
    for kind, reason in NOT_INJECTED.items():
        yield f"not injected: {kind} ({reason})"


def commit() -> str:
    """The commit that this program was run from, or its version where it is no checkout."""
    try:
        said = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return said.stdout.strip()
