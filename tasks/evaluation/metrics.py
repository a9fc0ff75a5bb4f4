"""Numbers made ready for metrics.json: plain, finite, rounded; and read again.

In: nested records of all chapters. Out: the same in plain Python types. Knows no system.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.errors import InputError


def read_records(path: Path, *, depth: int = 1) -> dict[str, dict[str, Any]]:
    """metrics.json or summary.json: a record by name, `depth` levels of names.

    InputError where the file is missing, damaged or of another shape.
    """
    if not path.exists():
        raise InputError(f"{path}: no results yet; run `make demo` or `dvc repro`")
    try:
        found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refused)
    except ValueError as error:
        raise InputError(f"{path}: damaged ({error}); run `dvc repro`") from error
    if not _is_nested(found, depth):
        raise InputError(f"{path}: of another version of Vermilion; run `dvc repro`")
    return found


def _is_nested(value: Any, depth: int) -> bool:
    return isinstance(value, dict) and (depth == 0 or all(_is_nested(own, depth - 1) for own in value.values()))


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


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
