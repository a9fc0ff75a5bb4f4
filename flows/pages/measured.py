"""What is measured of a face whose points a person moves: at once, and without its intervals.

In: points by name. Out: measures and findings as the page shows them; none where nothing measures yet.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def measures(points: Mapping[str, tuple[float, float]]) -> list[dict[str, Any]]:
    """Name, value, unit and words of each measure."""
    del points
    return []


def findings(root: Path, image_id: str) -> list[tuple[str, str]]:
    """Name and words of each finding of the photograph."""
    del root, image_id
    return []
