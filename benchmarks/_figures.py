"""What benchmarks share: percentiles, and the one JSON object that each prints last."""

import json
import math
import platform
from collections.abc import Mapping, Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(len(ordered) * percent / 100) - 1))]


def printed(
    name: str,
    figures: Mapping[str, float],
    reference: Mapping[str, float],
    ratios: Mapping[str, float],
    conditions: Mapping[str, object],
) -> str:
    """The object; units stand in the keys."""
    return json.dumps(
        {
            "name": name,
            "figures": figures,
            "reference": reference,
            "ratios": ratios,
            "conditions": {**conditions, "python": platform.python_version()},
        }
    )
