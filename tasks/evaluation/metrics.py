"""Numbers made ready for metrics.json: plain, finite, rounded.

In: nested records of all chapters. Out: the same in plain Python types. Knows no system.
"""

import math
from collections.abc import Mapping
from typing import Any


def finite(value: Any) -> Any:
    """The same nested value in plain Python types with sorted keys; ValueError on NaN or infinity."""
    if isinstance(value, Mapping):
        return {str(key): finite(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("metrics must be finite; a missing value is null with a reason")
    return value.item() if hasattr(value, "item") else value


def rounded(value: Any) -> Any:
    """A nested value with every float to nine digits: the last bits of sums differ from run to run."""
    if isinstance(value, Mapping):
        return {key: rounded(own) for key, own in value.items()}
    if isinstance(value, list):
        return [rounded(own) for own in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value
