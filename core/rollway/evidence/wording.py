"""Verdicts in a sentence, for an operator who was just woken up."""

from rollway.domain.words import Verdict
from rollway.evidence.counts import Counts
from rollway.evidence.judgement import Totals
from rollway.evidence.specification import Comparison, Latency, Limit, Scalar, Specification


def failing(spec: Specification, seen: Totals, tolerance: float) -> str:
    """Why a release fails: both shares, and what was allowed."""
    return f"{_seen(spec, seen)}: {_allowed(spec, tolerance)}"


def reason(verdict: Verdict, spec: Specification, seen: Totals, tolerance: float, margin: float) -> str:
    """Why the step stands as it does; `seen` is what entered the test in this step."""
    match verdict:
        case Verdict.FAIL:
            return failing(spec, seen, tolerance)
        case Verdict.ERROR:
            return "the last 5 measurements could not be read"
        case Verdict.NO_DATA:
            return _no_data(spec)
        case Verdict.PASS:
            return f"{_seen(spec, seen)}: clear of {clear_line(spec, tolerance + margin)}"
        case Verdict.INCONCLUSIVE:
            return f"{_seen(spec, seen)}: too little evidence yet, clears at {clear_line(spec, tolerance + margin)}"


def percent(share: float) -> str:
    """A share as people write it: 0.002 is "0.2%"."""
    return f"{share * 100:.3g}%" if share < 0.9995 else "100%"


def points(share: float) -> str:
    """A difference of shares: 0.002 is "0.2 pp"."""
    return f"{share * 100:.3g} pp"


def clear_line(spec: Specification, line: float) -> str:
    """Below what a step passes: "stable + 1.2 pp", where `line` is tolerance and margin together."""
    match spec:
        case Scalar():
            return "half of the intervals"
        case Limit():
            return percent(line)
        case Comparison() if spec.ratio != 1:
            return f"{spec.ratio:g} x stable + {points(line)}"
        case _:
            return f"stable + {points(line)}"


def _no_data(spec: Specification) -> str:
    match spec:
        case Scalar():
            return "no measurement in this step yet"
        case Limit():
            return "no request reached the canary in this step yet"
        case _:
            return "no request reached both canary and stable in this step yet"


def _seen(spec: Specification, seen: Totals) -> str:
    if isinstance(spec, Scalar):
        return f"breached in {seen.canary.bad:,.0f} of {seen.canary.requests:,.0f} intervals"
    canary = f"canary {_verb(spec)} {_share(seen.canary)}"
    if isinstance(spec, Limit) or not seen.stable.requests:
        return canary
    return f"{canary}, stable {_share(seen.stable)}"


def _verb(spec: Specification) -> str:
    slow = isinstance(spec, Latency) or (isinstance(spec, Limit) and spec.slower_than is not None)
    return "is slow in" if slow else "fails"


def _share(counts: Counts) -> str:
    return f"{percent(counts.share)} ({counts.bad:,.0f} of {counts.requests:,.0f})"


def _allowed(spec: Specification, tolerance: float) -> str:
    match spec:
        case Comparison() if spec.ratio != 1:
            return f"{spec.ratio:g} x stable + {points(tolerance)} allowed"
        case Comparison():
            return f"{points(tolerance)} allowed"
        case Limit() if spec.slower_than is not None:
            return f"{percent(tolerance)} slower than {spec.slower_than:g} s allowed"
        case Limit():
            return f"{percent(tolerance)} allowed"
        case Latency():
            return f"{percent(spec.quantile)} quantile {percent(spec.slowdown - 1)} slower allowed"
        case Scalar():
            return "half of them allowed"
