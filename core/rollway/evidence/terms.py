"""The numbers that follow from a specification and from how often it is measured."""

from typing import Final

from rollway.evidence.specification import Comparison, Latency, Limit, Scalar, Specification

# Of a whole rollout: a healthy release is taken back, a release past the clear line is promoted.
ALPHA: Final = 0.01
BETA: Final = 0.05
REDEAL_SECONDS: Final = 500.0
REDEAL_MOST: Final = 0.05


def samples_needed(spec: Specification, interval: float) -> int:
    """The fewest samples that can fail a release: a total failure of half a second alone does not."""
    if isinstance(spec, Scalar):
        return 3
    return 2 if interval >= 10 else 3 if interval >= 1 else 4


def redealt(spec: Specification, interval: float) -> float:
    """The part of a purse that is dealt again with each sample."""
    return REDEAL_MOST if isinstance(spec, Scalar) else min(interval / REDEAL_SECONDS, REDEAL_MOST)


def terms(spec: Specification) -> tuple[float, float]:
    """The tolerance tau and the ratio rho of "healthy: p_canary <= rho*p_stable + tau"."""
    match spec:
        case Comparison():
            return spec.tolerance, spec.ratio
        case Limit():
            return spec.maximum, 0.0
        case Latency():
            return 0.0, 1.0
        case Scalar():
            return 0.5, 0.0
